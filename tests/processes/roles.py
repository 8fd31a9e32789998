"""What the processes of the storm do until they are told to end, or killed: writers and readers."""

from __future__ import annotations

import random
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mvcc
from mvcc.errors import TimestampBelowGCError, TransactionRetryError
from tests.processes import content
from tests.processes.marks import Kind, Mark, Marks, Orders

LOG_LIMITS = (1 << 18, 1 << 20)
"""Chosen by each process: logs of the smaller one become runs, as BALLAST is large beside them."""
BALLAST = "storm.ballast"
BALLAST_ROWS = 20_000
COLLECT_EVERY = 400
LARGE_EVERY = 200
LONGEST = 600
DELETE_SHARE = 0.1
CHAINED_SHARE = 0.3
REMEMBERED = 40
PAUSE_S = 0.004
READ_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """One process: its place among those of its role, how many were there before, and its random numbers."""

    folder: Path
    role: str
    slot: int
    life: int
    seed: str

    @property
    def name(self) -> str:
        """Of its record file."""
        return f"{self.role}-{self.slot}-{self.life}"


def open_store(folder: Path, rng: random.Random) -> mvcc.Store:
    """The store of a storm, with a small log."""
    return mvcc.open(folder / "store", log_limit=rng.choice(LOG_LIMITS))


def fill(store: mvcc.Store) -> None:
    """Makes the tables."""
    ballast = store.create_table(BALLAST)
    ballast.put_many({b"%06d" % row: b"b" * 100 for row in range(BALLAST_ROWS)})
    store.create_table(content.TABLE)
    store.merge()


class Writer:
    """Commits whole groups: blindly, or in transactions that name what they replace."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._rng = random.Random(place.seed)
        self._orders = Orders(place.folder / "orders")
        self._store = open_store(place.folder, self._rng)
        self._table = self._store[content.TABLE]
        self._marks = Marks(place.folder / place.name)
        self._number = 0

    def run(self) -> None:
        """Until it is told to end."""
        with self._store:
            while not self._orders.stop:
                self._number += 1
                if self._rng.random() < CHAINED_SHARE:
                    self._commit_chained()
                else:
                    self._commit_blindly()
                if self._rng.randrange(COLLECT_EVERY) == 0:
                    self._store.gc(before=mvcc.Timestamp(self._orders.collected))
                time.sleep(self._rng.random() * PAUSE_S)

    def _rows(self, group: int, before: bytes) -> dict[bytes, bytes | None]:
        stamp = content.STAMP.pack(self._place.slot, self._place.life, self._number)
        large = self._rng.randrange(LARGE_EVERY) == 0
        length = content.LARGE if large else self._rng.randrange(LONGEST)
        rows: dict[bytes, bytes | None] = {
            key: content.value_of(stamp, before, member, length)
            for member, key in enumerate(content.keys_of(group))
        }
        rows[content.marker_key(self._place.slot)] = content.value_of(stamp, before, 0, 0)
        return rows

    def _mark(self, kind: Kind, timestamp: int, digest: bytes) -> None:
        self._marks.add(Mark(kind, self._number, time.monotonic_ns(), timestamp, digest))

    def _commit_blindly(self) -> None:
        rows = self._rows(self._rng.randrange(content.GROUPS), content.NOTHING)
        digest = content.digest_of(rows)
        self._mark(Kind.ABOUT, 0, digest)
        stamp = self._table.put_many({k: v for k, v in rows.items() if v is not None})
        self._mark(Kind.ACKED, stamp.value, digest)

    def _commit_chained(self) -> None:
        group = self._rng.randrange(content.GROUPS)
        keys = content.keys_of(group)
        txn = self._store.transaction()
        table = txn[content.TABLE]
        found = table.get_many(keys)
        content.check_group(group, found)
        there = found[0]
        before = content.NOTHING if there is None else content.parse(there).stamp
        rows = self._rows(group, before)
        if there is not None and self._rng.random() < DELETE_SHARE:
            rows |= dict.fromkeys(keys)
            table.delete_many(keys)
        table.put_many({k: v for k, v in rows.items() if v is not None})
        digest = content.digest_of(rows)
        self._mark(Kind.ABOUT, 0, digest)
        try:
            stamp = txn.commit()
        except TransactionRetryError:
            self._mark(Kind.REFUSED, 0, digest)
        else:
            self._mark(Kind.ACKED, stamp.value, digest)


class Reader:
    """Reads whole tables at the last commit and at instants that it has read before."""

    def __init__(self, place: Place) -> None:
        self._rng = random.Random(place.seed)
        self._orders = Orders(place.folder / "orders")
        self._store = open_store(place.folder, self._rng)
        self._marks = Marks(place.folder / place.name)
        self._remembered: deque[tuple[mvcc.Timestamp, int]] = deque(maxlen=REMEMBERED)

    def run(self) -> None:
        """Until it is told to end."""
        with self._store:
            while not self._orders.stop:
                self._read_now()
                self._read_again()
                time.sleep(self._rng.random() * READ_PAUSE_S)

    def _read_now(self) -> None:
        begun = time.monotonic_ns()
        with self._store.snapshot() as snap:
            table = snap[content.TABLE]
            digest = self._read_all(table, reverse=False)
            mark = Mark(Kind.READ, 0, begun, snap.timestamp.value, digest.to_bytes(16))
            self._marks.add(mark)
            self._remembered.append((snap.timestamp, digest))
            group = self._rng.randrange(content.GROUPS)
            content.check_group(group, table.get_many(content.keys_of(group)))
            time.sleep(self._rng.random() * READ_PAUSE_S)
            again = self._read_all(table, reverse=True)
            assert digest == again, f"two reads at {snap.timestamp} differ"

    def _read_again(self) -> None:
        timestamp, digest = self._rng.choice(self._remembered)
        try:
            snap = self._store.as_of(timestamp)
        except TimestampBelowGCError as error:
            assert timestamp < error.threshold
            self._remembered = deque(
                (each for each in self._remembered if each[0] >= error.threshold), REMEMBERED
            )
            return
        with snap:
            again = self._read_all(snap[content.TABLE], reverse=self._rng.random() < 0.5)
            assert digest == again, f"AS OF {timestamp} has changed"

    def _read_all(self, table: mvcc.SnapshotTable, *, reverse: bool) -> int:
        groups: dict[int, list[bytes | None]] = {}
        digest = 0
        for key, value in table.scan(reverse=reverse):
            digest += content.row_hash(key, value)
            group = content.group_of(key)
            if group is not None:
                members = groups.setdefault(group, [None] * content.MEMBERS)
                members[int(key[:2])] = value
        for group, values in groups.items():
            content.check_group(group, values)
        return digest % 2**64


ROLES: dict[str, Callable[[Place], Writer | Reader]] = {"writer": Writer, "reader": Reader}


def run(place: Place) -> None:
    """The life of a process. What goes wrong is left in a file beside the record."""
    try:
        ROLES[place.role](place).run()
    except BaseException:
        (place.folder / f"{place.name}.failure").write_text(traceback.format_exc())
        raise
