"""One damaged record of a value: every call of a store that would read it raises, none answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import mvcc
from tests.engine.records import damage, data_row

NAME = "bank.accounts"
VALUE = b"the value of the victim"


def in_transaction(store: mvcc.Store) -> object:
    """A read in a transaction."""
    with store.transaction() as txn:
        return txn[NAME].get(b"victim")


def in_snapshot(store: mvcc.Store) -> object:
    """A read AS OF the present."""
    with store.snapshot() as snap:
        return snap[NAME].get(b"victim")


CALLS: dict[str, Callable[[mvcc.Store, Path], object]] = {
    "get": lambda store, _: store[NAME].get(b"victim"),
    "get_many": lambda store, _: store[NAME].get_many([b"a", b"victim"]),
    "contains": lambda store, _: b"victim" in store[NAME],
    "scan": lambda store, _: list(store[NAME].scan()),
    "scan in reverse": lambda store, _: list(store[NAME].scan(reverse=True)),
    "scan of a prefix": lambda store, _: list(store[NAME].scan(prefix=b"vic")),
    "count": lambda store, _: store[NAME].count(),
    "history": lambda store, _: store[NAME].history(b"victim"),
    "changes": lambda store, _: list(store.changes(mvcc.Timestamp(0))),
    "diff": lambda store, _: list(store.diff(mvcc.Timestamp(0), store.now())),
    "snapshot": lambda store, _: in_snapshot(store),
    "transaction": lambda store, _: in_transaction(store),
    "increment": lambda store, _: store[NAME].increment(b"victim"),
    "backup": lambda store, folder: store.backup(folder / "backups"),
    "verify": lambda store, _: store.verify(),
}


def make_damaged_store(folder: Path) -> None:
    """A table with three keys, the middle one's value damaged in its last byte."""
    with mvcc.open(folder) as store:
        table = store.create_table(NAME)
        table.put(b"a", b"1")
        timestamp = int(table.put(b"victim", VALUE))
        table.put(b"z", b"3")
        [info] = store.tables()
    row = data_row(info.id, b"victim", timestamp, VALUE)
    damage(folder / "data.mdb", row, len(row) - 1)


@pytest.mark.parametrize("call", CALLS)
def test_a_damaged_value_is_never_answered(tmp_path: Path, call: str) -> None:
    """StoreCorruptedError, whichever way the value is come by."""
    make_damaged_store(tmp_path / "store")
    with mvcc.open(tmp_path / "store") as store, pytest.raises(mvcc.StoreCorruptedError):
        CALLS[call](store, tmp_path)


def test_verify_names_every_problem(tmp_path: Path) -> None:
    """The row of the value, and the change that points at it."""
    make_damaged_store(tmp_path / "store")
    with (
        mvcc.open(tmp_path / "store") as store,
        pytest.raises(mvcc.StoreCorruptedError) as raised,
    ):
        store.verify()
    assert [True, True] == ["b'victim'" in problem for problem in raised.value.problems]


def test_other_keys_stay_readable(tmp_path: Path) -> None:
    """Damage is of the record that has it."""
    make_damaged_store(tmp_path / "store")
    with mvcc.open(tmp_path / "store") as store:
        assert [b"1", b"3"] == store[NAME].get_many([b"a", b"z"])
