"""Commands that read and write rows: get, put, delete, scan, history, diff, changes."""

from __future__ import annotations

from typing import Annotated

import typer

import mvcc
from mvcc.cli.arguments import (
    BYTES_HELP,
    AsJson,
    AsOf,
    Expected,
    Key,
    OneTable,
    StorePath,
    TableName,
    Value,
    snapshot,
    writing,
)
from mvcc.cli.exit_codes import ExitCode
from mvcc.cli.notation import parse_bytes
from mvcc.cli.output import Output

Bound = Annotated[
    bytes | None, typer.Option(metavar="KEY", parser=parse_bytes, help=f"{BYTES_HELP}.")
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Only after this; default: all.")
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Up to and with this; default: now.")
]
Absent = Annotated[
    bool, typer.Option("--absent", help="Only if the key is absent; else exit code 5.")
]


def get(
    path: StorePath, table: TableName, key: Key, as_of: AsOf = None, as_json: AsJson = False
) -> ExitCode:
    """Print the value of a key, byte for byte; exit code 3 if it is absent."""
    with snapshot(path, as_of) as then:
        value = then[table].get(key)
        timestamp = then.timestamp
    if as_json:
        found = {"key": key, "value": value, "as_of": timestamp}
        Output(as_json).document(found, "")
    elif value is not None:
        Output(as_json).raw(value)
    return ExitCode.NOT_FOUND if value is None else ExitCode.OK


def put(
    path: StorePath,
    table: TableName,
    key: Key,
    value: Value,
    expected: Expected = None,
    absent: Absent = False,
    as_json: AsJson = False,
) -> None:
    """Set a key; prints the commit's timestamp."""
    with writing(path) as store:
        if absent or expected is not None:
            timestamp = store[table].put(key, value, expected=expected)
        else:
            timestamp = store[table].put(key, value)
    Output(as_json).document({"timestamp": timestamp}, str(timestamp))


def delete(
    path: StorePath, table: TableName, key: Key, expected: Expected = None, as_json: AsJson = False
) -> ExitCode:
    """Delete a key; exit code 3 if it is absent. Its history stays."""
    with writing(path) as store:
        condition = mvcc.ANY if expected is None else expected
        deleted = store[table].delete(key, expected=condition)
    if as_json:
        Output(as_json).document({"deleted": deleted}, "")
    return ExitCode.OK if deleted else ExitCode.NOT_FOUND


def scan(
    path: StorePath,
    table: TableName,
    start: Bound = None,
    end: Bound = None,
    prefix: Bound = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Last key first.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, help="At most so many rows.")
    ] = None,
    keys: Annotated[bool, typer.Option("--keys", help="Keys only.")] = False,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Print the rows with start <= key < end, one a line."""
    with snapshot(path, as_of) as then:
        rows = then[table].scan(start, end, prefix=prefix, reverse=reverse, limit=limit)
        names = ("key",) if keys else ("key", "value")
        with rows:
            Output(as_json).stream(
                (dict(zip(names, row, strict=False)) for row in rows), lambda row: [*row.values()]
            )


def history(
    path: StorePath,
    table: TableName,
    key: Key,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Print the versions of a key with since < timestamp <= until, newest first."""
    with mvcc.open(path, create=False, readonly=True) as store:
        versions = store[table].history(key, since, until)
    Output(as_json).stream(
        versions,
        lambda each: (each.timestamp, "delete" if each.value is None else "put", each.value),
    )
    return ExitCode.OK if versions else ExitCode.NOT_FOUND


def diff(
    path: StorePath,
    older: Annotated[str, typer.Argument(metavar="OLDER", help="The earlier instant.")],
    newer: Annotated[
        str | None, typer.Argument(metavar="NEWER", help="The later one; default: now.")
    ] = None,
    table: OneTable = None,
    as_json: AsJson = False,
) -> None:
    """Print the keys that differ between two instants, with the values before and after."""
    with writing(path) as store:
        Output(as_json).stream(
            store.diff(older, newer or store.now(), table),
            lambda each: (_sign(each), each.table, each.key, each.before, each.after),
        )


def _sign(difference: mvcc.Difference) -> str:
    if difference.before is None:
        return "+"
    return "-" if difference.after is None else "~"


def changes(
    path: StorePath,
    since: Since = None,
    until: Until = None,
    table: OneTable = None,
    as_json: AsJson = False,
) -> None:
    """Print what was committed with since < timestamp <= until, in commit order."""
    with mvcc.open(path, create=False, readonly=True) as store:
        Output(as_json).stream(
            store.changes(since or store.stats().gc_threshold, until, table),
            lambda each: (each.timestamp, each.kind, each.table, each.key, each.value),
        )


def register(app: typer.Typer) -> None:
    """Adds these commands. Keys, values and times may begin with a dash: `put S T balance -5`."""
    for positional in (get, put, delete, history, diff):
        app.command(context_settings={"ignore_unknown_options": True})(positional)
    for command in (scan, changes):
        app.command()(command)
