"""Random histories under random chains of backups, each layer restored and compared with the truth."""

from __future__ import annotations

import random
from pathlib import Path

import mvcc
from tests.backup.world import World

TABLES = ("bank.accounts", "bank.more", "shop.orders", "shop.o2")
KEYS = (b"", b"\0", b"a", b"a\0", b"aa", b"b", b"\xff", b"k" * 490, b"m", b"n", b"z")


class RandomChain:
    """One store with one chain: what happens to it is drawn from `rng` alone."""

    def __init__(self, rng: random.Random, folder: Path) -> None:
        self.rng = rng
        self.world = World(folder)
        self.instants: list[mvcc.Timestamp] = []
        """What must be restorable."""

    def run(self, layers: int, restores: int) -> int:
        """Makes a full backup and increments, and restores; gives the number of rows compared."""
        with self.world.store:
            for number in range(layers):
                for _ in range(self.rng.randrange(8)):
                    self._change()
                self._backup(number)
            chosen = self.rng.sample(self.instants, min(restores, len(self.instants)))
            return sum(self._compare(instant) for instant in chosen)

    def _change(self) -> None:
        world, rng = self.world, self.rng
        world.clock.advance(rng.choice(["1us", "1ms", "1s", "1h"]))
        name = rng.choice(TABLES)
        if name not in world.state():
            world.create(name)
        elif rng.random() < 0.1:
            world.drop(name)
        else:
            keys = rng.sample(KEYS, rng.randrange(1, 6))
            world.write(name, {key: self._value() for key in keys})

    def _value(self) -> bytes | None:
        if self.rng.random() < 0.3:
            return None
        return self.rng.randbytes(self.rng.choice([0, 1, 8, 100, 9_000]))

    def _backup(self, number: int) -> None:
        options = {
            "revision_history": self.rng.random() < 0.3,
            "compression": self.rng.choice(["none", "lz4", "zstd"]),
            "file_size": self.rng.choice([4096, 16384, "128MiB"]),
        }
        history = options["revision_history"] and number > 0
        start = self.instants[-1] if self.instants else None
        job = self.world.backup(incremental=number > 0, **options)
        if history and start is not None:
            between = self.rng.randrange(int(start), int(job.timestamp))
            self.instants.append(mvcc.Timestamp(between))
        self.instants.append(job.timestamp)
        if self.rng.random() < 0.3:
            self.world.store.gc(before=job.timestamp)

    def _compare(self, instant: mvcc.Timestamp) -> int:
        found = self.world.restored(as_of=instant)
        expected = self.world.state(instant)
        assert found == expected, f"AS OF {instant}"
        return sum(map(len, expected.values()))
