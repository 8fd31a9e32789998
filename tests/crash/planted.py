"""Durability bugs, planted into a recording: what a store that has one would have done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.crash.recording import Kind, Record

SHORTEST = 4096
"""Writes of more than this are cut short."""
LOST = 512


def drop_data_syncs(records: Sequence[Record]) -> list[Record]:
    """A sync of a file does nothing."""
    files = _written(records)
    return [each for each in records if each.kind is not Kind.SYNC or each.inode not in files]


def drop_folder_syncs(records: Sequence[Record]) -> list[Record]:
    """A sync of a folder does nothing."""
    files = _written(records)
    return [each for each in records if each.kind is not Kind.SYNC or each.inode in files]


def drop_meta_syncs(records: Sequence[Record]) -> list[Record]:
    """The meta page is written as any other: no O_DSYNC."""
    return [each for each in records if each.kind is not Kind.SYNC_RANGE]


def meta_before_data_sync(records: Sequence[Record]) -> list[Record]:
    """The meta page of a commit is written, and durable, before the sync of its data."""
    changed: list[Record] = []
    for each in records:
        changed.append(each)
        if each.kind is Kind.SYNC_RANGE and changed[-3].kind is Kind.SYNC:
            changed[-3:] = [*changed[-2:], changed[-3]]
    return changed


def acknowledge_early(records: Sequence[Record]) -> list[Record]:
    """A commit is acknowledged before its meta page is written."""
    changed: list[Record] = []
    for each in records:
        changed.append(each)
        if each.kind is Kind.ACK and changed[-2].kind is Kind.SYNC_RANGE:
            changed[-3:] = [each, *changed[-3:-1]]
    return changed


def ignore_short_writes(records: Sequence[Record]) -> list[Record]:
    """A write that the system cut short counts as done."""
    return [
        Record(each.kind, each.path, each.inode, each.offset, each.data[:-LOST])
        if each.kind is Kind.WRITE and len(each.data) > SHORTEST
        else each
        for each in records
    ]


def _written(records: Sequence[Record]) -> set[int]:
    """The inodes of what is no folder."""
    return {each.inode for each in records if each.kind is Kind.WRITE}


PLANTED: dict[str, Callable[[Sequence[Record]], list[Record]]] = {
    function.__name__: function
    for function in (
        drop_data_syncs,
        drop_folder_syncs,
        drop_meta_syncs,
        meta_before_data_sync,
        acknowledge_early,
        ignore_short_writes,
    )
}

OF_MAKING = ("drop_folder_syncs",)
"""Those that show while a store is made; the others are planted into what comes after that."""


def plant(name: str, records: Sequence[Record]) -> list[Record]:
    """The records of a run of a store that has a bug."""
    begin = 0
    if name not in OF_MAKING:
        kinds = [each.kind for each in records]
        begin = kinds.index(Kind.ACK) + 1
    return [*records[:begin], *PLANTED[name](records[begin:])]
