"""The engine over its log against a list of what was committed: any steps in any order change no answer.

A failure prints the steps that led to it. More examples:
`MVCC_LOG_EXAMPLES=2000 pytest tests/engine/test_log_model.py`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import cache
from itertools import count
from pathlib import Path
from typing import Literal
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mvcc import sst
from mvcc.engine import lmdb
from mvcc.engine.interface import ChangesRequest, ExportRequest, ScanRequest, Span, View, WriteBatch
from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.errors import TimestampBelowGCError
from mvcc.testing import ManualClock
from tests.engine.elsewhere import Elsewhere
from tests.engine.history import Row, rows_with_timestamps
from tests.engine.steps import merge_step

TABLES = (100, 101)
BALLAST = 102
"""Another table, behind those that are asked."""
KEYS = (b"", b"a", b"a\0", b"ab", b"b", b"\xff", b"k" * 490)
LARGE = 70_000
"""Bytes of a value that goes to `data` in its commit."""

Write = tuple[int, bytes, int | None]
Disturbance = Literal["step", "merge", "commit", "collect", "step elsewhere", "commit elsewhere"]

_keys = st.sampled_from(KEYS)
_tables = st.sampled_from(TABLES)
_sizes = st.sampled_from((None, None, 0, 8, 8, 2_000, LARGE))
_writes = st.lists(
    st.tuples(_tables, _keys, _sizes), min_size=1, max_size=6, unique_by=lambda write: write[:2]
)
_back = st.integers(0, 12)
_disturbances: st.SearchStrategy[list[Disturbance]] = st.lists(
    st.sampled_from(
        ("step", "step", "merge", "commit", "collect", "step elsewhere", "commit elsewhere")
    ),
    max_size=4,
)
_bounds = st.tuples(st.none() | _keys, st.none() | _keys)


class Truth:
    """Every commit, in order."""

    def __init__(self) -> None:
        self.commits: list[tuple[int, list[tuple[int, bytes, bytes | None]]]] = []

    @property
    def last(self) -> int:
        """The timestamp of the last commit."""
        return self.commits[-1][0] if self.commits else 0

    def revisions(self, table: int, since: int, at: int) -> list[Row]:
        """Versions in (since, at], by key and then newest first."""
        found = [
            (key, value, timestamp)
            for timestamp, rows in self.commits
            for each, key, value in rows
            if each == table and since < timestamp <= at
        ]
        return sorted(found, key=lambda row: (row[0], -row[2]))

    def newest(self, table: int, since: int, at: int) -> list[Row]:
        """The newest version of each key at an instant that is above `since`, tombstones too."""
        found: dict[bytes, Row] = {}
        for row in self.revisions(table, since, at):
            found.setdefault(row[0], row)
        return list(found.values())

    def rows(self, table: int, at: int) -> list[Row]:
        """The rows at an instant."""
        return [row for row in self.newest(table, 0, at) if row[1] is not None]

    def changes(
        self, table: int | None, since: int, until: int
    ) -> list[tuple[int, int, bytes, bytes | None]]:
        """What was committed in (since, until]."""
        return [
            (timestamp, each, key, value)
            for timestamp, rows in self.commits
            for each, key, value in rows
            if since < timestamp <= until and table in {None, each}
        ]


def without_collections(disturbances: list[Disturbance]) -> list[Disturbance]:
    """For windows, of which a collection takes what lies between."""
    return [each for each in disturbances if each != "collect"]


@cache
def elsewhere() -> Elsewhere:
    """The other process, begun when it is first wanted."""
    return Elsewhere()


@pytest.fixture(scope="module", autouse=True)
def _end_of_the_other_process() -> Iterator[None]:
    yield
    if elsewhere.cache_info().currsize:
        elsewhere().close()
        elsewhere.cache_clear()


class LogMachine(RuleBasedStateMachine):
    """An engine that freezes its log every few commits, or never by itself, and every question to it."""

    def __init__(self) -> None:
        super().__init__()
        shm = Path("/dev/shm")  # this is not about disks
        self._folder = tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None)
        self.path = str(Path(self._folder.name) / "store")
        self.clock = ManualClock()
        self.numbers = count(1)
        self.truth = Truth()
        self.threshold = 0
        self.instants = [0]
        self.held: list[View] = []
        self.disturbances: list[Disturbance] = []
        self.chunks = mock.patch.object(lmdb, "EXPORT_CHUNK_BYTES", 4096)
        self.chunks.start()

    @initialize(
        log_limit=st.sampled_from((16 << 10, 16 << 10, 64 << 10, 64 << 20)),
        others=st.booleans(),
        ballast=st.booleans(),
    )
    def open(self, log_limit: int, others: bool, ballast: bool) -> None:
        """With a small limit a thread merges in the background; another process may do so too.

        Beside much other data frozen logs become runs, and these wait to be many.
        """
        self.log_limit, self.others = log_limit, others
        self.engine = self._open()
        if ballast:
            self.commit([(BALLAST, b"%d" % number, LARGE) for number in range(20)], 0)
        if others:
            elsewhere().call("open", self.path, log_limit)

    def _open(self) -> LMDBEngine:
        return open_engine(self.path, clock=self.clock, log_limit=self.log_limit)

    def teardown(self) -> None:
        """Closes everything."""
        self.chunks.stop()
        if hasattr(self, "engine"):
            self.engine.close()
            if self.others:
                elsewhere().call("close")
        self._folder.cleanup()

    # Writes.

    @rule(writes=_writes, pause_us=st.sampled_from((0, 0, 1, 1_000_000)))
    def commit(self, writes: list[Write], pause_us: int) -> None:
        """Puts and deletes, some of them large."""
        self.clock.set(self.clock.now_us() + pause_us)
        rows = [(table, key, self._value(size)) for table, key, size in writes]
        batch = WriteBatch(*(list(column) for column in zip(*rows, strict=True)))
        self._committed(self.engine.commit(batch), rows)

    @rule(keys=st.lists(_keys, min_size=4, max_size=12), table=_tables, times=st.integers(1, 4))
    def fill_the_log(self, keys: list[bytes], table: int, times: int) -> None:
        """Commits that bring it over a small limit."""
        for key in keys * times:
            self.commit([(table, key, 2_000)], 1)

    def _value(self, size: int | None) -> bytes | None:
        """A value that no other version has, unless it is empty."""
        return (
            None if size is None else (b"%d " % next(self.numbers)).ljust(size, b"v")[: size or 0]
        )

    def _committed(self, at: int, rows: list[tuple[int, bytes, bytes | None]]) -> None:
        assert at > self.instants[-1]
        self.truth.commits.append((at, rows))
        self.instants.append(at)

    def _commit_elsewhere(self) -> None:
        rows = {b"a": self._value(2_000), b"z": self._value(8)}
        at = elsewhere().call("put", TABLES[0], rows, self.clock.now_us())
        self._committed(at, [(TABLES[0], key, value) for key, value in rows.items()])

    # Merges, collections.

    @rule(rows=st.integers(1, 5), times=st.integers(1, 4))
    def step(self, rows: int, times: int) -> None:
        """A merge begins or goes on."""
        for _ in range(times):
            merge_step(self.engine, rows)

    @rule()
    def merge(self) -> None:
        """Everything goes to `data`."""
        self.engine.merge()
        assert self.truth.last == self.engine.info().merged

    @rule(back=_back)
    def collect(self, back: int) -> None:
        """What only reads before an instant could see goes."""
        before = self._instant(back)
        self.threshold = max(self.threshold, min(before, self.truth.last))
        assert self.threshold == self.engine.gc(before).threshold

    @rule(rows=st.integers(1, 5))
    @precondition(lambda self: self.others)
    def step_elsewhere(self, rows: int) -> None:
        """Another process does the next step."""
        elsewhere().call("step", rows)

    @rule(back=_back, table=_tables)
    @precondition(lambda self: self.others)
    def read_elsewhere(self, back: int, table: int) -> None:
        """Another process reads, and commits in between."""
        at = self._readable(back)
        expected = self.truth.rows(table, at)
        for _ in range(2):
            assert expected == elsewhere().call("rows", table, at, self.clock.now_us())
            self._commit_elsewhere()

    @rule()
    def reopen(self) -> None:
        """Memtables are filled anew."""
        self.held = []
        self.engine.close()
        self.engine = self._open()
        assert () == self.engine.verify().problems

    def _disturb(self) -> None:
        """What happens between two pages."""
        if not self.disturbances:
            return
        what = self.disturbances.pop()
        if what.endswith("elsewhere") and not self.others:
            return
        calls: dict[Disturbance, Callable[[], object]] = {
            "step": lambda: merge_step(self.engine, 2),
            "merge": self.engine.merge,
            "commit": lambda: self.commit([(TABLES[0], b"a", 8), (TABLES[1], b"a", None)], 0),
            "collect": lambda: self.collect(6),
            "step elsewhere": lambda: elsewhere().call("step", 2),
            "commit elsewhere": self._commit_elsewhere,
        }
        calls[what]()

    # Instants.

    def _instant(self, back: int) -> int:
        return self.instants[max(0, len(self.instants) - 1 - back)]

    def _readable(self, back: int) -> int:
        return max(self.threshold, self._instant(back))

    @rule()
    def look_at_the_clock(self) -> None:
        """An instant above the last commit, which none may slip under."""
        now = self.engine.now()
        assert now >= self.instants[-1]
        if now > self.instants[-1]:
            self.instants.append(now)

    @rule(back=_back, keep=st.integers(0, 2))
    def hold(self, back: int, keep: int) -> None:
        """A view that stays open, for which collections leave what it sees."""
        self.held.append(self.engine.view(self._readable(back)))
        while len(self.held) > keep:
            self.held.pop(0).close()

    # Reads.

    @rule(
        back=_back,
        width=_back,
        table=_tables,
        bounds=_bounds,
        kind=st.sampled_from(("rows", "keys", "newest", "revisions")),
        reverse=st.booleans(),
        max_rows=st.integers(1, 4),
        max_bytes=st.sampled_from((0, 3_000)),
        disturbances=_disturbances,
    )
    def scan(
        self,
        back: int,
        width: int,
        table: int,
        bounds: tuple[bytes | None, bytes | None],
        kind: str,
        reverse: bool,
        max_rows: int,
        max_bytes: int,
        disturbances: list[Disturbance],
    ) -> None:
        """Spans of rows, keys, tombstones and versions, both ways, page by page."""
        at = self._readable(back)
        windowed = kind in {"newest", "revisions"}
        since = min(at, self._readable(back + width)) if windowed else 0
        self.disturbances = without_collections(disturbances) if windowed else disturbances
        request = ScanRequest(
            Span(table, *bounds),
            reverse=reverse,
            tombstones=kind == "newest",
            revisions=kind == "revisions",
            keys_only=kind == "keys",
            since=since,
            max_rows=max_rows,
            max_bytes=max_bytes,
        )
        answers: dict[str, list[Row]] = {
            "rows": self.truth.rows(table, at),
            "keys": [(key, b"", ts) for key, _, ts in self.truth.rows(table, at)],
            "newest": self.truth.newest(table, since, at),
            "revisions": self.truth.revisions(table, since, at),
        }
        start, end = bounds
        expected = [
            row
            for row in answers[kind]
            if (start or b"") <= row[0] and (end is None or row[0] < end)
        ]
        with closing(self.engine.view(at)) as view:
            found = [row for page in self._pages(request, view) for row in page]
        assert (expected[::-1] if reverse else expected) == found

    def _pages(self, request: ScanRequest | None, view: View) -> Iterator[Sequence[Row]]:
        while request is not None:
            page = self.engine.scan(request, view=view)
            yield tuple(zip(page.keys, page.values, page.timestamps, strict=True))
            request = page.resume
            self._disturb()

    @rule(back=_back, table=_tables)
    def get(self, back: int, table: int) -> None:
        """Each key, alone and among the others."""
        at = self._readable(back)
        rows = {key: value for key, value, _ in self.truth.rows(table, at)}
        wanted = [*KEYS, b"absent"]
        expected = [rows.get(key) for key in wanted]
        with closing(self.engine.view(at)) as view:
            assert expected == self.engine.get_many(table, wanted, view=view)
            assert expected == [self.engine.get(table, key, view=view) for key in wanted]

    @rule(
        back=_back,
        width=_back,
        table=st.none() | _tables,
        max_rows=st.integers(1, 4),
        disturbances=_disturbances,
    )
    def changes(
        self,
        back: int,
        width: int,
        table: int | None,
        max_rows: int,
        disturbances: list[Disturbance],
    ) -> None:
        """What was committed in a window, page by page."""
        until = self._readable(back)
        since = self._readable(back + width)
        self.disturbances = without_collections(disturbances)
        expected = self.truth.changes(table, since, until)
        request: ChangesRequest | None = ChangesRequest(
            since=since, until=until, table_id=table, max_rows=max_rows
        )
        found: list[tuple[int, int, bytes, bytes | None]] = []
        while request is not None:
            page = self.engine.changes(request)
            found += zip(page.timestamps, page.table_ids, page.keys, page.values, strict=True)
            request = page.resume
            self._disturb()
        assert expected == found

    @rule(
        back=_back,
        width=st.none() | _back,
        table=_tables,
        revisions=st.booleans(),
        disturbances=_disturbances,
    )
    def export(
        self,
        back: int,
        width: int | None,
        table: int,
        revisions: bool,
        disturbances: list[Disturbance],
    ) -> None:
        """Newest versions or all of them, of a window or from the beginning, chunk by chunk."""
        at = self._readable(back)
        since = 0 if width is None else min(at, self._readable(back + width))
        revisions = revisions and since >= self.threshold
        expected = self.truth.rows(table, at)
        if revisions:
            expected = self.truth.revisions(table, since, at)
        elif since > 0:
            expected = self.truth.newest(table, since, at)
        self.disturbances = without_collections(disturbances)
        request = ExportRequest(Span(table), since=since, revisions=revisions, compression="none")
        content = b""
        with closing(self.engine.view(at)) as view:
            for chunk in self.engine.export(request, view=view):
                content += chunk
                self._disturb()
        assert expected == self._rows_in(content)

    def _rows_in(self, content: bytes) -> list[Row]:
        """The rows of an SST file."""
        if not content:
            return []
        path = Path(self._folder.name) / "export.sst"
        path.write_bytes(content)
        return [
            (each.key[4:], each.value, int(each.timestamp or 0))
            for each in sst.entries(path, raw=True)
        ]

    # After every step.

    @invariant()
    def the_past_stands(self) -> None:
        """Instants that could be read can be read, with the same bytes; others are refused."""
        for back in (0, 1, 3, 7):
            at = self._instant(back)
            if at < self.threshold:
                with pytest.raises(TimestampBelowGCError):
                    self.engine.view(at)
                continue
            for table in TABLES:
                assert self.truth.rows(table, at) == rows_with_timestamps(self.engine, at, table)
        for view in self.held:
            expected = [row[1] for row in self.truth.rows(TABLES[0], view.timestamp)]
            page = self.engine.scan(ScanRequest(Span(TABLES[0])), view=view)
            assert expected == page.values


TestLog = LogMachine.TestCase
TestLog.settings = settings(
    max_examples=int(os.environ.get("MVCC_LOG_EXAMPLES", "100")),
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
