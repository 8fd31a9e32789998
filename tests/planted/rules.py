"""Rules of the protocol that only a certain order of steps shows: each test stops calls where it hurts.

Needs a test build of the core, which stops at places: `tests/planted/test_planted.py` runs this file over
a build without a bug, and each test over the build that has its bug.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mvcc.engine.interface import ExportRequest, Span
from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.errors import StorageError
from mvcc.rows import pack
from mvcc.testing import ManualClock
from mvcc.timestamp import Timestamp
from tests.engine.history import T, put
from tests.engine.steps import collect, merge_step
from tests.planted.stopping import Stops

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still until it is told to move."""
    return ManualClock()


@pytest.fixture
def engine(tmp_path: Path, clock: ManualClock) -> Iterator[LMDBEngine]:
    """An open, empty engine, in which nothing merges by itself."""
    with closing(open_engine(tmp_path / "store", clock=clock)) as made:
        yield made


@pytest.fixture
def stops(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stops]:
    """Stops calls; at the end all are let go, before the engine closes."""
    request.getfixturevalue("engine")
    folder = tmp_path / "places"
    folder.mkdir()
    monkeypatch.setenv("MVCC_PAUSES", str(folder))
    made = Stops(folder)
    yield made
    made.release_all()


def now_of(clock: ManualClock) -> int:
    """The clock as a timestamp."""
    return Timestamp.from_wall_us(clock.now_us()).value


def get_at(engine: LMDBEngine, at: int, key: bytes = b"k") -> bytes | None:
    """The value of a key AS OF an instant."""
    with closing(engine.view(at)) as view:
        return engine.get(T, key, view=view)


def test_an_answer_above_the_last_commit_stays(
    engine: LMDBEngine, stops: Stops, clock: ManualClock
) -> None:
    """Though a commit at or below it had its timestamp already when the question came."""
    put(engine, {b"k": b"old"})
    clock.advance("1s")
    at = now_of(clock)
    writer = stops.at("commit.stamped", lambda: put(engine, {b"k": b"new"}))
    reader = stops.at("handshake", lambda: get_at(engine, at))
    assert at == writer.go_on()
    first = reader.go_on()
    assert first == get_at(engine, at)


def test_an_end_of_a_backup_outlives_a_reboot(
    engine: LMDBEngine, tmp_path: Path, clock: ManualClock
) -> None:
    """And a clock that is behind afterwards: what is volatile has gone."""
    put(engine, {b"k": b"old"})
    clock.advance("1s")
    end = now_of(clock)
    engine.advance(end)
    engine.close()
    for each in (tmp_path / "store").glob("shared-*"):
        each.unlink()
    clock.set(clock.now_us() - 500_000)
    with closing(open_engine(tmp_path / "store", clock=clock)) as again:
        put(again, {b"k": b"new"})
        clock.advance("10s")
        assert b"old" == get_at(again, end)


def test_a_read_over_the_end_of_a_merge_finds_what_was_in_the_log(
    engine: LMDBEngine, stops: Stops
) -> None:
    """Its memtables have gone when it wants them."""
    put(engine, {b"k": b"1"})
    reader = stops.at("view.begun", lambda: engine.get(T, b"k"))
    engine.merge()
    put(engine, {b"other": b"2"})
    assert b"2" == engine.get(T, b"other")  # the new log is in memory
    assert b"1" == reader.go_on()


def test_a_read_uses_the_marks_of_its_own_snapshot(engine: LMDBEngine, stops: Stops) -> None:
    """A merge that has ended since has put nothing into the `data` that it sees."""
    put(engine, {b"k": b"1"})
    reader = stops.at("view.begun", lambda: engine.get(T, b"k"))
    engine.merge()
    assert b"1" == reader.go_on()


def test_a_slice_that_comes_too_late_does_nothing(engine: LMDBEngine, stops: Stops) -> None:
    """Others have ended the merge that it belonged to, and begun the next one."""
    put(engine, {b"a": b"1"})
    assert merge_step(engine)  # freezes
    late = stops.at("merge.found", lambda: merge_step(engine))
    engine.merge()
    put(engine, {b"b": b"2"})
    assert merge_step(engine)
    late.go_on()
    assert b"2" == engine.get(T, b"b")


def test_a_commit_that_failed_is_never_read(engine: LMDBEngine) -> None:
    """The device was full at the last moment; the next commit has the timestamp that it would have had."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (engine.info().file_bytes, before[1]))
    try:
        with pytest.raises(StorageError):
            put(engine, {b"k": b"lost" * 10_000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    put(engine, {b"other": b"1"})
    assert [None, b"1"] == engine.get_many(T, [b"k", b"other"])


def test_a_collection_amid_a_merge_brings_nothing_back(engine: LMDBEngine) -> None:
    """A deletion is in `data` before what it deletes."""
    put(engine, {b"k": b"1"})
    last = put(engine, {b"k": None})
    assert merge_step(engine)
    assert merge_step(engine, rows=1)
    for _ in collect(engine, last):
        pass
    engine.merge()
    assert None is engine.get(T, b"k")


def test_a_collection_amid_a_key_brings_nothing_back(engine: LMDBEngine) -> None:
    """The deletion goes last, whatever a slice has room for."""
    put(engine, {b"k": b"1"})
    put(engine, {b"k": b"2"})
    last = put(engine, {b"k": None})
    engine.merge()
    answers = [engine.get(T, b"k") for _ in collect(engine, last)]
    assert 3 < len(answers)
    assert {None} == set(answers)


def test_a_snapshot_opened_as_a_collection_begins_keeps_its_versions(
    engine: LMDBEngine, stops: Stops
) -> None:
    """It was there before the threshold went up."""
    first = put(engine, {b"k": b"1"})
    last = put(engine, {b"k": b"2"})
    collection = stops.at("gc.publish", lambda: engine.gc(last))
    with closing(engine.view(first)) as view:
        collection.go_on()
        assert b"1" == engine.get(T, b"k", view=view)


READS_WITHOUT_PIN = """
import os, sys
import tests.planted.core
from contextlib import closing
from mvcc.engine.lmdb import open_engine
from mvcc.errors import TimestampBelowGCError
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
with closing(open_engine(sys.argv[1], readonly=True)) as engine:
    view = engine.view(int(sys.argv[2]))
    for _ in sys.stdin:
        try:
            print(engine.get(100, b"k", view=view), flush=True)
        except TimestampBelowGCError:
            print("below the threshold", flush=True)
"""


def test_a_snapshot_without_a_pin_ends_with_the_threshold() -> None:
    """A process that cannot write beside the data holds no collection back, and must look each time."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "store"
        with closing(open_engine(path)) as engine:
            first = put(engine, {b"k": b"1"})
            last = put(engine, {b"k": b"2"})
            (path / "lock.mdb").chmod(0o666)
            (shared,) = path.glob("shared-*")
            shared.chmod(0o444)
            command = [sys.executable, "-c", READS_WITHOUT_PIN, str(path), str(first)]
            with subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            ) as child:
                assert child.stdin is not None
                assert child.stdout is not None
                answers = []
                for step in (lambda: None, lambda: engine.gc(last)):
                    step()
                    child.stdin.write("\n")
                    answers.append(child.stdout.readline().strip())
                child.stdin.close()
    assert [repr(b"1"), "below the threshold"] == answers


def test_a_window_below_the_threshold_is_not_read_from_trimmed_changes(engine: LMDBEngine) -> None:
    """A snapshot at its start keeps its versions; what `changes` had of it is gone."""
    start = put(engine, {b"other": b"0"})
    end = put(engine, {b"k": b"1"})
    with closing(engine.view(start)), closing(engine.view(end)) as view:
        engine.gc(end)
        export = engine.export(ExportRequest(Span(T), since=start), view=view)
        assert b"" != b"".join(export)
        assert 1 == export.summary.rows


def test_a_load_is_visible_at_once(engine: LMDBEngine, stops: Stops) -> None:
    """From its timestamp on it is there, whoever looks when."""
    rows = pack([(b"a", b"1"), (b"k", b"2")])
    loader = stops.at("load.shown", lambda: engine.load_rows(T, rows))
    at = engine.last_commit()
    first = get_at(engine, at)
    loader.go_on()
    assert first == get_at(engine, at)
