"""Threads in the C core do all that it allows at the same time, under the thread sanitizer."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.drivers import (
    CORE,
    ENGINE_STRESS,
    MEMTABLE_STRESS,
    build,
    build_core,
    run,
    run_engine_stress,
)

pytestmark = pytest.mark.reliability

SECONDS = 60
FEWEST = {"closes": 10, "commits": 5000, "reads": 1000, "merges": 50, "collections": 20}


def test_readers_find_all_that_was_published(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """One writer and four readers of a memtable, for a minute."""
    program = build(tmp_path / "stress", MEMTABLE_STRESS, "-fsanitize=thread")
    status, figures, said = run(program, SECONDS)
    assert 0 == status, said
    record_property("figure", f"{figures.strip()} in {SECONDS} s, no finding")


def test_every_call_beside_every_other(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Commits, reads, changes, merges, collections and closes of a whole engine, for a minute."""
    core = build_core(tmp_path, CORE, "-fsanitize=thread")
    program = build(tmp_path / "stress", [*ENGINE_STRESS, core], "-fsanitize=thread")
    status, figures, said = run_engine_stress(program, tmp_path, SECONDS)
    assert 0 == status, said
    counts = {what: int(count) for count, what in re.findall(r"(\d+) ([a-z]+)", figures)}
    assert [] == [what for what, fewest in FEWEST.items() if counts[what] < fewest], figures
    record_property("figure", f"{figures.strip()} in {SECONDS} s, no finding")
