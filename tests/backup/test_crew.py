"""The threads of a job: order, errors, and the pace of progress."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mvcc.backup.crew import Stop, StoppedError, run_tasks
from mvcc.backup.meter import Meter
from mvcc.types import JobProgress


class FailedError(Exception):
    """What a task raises."""


def quiet() -> Meter:
    """A meter that nobody listens to."""
    return Meter(1, None)


def test_results_come_in_the_order_of_the_tasks() -> None:
    """Though a later one ends first."""
    second_done = threading.Event()

    def work(task: int, _: Stop) -> int:
        if task == 0:
            assert second_done.wait(60)
        elif task == 1:
            second_done.set()
        return task * 10

    assert run_tasks(range(4), work, meter=quiet(), workers=2) == [0, 10, 20, 30]


def test_no_tasks_give_no_results() -> None:
    """A job may have nothing to do."""
    assert run_tasks([], lambda task, _: task, meter=quiet(), workers=2) == []


def test_the_first_error_ends_the_others() -> None:
    """They see it at their next check, and it is what is raised."""
    waiting = threading.Barrier(2)
    stopped: list[int] = []

    def work(task: int, stop: Stop) -> None:
        waiting.wait(60) if task < 2 else None
        if task == 1:
            raise FailedError
        while True:
            try:
                stop.check()
            except StoppedError:
                stopped.append(task)
                raise

    with pytest.raises(FailedError):
        run_tasks(range(10), work, meter=quiet(), workers=2)
    assert 0 in stopped
    assert set(stopped) <= {0, 2}


def test_an_error_of_the_task_list_ends_the_tasks() -> None:
    """Which run while it is still read."""
    began = threading.Event()

    def tasks() -> Iterator[int]:
        yield 0
        assert began.wait(60)
        raise FailedError

    def work(_: int, stop: Stop) -> None:
        began.set()
        while True:
            stop.check()

    with pytest.raises(FailedError):
        run_tasks(tasks(), work, meter=quiet(), workers=1)


def test_an_error_of_the_callback_ends_the_tasks() -> None:
    """Also KeyboardInterrupt, which comes at the same place."""

    def interrupt(_: JobProgress) -> None:
        raise KeyboardInterrupt

    def work(_: int, stop: Stop) -> None:
        while True:
            stop.check()

    with pytest.raises(KeyboardInterrupt):
        run_tasks(range(3), work, meter=Meter(1, interrupt), workers=2)


def test_the_callback_is_called_ten_times_a_second_at_most() -> None:
    """However often there is news."""
    calls: list[JobProgress] = []
    seconds = iter(range(100_000))
    meter = Meter(1, calls.append, lambda: next(seconds) / 1_000)
    for step in range(1_000):
        meter.tick(step / 1_000)
    assert 9 <= len(calls) <= (next(seconds) / 1_000) * 10


def test_the_fraction_never_goes_back() -> None:
    """Nor over 1."""
    calls: list[JobProgress] = []
    seconds = iter(range(100))
    meter = Meter(7, calls.append, lambda: next(seconds))
    for fraction in (0.5, 0.2, 7.0):
        meter.tick(fraction)
    assert [each.fraction_completed for each in calls] == [0.5, 0.5, 1.0]
    assert {each.id for each in calls} == {7}


def test_counters_add_up_over_threads() -> None:
    """None is lost."""
    calls: list[JobProgress] = []
    meter = Meter(1, calls.append)

    def work(_: int, stop: Stop) -> None:
        for _ in range(1_000):
            stop.check()
            meter.add(rows=1, size=2, file_bytes=3)

    run_tasks(range(8), work, meter=meter, workers=4)
    meter.tell()
    assert (calls[-1].rows, calls[-1].bytes, calls[-1].file_bytes) == (8_000, 16_000, 24_000)
    job = meter.job("backup", 5, "name")
    assert (job.rows, job.status, int(job.timestamp)) == (8_000, "succeeded", 5)
    assert job.cpu_seconds > 0
