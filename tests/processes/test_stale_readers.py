"""Readers that are killed with a snapshot of the file in hand: its pages are used again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import lmdb
import pytest

from mvcc.engine.interface import WriteBatch
from mvcc.engine.lmdb import LMDBEngine, open_engine
from tests.processes.lock_file import LockFile

TABLE = 100
LOG_LIMIT = 1 << 20
ROWS = 2000
PAUSE_S = 0.5
FEWEST_COMMITS = 2000
KILLS = int(os.environ.get("MVCC_READER_KILLS", "10"))
BACK_WITHIN_S = 5

Record = Callable[[str, object], None]


@pytest.fixture
def engine(memory: Path) -> Iterator[LMDBEngine]:
    """A store with a small log, which merges all the time."""
    with closing(open_engine(memory / "s", log_limit=LOG_LIMIT)) as opened:
        yield opened


@pytest.fixture
def places(engine: LMDBEngine) -> Iterator[LockFile]:
    """LMDB's table of readers; closed when the store is."""
    found = LockFile(Path(engine.path))
    yield found
    engine.close()
    found.close()


def write(engine: LMDBEngine, number: int) -> None:
    """A commit of ten rows, the same keys again and again."""
    keys = [b"%05d" % ((number * 7919 + each * 104729) % ROWS) for each in range(10)]
    distinct = sorted(set(keys))
    engine.commit(WriteBatch([TABLE] * len(distinct), list(distinct), [b"v" * 100] * len(distinct)))


def begin_reading(folder: str) -> int:
    """A process that has begun a read transaction of LMDB and never ends it."""
    ready, begun = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            raw = lmdb.open(folder, max_dbs=8, readonly=True)
            with raw.begin():
                os.write(begun, b"x")
                signal.pause()
        os._exit(1)
    os.close(begun)
    assert b"x" == os.read(ready, 1)
    os.close(ready)
    return child


def kill(child: int) -> None:
    """The child is gone when this returns."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def seconds_until_free(engine: LMDBEngine, places: LockFile, child: int) -> float:
    """How long a killed process keeps its place while others do nothing but commit."""
    begun, number = time.monotonic(), 1
    while child in places.readers() and time.monotonic() - begun < BACK_WITHIN_S:
        write(engine, number)
        number += 500
    return time.monotonic() - begun


def test_commits_free_the_places_of_killed_readers(
    engine: LMDBEngine, places: LockFile, record_property: Record
) -> None:
    """Without any collection or open, within five seconds."""
    write(engine, 1)
    waits = []
    for _ in range(KILLS):
        child = begin_reading(engine.path)
        assert child in places.readers()
        kill(child)
        waits.append(seconds_until_free(engine, places, child))
    assert max(waits) < BACK_WITHIN_S
    record_property("figure", f"{KILLS} readers killed, places back within {max(waits):.1f} s")


def test_pages_are_used_again_while_readers_are_killed(
    engine: LMDBEngine, record_property: Record
) -> None:
    """The file is at most twice what it holds, however many there are: logs and runs come and go."""
    number = 0
    for _ in range(KILLS):
        kill(begin_reading(engine.path))
        until = time.monotonic() + PAUSE_S
        while time.monotonic() < until:
            number += 1
            write(engine, number)
    info = engine.info()
    pages = info.file_bytes // info.page_size
    assert number > FEWEST_COMMITS
    assert 2 * info.free_pages <= pages
    record_property(
        "figure",
        f"{KILLS} readers killed beside {number} commits, {info.free_pages} of {pages} pages are free",
    )
