"""Backups at full count: every damage of a chain of six is refused, and random chains come back."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.backup.mutations import Target, refused
from tests.backup.random_chains import RandomChain
from tests.backup.world import World

pytestmark = pytest.mark.reliability

PAIRS = int(os.environ.get("MVCC_DAMAGE_PAIRS", "10000"))
CHAINS = int(os.environ.get("MVCC_CHAINS", "150"))
RESTORES = 5

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: these tests are not about disks."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def six(memory: Path) -> Iterator[World]:
    """A full backup and five increments of two tables."""
    world = World(memory / "six")
    with world.store:
        world.create("bank.accounts")
        world.create("shop.orders")
        world.write("bank.accounts", {b"%03d" % each: b"v" * 100 for each in range(60)})
        world.write("shop.orders", {b"a": b"1", b"b": b"2"})
        world.backup(file_size=4096)
        for number in range(1, 6):
            keys = range(number, 60, 7 + number)
            world.write("bank.accounts", {b"%03d" % each: b"%d" % number for each in keys})
            world.write("bank.accounts", {b"%03d" % (number * 3): None})
            if number % 2:
                world.write("shop.orders", {b"a": b"%d" % number})
            world.backup(incremental=True, revision_history=number == 4)
        yield world


def test_every_single_damage_is_refused(six: World, record_property: Record) -> None:
    """A bit of every fourth byte, each zeroed or doubled block, each file and layer exchanged."""
    target = Target(six.destination)
    mutations = [*target.structural(), *target.flips(4), *target.blocks()]
    assert len(mutations) >= 5_000
    assert [] == [found for each in mutations if (found := refused(six, target, each))]
    record_property("figure", f"{len(mutations)} damages, 0 accepted, 0 left anything")


def test_every_pair_of_damages_is_refused(
    six: World, rng: random.Random, record_property: Record
) -> None:
    """Unless one undoes the other."""
    target = Target(six.destination)
    found = [refused(six, target, *pair) for pair in target.pairs(rng, PAIRS)]
    assert [] == [each for each in found if each]
    record_property("figure", f"{PAIRS} pairs, 0 accepted, 0 left anything")


def test_random_chains_come_back(memory: Path, rng: random.Random, record_property: Record) -> None:
    """Restores to random instants, over garbage collection, drops and tables made anew."""
    rows = 0
    for number in range(CHAINS):
        folder = memory / f"chain-{number}"
        folder.mkdir()
        rows += RandomChain(rng, folder).run(rng.randrange(1, 21), RESTORES)
    record_property("figure", f"{CHAINS} chains x {RESTORES} restores, {rows} rows, 0 differ")
