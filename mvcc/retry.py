"""Trying again what others came between, with pauses that grow and differ.

Owns the pauses. The clock of the pauses and the dice are arguments.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from mvcc.errors import RetryableError, TransactionRetryError

T = TypeVar("T")

FIRST_PAUSE_S = 0.001
LONGEST_PAUSE_S = 0.1


def pause_s(attempt: int, dice: Callable[[], float]) -> float:
    """Seconds to wait after a failed attempt (0 is the first): up to 1 ms, doubling, up to 0.1 s."""
    return dice() * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempt, 30))


def with_retries(
    attempt: Callable[[], T],
    retries: int,
    *,
    sleep: Callable[[float], None] = time.sleep,
    dice: Callable[[], float] = random.random,
) -> T:
    """What `attempt` gives; after a RetryableError again, `retries` times at most.

    The last error is raised with a note that says how often it was tried.
    """
    for number in range(retries):
        try:
            return attempt()
        except RetryableError:
            sleep(pause_s(number, dice))
    try:
        return attempt()
    except RetryableError as error:
        error.add_note(f"Tried {retries + 1} times; raise retries to try more often.")
        raise


def until_done(
    attempt: Callable[[], T],
    *,
    sleep: Callable[[float], None] = time.sleep,
    dice: Callable[[], float] = random.random,
) -> T:
    """What `attempt` gives; after a TransactionRetryError again, without end.

    For single operations: each failure means that somebody else's commit went through.
    """
    number = 0
    while True:
        try:
            return attempt()
        except TransactionRetryError:
            sleep(pause_s(number, dice))
            number += 1
