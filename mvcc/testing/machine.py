"""`TimeTravelMachine`: hypothesis drives a store through writes, reads in the past, GC and backups.

Every answer is compared with the oracle's, and after every step ten answers remembered from earlier
are read again. Uses the public API alone; override `open_store` and `restore_store` to test a store
that is opened in another way, and add rules in a subclass.

    class MyMachine(TimeTravelMachine):
        def open_store(self, path):
            return mvcc.open(path, clock=self.clock, durability="relaxed")

    TestMyStore = MyMachine.TestCase
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import mvcc
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
from mvcc.testing.clock import ManualClock
from mvcc.testing.operations import Commit, Operation, Put, PutMany
from mvcc.testing.oracle import Oracle
from mvcc.testing.strategies import (
    TABLES,
    Span,
    histories,
    keys,
    operations,
    pauses_us,
    spans,
    values,
)
from mvcc.testing.witness import OpenScan, Witness, in_order, refused, same
from mvcc.timestamp import Timestamp, When

if TYPE_CHECKING:
    from mvcc import Store

Row: TypeAlias = tuple[bytes, bytes]
Notation: TypeAlias = Literal["timestamp", "printed", "datetime", "ISO 8601", "relative"]

_names = st.sampled_from(TABLES)
_back = st.integers(0, 2) | st.integers(
    0, 40
)  # which of the instants that were looked at, counted from the newest
_histories = histories(max_commits=4)
_rows = st.tuples(keys(), values())
_limits = st.none() | st.integers(0, 4)
_notations: st.SearchStrategy[Notation] = st.sampled_from(
    ("timestamp", "timestamp", "printed", "datetime", "ISO 8601", "relative")
)
_kept = st.integers(0, 3)  # how many snapshots, or scans, stay open
_DAY_US = 86_400_000_000


class _UndoError(Exception):
    """Leaves a transaction without committing it."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The instants that one layer of a backup chain can be restored to, both included."""

    first: Timestamp
    end: Timestamp


class TimeTravelMachine(RuleBasedStateMachine):
    """A store, its oracle, and everything that one can do to a store."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory(prefix="mvcc-")
        self.folder = Path(self._folder.name)
        self.numbers = count(1)
        self.clock = ManualClock()
        self.path = str(self.folder / "store")
        self.witness = Witness(self.open_store(self.path), TABLES)
        self.uri = ""
        self.chain: list[Layer] = []  # at `uri`, the full backup first

    def open_store(self, path: str) -> Store:
        """Opens the store under test, or one that was restored: with a log that is soon full."""
        return mvcc.open(path, clock=self.clock, log_limit="16KiB")

    def restore_store(self, uri: str, path: str, as_of: Timestamp) -> None:
        """Restores the backup at `uri` into a new store."""
        mvcc.restore(uri, path, as_of=as_of)

    def teardown(self) -> None:
        """Closes the store and removes its files."""
        self.witness.close()
        self._folder.cleanup()

    # Writes.

    @rule(history=_histories)
    def write(self, history: list[Commit]) -> None:
        """Commits one after the other."""
        self._write(history)

    def _write(self, history: list[Commit]) -> None:
        """A commit of a single write is one call, of several a transaction."""
        for commit in history:
            self.clock.set(self.clock.now_us() + commit.pause_us)
            if len(commit.operations) == 1:
                self._write_alone(commit.operations[0])
            else:
                self._transact(commit.operations)

    def _write_alone(self, operation: Operation) -> None:
        result = operation.do(self.witness.store)
        expected = self.witness.wrote(lambda at: operation.tell(self.witness.oracle, at))
        if isinstance(operation, Put | PutMany):
            expected = self.witness.last_commit
        same(f"the result of {operation}", expected, result)

    def _transact(self, operations: Sequence[Operation]) -> None:
        with self.witness.store.transaction() as txn:
            for operation in operations:
                operation.do(txn)
        oracle = self.witness.oracle
        self.witness.wrote(lambda at: [operation.tell(oracle, at) for operation in operations])

    @rule(name=_names, key=keys(), value=values(), guess=st.none() | values())
    def write_if(self, name: str, key: bytes, value: bytes, guess: bytes | None) -> None:
        """A put on condition: with a guess, then with what the key holds."""
        table = self.witness.store[name]
        holds = self.witness.oracle.get(name, key, self.witness.latest)
        if guess != holds:
            try:
                table.put(key, value, expected=guess)
            except ConditionFailedError as error:
                same("what the key holds", holds, error.actual)
            else:
                raise AssertionError(f"{key!r} held {holds!r}, and {guess!r} was taken for it")
        table.put(key, value, expected=holds)
        self.witness.wrote(lambda at: self.witness.oracle.put(name, key, value, at))

    @rule(writes=st.lists(operations(), min_size=1, max_size=5))
    def roll_back(self, writes: list[Operation]) -> None:
        """A transaction sees its own writes; rolled back, nobody else ever does."""
        own = Oracle()
        for name, rows in self.witness.expected(self.witness.latest).items():
            for key, value in rows:
                own.put(name, key, value, Timestamp(1))
        with suppress(_UndoError), self.witness.store.transaction() as txn:
            for operation in writes:
                operation.do(txn)
                operation.tell(own, Timestamp(2))
                rows = own.scan(operation.table, Timestamp(2))
                same("own writes", rows, list(txn[operation.table].scan()))
                backwards = list(txn[operation.table].scan(reverse=True, limit=3))
                same("own writes, backwards", rows[::-1][:3], backwards)
            raise _UndoError
        self.witness.wrote(lambda _: None)

    @rule(name=_names, point=keys(), span=spans(), mine=_rows, theirs=_rows, scans=st.booleans())
    def race(
        self, name: str, point: bytes, span: Span, mine: Row, theirs: Row, scans: bool
    ) -> None:
        """Someone else writes while a transaction is open: it fails if it had read there, only then."""
        witness, (key, value), (other, change) = self.witness, mine, theirs
        txn = witness.store.transaction()
        if scans:
            expected = witness.oracle.scan(name, witness.latest, *span)
            same("what a transaction scans", expected, list(txn[name].scan(*span)))
            start, end = span
            lost = (start is None or start <= other) and (end is None or other < end)
        else:
            txn[name].get(point)
            lost = point == other
        txn[name].put(key, value)
        witness.store[name].put(other, change)
        witness.wrote(lambda at: witness.oracle.put(name, other, change, at))
        with refused(TransactionRetryError, when=lost):
            txn.commit()
        witness.wrote(lambda at: None if lost else witness.oracle.put(name, key, value, at))

    # Time.

    @rule(jump_us=pauses_us() | st.sampled_from((-1, -1_000_000, -3_600_000_000)))
    def look_at_the_clock(self, jump_us: int) -> None:
        """The clock goes on, stands still or steps back.

        No later commit gets an instant that was read or given out, or one below; none is in the future.
        """
        self.clock.set(self.clock.now_us() + jump_us)
        witness = self.witness
        at = Timestamp.from_wall_us(self.clock.now_us())
        if at >= witness.seen[0][0] and witness.readable(at):
            witness.look(at)
        now = witness.store.now()
        assert now >= witness.last_commit, f"{now} lies before the last commit"
        witness.look(now)
        with refused(TimestampInFutureError):
            witness.store.as_of(Timestamp.from_wall_us(witness.latest.wall_us + _DAY_US))

    # Reads in the past.

    @rule(
        back=_back,
        notation=_notations,
        name=_names,
        span=spans(),
        prefix=keys(),
        limit=_limits,
        wanted=st.lists(keys(), min_size=1, max_size=4),
    )
    def read(
        self,
        back: int,
        notation: Notation,
        name: str,
        span: Span,
        prefix: bytes,
        limit: int | None,
        wanted: list[bytes],
    ) -> None:
        """Spans and prefixes both ways and to a limit, counts and single keys, at an instant."""
        at = self.witness.instant(back)
        with (
            refused(TimestampBelowGCError, when=not self.witness.readable(at)),
            self.witness.store.as_of(self._written(at, notation)) as snapshot,
        ):
            truth = partial(self.witness.oracle.scan, name, at)
            table = snapshot[name]
            for reverse in (False, True):
                rows = list(table.scan(*span, reverse=reverse, limit=limit))
                expected = truth(*span, reverse=reverse, limit=limit)
                same(f"{span} of {name} at {at}, {reverse=}, {limit=}", expected, rows)
                rows = list(table.scan(prefix=prefix, reverse=reverse, limit=limit))
                expected = truth(prefix=prefix, reverse=reverse, limit=limit)
                same(f"prefix {prefix!r} of {name} at {at}, {reverse=}, {limit=}", expected, rows)
            same(f"count of {span} in {name} at {at}", len(truth(*span)), table.count(*span))
            values = [self.witness.oracle.get(name, key, at) for key in wanted]
            same(f"{wanted} of {name} at {at}", values, table.get_many(wanted))
            same(f"each of {wanted} of {name} at {at}", values, [table.get(key) for key in wanted])
            same(
                f"{wanted} in {name}", [v is not None for v in values], [k in table for k in wanted]
            )

    @rule(back=_back, width=st.none() | st.integers(0, 20), name=_names, all_tables=st.booleans())
    def window(self, back: int, width: int | None, name: str, all_tables: bool) -> None:
        """Histories, changes and differences between two instants."""
        witness, table = self.witness, None if all_tables else name
        since = witness.instant(back)
        until = None if width is None else witness.instant(max(0, back - width))
        if not witness.readable(since) or (until is not None and until < since):
            return
        witness.check_histories(name, since, until)
        found = in_order(list(witness.store.changes(since, until, table)))
        same(f"changes ({since}, {until}]", witness.oracle.changes(since, until, table), found)
        newer = witness.latest if until is None else until
        differences = witness.store.diff(since, newer, table)
        rows = sorted((row.table, row.key, row.before, row.after) for row in differences)
        same(f"diff of {since} and {newer}", witness.oracle.diff(since, newer, table), rows)

    # Reads that last.

    @rule(back=_back, keep=_kept)
    def hold_snapshot(self, back: int, keep: int) -> None:
        """Opens a snapshot, for which GC leaves what it sees, and closes older ones."""
        at = self.witness.instant(back)
        if self.witness.readable(at):
            self.witness.snapshots.append(self.witness.store.as_of(at))
        self.witness.check_snapshots()
        while len(self.witness.snapshots) > keep:
            self.witness.snapshots.pop(0).close()

    @rule(
        name=_names, reverse=st.booleans(), begun=st.booleans(), history=_histories, keep=_kept
    )  # fmt: skip
    def scan_across_writes(
        self, name: str, reverse: bool, begun: bool, history: list[Commit], keep: int
    ) -> None:
        """The view of a scan is taken when it is opened, not when its rows are read."""
        witness, at = self.witness, self.witness.last_commit
        expected = witness.oracle.scan(name, at, reverse=reverse)
        rows = witness.store[name].scan(reverse=reverse)
        if begun and expected:
            same(f"the first row of {name} at {at}", expected.pop(0), next(rows))
        witness.scans.append(OpenScan(at, rows, expected))
        self._write(history)
        while len(witness.scans) > keep:
            scan = witness.scans.pop(0)
            same(f"a scan opened at {scan.timestamp}", scan.expected, list(scan.rows))

    # The store as a whole.

    @rule(back=_back)
    def gc(self, back: int) -> None:
        """Collects what only reads before an instant could see."""
        before = self.witness.instant(back)
        threshold = self.witness.store.gc(before=before).threshold
        highest = max(before, self.witness.threshold)
        assert threshold <= highest, f"GC went to {threshold}, beyond {highest}"
        self.witness.collected(threshold)

    @rule()
    def merge(self) -> None:
        """Everything leaves the log, which no answer shows."""
        self.witness.store.merge()

    @rule()
    def reopen(self) -> None:
        """A second open is refused; what is taken from a closed store is closed."""
        store = self.witness.store
        with refused(StoreAlreadyOpenError):
            self.open_store(self.path)
        rows = store[TABLES[0]].scan()
        self.witness.close()
        with refused(StoreClosedError):
            next(rows)
        self.witness.store = self.open_store(self.path)
        same("the problems of the store", (), self.witness.store.verify().problems)

    # Backups.

    @rule(
        history=_histories,
        back=st.none() | st.none() | _back,
        full=st.integers(0, 4).map(lambda number: number == 0),
        revisions=st.booleans(),
        restores=st.sampled_from(("the end", "the end", "an instant", "nothing")),
        instant=_back,
    )
    def back_up(
        self,
        history: list[Commit],
        back: int | None,
        full: bool,
        revisions: bool,
        restores: str,
        instant: int,
    ) -> None:
        """Adds a layer to the chain, or begins a new one; restores to its end, or to some instant."""
        self._write(history)
        as_of = None if back is None else self.witness.instant(back)
        if self.chain and not full:
            self._incremental_backup(as_of, revisions)
        elif as_of is None or self.witness.readable(as_of):
            self.uri = str(self.folder / f"backup-{next(self.numbers)}")
            self.chain = []
            job = self.witness.store.backup(self.uri, as_of=as_of, revision_history=revisions)
            self._backed_up(as_of, job.timestamp, self.witness.threshold if revisions else None)
        if self.chain and restores == "the end":
            self._restore(self.chain[-1].end)
        elif self.chain and restores == "an instant":
            self._restore(self.witness.instant(instant))

    def _incremental_backup(self, as_of: Timestamp | None, revisions: bool) -> None:
        """Adds a layer; an end that is not after the parent's is refused."""
        witness, parent = self.witness, self.chain[-1].end
        try:
            job = witness.store.backup(
                self.uri, as_of=as_of, incremental=True, revision_history=revisions
            )
        except EmptyWindowError:
            lost = witness.oracle.changes(parent) if as_of is None else as_of > parent
            assert not lost, f"a window after {parent} was called empty"
        except TimestampBelowGCError:
            assert not witness.readable(parent), f"{parent} was called collected"
        else:
            assert witness.readable(parent), f"a window after {parent}, which was collected"
            assert job.timestamp > parent, f"the window ({parent}, {job.timestamp}] is empty"
            self._backed_up(as_of, job.timestamp, parent if revisions else None)

    def _backed_up(self, as_of: Timestamp | None, end: Timestamp, first: Timestamp | None) -> None:
        """Takes in a new layer: all that was committed before the call is in it."""
        if as_of is not None:
            same("the end of a backup", as_of, end)
        assert as_of is not None or end >= self.witness.last_commit, f"{end} misses a commit"
        self.chain.append(Layer(first or end, end))
        self.witness.look(end)

    def _restore(self, at: Timestamp) -> None:
        """A second store, restored to an instant, holds what was there; others are refused."""
        path = self.folder / f"restored-{next(self.numbers)}"
        if not any(layer.first <= at <= layer.end for layer in self.chain):
            with refused(NotRestorableError):
                self.restore_store(self.uri, str(path), at)
            assert not path.exists(), "a refused restore left something behind"
            return
        self.restore_store(self.uri, str(path), at)
        with self.open_store(str(path)) as store:
            same("the restored tables", list(TABLES), [info.name for info in store.tables()])
            answer = {name: list(store[name].scan()) for name in TABLES}
            same(f"what was restored to {at}", self.witness.remembered(at), answer)
            same("the problems of the restored store", (), store.verify().problems)
        rmtree(path)

    # After every step.

    @invariant()
    def past_and_present_stand(self) -> None:
        """Remembered answers are given again, and the live tables are the newest instant."""
        self.witness.look_again()
        live = {name: list(self.witness.store[name].items()) for name in TABLES}
        same("the live rows", self.witness.expected(self.witness.latest), live)

    def _written(self, at: Timestamp, notation: Notation) -> When:
        """An instant in some notation; the printed form where it has a logical part."""
        if notation == "timestamp":
            return at
        if notation == "printed" or at.logical:
            return str(at)
        ago = timedelta(microseconds=at.wall_us - self.clock.now_us())
        if notation == "relative" and ago <= timedelta(0):
            return ago
        return at.datetime if notation == "datetime" else at.datetime.isoformat()
