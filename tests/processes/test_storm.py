"""Writers and readers on one store, killed at random: nothing is lost, half there, out of order or late."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes.storm import Outcome, Plan, Storm

SECONDS = float(os.environ.get("MVCC_STORM_SECONDS", "60"))
LONGEST_WAIT_S = 2

Record = Callable[[str, object], None]


def run(plan: Plan) -> Outcome:
    """A storm; says how to run it again."""
    print(f"again: python -m tests.processes.storm FOLDER {plan.seconds} {plan.seed} {plan.each}")
    outcome = Storm(plan).run()
    print(outcome)
    return outcome


def test_a_short_storm(memory: Path, rng: random.Random) -> None:
    """Enough of it to see kills of both roles, merges and collections."""
    outcome = run(Plan(memory, 5, rng.randrange(2**32), each=3, kill_every_s=0.25))
    assert outcome.kills["writer"] + outcome.kills["reader"] >= 8
    assert outcome.merges >= 3
    assert outcome.compared.acked >= 200


@pytest.mark.reliability
def test_a_storm(memory: Path, rng: random.Random, record_property: Record) -> None:
    """Eight writers and eight readers, one of them killed every second."""
    outcome = run(Plan(memory, SECONDS, rng.randrange(2**32)))
    record_property("figure", str(outcome))
    kills = outcome.kills
    assert kills["writer"] + kills["reader"] >= 0.7 * SECONDS
    assert min(kills["reader"], kills["holding"]) >= 0.1 * SECONDS
    assert min(kills["merging"], kills["slice"]) >= 0.05 * SECONDS
    assert outcome.merges >= 0.5 * SECONDS
    assert outcome.compared.acked >= 50 * SECONDS
    assert outcome.longest_wait_s <= LONGEST_WAIT_S
