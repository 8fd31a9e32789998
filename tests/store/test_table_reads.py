"""A live table's reads: points, scans in both directions, spans, counts, history."""

from __future__ import annotations

import pickle

import pytest

from mvcc.errors import (
    InvalidArgumentError,
    InvalidSpanError,
    KeyTooLongError,
    StoreClosedError,
    TimestampInFutureError,
)
from mvcc.store import Store
from mvcc.table import Table
from mvcc.timestamp import Timestamp
from mvcc.types import Readable, TableStats, Version, Writable

ROWS = [(b"k%03d" % number, b"v%03d" % number) for number in range(300)]


@pytest.fixture
def rows(table: Table) -> list[tuple[bytes, bytes]]:
    """More rows than the first page of a scan holds, as they stand in the table."""
    table.put_many(ROWS)
    return ROWS


def test_a_table_is_readable_and_writable(table: Table) -> None:
    """It has what the public protocols name."""
    assert isinstance(table, Readable) and isinstance(table, Writable)


def test_a_table_is_true_and_has_no_length(table: Table) -> None:
    """Neither asks for a scan by accident."""
    assert table
    with pytest.raises(TypeError):
        len(table)  # type: ignore[arg-type]


def test_get_gives_the_default_for_an_absent_key(table: Table) -> None:
    """The default is the caller's, None without one."""
    assert (None, 7) == (table.get(b"absent"), table.get(b"absent", 7))


def test_a_missing_key_is_a_key_error_with_the_key(table: Table) -> None:
    """As a dict does it."""
    with pytest.raises(KeyError) as caught:
        table[b"absent"]
    assert (b"absent",) == caught.value.args


def test_an_empty_value_is_not_an_absent_one(table: Table) -> None:
    """b"" can be stored, under the empty key too."""
    table[b""] = b""
    assert (b"", True, [b"", None]) == (
        table[b""],
        b"" in table,
        table.get_many([b"", b"absent"]),
    )


def test_keys_may_be_any_bytes_like(table: Table) -> None:
    """Results are bytes."""
    table[bytearray(b"key")] = memoryview(b"value")
    assert [b"value"] * 3 == [table[b"key"], table[memoryview(b"key")], table[bytearray(b"key")]]


def test_input_is_copied_at_the_call(table: Table) -> None:
    """A buffer that changes later changes nothing."""
    buffer = bytearray(b"one")
    table.put_many([(buffer, buffer)])
    buffer[:] = b"two"
    assert [(b"one", b"one")] == list(table.scan())


def test_a_str_is_refused_with_the_cure(table: Table) -> None:
    """The hint is the code to write."""
    with pytest.raises(TypeError, match=r"key\.encode\(\)"):
        table.get("text")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"value\.encode\(\)"):
        table.put(b"key", "text")  # type: ignore[arg-type]


def test_an_int_is_no_key(table: Table) -> None:
    """bytes(5) would be five zero bytes."""
    with pytest.raises(TypeError, match="int"):
        table.get(5)  # type: ignore[call-overload]


def test_a_buffer_with_gaps_is_refused(table: Table) -> None:
    """Its bytes do not lie one after the other."""
    with pytest.raises(InvalidArgumentError, match="C-contiguous"):
        table.get(memoryview(b"abcdef")[::2])


def test_a_key_over_the_limit_is_refused_everywhere(table: Table) -> None:
    """490 bytes fit, 491 do not, for reads and writes alike."""
    table[b"x" * 490] = b"fits"
    assert b"fits" == table[b"x" * 490]
    for call in (
        lambda: table.get(b"x" * 491),
        lambda: table.get_many([b"x" * 491]),
        lambda: table.put(b"x" * 491, b""),
        lambda: table.put_many({b"x" * 491: b""}),
        lambda: table.delete(b"x" * 491),
    ):
        with pytest.raises(KeyTooLongError):
            call()


def test_get_many_keeps_the_order_of_the_keys(table: Table, rows: list[object]) -> None:
    """Also where a key comes twice or is absent."""
    del rows
    assert [b"v002", None, b"v001", b"v002"] == table.get_many([b"k002", b"x", b"k001", b"k002"])


def test_get_many_of_one_key_by_mistake_is_a_type_error(table: Table) -> None:
    """Bytes iterate as ints."""
    with pytest.raises(TypeError, match=r"\[key\]"):
        table.get_many(b"key")  # type: ignore[arg-type]


def test_a_scan_gives_rows_in_key_order(table: Table, rows: list[object]) -> None:
    """All of them, over several pages."""
    assert rows == list(table.scan())


def test_a_reverse_scan_gives_rows_backwards(table: Table, rows: list[object]) -> None:
    """All of them, over several pages."""
    assert rows[::-1] == list(table.scan(reverse=True))


def test_a_span_is_half_open(table: Table, rows: list[object]) -> None:
    """Its start is in it, its end is not, both ways."""
    assert rows[3:7] == list(table.scan(b"k003", b"k007"))
    assert rows[3:7][::-1] == list(table.scan(b"k003", b"k007", reverse=True))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("limit", [0, 1, 128, 129, 300, 301])
def test_a_limit_cuts_a_scan(table: Table, rows: list[object], reverse: bool, limit: int) -> None:
    """At, around and beyond the pages' sizes."""
    expected = rows[::-1] if reverse else rows
    assert expected[:limit] == list(table.scan(reverse=reverse, limit=limit))


def test_a_prefix_selects_the_keys_that_start_with_it(table: Table) -> None:
    """Also one that ends in the highest byte, and the empty one."""
    keys = [b"a", b"a\xff", b"a\xff\x00", b"a\xff\xff", b"b", b"\xff", b"\xff\xff"]
    table.put_many((key, b"") for key in keys)
    for prefix in (b"", b"a", b"a\xff", b"a\xff\xff", b"\xff", b"\xff\xff", b"\xff\xff\xff"):
        expected = sorted(key for key in keys if key.startswith(prefix))
        assert expected == [key for key, _ in table.scan(prefix=prefix)]


def test_a_prefix_excludes_start_and_end(table: Table) -> None:
    """Which of the two would hold is not guessed."""
    with pytest.raises(InvalidArgumentError, match="prefix"):
        table.scan(b"a", prefix=b"a")


def test_bounds_longer_than_any_key_hold(table: Table) -> None:
    """They lie between two keys that can be."""
    table.put_many((key, b"") for key in (b"x" * 490, b"y", b"\xff" * 490))
    assert [b"y", b"\xff" * 490] == [key for key, _ in table.scan(b"x" * 600)]
    assert [b"x" * 490] == [key for key, _ in table.scan(None, b"x" * 600)]
    assert [] == list(table.scan(b"\xff" * 600))
    assert [] == list(table.scan(prefix=b"x" * 491))


def test_a_span_that_starts_after_its_end_is_refused(table: Table) -> None:
    """At the call, not at the first row."""
    with pytest.raises(InvalidSpanError):
        table.scan(b"b", b"a")
    with pytest.raises(InvalidSpanError):
        table.count(b"b", b"a")


def test_an_empty_span_has_no_rows(table: Table, rows: list[object]) -> None:
    """Start == end is allowed."""
    del rows
    assert [] == list(table.scan(b"k001", b"k001"))


def test_a_negative_limit_is_refused(table: Table) -> None:
    """It has no meaning."""
    with pytest.raises(InvalidArgumentError, match="limit"):
        table.scan(limit=-1)


def test_a_scan_does_not_see_writes_after_its_call(table: Table, rows: list[object]) -> None:
    """Its view is taken by the call, not by the first row."""
    scan = table.scan()
    table[b"new"] = b""
    table.delete(b"k299")
    assert rows == list(scan)


def test_keys_values_items_and_iteration_agree(table: Table, rows: list[object]) -> None:
    """As a dict's do."""
    assert rows == list(table.items())
    assert [key for key, _ in ROWS] == list(table.keys()) == list(table)
    assert [value for _, value in ROWS] == list(table.values())


def test_count_counts_a_span(table: Table, rows: list[object]) -> None:
    """Of the whole table without bounds."""
    assert (len(rows), 4, 0) == (
        table.count(),
        table.count(b"k003", b"k007"),
        table.count(b"z"),
    )


def test_stats_sum_up_keys_and_values(table: Table) -> None:
    """Without older versions."""
    table.put_many({b"a": b"12", b"bc": b""})
    table[b"a"] = b"123"
    assert TableStats("bank.accounts", 100, 2, 3, 3) == table.stats()


def test_stats_of_an_empty_table_are_zero(table: Table) -> None:
    """No page, no sums."""
    assert TableStats("bank.accounts", 100, 0, 0, 0) == table.stats()


def test_a_closed_scan_gives_no_further_row(table: Table, rows: list[object]) -> None:
    """Also none of those that were read ahead."""
    scan = table.scan()
    assert rows[0] == next(scan)
    scan.close()
    scan.close()
    with pytest.raises(StoreClosedError, match="scan"):
        next(scan)


def test_a_scan_closes_with_its_block(table: Table, rows: list[object]) -> None:
    """Garbage collection need not wait for it."""
    del rows
    with table.scan() as scan:
        next(scan)
        assert 1 == table._engine.info().pins
    assert 0 == table._engine.info().pins


def test_a_finished_scan_lets_go(table: Table, rows: list[object]) -> None:
    """Without being closed."""
    scan = table.scan()
    assert len(rows) == len(list(scan))
    assert 0 == table._engine.info().pins


def test_a_dropped_scan_lets_go(table: Table, rows: list[object]) -> None:
    """Half-way, and before its first row."""
    del rows
    next(iter(table))
    table.scan()
    assert 0 == table._engine.info().pins


def test_history_lists_versions_newest_first(store: Store, table: Table) -> None:
    """Deletions are versions without a value."""
    first = table.put(b"k", b"1")
    table.delete(b"k")
    deleted = store.stats().last_commit
    last = table.put(b"k", b"2")
    table[b"k2"] = b"other"
    expected = [Version(last, b"2"), Version(deleted, None), Version(first, b"1")]
    assert expected == table.history(b"k")


def test_windows_of_history_meet_without_overlap(table: Table) -> None:
    """Since < t <= until."""
    stamps = [table.put(b"k", b"%d" % number) for number in range(4)]
    low = table.history(b"k", until=stamps[1])
    high = table.history(b"k", since=stamps[1])
    assert [3, 2] == [stamps.index(version.timestamp) for version in high]
    assert [1, 0] == [stamps.index(version.timestamp) for version in low]


def test_history_refuses_the_future_and_a_backward_window(store: Store, table: Table) -> None:
    """Each as its own error."""
    now = table.put(b"k", b"")
    with pytest.raises(TimestampInFutureError):
        table.history(b"k", until=Timestamp(store.now().value + (10 << 32)))
    with pytest.raises(InvalidSpanError):
        table.history(b"k", since=now, until=Timestamp(now.value - 1))


def test_a_table_and_a_scan_do_not_pickle(table: Table) -> None:
    """The error says what to send instead."""
    with pytest.raises(TypeError, match="name"):
        pickle.dumps(table)
    with pytest.raises(TypeError, match="Snapshot"):
        pickle.dumps(table.scan())


def test_history_since_an_instant_after_the_last_commit_is_empty(
    store: Store, table: Table
) -> None:
    """A poller whose window starts at `now()` finds nothing yet, as `changes` does."""
    table[b"k"] = b"1"
    now = store.now()
    assert [] == table.history(b"k", since=now)
    with store.snapshot() as snap, store.transaction() as txn:
        assert [] == snap[table.name].history(b"k", since=now)
        assert [] == txn[table.name].history(b"k", since=now)
