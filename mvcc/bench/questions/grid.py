"""How the cost of ours grows: with rows, changes, cores, the size of values, and versions a key.

One thing is varied and the rest stays at N rows of workload W with N/100 changes; only changes are varied
at every number of rows, because what an incremental costs must not depend on them. With other sizes of
values the bytes stay as they are, so that the number of rows follows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import mvcc
from mvcc.bench.peers import OURS
from mvcc.bench.questions.backups import change
from mvcc.bench.results import GrowthPoint
from mvcc.bench.stock import Stock, remove, rest
from mvcc.bench.turns import settle, timed
from mvcc.bench.workload import ROW_BYTES, TABLE, Rows, commits, key, sized_commits, updates, values

SHARES = (0.001, 0.01, 0.1)
VALUE_BYTES = (10, 100, 1024, 100 << 10)
VERSIONS = (1, 10, 100)
COMMIT_BYTES = 1 << 20


def sizes_and_changes(stock: Stock, sizes: Sequence[int]) -> Iterator[GrowthPoint]:
    """Full, scan and restore by rows; incrementals by rows and changes."""
    for rows in sizes:
        path = stock.copy(OURS, rows)
        backups = stock.fresh("grid-backups")
        with mvcc.open(path) as store:
            seconds = {"full": _full(store, backups), "scan": _scan(store)}
            seconds["restore"] = _restore(stock, backups)
            yield _point("rows", seconds, rows=rows)
            for share in SHARES:
                count = max(1, int(stock.scale.rows * share))
                change(store, updates(count, rows, seed=81))
                seconds = {"incr": _incremental(store, backups)}
                yield _point("changes", seconds, rows=rows, changes=count)
        remove(path)
        remove(backups)


def cores(stock: Stock, counts: Sequence[int] = (1, 2)) -> Iterator[GrowthPoint]:
    """Full and restore, with so many cores for the whole process."""
    backups = stock.fresh("grid-backups")
    for count in counts:
        with limited_to(count) as allowed, mvcc.open(stock.loaded(OURS)) as store:
            seconds = {"full": _full(store, backups), "restore": _restore(stock, backups)}
        remove(backups)
        if allowed == count:
            yield _point("cores", seconds, rows=stock.scale.rows, cores=count)


def value_sizes(stock: Stock, sizes: Sequence[int] = VALUE_BYTES) -> Iterator[GrowthPoint]:
    """Everything, with as many bytes in all."""
    for size in sizes:
        rows = max(100, stock.scale.rows * ROW_BYTES // (len(key(0)) + size))
        per_commit = max(1, min(10_000, COMMIT_BYTES // (len(key(0)) + size)))
        changed = max(1, rows // 100)
        pool = values(min(changed, 1024), 82, size)
        changes = [
            (name, pool[each % len(pool)])
            for each, (name, _) in enumerate(updates(changed, rows, seed=83))
        ]
        made = sized_commits(rows, size, per_commit, seed=84)
        seconds = _everything(stock, made, changes)
        yield _point("value_bytes", seconds, rows=rows, changes=changed, value_bytes=size)


def versions(stock: Stock, counts: Sequence[int] = VERSIONS) -> Iterator[GrowthPoint]:
    """Everything, with as many versions in all, of fewer keys."""
    for count in counts:
        rows = max(100, stock.scale.rows // count)
        changed = max(1, rows // 100)
        made = (batch for version in range(count) for batch in commits(rows, seed=version + 1))
        seconds = _everything(stock, made, updates(changed, rows, seed=85))
        yield _point("versions", seconds, rows=rows, changes=changed, versions=count)


@contextmanager
def limited_to(count: int) -> Iterator[int]:
    """Keeps this thread, and those that it starts, on so many cores; gives how many it got."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield len(os.sched_getaffinity(0))
    finally:
        os.sched_setaffinity(0, before)


def _everything(stock: Stock, made: Iterator[Rows], changes: Rows) -> dict[str, float]:
    path, backups = stock.fresh("grid"), stock.fresh("grid-backups")
    with stock.open(OURS, path) as peer:
        loading = 0.0
        for batch in made:
            with timed() as watch:
                peer.put_many(batch)
            loading += watch.seconds
        rest(peer)
    with mvcc.open(path) as store:
        seconds = {"load": loading, "full": _full(store, backups), "scan": _scan(store)}
        change(store, changes)
        seconds["incr"] = _incremental(store, backups)
    seconds["restore"] = _restore(stock, backups)
    remove(path)
    remove(backups)
    return seconds


def _full(store: mvcc.Store, target: Path) -> float:
    settle()
    with timed() as watch:
        store.backup(target, compression="lz4")
    return watch.seconds


def _incremental(store: mvcc.Store, target: Path) -> float:
    settle()
    with timed() as watch:
        store.backup(target, incremental=True, compression="lz4")
    return watch.seconds


def _restore(stock: Stock, source: Path) -> float:
    target = stock.fresh("grid-restored")
    settle()
    with timed() as watch:
        mvcc.restore(source, target)
    remove(target)
    return watch.seconds


def _scan(store: mvcc.Store) -> float:
    with timed() as watch:
        for _ in store[TABLE].scan():
            pass
    return watch.seconds


def _point(
    varied: str,
    seconds: dict[str, float],
    *,
    rows: int,
    changes: int = 0,
    cores: int = 0,
    value_bytes: int = 100,
    versions: int = 1,
) -> GrowthPoint:
    at = {
        "rows": rows,
        "changes": changes,
        "cores": cores or os.cpu_count() or 1,
        "value_bytes": value_bytes,
        "versions": versions,
    }
    return GrowthPoint(varied, {name: float(value) for name, value in at.items()}, seconds)
