"""A store that is a list: each commit is appended, and each read replays the list from its begin.

It does what the public API says, slowly and in memory, so that the state machine can be tested
without a storage engine; and it does one thing wrong where a fault is planted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Self

from mvcc.errors import (
    ConditionFailedError,
    EmptyWindowError,
    NotRestorableError,
    StoreAlreadyOpenError,
    StoreClosedError,
    TimestampBelowGCError,
    TimestampInFutureError,
    TransactionRetryError,
)
from mvcc.testing import ManualClock
from mvcc.timestamp import Timestamp, When, resolve
from mvcc.types import ANY, Change, Difference, Version

FAULTS = (
    "as_of leaves its own instant out", "spans take their end in", "prefix is a start only",
    "reverse limits first", "a scan looks when it is read", "deleting the absent is written",
    "a commit takes the clock's time", "commits go below reads", "a write is lost at close",
    "conflicts are not seen", "phantoms are not seen", "a condition is not tested", "a transaction is torn",
    "own deletions are not seen", "a rollback commits", "changes take since in",
    "diff names equal values", "history is oldest first", "GC drops what is still seen",
    "GC does nothing", "GC forgets open snapshots", "what was collected can be read",
    "the future can be read", "backups read now", "an incremental has no deletions",
    "restore takes the newest layer", "a second open is granted", "a merge keeps the newest alone",
)  # fmt: skip

Row = tuple[int, str, bytes, bytes | None]  # timestamp, table, key, value
State = dict[tuple[str, bytes], bytes]


@dataclass
class Disk:
    """What outlives a store."""

    log: list[Row] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    floor: int = 0
    threshold: int = 0
    is_open: bool = False


@dataclass
class Layer:
    """One layer of a backup: what it can be restored to, and its rows."""

    first: int
    end: int
    rows: list[Row]


@dataclass
class World:
    """All disks and backups of one test."""

    clock: ManualClock
    fault: str = ""
    disks: dict[str, Disk] = field(default_factory=dict)
    backups: dict[str, list[Layer]] = field(default_factory=dict)

    def open(self, path: str) -> Store:
        """Opens the store at a path, or makes it."""
        disk = self.disks.setdefault(path, Disk())
        if disk.is_open and self.fault != "a second open is granted":
            raise StoreAlreadyOpenError(path=path, opened_at="here")
        disk.is_open = True
        return Store(self, disk)

    def restore(self, uri: str, path: str, as_of: Timestamp) -> None:
        """Makes a new store of the layers up to one end."""
        at, layers = int(as_of), self.backups[uri]
        if not any(layer.first <= at <= layer.end for layer in layers):
            raise NotRestorableError(timestamp=as_of)
        Path(path).mkdir()
        disk = self.disks[path] = Disk(tables=["test.one", "test.two"])
        state: dict[tuple[str, bytes], bytes | None] = {}
        newest = self.fault == "restore takes the newest layer"
        for row in (row for layer in layers for row in layer.rows):
            if row[0] <= at or newest:
                state[row[1:3]] = row[3]
        disk.log = [(1, *where, value) for where, value in state.items() if value is not None]


class Store:
    """The store as a list."""

    def __init__(self, world: World, disk: Disk) -> None:
        self.world, self.disk, self.pins = world, disk, [0][:0]

    def has(self, fault: str) -> bool:
        """Whether this fault is planted."""
        assert fault in FAULTS
        return self.world.fault == fault

    def last(self) -> int:
        """The newest commit's timestamp."""
        return max([row[0] for row in self.disk.log], default=0)

    def clock_time(self) -> int:
        """The clock's time as a timestamp."""
        return self.world.clock.now_us() << 12

    def commit(self, writes: list[tuple[str, bytes, bytes | None]]) -> Timestamp:
        """Appends writes at a new timestamp."""
        if not self.disk.is_open:
            raise StoreClosedError
        floor = 0 if self.has("commits go below reads") else self.disk.floor
        at = max(self.clock_time(), self.last() + 1, floor + 1)
        if self.has("a commit takes the clock's time"):
            at = self.clock_time()
        put = {write[:2] for write in writes if write[2] is not None}
        for table, key, value in {write[:2]: write for write in writes}.values():
            absent = (table, key) not in put and (table, key) not in self.state(at)
            if value is not None or not absent or self.has("deleting the absent is written"):
                self.disk.log.append((at, table, key, value))
        return Timestamp(at)

    def state(self, at: int) -> State:
        """What is live at an instant."""
        state: State = {}
        exclusive = self.has("as_of leaves its own instant out") and at < self.last()
        for timestamp, table, key, value in self.disk.log:
            if timestamp < at or (timestamp == at and not exclusive):
                state.pop((table, key), None)
                if value is not None:
                    state[table, key] = value
        return state

    def create_table(self, name: str) -> None:
        """Adds a table."""
        self.disk.tables.append(name)

    def tables(self) -> list[SimpleNamespace]:
        """The tables."""
        return [SimpleNamespace(name=name) for name in self.disk.tables]

    def __getitem__(self, name: str) -> Table:
        return Table(self, name, lambda: self.state(self.last()), self.commit)

    def now(self) -> Timestamp:
        """A timestamp that later commits are above."""
        self.disk.floor = max(self.last(), self.disk.floor, self.clock_time())
        return Timestamp(self.disk.floor)

    def as_of(self, when: When) -> Snapshot:
        """A snapshot."""
        at = int(resolve(when, self.world.clock.now_us()))
        limit = max(self.clock_time(), self.last(), self.disk.floor)
        if at > limit and not self.has("the future can be read"):
            raise TimestampInFutureError(timestamp=Timestamp(at), limit=Timestamp(limit))
        self.check(at)
        self.disk.floor = max(self.disk.floor, at)
        return Snapshot(self, at)

    def check(self, at: int) -> None:
        """Refuses what was collected."""
        if at < self.disk.threshold and not self.has("what was collected can be read"):
            threshold = Timestamp(self.disk.threshold)
            raise TimestampBelowGCError(timestamp=Timestamp(at), threshold=threshold)

    def rows(self, since: int, until: int | None, table: str | None) -> list[Row]:
        """The commits of a window."""
        if self.has("changes take since in"):
            since -= 1
        last = self.last() if until is None else until
        return [r for r in self.disk.log if since < r[0] <= last and table in (None, r[1])]

    def changes(
        self, since: Timestamp, until: Timestamp | None = None, table: str | None = None
    ) -> Iterator[Change]:
        """The commits of a window."""
        for at, name, key, value in self.rows(int(since), int(until) if until else None, table):
            yield Change(Timestamp(at), name, key, value, "put" if value is not None else "delete")

    def diff(self, older: Timestamp, newer: Timestamp, table: str | None) -> Iterator[Difference]:
        """What differs."""
        before, after = self.state(int(older)), self.state(int(newer))
        for name, key in {**before, **after}:
            pair = before.get((name, key)), after.get((name, key))
            if table in (None, name) and (
                pair[0] != pair[1] or self.has("diff names equal values")
            ):
                yield Difference(name, key, *pair)

    def merge(self) -> None:
        """Changes nothing that can be seen."""
        newest = {row[1:3]: row for row in self.disk.log}
        if self.has("a merge keeps the newest alone"):
            self.disk.log = [row for row in self.disk.log if newest[row[1:3]] == row]

    def gc(self, before: Timestamp) -> SimpleNamespace:
        """Collects."""
        self.disk.threshold = max(self.disk.threshold, int(before))
        pins = [] if self.has("GC forgets open snapshots") else self.pins
        bound = min([self.disk.threshold, *pins])
        newest = {row[1:3]: row for row in self.disk.log if row[0] <= bound}
        seen = {w: r for w, r in newest.items() if r[3] is not None}
        if self.has("GC drops what is still seen"):
            seen = {w: r for w, r in seen.items() if r[0] == bound}
        if not self.has("GC does nothing"):
            self.disk.log = [r for r in self.disk.log if r[0] > bound or seen.get(r[1:3]) == r]
        return SimpleNamespace(threshold=Timestamp(self.disk.threshold))

    def verify(self) -> SimpleNamespace:
        """Finds nothing."""
        return SimpleNamespace(problems=())

    def transaction(self) -> Transaction:
        """A transaction."""
        return Transaction(self)

    def backup(
        self,
        uri: str,
        *,
        as_of: Timestamp | None,
        incremental: bool = False,
        revision_history: bool = False,
    ) -> SimpleNamespace:
        """Appends a layer to the chain at `uri`."""
        end = int(as_of or self.now())
        layers = self.world.backups.setdefault(uri, [])
        start = layers[-1].end if incremental else 0
        if end <= start:
            raise EmptyWindowError(start=Timestamp(start), end=Timestamp(end))
        self.check(start if incremental else end)
        rows = self.rows(start, end, None)
        if self.has("backups read now"):
            rows = [(min(row[0], end), *row[1:]) for row in self.rows(start, None, None)]
        if incremental and self.has("an incremental has no deletions"):
            rows = [row for row in rows if row[3] is not None]
        first = end
        if revision_history:
            first = start if incremental else self.disk.threshold
        layers.append(Layer(first, end, rows))
        return SimpleNamespace(timestamp=Timestamp(end))

    def close(self) -> None:
        """Closes."""
        if self.has("a write is lost at close") and self.disk.is_open:
            self.disk.log = self.disk.log[:-1]
        self.disk.is_open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Snapshot:
    """The list up to an instant."""

    def __init__(self, store: Store, at: int) -> None:
        self.store, self.at, self.timestamp = store, at, Timestamp(at)
        store.pins.append(at)

    def __getitem__(self, name: str) -> Table:
        return Table(self.store, name, lambda: self.store.state(self.at), None)

    def close(self) -> None:
        """Lets GC go on."""
        if self.at in self.store.pins:
            self.store.pins.remove(self.at)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Scan:
    """Rows that were taken when it was made; it pins its instant until its end."""

    def __init__(self, store: Store, rows: Iterable[tuple[bytes, bytes]]) -> None:
        self.store, self.at, self.rows = store, store.last(), iter(rows)
        store.pins.append(self.at)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[bytes, bytes]:
        if not self.store.disk.is_open:
            raise StoreClosedError(what="scan")
        try:
            return next(self.rows)
        except StopIteration:
            self.close()
            raise

    def close(self) -> None:
        """Lets GC go on."""
        if self.at in self.store.pins:
            self.store.pins.remove(self.at)


Writes = list[tuple[str, bytes, bytes | None]]
Span = tuple[str, bytes | None, bytes | None]


class Table:
    """A table of a store, a snapshot or a transaction."""

    def __init__(
        self,
        store: Store,
        name: str,
        state: Callable[[], State],
        write: Callable[[Writes], object] | None,
        reads: list[Span] | None = None,
    ) -> None:
        self.store, self.name, self.state = store, name, state
        self.write = write or self._read_only
        self.reads = [] if reads is None else reads

    def _read_only(self, writes: Writes) -> object:
        raise AssertionError(f"{writes} into the past")

    def select(
        self,
        start: bytes | None,
        end: bytes | None,
        prefix: bytes,
        reverse: bool,
        limit: int | None,
    ) -> Iterator[tuple[bytes, bytes]]:
        """The rows of a scan, computed when the first is asked for."""
        rows = sorted(
            (key, value) for (table, key), value in self.state().items() if table == self.name
        )
        if self.store.has("reverse limits first") and reverse:
            rows = rows[:limit]
        last_in = self.store.has("spans take their end in")
        rows = [r for r in rows if start is None or start <= r[0]]
        rows = [r for r in rows if end is None or r[0] < end or (last_in and r[0] == end)]
        if self.store.has("prefix is a start only"):
            rows = [r for r in rows if prefix <= r[0]]
        else:
            rows = [r for r in rows if r[0].startswith(prefix)]
        yield from islice(reversed(rows) if reverse else rows, limit)

    def scan(
        self,
        start: bytes | None = None,
        end: bytes | None = None,
        *,
        prefix: bytes = b"",
        reverse: bool = False,
        limit: int | None = None,
    ) -> Scan:
        """Rows in order."""
        self.reads.append((self.name, start, end))
        rows: Iterable[tuple[bytes, bytes]] = self.select(start, end, prefix, reverse, limit)
        if not self.store.has("a scan looks when it is read"):
            rows = list(rows)
        return Scan(self.store, rows)

    def items(self) -> list[tuple[bytes, bytes]]:
        """All rows."""
        return list(self.scan())

    def count(self, start: bytes | None, end: bytes | None) -> int:
        """How many rows."""
        return len(list(self.scan(start, end)))

    def get(self, key: bytes) -> bytes | None:
        """A value."""
        self.reads.append((self.name, key, key + b"\0"))
        return self.state().get((self.name, key))

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """Values."""
        return [self.get(key) for key in keys]

    def __contains__(self, key: bytes) -> bool:
        return self.get(key) is not None

    def history(
        self, key: bytes, since: Timestamp | None, until: Timestamp | None
    ) -> list[Version]:
        """Versions, newest first."""
        rows = self.store.rows(int(since or -1), int(until) if until else None, self.name)
        versions = [Version(Timestamp(r[0]), r[3]) for r in rows if r[2] == key]
        return versions if self.store.has("history is oldest first") else versions[::-1]

    def put(self, key: bytes, value: bytes, *, expected: object = ANY) -> object:
        """Sets a key."""
        tested = expected is not ANY and not self.store.has("a condition is not tested")
        if tested and expected != (actual := self.get(key)):
            raise ConditionFailedError(key=key, actual=actual)
        return self.write([(self.name, key, value)])

    def put_many(self, items: Iterable[tuple[bytes, bytes]]) -> object:
        """Sets keys."""
        return self.write([(self.name, key, value) for key, value in items])

    def delete(self, key: bytes) -> bool:
        """Deletes a key."""
        present = key in self
        self.write([(self.name, key, None)])
        return present

    def delete_range(self, start: bytes | None, end: bytes | None) -> int:
        """Deletes a span."""
        keys = [key for key, _ in self.scan(start, end)]
        self.write([(self.name, key, None) for key in keys])
        return len(keys)


class Transaction:
    """Writes kept until they are committed."""

    def __init__(self, store: Store) -> None:
        self.store, self.read_at = store, store.last()
        self.writes: Writes = []
        self.reads: list[Span] = []

    def state(self) -> State:
        """What is live at its begin, and its own writes."""
        state = self.store.state(self.read_at)
        for table, key, value in self.writes:
            if value is not None:
                state[table, key] = value
            elif not self.store.has("own deletions are not seen"):
                state.pop((table, key), None)
        return state

    def __getitem__(self, name: str) -> Table:
        return Table(self.store, name, self.state, self.writes.extend, self.reads)

    def commit(self) -> None:
        """Writes everything, unless something was written since where it had read."""
        theirs = [row[1:3] for row in self.store.disk.log if row[0] > self.read_at]
        reads = [] if self.store.has("conflicts are not seen") else self.reads
        if self.store.has("phantoms are not seen"):
            live = self.store.state(self.read_at)
            theirs = [where for where in theirs if where in live]
        for table, start, end in reads:
            for name, key in theirs:
                after = start is None or start <= key
                if table == name and after and (end is None or key < end):
                    raise TransactionRetryError(reason="conflict")
        if self.store.has("a transaction is torn"):
            for write in self.writes:
                self.store.commit([write])
        else:
            self.store.commit(self.writes)
        self.writes = []

    def rollback(self) -> None:
        """Forgets everything."""
        if self.store.has("a rollback commits"):
            self.commit()
        self.writes = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.commit()
        else:
            self.rollback()
