"""Timestamps and the notations of a time, against Python's own datetime arithmetic."""

import copy
import pickle
from contextlib import suppress
from dataclasses import FrozenInstanceError, dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvcc.errors import InvalidTimestampError
from mvcc.timestamp import Timestamp, When, resolve

NOW_US = 1_700_000_000_123_456
NOW = datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
U64 = st.integers(0, 2**64 - 1)


@dataclass
class StandsAt:
    """Stands at an instant, as a Snapshot does."""

    timestamp: Timestamp


@given(U64)
def test_the_number_comes_back(number: int) -> None:
    """`int` undoes the constructor."""
    assert number == int(Timestamp(number))


@given(U64)
def test_the_printed_form_comes_back(number: int) -> None:
    """`parse` undoes `str`, and evaluating undoes `repr`."""
    ts = Timestamp(number)
    assert ts == Timestamp.parse(str(ts)) == eval(repr(ts))


@given(U64)
def test_the_parts_make_the_whole(number: int) -> None:
    """Microseconds and logical counter are the number's two parts."""
    ts = Timestamp(number)
    assert ts == Timestamp.from_wall_us(ts.wall_us, ts.logical)


@given(U64, U64)
def test_timestamps_order_as_their_numbers(a: int, b: int) -> None:
    """All comparisons, and the hash, are those of the numbers."""
    x, y = Timestamp(a), Timestamp(b)
    assert (a < b, a <= b, a == b, a > b) == (x < y, x <= y, x == y, x > y)
    assert (a == b) <= (hash(x) == hash(y))


@given(U64)
def test_a_timestamp_survives_pickling_and_copying(number: int) -> None:
    """It comes back equal."""
    ts = Timestamp(number)
    assert ts == pickle.loads(pickle.dumps(ts)) == copy.deepcopy(ts)


OFFSETS = st.integers(-720, 720).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.integers(0, 4_000_000_000_000_000), OFFSETS)
def test_an_aware_datetime_comes_back(wall_us: int, zone: timezone) -> None:
    """Its instant is kept to the microsecond, whatever its time zone."""
    aware = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=wall_us)).astimezone(zone)
    ts = Timestamp.from_datetime(aware)
    assert (aware, UTC, 0) == (ts.datetime, ts.datetime.tzinfo, ts.logical)
    assert ts == resolve(aware.isoformat(), NOW_US)


def test_the_printed_form_is_microseconds_and_logical() -> None:
    """The documented example."""
    ts = Timestamp(NOW_US << 12 | 7)
    assert "1700000000123456.0007" == str(ts)
    assert (NOW_US, 7, NOW) == (ts.wall_us, ts.logical, ts.datetime)


def test_min_and_max_are_the_ends() -> None:
    """Nothing lies outside of them."""
    assert (0, 2**64 - 1) == (int(Timestamp.MIN), int(Timestamp.MAX))
    assert 2112 == Timestamp.MAX.datetime.year


def test_a_timestamp_is_frozen() -> None:
    """It can be a key of a dict for ever."""
    with pytest.raises(FrozenInstanceError):
        Timestamp(1).value = 2  # type: ignore[misc]


def test_a_timestamp_does_not_compare_with_a_number() -> None:
    """A bare number is not a time."""
    number = cast("Timestamp", 5)
    assert Timestamp(5) != number
    with pytest.raises(TypeError):
        assert Timestamp(5) < number


@pytest.mark.parametrize("wrong", [-1, 2**64, 1.5, "5", None])
def test_the_constructor_takes_only_a_u64(wrong: object) -> None:
    """Anything else is refused."""
    with pytest.raises(InvalidTimestampError):
        Timestamp(cast("int", wrong))


@pytest.mark.parametrize("logical", [-1, 4096])
def test_the_logical_part_has_12_bits(logical: int) -> None:
    """A larger counter would be another microsecond."""
    with pytest.raises(InvalidTimestampError, match="logical"):
        Timestamp.from_wall_us(1, logical)


@pytest.mark.parametrize(
    "text", ["", "5", "5.7", "5.00007", "-5.0007", "5.4096", "\u0665.0007", "5.0007 "]
)
def test_parse_takes_only_the_printed_form(text: str) -> None:
    """Nearly is not enough."""
    with pytest.raises(InvalidTimestampError):
        Timestamp.parse(text)


@pytest.mark.parametrize(
    ("when", "microseconds"),
    [
        (Timestamp(9 << 12), 9),
        (StandsAt(Timestamp(9 << 12)), 9),
        (NOW, NOW_US),
        ("2023-11-14T22:13:20.123456+00:00", NOW_US),
        ("2023-11-14T22:13:20.123456Z", NOW_US),
        ("2023-11-15 00:13:20.123456+02:00", NOW_US),
        (timedelta(seconds=-10), NOW_US - 10_000_000),
        (timedelta(0), NOW_US),
        ("-10s", NOW_US - 10_000_000),
        ("-1h30m", NOW_US - 5_400_000_000),
        ("-0.5s", NOW_US - 500_000),
        ("1700000000123456.0000", NOW_US),
    ],
)
def test_what_is_accepted_as_a_time(when: When, microseconds: int) -> None:
    """Each notation means its instant, with the logical counter at 0."""
    assert Timestamp.from_wall_us(microseconds) == resolve(when, NOW_US)


@pytest.mark.parametrize(
    ("when", "hint"),
    [
        (1_700_000_000, r"Timestamp\(n\)"),
        (1_700_000_000.5, "fromtimestamp"),
        (True, r"Timestamp\(n\)"),
        (NOW.replace(tzinfo=None), "tzinfo=UTC"),
        ("2026-11-22T20:15:30", "Add the offset"),
        ("2026-11-22", "Add the offset"),
        ("+10s", "Write '-10s'"),
        (timedelta(seconds=10), "Write '-10s'"),
        (timedelta.max, "Write '-10s'"),
        (timedelta.min, "before 1970"),
        ("-10", "'-1h30m'"),
        ("-", "'-1h30m'"),
        ("--10s", "'-1h30m'"),
        ("yesterday", "aware datetime"),
        ("", "aware datetime"),
        (None, "aware datetime"),
        (b"-10s", "aware datetime"),
        (datetime(1969, 12, 31, tzinfo=UTC), "1970 to 2112"),
        (datetime(2113, 1, 1, tzinfo=UTC), "1970 to 2112"),
        ("-30000d", "before 1970"),
    ],
)
def test_what_is_refused_as_a_time_says_what_to_write(when: object, hint: str) -> None:
    """The error is InvalidTimestampError, a ValueError too, and it helps."""
    with pytest.raises(InvalidTimestampError, match=hint):
        resolve(cast("When", when), NOW_US)


@given(st.text(alphabet="0123456789-+.:TZdhms \u0663", max_size=25))
def test_any_text_is_a_time_or_the_error(text: str) -> None:
    """No other exception comes out."""
    with suppress(InvalidTimestampError):
        assert isinstance(resolve(text, NOW_US), Timestamp)
