"""Pauses between tries: they grow, they differ, they end."""

from __future__ import annotations

import pytest

from mvcc.errors import LockTimeoutError, TransactionRetryError
from mvcc.retry import LONGEST_PAUSE_S, pause_s, until_done, with_retries


def failing(times: int) -> tuple[list[int], object]:
    """A call that fails so many times, then gives 7; and the list of its calls."""
    calls: list[int] = []

    def attempt() -> int:
        calls.append(len(calls))
        if len(calls) <= times:
            raise TransactionRetryError(reason="conflict")
        return 7

    return calls, attempt


def test_pauses_double_up_to_the_longest() -> None:
    """With the highest throw of the dice."""
    pauses = [pause_s(number, lambda: 1.0) for number in range(9)]
    assert [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.1, 0.1] == pauses
    assert LONGEST_PAUSE_S == pause_s(10**6, lambda: 1.0)


def test_the_dice_spread_pauses_down_to_none() -> None:
    """So that two that met do not meet again."""
    assert [0.0, 0.002] == [pause_s(2, float), pause_s(2, lambda: 0.5)]


def test_retries_pause_between_tries_alone() -> None:
    """None after the last."""
    pauses: list[float] = []
    calls, attempt = failing(3)
    assert 7 == with_retries(attempt, 3, sleep=pauses.append, dice=lambda: 1.0)  # type: ignore[arg-type]
    assert ([0.001, 0.002, 0.004], 4) == (pauses, len(calls))


def test_the_last_error_carries_the_number_of_tries() -> None:
    """As a note."""
    calls, attempt = failing(9)
    with pytest.raises(TransactionRetryError) as caught:
        with_retries(attempt, 2, sleep=lambda _: None)  # type: ignore[arg-type]
    assert 3 == len(calls)
    assert ["Tried 3 times; raise retries to try more often."] == caught.value.__notes__


def test_without_retries_there_is_one_try() -> None:
    """And no pause."""
    calls, attempt = failing(1)
    with pytest.raises(TransactionRetryError):
        with_retries(attempt, 0, sleep=lambda _: pytest.fail("paused"))  # type: ignore[arg-type]
    assert 1 == len(calls)


def test_single_operations_are_tried_until_they_are_done() -> None:
    """However often others come first."""
    pauses: list[float] = []
    calls, attempt = failing(200)
    assert 7 == until_done(attempt, sleep=pauses.append, dice=lambda: 1.0)  # type: ignore[arg-type]
    assert (201, LONGEST_PAUSE_S) == (len(calls), pauses[-1])


def test_single_operations_do_not_repeat_other_errors() -> None:
    """A lock that was waited for in vain is the caller's to judge."""

    def attempt() -> None:
        raise LockTimeoutError(waited_seconds=1.0)

    with pytest.raises(LockTimeoutError):
        until_done(attempt, sleep=lambda _: pytest.fail("paused"))
