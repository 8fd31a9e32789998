"""Power cuts at full count: recorded lives of stores, cut at every write, sync and acknowledgement."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.plan import PlanSpec
from tests.crash.planted import PLANTED
from tests.crash.program import Job
from tests.crash.replay import Outcome
from tests.crash.runs import Run

pytestmark = pytest.mark.reliability

STATES = int(os.environ.get("MVCC_POWER_CUTS", "10000"))
STEPS = 100
THREADS = 3
LEAST = {  # of 10,000 states
    "collected": 1000,
    "gone on": 300,
    "in a merge": 300,
    "merged": 1000,
    "new": 10,
    "with a commit not acknowledged": 300,
    "with a log": 1000,
}

Record = Callable[[str, object], None]


def life(number: int, rng: random.Random, folder: Path) -> Run:
    """A run of one thread, or one that goes on with several."""
    seed = rng.randrange(2**32)
    specs = [PlanSpec(seed, STEPS // (1 + number % 2))]
    if number % 2:
        specs += [
            PlanSpec(seed, STEPS // 4, name=f"thread{each}", tables=1, threads=True)
            for each in range(THREADS)
        ]
    return Run.of(f"life-{number}", Job(tuple(specs)), folder)


def test_no_power_cut_loses_or_halves_a_commit(
    tmp_path: Path, rng: random.Random, record_property: Record
) -> None:
    """Acknowledged commits are there, others wholly or not at all, in order; every past read agrees."""
    total, lives = Outcome(0), 0
    while total.states < STATES:
        run = life(lives, rng, tmp_path)
        total += run.survive(rng.randrange(2**32))
        lives += 1
    record_property("figure", f"{lives} lives: {total.figure}")
    missed = {name: total.met[name] for name, least in LEAST.items() if total.met[name] < least}
    assert {} == missed


def test_every_planted_bug_is_found(
    tmp_path: Path, rng: random.Random, record_property: Record
) -> None:
    """A sync that does nothing, an order that is wrong, an early acknowledgement, a write cut short."""
    run = life(1, rng, tmp_path)
    found = {name: run.find(name, rng.randrange(2**32)).states for name in PLANTED}
    states = ", ".join(f"{name} at cut {count}" for name, count in found.items())
    record_property("figure", f"{len(found)} of {len(PLANTED)} planted bugs found: {states}")
