"""`Timestamp`, the one kind of time in a store, and the notations that are accepted for one.

A timestamp is a u64 of a hybrid logical clock: microseconds since the Unix epoch << 12 | logical.
0 is before everything and 2**64 - 1 (the year 2112) after. A bare number is never taken for a time
where a time is asked for: `time.time_ns()` read as this u64 would mean the year 1983.
Knows nothing of stores: who resolves a relative time passes in what "now" is.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol, SupportsIndex, TypeAlias

from mvcc.errors import InvalidArgumentError, InvalidTimestampError
from mvcc.units import duration_us

LOGICAL_BITS = 12
_LOGICAL_MAX = (1 << LOGICAL_BITS) - 1
_U64_MAX = (1 << 64) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PRINTED = re.compile(r"([0-9]{1,16})\.([0-9]{4})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True, repr=False)
class Timestamp:
    """An instant of a store: frozen, ordered, hashable, picklable.

    `Timestamp(n)` takes the u64 and `int(ts)` gives it. `str(ts)` is the printed form, microseconds
    and logical counter, which `Timestamp.parse` reads and every parameter that asks for a time takes.
    Raises InvalidTimestampError for a number outside of 0 to 2**64 - 1.

    >>> ts = Timestamp.parse("1700000000123456.0007")
    >>> ts.datetime.isoformat(), ts.logical
    ('2023-11-14T22:13:20.123456+00:00', 7)
    >>> Timestamp(int(ts)) == ts
    True
    """

    MIN: ClassVar[Timestamp]
    MAX: ClassVar[Timestamp]

    value: int

    def __init__(self, value: SupportsIndex) -> None:
        number = _u64(value)
        object.__setattr__(self, "value", number)

    @classmethod
    def from_wall_us(cls, wall_us: int, logical: int = 0) -> Timestamp:
        """The timestamp at these microseconds since the epoch, with this logical counter."""
        if not 0 <= logical <= _LOGICAL_MAX:
            raise InvalidTimestampError(
                f"the logical part {logical} is not between 0 and {_LOGICAL_MAX}",
                given=str(logical),
            )
        return cls(wall_us << LOGICAL_BITS | logical)

    @classmethod
    def from_datetime(cls, instant: datetime) -> Timestamp:
        """The timestamp at an aware datetime, logical 0; InvalidTimestampError for a naive one."""
        if instant.utcoffset() is None:
            raise InvalidTimestampError(
                f"{instant.isoformat()} does not say in which time zone",
                hint="Add the offset: '2026-11-22T20:15:30Z', or datetime(..., tzinfo=UTC).",
                given=repr(instant),
            )
        return cls.from_wall_us((instant - _EPOCH) // _MICROSECOND)

    @classmethod
    def parse(cls, text: str) -> Timestamp:
        """The timestamp of a printed form, as `str` gives it: `1700000000123456.0007`."""
        if not (match := _PRINTED.fullmatch(text)):
            raise InvalidTimestampError(
                f"{text!r} is not the printed form of a timestamp",
                hint="It looks like '1700000000123456.0007': microseconds, dot, 4 digits.",
                given=repr(text),
            )
        return cls.from_wall_us(int(match[1]), int(match[2]))

    @property
    def wall_us(self) -> int:
        """Microseconds since the Unix epoch."""
        return self.value >> LOGICAL_BITS

    @property
    def logical(self) -> int:
        """The counter, 0 to 4095, of timestamps within one microsecond."""
        return self.value & _LOGICAL_MAX

    @property
    def datetime(self) -> datetime:
        """The instant as an aware datetime in UTC, without the logical counter."""
        return _EPOCH + self.wall_us * _MICROSECOND

    def __int__(self) -> int:
        return self.value

    def __str__(self) -> str:
        return f"{self.wall_us}.{self.logical:04d}"

    def __repr__(self) -> str:
        return f"Timestamp.parse('{self}')"

    def __reduce__(self) -> tuple[Any, ...]:
        return Timestamp, (self.value,)


def _u64(value: SupportsIndex) -> int:
    """The number itself if it is an integer that fits; else InvalidTimestampError."""
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidTimestampError(
            f"{value!r} is not the u64 of a timestamp",
            hint="Timestamp(n) takes an int; Timestamp.parse(text) and .from_datetime(d) the rest.",
            given=repr(value),
        ) from None
    if not 0 <= number <= _U64_MAX:
        raise InvalidTimestampError(
            f"{number} is outside of what a timestamp can hold",
            hint="Timestamps reach from 1970 to 2112.",
            given=repr(value),
        )
    return number


Timestamp.MIN = Timestamp(0)
Timestamp.MAX = Timestamp(_U64_MAX)


class HasTimestamp(Protocol):
    """What stands at an instant, for example a Snapshot."""

    @property
    def timestamp(self) -> Timestamp:
        """The instant."""
        ...


When: TypeAlias = Timestamp | HasTimestamp | datetime | timedelta | str
"""An instant: a Timestamp, a Snapshot, an aware datetime, ISO 8601 with offset, a negative timedelta,
`'-10s'`, `'-1h30m'`, or the printed form of a timestamp."""


def resolve(when: When, now_us: int) -> Timestamp:
    """The instant that `when` means; relative times count back from `now_us`, a wall time.

    Raises InvalidTimestampError, whose hint says what to write, for everything that is not clearly an
    instant: a bare number, a naive datetime, a span of time towards the future, other types.
    """
    if isinstance(when, Timestamp):
        return when
    if isinstance(when, datetime):
        return Timestamp.from_datetime(when)
    if isinstance(when, timedelta):
        return _back(-(when // _MICROSECOND), now_us, repr(when))
    if isinstance(when, str):
        return _resolve_text(when, now_us)
    if isinstance(stands_at := getattr(when, "timestamp", None), Timestamp):
        return stands_at
    raise _not_an_instant(when)


def _resolve_text(text: str, now_us: int) -> Timestamp:
    """`resolve` for what is written as a string."""
    if text.startswith("-"):
        try:
            return _back(duration_us(text[1:]), now_us, repr(text))
        except InvalidArgumentError:
            raise InvalidTimestampError(
                given=repr(text), hint="Write '-90s', '-1h30m' or '-30d' (w d h m s ms us)."
            ) from None
    if text.startswith("+"):
        raise _ahead(repr(text))
    if _PRINTED.fullmatch(text):
        return Timestamp.parse(text)
    try:
        return Timestamp.from_datetime(datetime.fromisoformat(text))
    except InvalidTimestampError:
        raise
    except ValueError:
        raise InvalidTimestampError(given=repr(text)) from None


def _back(microseconds: int, now_us: int, given: str) -> Timestamp:
    """The instant so long before now."""
    if microseconds < 0:
        raise _ahead(given)
    if microseconds > now_us:
        raise InvalidTimestampError(f"{given} reaches back before 1970", given=given)
    return Timestamp.from_wall_us(now_us - microseconds)


def _ahead(given: str) -> InvalidTimestampError:
    return InvalidTimestampError(
        f"{given} lies ahead: relative times count back from now",
        hint="Write '-10s' or timedelta(seconds=-10) for ten seconds ago.",
        given=given,
    )


def _not_an_instant(when: object) -> InvalidTimestampError:
    if isinstance(when, int | float):
        return InvalidTimestampError(
            f"{when!r} is a bare number, which could be seconds, nanoseconds or a timestamp",
            hint="Write Timestamp(n) for the u64, or datetime.fromtimestamp(seconds, UTC).",
            given=repr(when),
        )
    return InvalidTimestampError(f"a {type(when).__name__} is not a time", given=repr(when))
