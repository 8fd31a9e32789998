"""A child forked while threads of its parent are at work in the core: it is refused, and never waits."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mvcc.engine.interface import WriteBatch
from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.errors import ForkedStoreError

TABLE = 100
LOG_LIMIT = 1 << 16
FORKS = 10
PATIENCE_S = 60


def write(engine: LMDBEngine, number: int) -> int:
    """A commit of ten rows."""
    keys = [b"%d-%d" % (number, each) for each in range(10)]
    return engine.commit(WriteBatch([TABLE] * 10, keys, [b"v" * 100] * 10))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LMDBEngine]:
    """A store whose log has passed its limit, so that the core's thread is there."""
    with closing(open_engine(tmp_path / "s", log_limit=LOG_LIMIT)) as opened:
        for number in range(200):
            write(opened, number)
        yield opened


def exit_of_child(work: Callable[[], int]) -> int:
    """What a forked child ends with; the signal's number, negative, where it waits for ever."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(PATIENCE_S)
            code = work()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def test_a_child_may_drop_what_it_inherited(tmp_path: Path) -> None:
    """The thread that merges waits at a condition which the child cannot end."""
    held = [open_engine(tmp_path / "s", log_limit=LOG_LIMIT)]
    for number in range(200):
        write(held[0], number)

    def drop() -> int:
        held.clear()
        gc.collect()
        return 0

    assert 0 == exit_of_child(drop)
    held.pop().close()


def test_a_child_is_refused_while_threads_of_its_parent_commit(engine: LMDBEngine) -> None:
    """It does not queue behind a commit that nobody in it will end."""
    stop = threading.Event()

    def commit_all_the_time() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            write(engine, number)

    def ask() -> int:
        refused = 0
        calls: tuple[Callable[[], object], ...] = (
            lambda: write(engine, 0),
            engine.merge,
            engine.view,
            engine.info,
            lambda: engine.gc(0),
        )
        for call in calls:
            try:
                call()
            except ForkedStoreError:
                refused += 1
        engine.close()
        return 0 if refused == len(calls) else 2

    threads = [threading.Thread(target=commit_all_the_time) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        assert [0] * FORKS == [exit_of_child(ask) for _ in range(FORKS)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
