"""What an export costs a row, on one core: into memory, without and with compression."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import Literal

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from mvcc.demo.workload import commits
from mvcc.engine.interface import ExportRequest, Span, View, WriteBatch
from mvcc.engine.lmdb import LMDBEngine, open_engine

ROWS = int(os.environ.get("MVCC_BENCH_ROWS", "2000000"))
TABLE = 100


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LMDBEngine]:
    """An engine with the workload."""
    with closing(open_engine(tmp_path_factory.mktemp("export") / "store")) as opened:
        for rows in commits(ROWS):
            opened.commit(
                WriteBatch(
                    [TABLE] * len(rows), [key for key, _ in rows], [value for _, value in rows]
                )
            )
        yield opened


def export(engine: LMDBEngine, view: View, compression: Literal["none", "lz4", "zstd"]) -> float:
    """One file in memory; the thread's processor time in microseconds a row."""
    running = engine.export(ExportRequest(Span(TABLE), compression=compression), view=view)
    for _ in running:
        pass
    assert running.summary.rows == ROWS
    return running.summary.cpu_seconds / ROWS * 1e6


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_export_to_memory(
    engine: LMDBEngine, benchmark: BenchmarkFixture, compression: Literal["none", "lz4", "zstd"]
) -> None:
    """Microseconds of one core a row, beside the wall time."""
    with closing(engine.view()) as view:
        costs: list[float] = []
        benchmark(lambda: costs.append(export(engine, view, compression)))
    benchmark.extra_info["us_per_row"] = sorted(costs)
    print(
        f"\n{compression}: {sorted(costs)[len(costs) // 2]:.3f} us/row of one core (median of {len(costs)})"
    )
