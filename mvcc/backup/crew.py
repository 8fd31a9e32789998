"""Threads that work off a job's tasks.

Owns how a job ends early: the first error, or the caller's interruption, stops all tasks and is raised
once they have ended. The list of tasks is an iterator that is read while the first ones run already.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from mvcc.backup.meter import Meter

T = TypeVar("T")
R = TypeVar("R")

_POLL_S = 0.05


class StoppedError(Exception):
    """A task ends because the job does. Never leaves the crew."""


class Stop:
    """Tells tasks to end."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def is_set(self) -> bool:
        """Whether the job ends."""
        return self._event.is_set()

    def set(self) -> None:
        """From now on, `check` raises."""
        self._event.set()

    def check(self) -> None:
        """Raises StoppedError once the job ends: tasks call it between chunks."""
        if self._event.is_set():
            raise StoppedError


def run_tasks(
    tasks: Iterable[T],
    work: Callable[[T, Stop], R],
    *,
    meter: Meter,
    workers: int | None,
    upto: float = 1.0,
) -> list[R]:
    """What `work(task, stop)` gives for each task, in the order of the tasks.

    The meter is told the fraction done, of which all of it is `upto`. Raises the first error of a task,
    of the list, or of the meter's callback, and KeyboardInterrupt.
    """
    stop = Stop()

    def timed(task: T) -> R:
        before = time.thread_time()
        try:
            stop.check()
            return work(task, stop)
        except BaseException:
            stop.set()
            raise
        finally:
            meter.add(cpu_seconds=time.thread_time() - before)

    futures: list[Future[R]] = []
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        try:
            for task in tasks:
                futures.append(pool.submit(timed, task))
                meter.tick(0.0)
            waiting = set(futures)
            while waiting and not stop.is_set:
                _, waiting = wait(waiting, timeout=_POLL_S, return_when=FIRST_EXCEPTION)
                meter.tick(upto * (1 - len(waiting) / len(futures)))
        except BaseException:
            stop.set()
            raise
        finally:
            pool.shutdown(cancel_futures=stop.is_set)
    return _results(futures)


def _results(futures: Sequence[Future[R]]) -> list[R]:
    """What the tasks gave; the first error that is one, in the order of the tasks."""
    ended = [each for each in futures if not each.cancelled()]
    for each in ended:
        error = each.exception()
        if error is not None and not isinstance(error, StoppedError):
            raise error
    return [each.result() for each in ended]
