"""A live table's writes: each is one commit, conditional ones are checked against what they read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from mvcc import arguments
from mvcc import rows as rows_module
from mvcc import table as table_module
from mvcc.engine.interface import Engine, WriteBatch
from mvcc.errors import (
    ConditionFailedError,
    IntegerOverflowError,
    InvalidSpanError,
    NotAnIntegerError,
    ReadOnlyError,
    TableNotFoundError,
    TransactionRetryError,
    ValueTooLargeError,
)
from mvcc.store import Store
from mvcc.table import Table
from mvcc.timestamp import Timestamp
from mvcc.types import ANY, Writable
from tests.engine.engines import Opener


def commits(store: Store) -> int:
    """How many rows were ever committed."""
    return store.stats().changes


def test_put_gives_the_commit_s_timestamp(store: Store, table: Table) -> None:
    """AS OF it the value is there, just before it is not."""
    stamp = table.put(b"k", b"v")
    assert b"v" == store.as_of(stamp)[table.name][b"k"]
    assert None is store.as_of(Timestamp(stamp.value - 1))[table.name].get(b"k")


def test_put_with_an_expected_value_replaces_it(table: Table) -> None:
    """And gives the commit's timestamp."""
    table[b"k"] = b"1"
    stamp = table.put(b"k", b"2", expected=bytearray(b"1"))
    assert (stamp, b"2") == (table.history(b"k")[0].timestamp, table[b"k"])


@pytest.mark.parametrize(
    ("before", "expected"),
    [(None, b"1"), (b"1", None), (b"1", b"2"), (b"1", b""), (b"", None)],
)
def test_a_failed_condition_writes_nothing(
    store: Store, table: Table, before: bytes | None, expected: bytes | None
) -> None:
    """The error says what the key holds; for put and delete alike."""
    if before is not None:
        table[b"k"] = before
    count = commits(store)
    for call in (
        lambda: table.put(b"k", b"new", expected=expected),
        lambda: table.delete(b"k", expected=expected),
    ):
        with pytest.raises(ConditionFailedError) as caught:
            call()
        assert (before, b"k", table.name) == (
            caught.value.actual,
            caught.value.key,
            caught.value.table,
        )
    assert count == commits(store)


def test_expected_none_asks_for_an_absent_key(table: Table) -> None:
    """One that was deleted is absent."""
    table.put(b"k", b"1", expected=None)
    table.delete(b"k")
    table.put(b"k", b"2", expected=None)
    assert b"2" == table[b"k"]


def test_expected_any_is_no_condition(table: Table) -> None:
    """It is the default, spelled out."""
    table.put(b"k", b"1", expected=ANY)
    assert table.delete(b"k", expected=ANY)


def test_delete_says_whether_the_key_was_there(store: Store, table: Table) -> None:
    """Deleting an absent key writes nothing."""
    table[b"k"] = b"v"
    assert (True, None) == (table.delete(b"k"), table.get(b"k"))
    count = commits(store)
    assert (False, count) == (table.delete(b"k"), commits(store))


def test_del_of_an_absent_key_is_a_key_error(table: Table) -> None:
    """As a dict does it."""
    table[b"k"] = b"v"
    del table[b"k"]
    with pytest.raises(KeyError) as caught:
        del table[b"k"]
    assert (b"k",) == caught.value.args


@pytest.mark.parametrize("form", [dict, lambda rows: rows, iter, tuple])
def test_put_many_takes_mappings_and_pairs(
    table: Table, form: Callable[[list[tuple[bytes, bytes]]], object]
) -> None:
    """Lists, iterators, dicts: one commit."""
    stamp = table.put_many(form([(b"a", b"1"), (b"b", b"2")]))  # type: ignore[arg-type]
    assert [(b"a", b"1"), (b"b", b"2")] == list(table.items())
    assert [stamp, stamp] == [table.history(key)[0].timestamp for key in (b"a", b"b")]


def test_of_a_key_that_comes_twice_the_last_value_counts(table: Table) -> None:
    """Also where the two are of different types."""
    table.put_many([(b"k", b"1"), (b"k", b"2")])
    table.put_many([(b"l", b"1"), (bytearray(b"l"), memoryview(b"2"))])
    assert [b"2", b"2"] == table.get_many([b"k", b"l"])
    assert 1 == len(table.history(b"l"))


def test_put_many_of_nothing_writes_nothing(store: Store, table: Table) -> None:
    """It gives the last commit's timestamp."""
    last = table.put(b"k", b"v")
    assert (last, last) == (table.put_many([]), store.stats().last_commit)


def test_ingest_does_what_put_many_does(store: Store, table: Table) -> None:
    """In one commit, in any order, the later value of a key; nothing for nothing."""
    table.put_many({b"b": b"old", b"c": b"old"})
    stamp = table.ingest(iter([(b"d", b"1"), (b"b", b"2"), (b"d", b"3")]))
    assert [(b"b", b"2"), (b"c", b"old"), (b"d", b"3")] == list(table.items())
    assert stamp == table.ingest([]) == table.history(b"d")[0].timestamp
    assert [b"b", b"d"] == [change.key for change in store.changes(Timestamp(stamp.value - 1))]


def test_ingest_into_a_dropped_table_is_refused(store: Store, table: Table) -> None:
    """And goes on where another table was made."""
    store.create_table("bank.other")
    table.ingest([(b"a", b"1")])
    store.drop_table(table.name)
    with pytest.raises(TableNotFoundError):
        table.ingest([(b"a", b"2")])
    assert {b"a"} == {change.key for change in store.changes(Timestamp(0), table=table.name)}


def test_an_increment_sees_an_ingest(store: Store, table: Table) -> None:
    """A transaction that read what it replaced is in conflict; what is run again goes through."""
    table.increment(b"n")
    with store.transaction() as txn:
        txn[table.name].increment(b"n")
        table.ingest([(b"a", b""), (b"n", (7).to_bytes(8, "big"))])
        with pytest.raises(TransactionRetryError):
            txn.commit()
    assert 8 == table.increment(b"n")


def test_a_bad_row_spoils_the_whole_call(store: Store, table: Table) -> None:
    """Nothing of it is written."""
    count = commits(store)
    for rows in ([(b"a", b""), ("b", b"")], [(b"a", b""), (b"b", "")], [(b"a", b""), (b"b",)]):
        with pytest.raises((TypeError, ValueError)):
            table.put_many(rows)  # type: ignore[arg-type]
    assert count == commits(store)


def test_a_value_over_the_limit_is_refused(
    store: Store, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By every call that takes one, with its length; shown with a limit of 3 bytes."""
    for module in (arguments, table_module, rows_module):
        monkeypatch.setattr(module, "MAX_VALUE_BYTES", 3)
    count = commits(store)
    txn = store.transaction()
    targets: tuple[Writable, Writable] = (table, txn[table.name])
    calls: list[Callable[[], object]] = [
        partial(txn[table.name].put_many, {b"a": b"", b"k": b"1234"})
    ]
    for target in targets:
        calls.append(partial(target.put, b"k", b"1234"))
        calls.append(partial(target.put, b"k", bytearray(4), expected=None))
    for call in calls:
        with pytest.raises(ValueTooLargeError) as caught:
            call()
        assert (4, 3) == (caught.value.length, caught.value.limit)
    txn.rollback()
    assert count == commits(store)


def test_delete_many_counts_the_keys_that_were_there(store: Store, table: Table) -> None:
    """A key that comes twice counts once; absent ones are not written."""
    table.put_many({b"a": b"", b"b": b"", b"c": b""})
    count = commits(store)
    assert 2 == table.delete_many([b"a", b"x", b"c", b"a"])
    assert ([b"b"], count + 2) == (list(table), commits(store))
    assert 0 == table.delete_many([b"a"])
    assert count + 2 == commits(store)


def test_delete_range_deletes_a_span_in_one_commit(store: Store, table: Table) -> None:
    """Half open; an empty one writes nothing."""
    table.put_many((b"%04d" % number, b"") for number in range(1000))
    assert 400 == table.delete_range(b"0300", b"0700")
    assert 600 == table.count()
    last = store.stats().last_commit
    assert {last} == {change.timestamp for change in store.changes(Timestamp(last.value - 1))}
    assert 0 == table.delete_range(b"0300", b"0700")
    assert last == store.stats().last_commit


def test_delete_range_without_bounds_deletes_all(table: Table) -> None:
    """None is unbounded."""
    table.put_many({b"": b"", b"\xff" * 490: b""})
    assert 2 == table.delete_range(None, None)


def test_delete_range_refuses_a_backward_span(table: Table) -> None:
    """Before anything is written."""
    with pytest.raises(InvalidSpanError):
        table.delete_range(b"b", b"a")


def test_increment_counts_from_zero_in_eight_bytes(table: Table) -> None:
    """Big-endian, signed."""
    assert [1, 11, -4] == [table.increment(b"n", by) for by in (1, 10, -15)]
    assert (-4).to_bytes(8, "big", signed=True) == table[b"n"]


@pytest.mark.parametrize(("start", "by"), [(2**63 - 1, 1), (-(2**63), -1), (0, 2**63)])
def test_increment_refuses_to_leave_int64(table: Table, start: int, by: int) -> None:
    """The value stays as it was; the edges themselves can be reached."""
    table.increment(b"n", start)
    with pytest.raises(IntegerOverflowError) as caught:
        table.increment(b"n", by)
    assert (by, start) == (caught.value.by, table.increment(b"n", 0))


@pytest.mark.parametrize("value", [b"", b"1", b"123456789"])
def test_increment_refuses_what_is_no_integer(table: Table, value: bytes) -> None:
    """It has to be exactly eight bytes."""
    table[b"n"] = value
    with pytest.raises(NotAnIntegerError) as caught:
        table.increment(b"n")
    assert (len(value), value) == (caught.value.length, table[b"n"])


def test_increment_by_a_float_is_a_type_error(table: Table) -> None:
    """Counters are exact."""
    with pytest.raises(TypeError, match="float"):
        table.increment(b"n", 1.5)  # type: ignore[arg-type]


def test_increments_of_many_threads_all_count(table: Table) -> None:
    """Each is one transaction, repeated until it goes through."""
    threads = [
        threading.Thread(target=lambda: [table.increment(b"n") for _ in range(25)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 100 == table.increment(b"n", 0)


def test_a_write_that_slips_in_between_is_seen(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conditional call that lost to another commit reads again before it decides."""
    table.increment(b"n", 5)
    commit = table._engine.commit
    others = [(7).to_bytes(8, "big"), (6).to_bytes(8, "big")]

    def late(_: Engine, batch: WriteBatch, **options: Any) -> int:
        if others:
            commit(WriteBatch([table._id], [b"n"], [others.pop()]))
        return commit(batch, **options)

    monkeypatch.setattr(type(table._engine), "commit", late)
    assert 8 == table.increment(b"n")


def test_a_readonly_store_refuses_every_write(open_engine: Opener) -> None:
    """Also those that would write nothing."""
    with Store(open_engine()) as store:
        store.create_table("bank.accounts")[b"k"] = b"v"
    with Store(open_engine(readonly=True)) as store:
        table = store["bank.accounts"]
        for call in (
            lambda: table.put(b"k", b""),
            lambda: table.put(b"k", b"", expected=b"other"),
            lambda: table.put_many({b"k": b""}),
            lambda: table.put_many([]),
            lambda: table.ingest({b"k": b""}),
            lambda: table.ingest([]),
            lambda: store.merge(),
            lambda: table.delete(b"absent"),
            lambda: table.delete_many([]),
            lambda: table.delete_range(b"x", b"y"),
            lambda: table.increment(b"n"),
            lambda: store.create_table("bank.other"),
            lambda: store.drop_table("bank.accounts"),
            lambda: store.gc(),
        ):
            with pytest.raises(ReadOnlyError):
                call()
        assert b"v" == table[b"k"]


@pytest.mark.parametrize("items", ["a", [(b"k",)], [(b"k", b"1", b"2")], [1], [None]])
def test_put_many_refuses_what_is_no_pair(store: Store, table: Table, items: Any) -> None:
    """As a TypeError, before anything is written."""
    before = store.stats().last_commit
    with pytest.raises(TypeError):
        table.put_many(items)
    assert before == store.stats().last_commit
