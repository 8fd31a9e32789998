"""A writer that is killed with LMDB's write lock in hand: the next one goes on at once."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.processes import content, roles
from tests.processes.crew import Crew
from tests.processes.marks import Orders

KILLS = int(os.environ.get("MVCC_HOLDER_KILLS", "50"))
FEW = 4
WRITERS = 3
HUNT_S = 30
GOES_ON_WITHIN_S = 1

Record = Callable[[str, object], None]


def waits_after_kills(folder: Path, seed: int, kills: int) -> dict[bool, list[float]]:
    """How long a commit took after the kill of a holder, by whether that was in a slice of a merge."""
    Orders(folder / "orders").collected = 1
    waits: dict[bool, list[float]] = {True: [], False: []}
    store = roles.open_store(folder, random.Random(seed))
    roles.fill(store)
    table = store[content.TABLE]
    crew = Crew(folder, str(seed), {"writer": WRITERS})
    with closing(crew), closing(store):
        for number in range(kills):
            in_slice = number % 2 == 1
            child = crew.hunt(HUNT_S, in_slice=in_slice)
            assert child is not None, "nobody was found with the write lock"
            crew.kill(child)
            begun = time.monotonic()
            table.put(b"after", b"%d" % number)
            waits[in_slice].append(time.monotonic() - begun)
            crew.begin_anew(child.place)
        Orders(folder / "orders").order_stop()
        crew.wait()
        assert store.verify().problems == ()
    return waits


def test_the_next_writer_goes_on(memory: Path, rng: random.Random) -> None:
    """A killed holder is found out by whoever waits for its lock."""
    waits = waits_after_kills(memory, rng.randrange(2**32), FEW)
    assert FEW == len(waits[True] + waits[False])


@pytest.mark.reliability
def test_the_next_writer_goes_on_within_a_second(
    memory: Path, rng: random.Random, record_property: Record
) -> None:
    """Each time, whether the holder was in a commit or in a slice of a merge."""
    waits = waits_after_kills(memory, rng.randrange(2**32), KILLS)
    longest = {where: max(each) for where, each in waits.items()}
    record_property(
        "figure",
        f"{len(waits[False])} killed in a commit, {len(waits[True])} in a slice of a merge; "
        f"the next commit took at most {longest[False] * 1000:.0f} and {longest[True] * 1000:.0f} ms",
    )
    assert max(longest.values()) <= GOES_ON_WITHIN_S
