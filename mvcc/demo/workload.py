"""An export in parallel, measured: how many seconds of processor time fit into a second.

The rows are 16-byte keys in order and 100-byte values, half of them random and half zeros, so that
compression has something to do. They are made anew for each commit: nothing but the store holds them all.
The export goes to memory, chunk by chunk, so that it shows the work of the threads and not the disk's pace.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np

import mvcc
from mvcc.demo.report import Announce
from mvcc.engine.interface import Engine, ExportRequest, Span, View
from mvcc.engine.lmdb import open_engine

TABLE = "workload.rows"
ROWS_PER_COMMIT = 10_000
KEY_PREFIX = b"user/key"
RANDOM_BYTES = 50
VALUE_BYTES = 100
PARTS = 16
ROW_BYTES = len(KEY_PREFIX) + 8 + VALUE_BYTES


@dataclass(frozen=True, slots=True)
class ParallelExport:
    """All rows as SSTs with lz4, by some threads at a time."""

    rows: int
    bytes: int
    load_seconds: float
    wall_seconds: float
    cpu_seconds: float
    """Of the threads, added up."""
    workers: int

    @property
    def cores(self) -> float:
        """Processor time over wall time."""
        return self.cpu_seconds / self.wall_seconds


def key(number: int) -> bytes:
    """The key of a row."""
    return KEY_PREFIX + number.to_bytes(8, "big")


def rows(first: int, count: int, seed: int) -> list[tuple[bytes, bytes]]:
    """Rows number `first` and on, in key order; equal arguments give equal rows."""
    values = np.zeros((count, VALUE_BYTES), dtype=np.uint8)
    random = np.random.default_rng((seed, first))
    values[:, :RANDOM_BYTES] = random.integers(0, 256, (count, RANDOM_BYTES), dtype=np.uint8)
    data = values.tobytes()
    return [
        (
            key(first + each),
            data[VALUE_BYTES * each : VALUE_BYTES * (each + 1)],
        )
        for each in range(count)
    ]


def commits(total: int, seed: int = 1) -> Iterator[list[tuple[bytes, bytes]]]:
    """All rows, cut into commits."""
    for first in range(0, total, ROWS_PER_COMMIT):
        yield rows(first, min(ROWS_PER_COMMIT, total - first), seed)


def measure(folder: Path, total: int, workers: int, announce: Announce) -> ParallelExport:
    """Loads so many rows into a store of its own and exports them; needs an empty folder."""
    announce(f"loading {total:,} rows of {ROW_BYTES} B")
    with mvcc.open(folder) as store:
        table = store.create_table(TABLE)
        start = time.perf_counter()
        for batch in commits(total):
            table.put_many(batch)
        loaded = time.perf_counter() - start
        [info] = store.tables()
    announce(f"exporting them, with lz4 and {workers} workers")
    with closing(open_engine(str(folder))) as engine, closing(engine.view()) as view:
        parts = spans(info.id, total)
        start = time.perf_counter()
        with ThreadPoolExecutor(workers) as pool:
            cpu = sum(pool.map(partial(_export, engine, view), parts))
        wall = time.perf_counter() - start
    return ParallelExport(total, total * ROW_BYTES, loaded, wall, cpu, workers)


def spans(table_id: int, total: int) -> list[Span]:
    """The whole table, cut into parts of as many rows each, or nearly."""
    cuts = [key(part * total // PARTS) for part in range(1, PARTS)]
    bounds = [None, *cuts, None]
    return [Span(table_id, start, end) for start, end in pairwise(bounds)]


def _export(engine: Engine, view: View, span: Span) -> float:
    """Exports a span; gives the seconds of processor time that this thread took."""
    start = time.thread_time()
    with closing(engine.export(ExportRequest(span, compression="lz4"), view=view)) as export:
        for _ in export:
            continue
    return time.thread_time() - start
