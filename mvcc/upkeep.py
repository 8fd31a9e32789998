"""Merges, garbage collection and verification as a store does them: also over dropped tables.

A drop takes a table's name out of the catalog and leaves its rows, so that they can be read AS OF
before. The first collection after it deletes them as a transaction would; so they go like all that is
deleted, once the threshold has passed.
"""

from __future__ import annotations

import os
import secrets
from contextlib import closing
from pathlib import Path

from mvcc.building import building
from mvcc.catalog import Names
from mvcc.context import Context
from mvcc.engine.interface import ScanRequest, Span, View, WriteBatch
from mvcc.errors import ReadOnlyError, StoreCorruptedError, StoreExistsError, TimestampInFutureError
from mvcc.scan import read_pages
from mvcc.timestamp import Timestamp, When
from mvcc.types import GCReport, StoreStats, VerifyReport


def collect(context: Context, before: When | None, gc_ttl_us: int | None) -> GCReport:
    """Removes what no read at `before` or later can see. None: at now - gc_ttl.

    Without either the threshold stays where it is. TimestampInFutureError, ReadOnlyError.
    """
    engine = context.engine
    if engine.readonly:
        raise ReadOnlyError
    now = engine.now()
    threshold = _threshold(context, now, before, gc_ttl_us)
    with closing(engine.view()) as view:
        for table_id in Names(engine, view).dropped():
            _delete_rows(context, view, table_id)
    result = engine.gc(threshold)
    return GCReport(
        threshold=Timestamp(result.threshold),
        versions=result.versions,
        tombstones=result.tombstones,
        changes=result.changes,
        bytes=result.bytes,
    )


def _threshold(context: Context, now: int, before: When | None, gc_ttl_us: int | None) -> int:
    if before is not None:
        threshold = context.timestamp(before)
        if threshold > now:
            raise TimestampInFutureError(timestamp=Timestamp(threshold), limit=Timestamp(now))
        return threshold
    if gc_ttl_us is None:
        return 0
    return Timestamp.from_wall_us(max(0, Timestamp(now).wall_us - gc_ttl_us)).value


def _delete_rows(context: Context, view: View, table_id: int) -> None:
    """Writes tombstones over a dropped table. No one else can write there: its id is never reused."""
    request = ScanRequest(Span(table_id), keys_only=True)
    for keys, _ in read_pages(context.engine, view, request):
        if keys:
            batch = WriteBatch([table_id] * len(keys), list(keys), [None] * len(keys))
            context.engine.commit(batch)


def merge(context: Context) -> None:
    """Empties the log. ReadOnlyError."""
    if context.engine.readonly:
        raise ReadOnlyError
    context.engine.merge()


def copy(context: Context, path: str | os.PathLike[str]) -> None:
    """Copies the store into a new folder. StoreExistsError, StorageError."""
    target = Path(path).absolute()
    if os.path.lexists(target):
        raise StoreExistsError(path=str(target))
    with building(target, secrets.randbits(64), "copying") as folder:
        context.engine.copy_to(str(folder))


def verify(context: Context) -> VerifyReport:
    """Reads and checks every row. StoreCorruptedError, with every problem, where one is wrong."""
    result = context.engine.verify()
    if result.problems:
        count = len(result.problems)
        raise StoreCorruptedError(
            path=context.engine.path,
            what=result.problems[0]
            if count == 1
            else f"{result.problems[0]}, and {count - 1} more",
            problems=result.problems,
        )
    return VerifyReport(
        versions=result.versions,
        tombstones=result.tombstones,
        changes=result.changes,
        bytes=result.bytes,
        problems=result.problems,
    )


def stats(context: Context) -> StoreStats:
    """The store's counters."""
    info = context.engine.info()
    return StoreStats(
        path=context.engine.path,
        store_id=info.store_id.hex(),
        format_version=info.format_version,
        last_commit=Timestamp(info.last_commit),
        gc_threshold=Timestamp(info.gc_threshold),
        oldest_snapshot=None if info.oldest_pin is None else Timestamp(info.oldest_pin),
        open_snapshots=info.pins,
        versions=info.versions,
        changes=info.changes,
        merged=Timestamp(info.merged),
        merging=info.frozen != 0 or info.runs_merging != 0,
        unmerged_versions=info.log_rows + info.run_rows,
        runs=info.runs,
        run_bytes=info.run_bytes,
        log_bytes=info.log_bytes,
        log_limit_bytes=info.log_limit,
        memtable_bytes=info.mem_bytes,
        file_bytes=info.file_bytes,
        free_bytes=info.free_pages * info.page_size,
        map_bytes=info.map_bytes,
        readers=info.readers,
    )
