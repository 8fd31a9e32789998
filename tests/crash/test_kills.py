"""Writers that are killed lose nothing that they acknowledged, and halve nothing."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

from tests.crash.kills import Killing

KILLS = int(os.environ.get("MVCC_KILLS", "4"))


def test_no_kill_loses_or_halves_a_commit(
    tmp_path: Path, rng: random.Random, record_property: Callable[[str, object], None]
) -> None:
    """One writer after another on the same store, each killed at a random moment."""
    killing = Killing(tmp_path, rng)
    for number in range(KILLS):
        killing.kill(number)
    record_property(
        "figure",
        f"{KILLS} kills, {len(killing.commits)} commits, 0 lost; {killing.kept} were there unacknowledged",
    )
