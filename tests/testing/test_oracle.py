"""The oracle against tiny histories whose answers are worked out by hand."""

import ast
import inspect

import pytest

from mvcc.testing import oracle as module
from mvcc.testing.oracle import Oracle
from mvcc.timestamp import Timestamp

T = "test.one"
ONE, TWO, THREE, FOUR, FIVE = (Timestamp(n) for n in range(1, 6))


@pytest.fixture
def oracle() -> Oracle:
    """a: 1 at ONE, deleted at THREE, 2 at FIVE. b: x at TWO, x again at FOUR. In test.two c: y at TWO."""
    history = Oracle()
    history.put(T, b"a", b"1", ONE)
    history.put(T, b"b", b"x", TWO)
    history.put("test.two", b"c", b"y", TWO)
    history.delete(T, b"a", THREE)
    history.put(T, b"b", b"x", FOUR)
    history.put(T, b"a", b"2", FIVE)
    return history


@pytest.mark.parametrize(
    ("at", "value"),
    [(Timestamp(0), None), (ONE, b"1"), (TWO, b"1"), (THREE, None), (FOUR, None), (FIVE, b"2")],
)
def test_get_gives_the_newest_version_at_or_below(
    oracle: Oracle, at: Timestamp, value: bytes | None
) -> None:
    """A version holds from its own timestamp to the next one's."""
    assert value == oracle.get(T, b"a", at)


def test_an_unknown_table_or_key_is_absent(oracle: Oracle) -> None:
    """Nothing is made by reading."""
    assert (None, []) == (oracle.get("test.three", b"a", FIVE), oracle.scan("test.three", FIVE))
    assert None is oracle.get(T, b"z", FIVE)


def test_scan_gives_live_rows_in_key_order(oracle: Oracle) -> None:
    """Deleted keys are left out."""
    assert [(b"a", b"1"), (b"b", b"x")] == oracle.scan(T, TWO)
    assert [(b"b", b"x")] == oracle.scan(T, THREE)


def test_scan_backwards_gives_the_same_rows_backwards(oracle: Oracle) -> None:
    """With a limit, from the end."""
    assert [(b"b", b"x"), (b"a", b"2")] == oracle.scan(T, FIVE, reverse=True)
    assert [(b"b", b"x")] == oracle.scan(T, FIVE, reverse=True, limit=1)


def test_spans_are_half_open(oracle: Oracle) -> None:
    """The start is inside, the end is not; None is unbounded; start == end is empty."""
    assert [(b"a", b"2")] == oracle.scan(T, FIVE, b"a", b"b")
    assert [(b"b", b"x")] == oracle.scan(T, FIVE, b"a\0", None)
    assert [] == oracle.scan(T, FIVE, b"b", b"b")


def test_a_prefix_of_ff_has_no_end() -> None:
    """Keys after it that do not begin with it do not exist."""
    history = Oracle()
    for key in (b"\xfe", b"\xff", b"\xff\xff"):
        history.put(T, key, b"", ONE)
    assert [(b"\xff", b""), (b"\xff\xff", b"")] == history.scan(T, ONE, prefix=b"\xff")


def test_history_is_newest_first_in_a_half_open_window(oracle: Oracle) -> None:
    """A window leaves its first instant out and takes its last one in."""
    assert [(FIVE, b"2"), (THREE, None), (ONE, b"1")] == oracle.history(T, b"a")
    assert [(THREE, None)] == oracle.history(T, b"a", ONE, THREE)


def test_changes_are_sorted_by_commit_table_and_key(oracle: Oracle) -> None:
    """Equal rewrites are changes too."""
    assert [
        (TWO, T, b"b", b"x"),
        (TWO, "test.two", b"c", b"y"),
        (THREE, T, b"a", None),
        (FOUR, T, b"b", b"x"),
    ] == oracle.changes(ONE, FOUR)
    assert [(TWO, "test.two", b"c", b"y")] == oracle.changes(ONE, None, "test.two")


def test_diff_names_only_keys_that_differ(oracle: Oracle) -> None:
    """A rewrite with the same value is no difference, nor is a key that came and went."""
    assert [(T, b"a", b"1", None)] == oracle.diff(TWO, FOUR)
    assert [(T, b"a", b"1", b"2")] == oracle.diff(TWO, FIVE, T)
    assert [(T, b"b", None, b"x")] == oracle.diff(Timestamp(0), THREE, T)


def test_deleting_an_absent_key_writes_nothing(oracle: Oracle) -> None:
    """Neither a version nor a change."""
    assert not oracle.delete(T, b"z", FIVE)
    assert [] == oracle.history(T, b"z")


def test_delete_range_deletes_what_is_live_in_the_span(oracle: Oracle) -> None:
    """And counts it."""
    assert 1 == oracle.delete_range(T, b"a\0", None, Timestamp(6))
    assert [(b"a", b"2")] == oracle.scan(T, Timestamp(6))


def test_the_later_write_of_a_commit_counts(oracle: Oracle) -> None:
    """One version per key and commit; a new key that is put and deleted is deleted."""
    for value in (b"first", b"second"):
        oracle.put(T, b"n", value, FIVE)
    assert [(FIVE, b"second")] == oracle.history(T, b"n")
    oracle.delete(T, b"n", FIVE)
    assert [(FIVE, None)] == oracle.history(T, b"n")


def test_commits_are_told_in_order(oracle: Oracle) -> None:
    """A test that mixes them up fails instead of being wrong."""
    with pytest.raises(AssertionError, match="in order"):
        oracle.put(T, b"a", b"0", FOUR)


def test_gc_keeps_what_reads_at_or_above_its_time_see(oracle: Oracle) -> None:
    """The newest version at or below stays unless it is a tombstone; nothing newer goes."""
    assert 3 == oracle.gc(FOUR)
    assert [(FIVE, b"2")] == oracle.history(T, b"a")
    assert [(FOUR, b"x")] == oracle.history(T, b"b")
    assert b"y" == oracle.get("test.two", b"c", FOUR)


def test_the_oracle_imports_nothing_of_ours_but_values() -> None:
    """Truth must not lean on what is tested."""
    nodes = [
        n for n in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(n, ast.ImportFrom)
    ]
    assert {"mvcc.timestamp"} == {n.module for n in nodes if n.module and "mvcc" in n.module}
