"""Threads in the C core do all that it allows at the same time, under the thread sanitizer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.drivers import MEMTABLE, STRESS, build, run

pytestmark = pytest.mark.reliability

SECONDS = 60


def test_readers_find_all_that_was_published(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """One writer and four readers of a memtable, for a minute."""
    program = build(tmp_path / "stress", [*STRESS, *MEMTABLE], "-fsanitize=thread")
    status, figures, said = run(program, "memtable", SECONDS)
    assert 0 == status, said
    record_property("figure", f"{figures.strip()} in {SECONDS} s, no finding")
