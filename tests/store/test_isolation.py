"""What transactions may not overlook: conflicts at both levels, tables that go, and `run`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mvcc.errors import (
    ReadOnlyError,
    StoreClosedError,
    TransactionRetryError,
)
from mvcc.store import Store
from mvcc.table import Table
from mvcc.transaction import Transaction, TransactionTable

NAME = "bank.accounts"


# -- conflicts --------------------------------------------------------------------------------------

READS: dict[str, Callable[[TransactionTable], object]] = {
    "get": lambda t: t.get(b"m"),
    "in": lambda t: b"m" in t,
    "get_many": lambda t: t.get_many([b"a", b"m"]),
    "scan": lambda t: list(t.scan()),
    "scan of a span": lambda t: list(t.scan(b"l", b"n")),
    "scan of a prefix": lambda t: list(t.scan(prefix=b"m")),
    "reverse scan": lambda t: list(t.scan(reverse=True)),
    "limited scan": lambda t: list(t.scan(b"b", limit=2)),
    "limited scan that ends there": lambda t: list(t.scan(b"b", limit=1)),
    "limited reverse scan": lambda t: list(t.scan(reverse=True, limit=2)),
    "keys": lambda t: list(t.keys()),
    "count": lambda t: t.count(b"b"),
    "history": lambda t: t.history(b"m"),
    "failed condition": lambda t: t.put(b"m", b"", expected=None) if b"m" not in t else None,
}
each_read = pytest.mark.parametrize("read", READS.values(), ids=READS.keys())


@each_read
@pytest.mark.parametrize("there", [False, True])
def test_a_serializable_commit_fails_where_its_reads_have_changed(
    store: Store, table: Table, read: Callable[[TransactionTable], object], there: bool
) -> None:
    """Also those that found nothing; under snapshot isolation it does not."""
    table.put_many({b"a": b"", b"z": b"", **({b"m": b"old"} if there else {})})
    for isolation in ("serializable", "snapshot"):
        txn = store.transaction(isolation=isolation)
        if there or read is not READS["failed condition"]:
            read(txn[NAME])
        else:
            assert b"m" not in txn[NAME]
        txn[NAME][b"mine"] = b""
        table.put(b"m", b"new %s" % isolation.encode())
        if not there:
            table.delete(b"m")
        if isolation == "snapshot":
            txn.commit()
            continue
        with pytest.raises(TransactionRetryError) as caught:
            txn.commit()
        assert "conflict" == caught.value.reason
        assert b"mine" not in table


MISSES: dict[str, Callable[[TransactionTable], object]] = {
    "nothing": lambda _: None,
    "get": lambda t: t.get(b"l"),
    "scan up to it": lambda t: list(t.scan(None, b"m")),
    "scan from behind it": lambda t: list(t.scan(b"m\x00")),
    "scan cut before it": lambda t: list(t.scan(limit=2)),
    "reverse scan cut before it": lambda t: list(t.scan(reverse=True, limit=1)),
    "scan of nothing": lambda t: list(t.scan(limit=0)),
    "its own write": lambda t: (t.put(b"m", b"own"), t.get(b"m")),  # type: ignore[func-returns-value]
}


@pytest.mark.parametrize("read", MISSES.values(), ids=MISSES.keys())
def test_a_serializable_commit_passes_where_only_others_have_changed(
    store: Store, table: Table, read: Callable[[TransactionTable], object]
) -> None:
    """Exact to the key; a blind write needs no check."""
    table.put_many({b"a": b"", b"b": b"", b"z": b""})
    with store.transaction() as txn:
        read(txn[NAME])
        txn[NAME][b"mine"] = b""
        table[b"m"] = b"new"
    assert b"mine" in table


def test_a_scan_that_was_left_answers_for_what_it_gave(store: Store, table: Table) -> None:
    """Not for what lies far behind its last page."""
    table.put_many((b"%05d" % number, b"") for number in range(1000))
    with store.transaction() as txn:
        with txn[NAME].scan() as scan:
            next(scan)
        txn[NAME][b"mine"] = b""
        table[b"00999"] = b"new"
    txn = store.transaction()
    with txn[NAME].scan() as scan:
        next(scan)
    txn[NAME][b"mine"] = b""
    table[b"00000"] = b"new"
    with pytest.raises(TransactionRetryError):
        txn.commit()


@pytest.mark.parametrize("isolation", ["serializable", "snapshot"])
def test_an_increment_is_never_lost(store: Store, table: Table, isolation: str) -> None:
    """Both levels check a key that was read and written."""
    txn = store.transaction(isolation=isolation)  # type: ignore[arg-type]
    txn[NAME].increment(b"n")
    table.increment(b"n")
    with pytest.raises(TransactionRetryError):
        txn.commit()
    assert 1 == table.increment(b"n", 0)


def test_under_snapshot_isolation_the_first_committer_wins(store: Store, table: Table) -> None:
    """Of two that write the same key; others pass."""
    one, two, three = (store.transaction(isolation="snapshot") for _ in range(3))
    one[NAME][b"k"] = b"1"
    two[NAME][b"k"] = b"2"
    three[NAME][b"l"] = b"3"
    one.commit()
    with pytest.raises(TransactionRetryError):
        two.commit()
    three.commit()
    assert [(b"k", b"1"), (b"l", b"3")] == list(table.items())


def test_write_skew_is_refused_where_it_is_serializable(store: Store, table: Table) -> None:
    """Two doctors who both leave: the textbook's case; snapshot isolation lets it pass."""
    for isolation, on_call in (("serializable", 1), ("snapshot", 0)):
        table.put_many({b"alice": b"on", b"bob": b"on"})
        txns = [store.transaction(isolation=isolation) for _ in range(2)]  # type: ignore[arg-type]
        for txn, doctor in zip(txns, (b"alice", b"bob"), strict=True):
            if sum(value == b"on" for value in txn[NAME].values()) > 1:
                txn[NAME][doctor] = b"off"
        txns[0].commit()
        if isolation == "serializable":
            with pytest.raises(TransactionRetryError):
                txns[1].commit()
        else:
            txns[1].commit()
        assert on_call == sum(value == b"on" for value in table.values())


def test_a_transaction_that_only_read_never_fails(store: Store, table: Table) -> None:
    """Its reads were all of one instant."""
    with store.transaction() as txn:
        assert [] == list(txn[NAME].scan())
        table[b"a"] = b"1"
        assert [] == list(txn[NAME].scan())


# -- the catalog ------------------------------------------------------------------------------------


def test_tables_made_meanwhile_do_not_disturb_a_commit(store: Store, table: Table) -> None:
    """Its own are still the same."""
    with store.transaction() as txn:
        txn[NAME][b"a"] = b"1"
        store.create_table("bank.other")
    assert b"1" == table[b"a"]


def test_a_table_dropped_meanwhile_fails_a_commit(store: Store, table: Table) -> None:
    """Also one that was made anew under the same name; and one that was only read."""
    other = store.create_table("bank.other")
    for touch in (
        lambda txn: txn[NAME].put(b"a", b"1"),
        lambda txn: (txn[NAME].get(b"a"), txn["bank.other"].put(b"a", b"1")),
    ):
        txn = store.transaction()
        touch(txn)
        store.drop_table(NAME)
        again = store.create_table(NAME)
        with pytest.raises(TransactionRetryError) as caught:
            txn.commit()
        assert "catalog" == caught.value.reason
        assert ([], []) == (list(again), list(other))
    assert table.name == NAME


# -- run --------------------------------------------------------------------------------------------


def test_run_commits_and_gives_the_result(store: Store, table: Table) -> None:
    """Arguments follow the transaction."""

    def move(txn: Transaction, amount: int, to: bytes) -> int:
        return txn[NAME].increment(to, amount)

    assert 7 == store.run(move, 7, b"ada")
    assert 7 == table.increment(b"ada", 0)


def test_run_tries_again_after_a_conflict(store: Store, table: Table) -> None:
    """From the begin, with a new view."""
    seen: list[int] = []

    def add(txn: Transaction) -> None:
        seen.append(txn[NAME].increment(b"n"))
        if len(seen) < 3:
            table.increment(b"n", 10)

    store.run(add)
    assert ([1, 11, 21], 21) == (seen, table.increment(b"n", 0))


def test_run_gives_up_with_the_last_error(store: Store, table: Table) -> None:
    """A note on it says how often it was tried."""
    calls: list[int] = []

    def unlucky(txn: Transaction) -> None:
        calls.append(txn[NAME].increment(b"n"))
        table.increment(b"n")

    with pytest.raises(TransactionRetryError) as caught:
        store.run(unlucky, retries=2)
    assert (3, ["Tried 3 times; raise retries to try more often."]) == (
        len(calls),
        caught.value.__notes__,
    )


def test_run_does_not_repeat_other_errors(store: Store, table: Table) -> None:
    """The transaction is rolled back, the error is the caller's."""
    calls: list[int] = []

    def fail(txn: Transaction) -> None:
        txn[NAME][b"a"] = b"1"
        calls.append(1)
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        store.run(fail)
    assert ([1], None) == (calls, table.get(b"a"))


def test_run_passes_options_on(store: Store, table: Table) -> None:
    """Those of transaction()."""
    del table
    with pytest.raises(ReadOnlyError):
        store.run(lambda txn: txn[NAME].put(b"a", b""), readonly=True)


def test_closing_the_store_rolls_a_forgotten_transaction_back(store: Store, table: Table) -> None:
    """With a ResourceWarning."""
    del table
    txn = store.transaction()
    txn[NAME][b"a"] = b"1"
    with pytest.warns(ResourceWarning, match="neither committed nor rolled back"):
        store.close()
    with pytest.raises(StoreClosedError):
        txn.commit()
