"""The memtable of the core, by C drivers that know its order and its rows from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.drivers import MEMTABLE, MEMTABLE_STRESS, ROOT, build, run


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver of random rows."""
    program = tmp_path_factory.mktemp("memtable") / "memtable"
    return build(program, [ROOT / "tests/c/memtable.c", *MEMTABLE])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), rows=st.integers(1, 700))
def test_rows_come_back_as_from_a_sorted_array(driver: Path, seed: int, rows: int) -> None:
    """Seeks, finds and scans of both directions agree with a sorted array, for any keys in any order."""
    status, _, said = run(driver, seed, rows)
    assert 0 == status, said


def test_an_allocation_that_fails_leaves_no_row(tmp_path: Path) -> None:
    """Wherever memory is out, rows are missing, the rest is whole, and they can be added again."""
    program = build(tmp_path / "oom", [ROOT / "tests/c/oom/memtable.c", *MEMTABLE], "-DMVCC_OOM")
    assert (0, "", "") == run(program)


def test_readers_beside_the_writer_find_what_was_published(tmp_path: Path) -> None:
    """Two seconds of one writer and four readers: no difference, and the thread sanitizer is silent."""
    program = build(tmp_path / "stress", MEMTABLE_STRESS, "-fsanitize=thread")
    status, _, said = run(program, 2)
    assert 0 == status, said


def test_a_row_published_without_a_barrier_is_reported(tmp_path: Path) -> None:
    """The stress itself: with the barrier planted away the thread sanitizer reports a race."""
    flags = ("-fsanitize=thread", "-DMVCC_PLANT_RELAXED")
    status, _, said = run(build(tmp_path / "stress", MEMTABLE_STRESS, *flags), 2)
    assert status != 0
    assert "WARNING: ThreadSanitizer: data race" in said
