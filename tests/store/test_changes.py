"""The feed of changes: windows, names, tables, and following what comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from mvcc import changes
from mvcc.engine.interface import ChangesRequest
from mvcc.errors import (
    InvalidArgumentError,
    InvalidSpanError,
    StoreClosedError,
    TableNotFoundError,
    TimestampBelowGCError,
    TimestampInFutureError,
)
from mvcc.store import Store
from mvcc.table import Table
from mvcc.timestamp import Timestamp
from mvcc.types import Change, Progress

NAME = "bank.accounts"


def test_changes_are_commits_in_order(store: Store, table: Table) -> None:
    """Puts and deletes with their timestamps; the system's own tables are hidden."""
    one = table.put(b"a", b"1")
    table.delete(b"a")
    two = store.stats().last_commit
    assert [
        Change(one, NAME, b"a", b"1", "put"),
        Change(two, NAME, b"a", None, "delete"),
    ] == list(store.changes(Timestamp.MIN))


def test_a_commit_over_tables_is_whole(store: Store, table: Table) -> None:
    """All its changes have its timestamp and come together."""
    store.create_table("bank.other")
    with store.transaction() as txn:
        txn[NAME].put_many({b"a": b"1", b"b": b"1"})
        txn["bank.other"][b"c"] = b"1"
    last = table.put(b"z", b"1")
    found = list(store.changes(Timestamp.MIN))
    assert {(NAME, b"a"), (NAME, b"b"), ("bank.other", b"c")} == {
        (each.table, each.key) for each in found[:3]
    }
    assert [txn.commit_timestamp] * 3 + [last] == [each.timestamp for each in found]


def test_windows_meet_without_overlap(store: Store, table: Table) -> None:
    """Since < t <= until."""
    stamps = [table.put(b"k", b"%d" % number) for number in range(5)]
    found = [
        change.timestamp
        for since, until in ((stamps[0], stamps[2]), (stamps[2], stamps[4]), (stamps[4], None))
        for change in store.changes(since, until)
    ]
    assert stamps[1:] == found


def test_a_window_ends_at_the_call(store: Store, table: Table) -> None:
    """What is committed while it is read is not in it."""
    table[b"a"] = b"1"
    feed = store.changes(Timestamp.MIN)
    table[b"b"] = b"1"
    assert [b"a"] == [change.key for change in feed]


def test_a_window_from_now_on_is_empty(store: Store, table: Table) -> None:
    """now() may be above the last commit."""
    table[b"a"] = b"1"
    assert [] == list(store.changes(store.now()))


def test_many_changes_come_over_many_pages(
    store: Store, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None is lost or doubled where a page ends inside of a commit."""
    monkeypatch.setattr(changes, "ChangesRequest", partial(ChangesRequest, max_rows=3))
    keys = [b"%02d" % number for number in range(20)]
    table.put_many((key, b"") for key in keys)
    table.put_many((key, b"") for key in keys)
    assert keys * 2 == [change.key for change in store.changes(Timestamp.MIN)]


def test_the_changes_of_one_table(store: Store, table: Table) -> None:
    """Others are left out."""
    store.create_table("bank.other")[b"x"] = b""
    table[b"a"] = b""
    assert [(NAME, b"a")] == [(c.table, c.key) for c in store.changes(Timestamp.MIN, table=NAME)]


def test_a_change_has_the_name_of_its_time(store: Store, table: Table) -> None:
    """Dropped tables keep theirs, also where another table has it now."""
    table[b"old"] = b"1"
    store.drop_table(NAME)
    store.create_table(NAME)[b"new"] = b"1"
    for found in (store.changes(Timestamp.MIN), store.changes(Timestamp.MIN, table=NAME)):
        assert [(NAME, b"old"), (NAME, b"new")] == [(c.table, c.key) for c in found]


def test_what_empties_a_dropped_table_is_hidden(store: Store, table: Table) -> None:
    """Garbage collection's tombstones come after the drop."""
    table[b"a"] = b"1"
    store.drop_table(NAME)
    store.gc()
    assert [b"1"] == [change.value for change in store.changes(Timestamp.MIN)]


def test_a_table_that_never_was_is_refused(store: Store) -> None:
    """A slip of the pen would give an empty feed."""
    with pytest.raises(TableNotFoundError):
        store.changes(Timestamp.MIN, table="bank.acounts")


def test_a_backward_or_future_window_is_refused(store: Store, table: Table) -> None:
    """At the call."""
    last = table.put(b"a", b"1")
    future = Timestamp(last.value + (60_000_000 << 12))
    with pytest.raises(InvalidSpanError):
        store.changes(last, Timestamp(last.value - 1))
    with pytest.raises(TimestampInFutureError):
        store.changes(last, future)
    with pytest.raises(TimestampInFutureError):
        store.changes(future)
    with pytest.raises(InvalidArgumentError, match="follow"):
        store.changes(last, last, follow=True)


def test_a_window_below_the_threshold_is_refused(store: Store, table: Table) -> None:
    """Its changes are gone; from the threshold on they are there."""
    first = table.put(b"a", b"1")
    second = table.put(b"a", b"2")
    third = table.put(b"a", b"3")
    store.gc(before=second)
    with pytest.raises(TimestampBelowGCError):
        store.changes(first)
    assert [third] == [change.timestamp for change in store.changes(second)]


def test_a_closed_feed_gives_no_further_change(store: Store, table: Table) -> None:
    """Also none of those that were read ahead."""
    table.put_many({b"a": b"", b"b": b""})
    feed = store.changes(Timestamp.MIN)
    next(feed)
    feed.close()
    with pytest.raises(StoreClosedError, match="changes"):
        next(feed)


# -- follow ------------------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports progress at every look."""
    monkeypatch.setattr(changes, "IDLE_S", 0.0)


@pytest.mark.usefixtures("impatient")
def test_following_gives_what_is_committed_later(store: Store, table: Table) -> None:
    """After what was there; Progress says that there is nothing more up to its timestamp."""
    one = table.put(b"a", b"1")
    with store.changes(Timestamp.MIN, follow=True) as feed:
        assert [Change(one, NAME, b"a", b"1", "put"), Progress(one)] == [next(feed), next(feed)]
        two = table.put(b"b", b"2")
        assert Change(two, NAME, b"b", b"2", "put") == next_change(feed)
        assert Progress(two) == next(feed)


@pytest.mark.usefixtures("impatient")
def test_following_knows_tables_that_are_made_later(store: Store, table: Table) -> None:
    """Also one of the same name."""
    table[b"a"] = b"1"
    with store.changes(store.stats().last_commit, table=NAME, follow=True) as feed:
        store.create_table("bank.other")[b"x"] = b""
        store.drop_table(NAME)
        store.create_table(NAME)[b"b"] = b"2"
        assert (NAME, b"b") == (lambda c: (c.table, c.key))(next_change(feed))


def next_change(feed: Iterator[Change | Progress]) -> Change:
    """Passes over reports of progress."""
    return next(each for each in feed if isinstance(each, Change))


def test_progress_comes_once_a_second(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """By a clock that each look moves on by 0.4 s."""
    ticks = iter(range(1000))
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks) * 0.4)
    monkeypatch.setattr(changes, "POLL_S", 0.0)
    looks = 0
    last_commit = type(store._context.engine).last_commit

    def count(engine: object) -> int:
        nonlocal looks
        looks += 1
        return last_commit(engine)  # type: ignore[arg-type]

    monkeypatch.setattr(type(store._context.engine), "last_commit", count)
    with store.changes(store.stats().last_commit, follow=True) as feed:
        begin = looks
        next(feed)
        assert 3 == looks - begin


@pytest.mark.parametrize("closing", ["feed", "store"])
def test_close_from_another_thread_ends_following(store: Store, table: Table, closing: str) -> None:
    """The loop ends as if there were no more; so it does when the store is closed."""
    table[b"a"] = b"1"
    feed = store.changes(Timestamp.MIN, follow=True)
    first = threading.Event()
    found: list[object] = []

    def follow() -> None:
        for each in feed:
            found.append(each)
            first.set()

    thread = threading.Thread(target=follow)
    thread.start()
    first.wait()
    (feed if closing == "feed" else store).close()
    thread.join()
    assert [] == list(feed)
    assert 1 == sum(isinstance(each, Change) for each in found)
