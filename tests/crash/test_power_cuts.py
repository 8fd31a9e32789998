"""Power cuts at random moments of a store's life, in short; `make reliability` has them at full count."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.plan import PlanSpec
from tests.crash.planted import PLANTED
from tests.crash.program import Job
from tests.crash.recorder import ROOT
from tests.crash.runs import Run

STATES = 250


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A short life: some tables, commits of all kinds, collections and merges, then two threads."""
    seed = random.SystemRandom().randrange(2**32)
    threads = (
        PlanSpec(seed, 8, name=f"thread{number}", tables=1, threads=True) for number in (1, 2)
    )
    return Run.of("short", Job((PlanSpec(seed, 40), *threads)), tmp_path_factory.mktemp("run"))


def test_no_power_cut_loses_or_halves_a_commit(run: Run, rng: random.Random) -> None:
    """What was acknowledged is there, the rest wholly or not at all, in order; AS OF reads agree."""
    share = STATES / (4 * len(run.recording.records))
    outcome = run.survive(rng.randrange(2**32), share=share)
    assert outcome.states >= STATES / 2
    assert {"in a merge", "merged", "with a log", "collected"} <= outcome.met.keys()


def test_no_power_cut_leaves_a_new_store_that_cannot_be_opened(
    run: Run, rng: random.Random
) -> None:
    """Many cuts while it is made; opened again it is made anew."""
    first = next(
        number for number, each in enumerate(run.recording.records) if each.data[:1] == b"{"
    )
    outcome = run.first(first + 1).survive(rng.randrange(2**32), variants=10)
    assert outcome.states >= STATES / 2


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found(run: Run, rng: random.Random, name: str) -> None:
    """The replay itself: one bug of durability each."""
    run.find(name, rng.randrange(2**32))


def test_a_failure_is_shown_again_by_what_it_prints(run: Run, tmp_path: Path) -> None:
    """The same cut of the kept recording is wrong in the same way."""
    replay = run.planted("drop_meta_syncs").replay(1, slots=1)
    (failure,) = replay.run().failures
    told = replay.keep(failure, tmp_path)
    command = told.rpartition("replay: python ")[2].split()
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert 1 == done.returncode, done.stderr
    assert "was acknowledged" in failure.wrong and "was acknowledged" in done.stdout
