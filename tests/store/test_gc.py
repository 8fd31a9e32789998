"""Garbage collection as a store does it: thresholds, time to live, dropped tables."""

from __future__ import annotations

import pytest

from mvcc.errors import InvalidArgumentError, TimestampBelowGCError, TimestampInFutureError
from mvcc.store import Store
from mvcc.table import Table
from mvcc.testing import ManualClock
from mvcc.timestamp import Timestamp
from mvcc.types import Version
from tests.engine.engines import Opener

NAME = "bank.accounts"


def test_gc_removes_what_was_overwritten_before(store: Store, table: Table) -> None:
    """And reports it."""
    first = table.put(b"k", b"1")
    second = table.put(b"k", b"22")
    report = store.gc(before=second)
    assert (second, 1, 0, 2) == (
        report.threshold,
        report.versions,
        report.tombstones,
        report.bytes,
    )
    assert [b"22"] == [version.value for version in table.history(b"k")]
    with pytest.raises(TimestampBelowGCError):
        store.as_of(first)


def test_gc_without_a_time_to_live_keeps_every_version(store: Store, table: Table) -> None:
    """Unless it is told an instant."""
    table[b"k"] = b"1"
    table[b"k"] = b"2"
    report = store.gc()
    assert (Timestamp.MIN, 0, 2) == (report.threshold, report.versions, len(table.history(b"k")))


def test_gc_keeps_the_time_to_live(open_engine: Opener, clock: ManualClock) -> None:
    """Everything that was current within it stays readable."""
    with Store(open_engine(), clock=clock, gc_ttl="1h") as store:
        table = store.create_table(NAME)
        for minute in range(0, 121, 30):
            table[b"k"] = b"%d" % minute
            clock.advance("30m")
        store.gc()
        assert b"90" == store.as_of("-1h")[NAME][b"k"]
        assert [b"120", b"90"] == [version.value for version in table.history(b"k")]


def test_gc_of_the_future_is_refused(store: Store, table: Table) -> None:
    """Nothing is collected."""
    last = table.put(b"k", b"1")
    with pytest.raises(TimestampInFutureError):
        store.gc(before=Timestamp(last.value + (60_000_000 << 12)))
    assert Timestamp.MIN == store.stats().gc_threshold


def test_a_time_to_live_has_to_be_a_duration(open_engine: Opener) -> None:
    """The error names the argument."""
    with pytest.raises(InvalidArgumentError, match="gc_ttl"):
        Store(open_engine(), gc_ttl="soon")


def test_a_dropped_table_is_removed_by_the_second_gc(store: Store, table: Table) -> None:
    """The first deletes its rows, one whose threshold is past that removes them."""
    table.put_many((b"%05d" % number, b"v") for number in range(10_000))
    before = store.now()
    store.drop_table(NAME)
    store.gc(before=before)
    assert 10_000 == store.as_of(before)[NAME].count()
    report = store.gc(before=store.now())
    assert 20_000 <= report.versions
    assert 10 > store.stats().versions
    store.gc(before=store.now())


def test_gc_leaves_tables_alone_that_are_there(store: Store, table: Table) -> None:
    """Also one that has the name of a dropped one, and one that is not shown yet."""
    table[b"a"] = b"1"
    store.drop_table(NAME)
    again = store.create_table(NAME)
    again[b"a"] = b"2"
    store.gc(before=store.now())
    store.gc(before=store.now())
    assert [(b"a", b"2")] == list(again.items())


def test_gc_of_a_table_whose_entry_is_collected_too(store: Store, table: Table) -> None:
    """Its rows were deleted before its name was forgotten, whatever the thresholds are."""
    table[b"a"] = b"1"
    store.drop_table(NAME)
    dropped = store.now()
    store.gc(before=dropped)
    store.gc(before=store.now())
    store.gc(before=store.now())
    assert 1 == store.stats().versions  # the counter of ids


def test_verify_finds_nothing_wrong(store: Store, table: Table) -> None:
    """And counts what it read."""
    table[b"k"] = b"1"
    table.delete(b"k")
    report = store.verify()
    assert (True, (), 1, 4) == (report.ok, report.problems, report.tombstones, report.versions)


def test_history_stays_readable_in_an_open_snapshot(store: Store, table: Table) -> None:
    """And in a transaction, though the threshold has passed what they read at."""
    first = table.put(b"k", b"1")
    with store.snapshot() as snap, store.transaction() as txn:
        table[b"k"] = b"2"
        table[b"k"] = b"3"
        store.gc(before=store.now())
        expected = [Version(first, b"1")]
        assert expected == snap[table.name].history(b"k")
        assert expected == txn[table.name].history(b"k")
        assert b"1" == snap[table.name][b"k"] == txn[table.name][b"k"]
