"""Comparing rows with digests, and when a report passes."""

from __future__ import annotations

import pytest

from mvcc.demo.compare import MAX_EXAMPLES, Digest, compare_digests
from mvcc.demo.report import MINIMUM_KEYS, Comparison, Report, Step

ROWS = [(b"a", b"one"), (b"b", b""), (b"caf\xe9", b"three")]
EXPECTED = {key: Digest.of(value) for key, value in ROWS}


def test_equal_rows_are_counted() -> None:
    """Keys, and the bytes of keys and values."""
    wanted = Comparison("name", keys=3, bytes=14, differences=0, examples=())
    assert wanted == compare_digests("name", ROWS, EXPECTED)


@pytest.mark.parametrize("position", range(5))
@pytest.mark.parametrize("bit", [1, 128])
def test_one_wrong_bit_is_seen(position: int, bit: int) -> None:
    """Wherever it is in a value."""
    damaged = bytearray(b"three")
    damaged[position] ^= bit
    found = compare_digests("name", [*ROWS[:2], (b"caf\xe9", bytes(damaged))], EXPECTED)
    assert (1, ("caf\\xe9 holds other bytes than the input",)) == (
        found.differences,
        found.examples,
    )


def test_a_missing_row_is_seen() -> None:
    """A key that the input has."""
    found = compare_digests("name", ROWS[1:], EXPECTED)
    assert (1, ("a is missing",)) == (found.differences, found.examples)


@pytest.mark.parametrize("extra", [(b"new", b""), ROWS[0]])
def test_a_row_too_many_is_seen(extra: tuple[bytes, bytes]) -> None:
    """A key that the input has not, or one that comes twice."""
    found = compare_digests("name", [*ROWS, extra], EXPECTED)
    assert (1, (f"{extra[0].decode()} should not be there",)) == (
        found.differences,
        found.examples,
    )


def test_only_some_differences_are_told() -> None:
    """All are counted."""
    expected = {b"%d" % n: Digest.of(b"") for n in range(500)}
    found = compare_digests("name", [], expected)
    assert (500, MAX_EXAMPLES) == (found.differences, len(found.examples))


@pytest.mark.parametrize(
    ("keys", "differences", "passes"),
    [(MINIMUM_KEYS, 0, False), (MINIMUM_KEYS + 1, 0, True), (MINIMUM_KEYS + 1, 1, False)],
)
def test_a_report_passes_when_enough_is_equal(keys: int, differences: int, passes: bool) -> None:
    """Over a thousand keys, and not one difference."""
    report = Report("name")
    report.comparisons.append(Comparison("first", 1000, 5, 0, ()))
    report.comparisons.append(Comparison("second", keys - 1000, 6, differences, ()))
    assert (keys, 11, passes) == (report.keys_compared, report.bytes_compared, report.passed)


def test_a_step_tells_its_speed() -> None:
    """In millions of bytes a second; none where no time was measured."""
    assert 4.0 == Step("load", 1, 2_000_000, 0.5).mb_per_second
    assert 0.0 == Step("load", 0, 0, 0.0).mb_per_second
