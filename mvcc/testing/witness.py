"""A store beside an oracle: remembers what was seen of the store, and compares it.

Owns what a test knows of one store: the oracle, every instant that was looked at with the rows seen
there, the newest of them (no later commit may get it or go below), and what GC has collected. Uses the
public API alone. An answer that is not the oracle's raises AssertionError with both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mvcc.errors import MVCCError, TimestampBelowGCError
from mvcc.testing.oracle import Oracle
from mvcc.timestamp import Timestamp
from mvcc.types import Change, RowIterator

if TYPE_CHECKING:
    from mvcc import Snapshot, Store

Rows: TypeAlias = list[tuple[bytes, bytes]]
Answer: TypeAlias = dict[str, Rows]  # table -> its rows


def same(what: str, expected: object, actual: object) -> None:
    """Fails with both where they differ."""
    if expected != actual:
        raise AssertionError(f"{what}\n  expected {expected!r}\n  but got  {actual!r}")


@contextmanager
def refused(error: type[MVCCError], when: bool = True) -> Iterator[None]:
    """What is done inside must raise this error (or nothing, where `when` is false)."""
    if not when:
        yield
        return
    try:
        yield
    except error:
        return
    raise AssertionError(f"expected {error.__name__}, but nothing was raised")


@dataclass(frozen=True, slots=True)
class OpenScan:
    """A scan that is not read yet: later writes must not show in it."""

    timestamp: Timestamp
    rows: RowIterator
    expected: Rows


class Witness:
    """What is known of one store."""

    def __init__(self, store: Store, tables: tuple[str, ...]) -> None:
        self.store = store
        self.tables = tables
        self.oracle = Oracle()
        self.seen: list[tuple[Timestamp, Answer]] = []
        self.latest = Timestamp.MIN
        self.last_commit = Timestamp.MIN
        self.threshold = Timestamp.MIN
        self.snapshots: list[Snapshot] = []
        self.scans: list[OpenScan] = []
        for name in tables:
            store.create_table(name)
        self.look(store.now())

    def expected(self, at: Timestamp) -> Answer:
        """What the oracle says of an instant."""
        return {name: self.oracle.scan(name, at) for name in self.tables}

    def read(self, at: Timestamp) -> Answer:
        """What the store says of an instant."""
        with self.store.as_of(at) as snapshot:
            same("the instant of the snapshot", at, snapshot.timestamp)
            return {name: list(snapshot[name].scan()) for name in self.tables}

    def look(self, at: Timestamp) -> None:
        """Reads everything at an instant, compares it, and remembers it."""
        answer = self.read(at)
        same(f"all rows at {at}", self.expected(at), answer)
        self.seen.append((at, answer))
        self.latest = max(self.latest, at)

    def look_again(self) -> None:
        """Ten of the remembered answers, three newest and seven spread over all, still stand."""
        count = len(self.seen)
        spread, newest = range(0, count, count // 7 + 1), range(max(0, count - 3), count)
        for at, answer in (self.seen[index] for index in sorted({*spread, *newest})):
            with refused(TimestampBelowGCError, when=not self.readable(at)):
                same(f"all rows at {at}, read again", answer, self.read(at))

    def instant(self, back: int) -> Timestamp:
        """One of the instants that were looked at, counted back from the newest."""
        return self.seen[-1 - back % len(self.seen)][0]

    def remembered(self, at: Timestamp) -> Answer:
        """The rows that were seen at an instant."""
        return next(answer for instant, answer in self.seen if instant == at)

    def readable(self, *instants: Timestamp) -> bool:
        """Whether all of these instants may still be read."""
        return all(self.threshold <= at for at in instants)

    def wrote(self, tell: Callable[[Timestamp], object]) -> object:
        """Takes in what was just written: finds its commit, tells the oracle, compares.

        Gives what `tell` gave. That nothing was committed is right where the oracle takes nothing in.
        """
        fresh = list(self.store.changes(self.latest))
        at = fresh[0].timestamp if fresh else Timestamp(int(self.latest) + 1)
        expected = tell(at)
        same("the changes of a commit", self.oracle.changes(self.latest), in_order(fresh))
        if fresh:
            self.last_commit = at
            self.look(at)
        return expected

    def check_histories(
        self, table: str, since: Timestamp | None = None, until: Timestamp | None = None
    ) -> None:
        """The versions of every key that a table ever held, in a window."""
        for key in self.oracle.keys(table):
            expected = self.oracle.history(table, key, since, until)
            found = self.store[table].history(key, since, until)
            versions = [(version.timestamp, version.value) for version in found]
            same(f"history of {key!r} in {table} ({since}, {until}]", expected, versions)

    def check_snapshots(self) -> None:
        """Open snapshots give what was seen at their instants."""
        for snapshot in self.snapshots:
            answer = {name: list(snapshot[name].scan()) for name in self.tables}
            at = snapshot.timestamp
            same(f"a snapshot open at {at}", self.remembered(at), answer)

    def collected(self, threshold: Timestamp) -> None:
        """Takes in that GC ran: open snapshots and scans hold back what they can see."""
        self.threshold = max(self.threshold, threshold)
        pins = [snapshot.timestamp for snapshot in self.snapshots]
        pins += [scan.timestamp for scan in self.scans]
        self.oracle.gc(min([self.threshold, *pins]))
        self.check_snapshots()
        for name in self.tables:
            self.check_histories(name)

    def close(self) -> None:
        """Closes what is open, the store last."""
        for held in self.snapshots:
            held.close()
        for scan in self.scans:
            scan.rows.close()
        self.snapshots.clear()
        self.scans.clear()
        self.store.close()


def in_order(changes: list[Change]) -> list[tuple[Timestamp, str, bytes, bytes | None]]:
    """Changes as the oracle gives them; commits must come in order, their keys in any."""
    timestamps = [change.timestamp for change in changes]
    same("the order of commits", sorted(timestamps), timestamps)
    for change in changes:
        same(f"the kind of {change}", "delete" if change.value is None else "put", change.kind)
    rows = [(change.timestamp, change.table, change.key, change.value) for change in changes]
    return sorted(rows, key=lambda row: row[:3])
