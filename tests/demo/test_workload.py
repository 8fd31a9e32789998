"""The rows of the parallel export."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from mvcc.demo.workload import ROW_BYTES, commits, measure, rows, spans


def test_rows_have_the_shape_that_benchmarks_use() -> None:
    """16 bytes of key, 50 random and 50 zero bytes of value."""
    found = rows(first=2**40, count=100, seed=1)
    assert b"user/key" + (2**40).to_bytes(8, "big") == found[0][0]
    assert {ROW_BYTES} == {len(key) + len(value) for key, value in found}
    assert {bytes(50)} == {value[50:] for _, value in found}
    assert 100 == len({value[:50] for _, value in found})


def test_all_rows_come_in_order() -> None:
    """The last commit takes what is left, and equal seeds give equal rows."""
    cut = list(commits(25_000))
    assert [10_000, 10_000, 5_000] == [len(batch) for batch in cut]
    keys = [key for batch in cut for key, _ in batch]
    assert all(before < after for before, after in pairwise(keys))
    assert cut == list(commits(25_000))
    assert cut != list(commits(25_000, seed=2))


@pytest.mark.parametrize("total", [1, 15, 16, 1000])
def test_the_parts_are_the_whole_table(total: int) -> None:
    """Without gaps, and without a row in two parts."""
    parts = spans(7, total)
    assert (None, None) == (parts[0].start, parts[-1].end)
    assert all(before.end == after.start for before, after in pairwise(parts))


def test_the_threads_are_measured(tmp_path: Path) -> None:
    """Processor time, wall time, and what was exported."""
    found = measure(tmp_path / "store", 20_000, 2, lambda _: None)
    assert (20_000, 20_000 * ROW_BYTES, 2) == (found.rows, found.bytes, found.workers)
    assert found.cpu_seconds > 0
    assert found.cores == found.cpu_seconds / found.wall_seconds
