"""Which tables a layer holds: those of its targets at its end, and with history those of its window.

Knows the catalog, and nothing of files.
"""

from __future__ import annotations

from mvcc import catalog
from mvcc.backup.manifest import TableEntry
from mvcc.backup.options import Targets, covers
from mvcc.engine.interface import Engine, View
from mvcc.errors import TableNotFoundError
from mvcc.timestamp import Timestamp


def tables_at_end(engine: Engine, view: View, targets: Targets | None) -> list[TableEntry]:
    """The tables of the targets that the catalog shows at a view, by id."""
    found = [
        TableEntry(each.id, each.name, int(each.created), None)
        for each in catalog.tables(engine, view)
        if covers(targets, each.name)
    ]
    return sorted(found, key=lambda each: each.table_id)


def tables_in_window(
    engine: Engine, view: View, start: int, targets: Targets | None
) -> list[TableEntry]:
    """The tables of the targets that were there at some instant after `start`, up to a view, by id."""
    found = [
        TableEntry(each.table_id, each.name, each.created, each.dropped)
        for each in catalog.Names(engine, view).lives()
        if covers(targets, each.name) and (each.dropped is None or each.dropped > start)
    ]
    return sorted(found, key=lambda each: each.table_id)


def check_targets(targets: Targets | None, tables: list[TableEntry], at: int) -> None:
    """TableNotFoundError for a target that no table at the end belongs to."""
    live = [each.name for each in tables if each.dropped is None]
    for target in targets or ():
        if not any(covers((target,), name) for name in live):
            what = "table" if "." in target else "database"
            raise TableNotFoundError(
                f"there is no {what} {target}", name=target, timestamp=Timestamp(at)
            )
