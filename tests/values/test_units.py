"""Durations and sizes, against Python's timedelta and plain arithmetic."""

from datetime import timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvcc.clock import Clock, SystemClock
from mvcc.errors import InvalidArgumentError
from mvcc.units import Duration, Size, duration_us, size_bytes


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("30d", timedelta(days=30)),
        ("25h", timedelta(hours=25)),
        ("1w1d1h1m1s1ms1us", timedelta(8, 3661, 1001)),
        ("1.5h", timedelta(minutes=90)),
        ("0s", timedelta(0)),
        (90, timedelta(seconds=90)),
        (0.25, timedelta(milliseconds=250)),
        (timedelta(days=2), timedelta(days=2)),
    ],
)
def test_what_is_accepted_as_a_duration(written: Duration, expected: timedelta) -> None:
    """Each notation means its length."""
    assert expected == timedelta(microseconds=duration_us(written))


@pytest.mark.parametrize(
    "wrong",
    ["", "90", "s", "-90s", "30m1h", "1m1m", "1 h", "1y", "1H", "٣s", -1, -0.5, True, None, b"1s",
     float("nan"), float("inf"), timedelta(seconds=-1), 1e300, 1e308, 10**30, 10**400,
     timedelta.max, "9" * 18 + "w"],
)  # fmt: skip
def test_what_is_refused_as_a_duration_says_what_to_write(wrong: object) -> None:
    """The error names the caller's argument, and a form that works."""
    with pytest.raises(InvalidArgumentError, match=r"gc_ttl cannot be .* '1h30m'"):
        duration_us(cast("Duration", wrong), "gc_ttl")


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=50_000)))
def test_a_duration_spelled_out_is_the_timedelta(delta: timedelta) -> None:
    """Days, seconds and microseconds written down mean the same."""
    text = f"{delta.days}d{delta.seconds}s{delta.microseconds}us"
    assert duration_us(delta) == duration_us(text)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (0, 0),
        (4096, 4096),
        ("4096", 4096),
        ("4096B", 4096),
        ("128MiB", 128 * 1024 * 1024),
        ("128 MiB", 128 * 1024 * 1024),
        ("1.5GiB", 1536 * 1024 * 1024),
        ("10MB", 10_000_000),
        ("1TiB", 2**40),
        (2**63 - 1, 2**63 - 1),
    ],
)
def test_what_is_accepted_as_a_size(written: Size, expected: int) -> None:
    """Binary and decimal units mean what IEC and SI say."""
    assert expected == size_bytes(written)


@pytest.mark.parametrize(
    "wrong",
    ["", "MiB", "128M", "128mib", "-1", -1, 1.5, True, None, "1e3", 1 << 63, "8388608TiB"],
)
def test_what_is_refused_as_a_size_says_what_to_write(wrong: object) -> None:
    """The error names the caller's argument, and a form that works."""
    with pytest.raises(InvalidArgumentError, match=r"file_size cannot be .* '128MiB'"):
        size_bytes(cast("Size", wrong), "file_size")


def test_the_system_clock_counts_microseconds() -> None:
    """It lies between 2020 and 2112, which no other unit does."""
    clock: Clock = SystemClock()
    assert 1_577_836_800_000_000 < clock.now_us() < 1 << 52
