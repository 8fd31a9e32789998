"""Durations and sizes as people write them: `'1h30m'`, `'128MiB'`, a timedelta, a plain number.

Owns the two notations and their limits. Knows nothing of stores or of what is measured.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import TypeAlias

from mvcc.errors import InvalidArgumentError

Duration: TypeAlias = timedelta | int | float | str
"""A span of time: a timedelta, a number of seconds, or `'90s'`, `'1h30m'`, `'30d'`."""

Size: TypeAlias = int | str
"""A number of bytes, or a rate of bytes a second: an int, or `'128MiB'`."""

_MICROSECONDS = {
    "w": 604_800_000_000,
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
    "us": 1,
}
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "KiB": 2**10,
    "MB": 10**6,
    "MiB": 2**20,
    "GB": 10**9,
    "GiB": 2**30,
    "TB": 10**12,
    "TiB": 2**40,
}
_NUMBER = r"[0-9]{1,18}(?:\.[0-9]{1,9})?"
_DURATION = re.compile("".join(f"(?:({_NUMBER}){unit})?" for unit in _MICROSECONDS))
_SIZE = re.compile(f"({_NUMBER}) ?({'|'.join(_BYTES)})?")
_LARGEST = (1 << 63) - 1
_DURATION_HINT = (
    "Write a timedelta, a number of seconds, or '90s', '1h30m', '30d' (w d h m s ms us)."
)
_SIZE_HINT = "Write a number of bytes, or '128MiB' (B kB KiB MB MiB GB GiB TB TiB)."


def duration_us(duration: Duration, argument: str = "duration") -> int:
    """The duration in whole microseconds, from 0 to 2^63 - 1.

    `argument` names the caller's parameter in the InvalidArgumentError that any other value raises.

    >>> duration_us("1h30m")
    5400000000
    >>> duration_us(0.25)
    250000
    """
    microseconds = _microseconds(duration)
    if microseconds is None or not 0 <= microseconds <= _LARGEST:
        raise InvalidArgumentError(argument=argument, given=repr(duration), hint=_DURATION_HINT)
    return microseconds


def _microseconds(duration: object) -> int | None:
    """The signed duration in microseconds, or None for what is none."""
    if isinstance(duration, timedelta):
        return duration // timedelta(microseconds=1)
    if isinstance(duration, str):
        return _spelled_microseconds(duration)
    if isinstance(duration, int | float) and not isinstance(duration, bool):
        return round(duration * 1_000_000) if abs(duration) <= _LARGEST else None  # nor a NaN
    return None


def _spelled_microseconds(text: str) -> int | None:
    """What `'1h30m'` means in microseconds: units descend, each at most once, one at least."""
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        return None
    parts = zip(match.groups(), _MICROSECONDS.values(), strict=True)
    return int(sum(Decimal(number) * unit for number, unit in parts if number))


def size_bytes(size: Size, argument: str = "size") -> int:
    """The size in whole bytes, from 0 to 2^63 - 1.

    `argument` names the caller's parameter in the InvalidArgumentError that any other value raises.

    >>> size_bytes("128MiB")
    134217728
    """
    number = _bytes(size)
    if number is None or not 0 <= number <= _LARGEST:
        raise InvalidArgumentError(argument=argument, given=repr(size), hint=_SIZE_HINT)
    return number


def _bytes(size: object) -> int | None:
    """The size in bytes, or None for what is none."""
    if isinstance(size, int) and not isinstance(size, bool):
        return size
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    return None if match is None else int(Decimal(match[1]) * _BYTES[match[2] or "B"])
