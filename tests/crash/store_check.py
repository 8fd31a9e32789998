"""Whether a store is what a crash may leave: looked at through the public API alone."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mvcc
from tests.crash.history import History
from tests.crash.plan import Contents
from tests.crash.program import STORE, Ack, open_store

QUIET_LOG = "64MiB"
"""A limit that nothing here reaches: looking changes nothing."""
EXTRA = "after.crash"


class WrongError(Exception):
    """What is not as it must be."""


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """Compares a store with the history of the run that was cut. Pickles."""

    history: History
    acks: tuple[Ack, ...]
    go_on_one_in: int = 12
    """One in so many stores is also written to, merged, collected and opened again. 0: none."""

    def check(self, folder: Path, acked: int, rng: random.Random) -> list[str]:
        """Looks at FOLDER/store after a cut that so many acknowledgements came before; gives what it met.

        WrongError, or whatever the store raises.
        """
        acks = self.acks[:acked]
        path = folder / STORE
        opened = any(ack.what == "open" for ack in acks)
        with open_store(path, create=not opened, log_limit=QUIET_LOG) as store:
            met = state_of(store, acks)
            count = self._compare(store, acks, rng)
        if self.go_on_one_in and rng.randrange(self.go_on_one_in) == 0:
            self._go_on(path, count)
            met.append("gone on")
        return met

    def _compare(self, store: mvcc.Store, acks: tuple[Ack, ...], rng: random.Random) -> int:
        """Gives the number of commits that are there."""
        stats = store.stats()
        last, threshold = int(stats.last_commit), int(stats.gc_threshold)
        _expect_at_least(acks, "commit", last)
        _expect_at_least(acks, "gc", threshold)
        count = self.history.count(last)
        with store.snapshot() as snapshot:
            compare(self.history.contents[count], contents(snapshot), f"at {last}, the last commit")
        if count:
            self._compare_as_of(store, rng.randrange(count), threshold)
        self._compare_versions(store, count, threshold, rng)
        self._compare_changes(store, count, threshold, last, rng)
        store.verify()
        return count

    def _compare_as_of(self, store: mvcc.Store, number: int, threshold: int) -> None:
        """AS OF a commit; below the threshold it is refused."""
        timestamp = self.history.timestamps[number]
        try:
            with store.as_of(mvcc.Timestamp(timestamp)) as snapshot:
                found = contents(snapshot)
        except mvcc.TimestampBelowGCError:
            if timestamp >= threshold:
                raise
            return
        if timestamp < threshold:
            raise WrongError(f"AS OF {timestamp} is answered below the threshold {threshold}")
        compare(self.history.contents[number + 1], found, f"AS OF {timestamp}")

    def _compare_versions(
        self, store: mvcc.Store, count: int, threshold: int, rng: random.Random
    ) -> None:
        """Every version of a key above the threshold."""
        held = self.history.contents[count]
        tables = sorted(name for name, rows in held.items() if rows)
        if not tables:
            return
        table = rng.choice(tables)
        key = rng.choice(sorted(held[table]))
        found = [
            (int(version.timestamp), version.value)
            for version in store[table].history(key, since=mvcc.Timestamp(threshold))
        ]
        expected = self.history.versions(table, key, count, threshold)
        if expected != found:
            raise WrongError(f"versions of {table} {key!r}: {found}, expected {expected}")

    def _compare_changes(
        self, store: mvcc.Store, count: int, threshold: int, last: int, rng: random.Random
    ) -> None:
        """The changes of the last few commits, or of all above the threshold."""
        window = rng.choice((3, 3, 3, 3, 3, 3, 3, count))
        first = max(self.history.count(threshold), count - window)
        since = max(threshold, self.history.timestamps[first - 1] if first else 0)
        timestamps = self.history.timestamps[first:count]
        known = set(timestamps)
        expected = [
            (timestamp, *write)
            for timestamp, step in zip(timestamps, self.history.steps[first:count], strict=True)
            for write in sorted(step.writes)
        ]
        changes = store.changes(mvcc.Timestamp(since), mvcc.Timestamp(last))
        found = sorted(
            (int(change.timestamp), change.table, change.key, change.value)
            for change in changes
            if int(change.timestamp) in known
        )
        if expected != found:
            raise WrongError(f"changes above {since}: {len(found)}, expected {len(expected)}")

    def _go_on(self, path: Path, count: int) -> None:
        """Commits, merges, collects and opens again: what was there stays."""
        expected: Contents = self.history.contents[count] | {EXTRA: {b"k": b"v" * 3000}}
        with open_store(path) as store:
            store.create_table(EXTRA).put(b"k", b"v" * 3000)
            store.merge()
            store.gc(store.now())
        with open_store(path, create=False) as store, store.snapshot() as snapshot:
            compare(expected, contents(snapshot), "after it went on")
            store.verify()


def state_of(store: mvcc.Store, acks: tuple[Ack, ...]) -> list[str]:
    """In which states a store is, of those that a proof has to meet."""
    stats = store.stats()
    acked = max((ack.timestamp for ack in acks if ack.what == "commit"), default=0)
    states = {
        "new": not acks,
        "with a commit not acknowledged": int(stats.last_commit) > acked,
        "with a log": stats.unmerged_versions > 0,
        "in a merge": stats.merging,
        "merged": 0 < int(stats.merged),
        "collected": 0 < int(stats.gc_threshold),
    }
    return [name for name, holds in states.items() if holds]


def _expect_at_least(acks: tuple[Ack, ...], what: str, found: int) -> None:
    """That nothing is lost that was acknowledged."""
    acked = max((ack.timestamp for ack in acks if ack.what == what), default=0)
    if found < acked:
        raise WrongError(f"the {what} at {acked} was acknowledged; the store is at {found}")


def contents(snapshot: mvcc.Snapshot) -> Contents:
    """Every row of every table."""
    return {info.name: dict(snapshot[info.name].items()) for info in snapshot.tables()}


def compare(expected: Contents, found: Contents, where: str) -> None:
    """WrongError that names some of what differs."""
    if expected == found:
        return
    if expected.keys() != found.keys():
        raise WrongError(f"tables {where}: {sorted(found)}, expected {sorted(expected)}")
    different: list[Any] = [
        (table, key[:12], _brief(rows.get(key)), _brief(found[table].get(key)))
        for table, rows in expected.items()
        for key in sorted(rows.keys() | found[table].keys())
        if rows.get(key) != found[table].get(key)
    ]
    raise WrongError(f"{len(different)} rows differ {where}: {different[:3]}")


def _brief(value: bytes | None) -> str:
    return "absent" if value is None else f"{value[:8]!r} of {len(value)} B"
