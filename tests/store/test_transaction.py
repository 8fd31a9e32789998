"""Transactions: their own writes, their instants, their ends."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvcc.errors import (
    ClockSkewError,
    ConcurrentUseError,
    ConditionFailedError,
    InvalidArgumentError,
    ReadOnlyError,
    StoreClosedError,
    TableNotFoundError,
    TimestampInFutureError,
)
from mvcc.store import Store
from mvcc.table import Table
from mvcc.timestamp import Timestamp
from mvcc.types import Readable, Writable
from tests.engine.memory import Disk, MemoryEngine

NAME = "bank.accounts"


# -- its own writes ---------------------------------------------------------------------------------


def test_a_table_in_a_transaction_is_readable_and_writable(store: Store, table: Table) -> None:
    """It has what the public protocols name."""
    with store.transaction() as txn:
        assert isinstance(txn[NAME], Readable) and isinstance(txn[NAME], Writable)
        assert table.name == txn[NAME].name


def test_reads_see_the_transaction_s_own_writes(store: Store, table: Table) -> None:
    """Nobody else does before the commit, everybody after it."""
    table.put_many({b"a": b"1", b"b": b"1"})
    with store.transaction() as txn:
        t = txn[NAME]
        t[b"a"] = b"2"
        t.put_many({b"c": b"2"})
        del t[b"b"]
        assert [b"2", None, b"2"] == t.get_many([b"a", b"b", b"c"])
        assert (b"2", b"2", False) == (t[b"a"], t.get(b"c"), b"b" in t)
        assert [(b"a", b"2"), (b"c", b"2")] == list(t.scan())
        assert [(b"a", b"1"), (b"b", b"1")] == list(table.scan())
    assert [(b"a", b"2"), (b"c", b"2")] == list(table.scan())


def test_two_handles_of_a_table_share_the_writes(store: Store, table: Table) -> None:
    """Looking the name up again gives the same table."""
    del table
    with store.transaction() as txn:
        txn[NAME][b"a"] = b"1"
        assert b"1" == txn[NAME][b"a"]


def test_writes_give_none(store: Store, table: Table) -> None:
    """Their timestamp is known only at the commit; an increment knows its sum."""
    table[b"a"] = b"1"
    with store.transaction() as txn:
        t = txn[NAME]
        results: list[object] = [
            t.put(b"k", b""),  # type: ignore[func-returns-value]
            t.delete(b"a"),  # type: ignore[func-returns-value]
            t.put_many({}),  # type: ignore[func-returns-value]
            t.delete_many([b"a"]),  # type: ignore[func-returns-value]
            t.delete_range(None, None),  # type: ignore[func-returns-value]
        ]
        assert [None] * 5 == results
        assert (1, 3) == (t.increment(b"n"), t.increment(b"n", 2))
    assert [(b"n", (3).to_bytes(8, "big"))] == list(table.items())


def test_conditions_look_at_the_transaction_s_own_writes(store: Store, table: Table) -> None:
    """A failed one leaves the transaction as it was."""
    with store.transaction() as txn:
        t = txn[NAME]
        t.put(b"k", b"1", expected=None)
        t.put(b"k", b"2", expected=b"1")
        with pytest.raises(ConditionFailedError) as caught:
            t.delete(b"k", expected=b"1")
        assert b"2" == caught.value.actual
        with pytest.raises(KeyError):
            del t[b"absent"]
    assert b"2" == table[b"k"]


def test_a_key_that_was_put_and_deleted_leaves_no_value(store: Store, table: Table) -> None:
    """The last write of a key counts."""
    with store.transaction() as txn:
        t = txn[NAME]
        t[b"k"] = b"1"
        t.delete_range(None, None)
        assert [] == list(t)
    assert None is table.get(b"k")


def test_a_limit_counts_what_deletions_leave(store: Store, table: Table) -> None:
    """Both ways; writes in between count as well."""
    table.put_many((b"%d" % number, b"") for number in range(9))
    with store.transaction() as txn:
        t = txn[NAME]
        t.delete_many([b"0", b"1", b"7", b"8"])
        t[b"25"] = b""
        assert [b"2", b"25", b"3"] == [key for key, _ in t.scan(limit=3)]
        assert [b"6", b"5"] == [key for key, _ in t.scan(reverse=True, limit=2)]


keys = st.sampled_from([b"", *(bytes([letter]) for letter in b"abcdefgh")])
tables = st.dictionaries(keys, st.binary(max_size=1), max_size=40)
writes = st.lists(st.tuples(keys, st.none() | st.binary(max_size=1)), max_size=20)


@given(
    stored=tables,
    written=writes,
    start=st.none() | keys,
    end=st.none() | keys,
    reverse=st.booleans(),
    limit=st.none() | st.integers(0, 10),
)
def test_a_scan_in_a_transaction_is_the_scan_of_what_it_would_commit(
    stored: dict[bytes, bytes],
    written: list[tuple[bytes, bytes | None]],
    start: bytes | None,
    end: bytes | None,
    reverse: bool,
    limit: int | None,
) -> None:
    """Both ways, with deletions, spans and limits; the truth is a dict."""
    if start is not None and end is not None and start > end:
        start, end = end, start
    truth = dict(stored)
    with Store(MemoryEngine(Disk())) as store:
        store.create_table(NAME).put_many(stored)
        with store.transaction() as txn:
            t = txn[NAME]
            for key, value in written:
                if value is None:
                    t.delete(key)
                    truth.pop(key, None)
                else:
                    t[key] = value
                    truth[key] = value
            rows = [
                (key, truth[key])
                for key in sorted(truth, reverse=reverse)
                if (start is None or start <= key) and (end is None or key < end)
            ]
            assert rows[:limit] == list(t.scan(start, end, reverse=reverse, limit=limit))
            assert len(rows) == t.count(start, end)
        assert truth == dict(store[NAME].items())


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_over_many_pages_merges_each(store: Store, table: Table, reverse: bool) -> None:
    """Writes before, in, between and behind the pages."""
    truth = {b"%04d" % (2 * number): b"old" for number in range(2000)}
    table.put_many(truth)
    with store.transaction() as txn:
        t = txn[NAME]
        for number in range(0, 4100, 7):
            key = b"%04d" % number
            if number % 3:
                t[key] = truth[key] = b"new"
            else:
                t.delete(key)
                truth.pop(key, None)
        expected = sorted(truth.items(), reverse=reverse)
        assert expected == list(t.scan(reverse=reverse))
        assert expected[:1500] == list(t.scan(reverse=reverse, limit=1500))


def test_a_scan_does_not_see_the_transaction_s_later_writes(store: Store, table: Table) -> None:
    """So that a loop may write what it walks over."""
    table.put_many({b"%03d" % number: b"1" for number in range(300)})
    with store.transaction() as txn:
        t = txn[NAME]
        for key, _ in t.scan():
            t.delete(key)
            t[b"x" + key] = b"2"
        assert 300 == t.count() == t.count(b"x")
    assert 300 == table.count(b"x")


# -- instants ---------------------------------------------------------------------------------------


def test_a_transaction_reads_at_the_last_commit_before_its_begin(
    store: Store, table: Table
) -> None:
    """Later commits are not seen, neither their rows nor their tables."""
    last = table.put(b"a", b"1")
    with store.transaction(readonly=True) as txn:
        table[b"a"] = b"2"
        store.create_table("bank.later")
        assert (last, b"1") == (txn.read_timestamp, txn[NAME][b"a"])
        with pytest.raises(TableNotFoundError):
            txn["bank.later"]


def test_all_writes_of_a_transaction_have_one_timestamp(store: Store, table: Table) -> None:
    """Over all its tables; commit gives it, and the transaction keeps it."""
    other = store.create_table("bank.other")
    txn = store.transaction()
    txn[NAME][b"a"] = b"1"
    txn["bank.other"][b"b"] = b"1"
    assert None is txn.commit_timestamp
    stamp = txn.commit()
    assert stamp == txn.commit_timestamp
    assert [stamp, stamp] == [
        table.history(b"a")[0].timestamp,
        other.history(b"b")[0].timestamp,
    ]


def test_a_transaction_without_writes_commits_nothing(store: Store, table: Table) -> None:
    """It gives its read timestamp."""
    last = table.put(b"a", b"1")
    txn = store.transaction()
    assert b"1" == txn[NAME][b"a"]
    assert (last, None, last) == (
        txn.commit(),
        txn.commit_timestamp,
        store.stats().last_commit,
    )


def test_a_commit_may_name_its_timestamp(store: Store, table: Table) -> None:
    """Above the last commit."""
    at = Timestamp(table.put(b"a", b"1").value + 500)
    txn = store.transaction()
    txn[NAME][b"a"] = b"2"
    assert at == txn.commit(at=at) == table.history(b"a")[0].timestamp


def test_a_commit_in_the_past_or_the_future_is_refused(store: Store, table: Table) -> None:
    """The transaction is over, and nothing of it is written."""
    last = table.put(b"a", b"1")
    for at in (last, Timestamp(last.value + (5_000_000 << 12))):
        txn = store.transaction()
        txn[NAME][b"a"] = b"2"
        with pytest.raises(ClockSkewError):
            txn.commit(at=at)
        with pytest.raises(StoreClosedError, match="rolled back"):
            txn.commit()
    assert b"1" == table[b"a"]


def test_history_in_a_transaction_ends_at_its_read_timestamp(store: Store, table: Table) -> None:
    """Its own writes are not committed, so they are no versions."""
    first = table.put(b"a", b"1")
    with store.transaction() as txn:
        later = table.put(b"b", b"2")
        txn[NAME][b"a"] = b"3"
        assert [first] == [version.timestamp for version in txn[NAME].history(b"a")]
        with pytest.raises(TimestampInFutureError):
            txn[NAME].history(b"a", until=later)
        txn.rollback()


# -- ends -------------------------------------------------------------------------------------------


def test_leaving_the_block_commits(store: Store, table: Table) -> None:
    """Once."""
    with store.transaction() as txn:
        txn[NAME][b"a"] = b"1"
    assert (1, b"1") == (len(table.history(b"a")), table[b"a"])
    assert None is not txn.commit_timestamp


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_rolls_back(store: Store, table: Table, error: type[BaseException]) -> None:
    """Whatever it is; it goes on to the caller."""

    def fail() -> None:
        with store.transaction() as txn:
            txn[NAME][b"a"] = b"1"
            raise error

    with pytest.raises(error):
        fail()
    assert None is table.get(b"a")


def test_leaving_after_commit_or_rollback_does_nothing(store: Store, table: Table) -> None:
    """The end was decided before."""
    with store.transaction() as txn:
        txn[NAME][b"a"] = b"1"
        txn.commit()
    with store.transaction() as txn:
        txn[NAME][b"a"] = b"2"
        txn.rollback()
    assert b"1" == table[b"a"]


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_transaction_that_is_over_says_so(store: Store, table: Table, end: str) -> None:
    """Every call, also on what was taken from it."""
    del table
    txn = store.transaction()
    t = txn[NAME]
    t[b"a"] = b"1"
    scan = t.scan()
    getattr(txn, end)()
    calls: list[Callable[[], object]] = [
        txn.commit,
        txn.rollback,
        lambda: txn[NAME],
        lambda: t.get(b"a"),
        lambda: t.put(b"a", b""),
        lambda: t.scan(),
        lambda: next(scan),
    ]
    for call in calls:
        with pytest.raises(StoreClosedError):
            call()


def test_a_finished_transaction_holds_no_view(store: Store, table: Table) -> None:
    """Garbage collection need not wait for it."""
    for end in ("commit", "rollback"):
        txn = store.transaction()
        txn[NAME].put(b"a", b"1")
        getattr(txn, end)()
    assert table.name
    assert 0 == store.stats().open_snapshots


def test_a_forgotten_transaction_warns_and_rolls_back(store: Store, table: Table) -> None:
    """When nobody holds it any more."""

    def forget() -> None:
        t = store.transaction()[NAME]
        t[b"a"] = b"1"
        assert b"1" == t[b"a"]  # it lives for as long as its table is held

    with pytest.warns(ResourceWarning, match="neither committed nor rolled back"):
        forget()
    assert (None, 0) == (table.get(b"a"), store.stats().open_snapshots)


def test_transactions_have_ids_of_their_own(store: Store) -> None:
    """And do not pickle."""
    with store.transaction() as one, store.transaction() as two:
        assert one.id != two.id
        with pytest.raises(TypeError, match=r"store\.run"):
            pickle.dumps(one)


def test_an_unknown_isolation_is_refused(store: Store) -> None:
    """With the two that there are."""
    with pytest.raises(InvalidArgumentError, match="'serializable' or 'snapshot'"):
        store.transaction(isolation="chaos")  # type: ignore[arg-type]


def test_a_readonly_transaction_refuses_writes(store: Store, table: Table) -> None:
    """And never fails for what it read."""
    with store.transaction(readonly=True) as txn:
        t = txn[NAME]
        assert [] == list(t)
        for write in (
            lambda: t.put(b"a", b""),
            lambda: t.put_many({b"a": b""}),
            lambda: t.increment(b"a"),
        ):
            with pytest.raises(ReadOnlyError, match="transaction"):
                write()
        table[b"a"] = b"1"


# -- two threads ------------------------------------------------------------------------------------


def test_two_calls_at_a_time_are_an_error(
    store: Store, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is in the engine, no other gets in, and the first goes on."""
    table[b"a"] = b"1"
    txn = store.transaction()
    t = txn[NAME]
    refused: list[str] = []
    get_many = type(table._engine).get_many

    def meanwhile(*args: Any, **options: Any) -> list[bytes | None]:
        for call in (lambda: t.get(b"a"), txn.commit, txn.rollback, lambda: txn[NAME], t.scan):
            thread = threading.Thread(target=refuse, args=(call, refused))
            thread.start()
            thread.join()
        return get_many(*args, **options)

    monkeypatch.setattr(type(table._engine), "get_many", meanwhile)
    assert [b"1"] == t.get_many([b"a"])
    assert ["concurrent_use"] * 5 == refused
    txn.rollback()


def refuse(call: Callable[[], object], codes: list[str]) -> None:
    """Notes the code of the error that a call raises."""
    try:
        call()
    except ConcurrentUseError as error:
        codes.append(error.code)


def test_threads_may_take_turns(store: Store, table: Table) -> None:
    """A transaction is bound to no thread."""
    txn = store.transaction()
    for number in range(3):
        thread = threading.Thread(target=txn[NAME].put, args=(b"%d" % number, b""))
        thread.start()
        thread.join()
    txn.commit()
    assert [b"0", b"1", b"2"] == list(table)


def test_items_that_read_the_transaction_may_be_written_to_it(store: Store, table: Table) -> None:
    """Arguments are taken before the transaction's turn."""
    table.put_many({b"a": b"1", b"b": b"2"})
    with store.transaction() as txn:
        t = txn[NAME]
        t.put_many((b"x" + key, t[key]) for key in t)
        t.delete_many(key for key in t if b"x" not in key)
    assert [(b"xa", b"1"), (b"xb", b"2")] == list(table.items())


def test_rows_ingested_in_a_transaction_wait_for_its_commit(store: Store, table: Table) -> None:
    """As any other write of it."""
    with store.transaction() as txn:
        txn[NAME].ingest([(b"b", b"2"), (b"a", b"1")])
        assert ([b"1"], []) == (list(txn[NAME].values())[:1], list(table))
    assert [(b"a", b"1"), (b"b", b"2")] == list(table.items())
