"""Names of tables and databases: `database.table`. Owns the rule, and knows no catalog."""

from __future__ import annotations

import re

from mvcc.errors import InvalidNameError

_PART = "[A-Za-z_][A-Za-z0-9_]{0,62}"
_TABLE = re.compile(rf"{_PART}\.{_PART}", re.ASCII)
_DATABASE = re.compile(_PART, re.ASCII)


def check_table_name(name: str) -> str:
    """The name itself. TypeError where it is no str, InvalidNameError where it is no table's name."""
    if _TABLE.fullmatch(_as_text(name)):
        return name
    if _DATABASE.fullmatch(name):
        raise InvalidNameError(
            f"{name!r} names a database, not a table",
            hint=f"Write 'database.table', for example {name + '.items'!r}.",
            name=name,
        )
    raise InvalidNameError(name=name)


def check_database_name(name: str) -> str:
    """The name itself. TypeError where it is no str, InvalidNameError where it is no database's."""
    if _DATABASE.fullmatch(_as_text(name)):
        return name
    raise InvalidNameError(
        f"{name!r} is not a name of a database",
        hint="Write one name, [A-Za-z_][A-Za-z0-9_]{0,62}.",
        name=name,
    )


def _as_text(name: str) -> str:
    if isinstance(name, str):
        return name
    raise TypeError(f"a name is str, not {type(name).__name__}")
