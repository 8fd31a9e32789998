"""A store as a whole: opening, closing, what is out of order."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import mvcc
from mvcc.errors import (
    ForkedStoreError,
    InvalidArgumentError,
    NotAStoreError,
    StoreAlreadyOpenError,
    StoreClosedError,
    StoreNotFoundError,
)
from mvcc.store import Store
from mvcc.stream import Handles
from mvcc.table import Table
from mvcc.testing import ManualClock
from mvcc.timestamp import Timestamp

NAME = "bank.accounts"


def test_opening_makes_a_store(tmp_path: Path) -> None:
    """Opening again finds it; the path may be text or a Path."""
    with mvcc.open(tmp_path / "store") as store:
        store.create_table(NAME)[b"k"] = b"v"
        store_id = store.stats().store_id
    with mvcc.open(str(tmp_path / "store")) as store:
        assert (b"v", store_id) == (store[NAME][b"k"], store.stats().store_id)


def test_opening_gives_the_public_class(tmp_path: Path) -> None:
    """Which is the one that programs name."""
    with mvcc.open(tmp_path / "store") as store:
        assert mvcc.Store is type(store)
        assert str(tmp_path / "store") == store.path


def test_nothing_is_made_where_it_is_not_to_be(tmp_path: Path) -> None:
    """Neither with create=False nor to be read only."""
    for options in ({"create": False}, {"readonly": True}):
        with pytest.raises(StoreNotFoundError):
            mvcc.open(tmp_path / "store", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "store").exists()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    """Nor is a folder with other things in it."""
    (tmp_path / "file").write_bytes(b"text")
    for path in (tmp_path / "file", tmp_path):
        with pytest.raises(NotAStoreError):
            mvcc.open(path)


def test_a_store_whose_maker_was_killed_can_be_made(tmp_path: Path) -> None:
    """LMDB's lock file is there before the data is."""
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "lock.mdb").touch()
    with pytest.raises(StoreNotFoundError):
        mvcc.open(tmp_path / "s", create=False)
    with mvcc.open(tmp_path / "s") as store:
        assert [] == store.tables()


def test_a_store_that_lost_its_data_is_not_made_anew(tmp_path: Path) -> None:
    """What stands beside the data says that there was some."""
    mvcc.open(tmp_path / "s").close()
    (tmp_path / "s" / "data.mdb").unlink()
    with pytest.raises(NotAStoreError):
        mvcc.open(tmp_path / "s")


def test_a_store_opens_once_in_a_process(tmp_path: Path) -> None:
    """Until it is closed."""
    with mvcc.open(tmp_path / "store"), pytest.raises(StoreAlreadyOpenError):
        mvcc.open(tmp_path / "store")
    mvcc.open(tmp_path / "store").close()


def test_a_bad_option_leaves_nothing_open(tmp_path: Path) -> None:
    """The path can be opened after it."""
    for options in ({"gc_ttl": "soon"}, {"map_size": "big"}, {"gc_ttl": -1}):
        with pytest.raises(InvalidArgumentError):
            mvcc.open(tmp_path / "store", **options)
    mvcc.open(tmp_path / "store", map_size="1GiB", gc_ttl="25h").close()


def test_the_map_size_is_the_caller_s(tmp_path: Path) -> None:
    """As a size in words."""
    with mvcc.open(tmp_path / "store", map_size="64MiB") as store:
        assert 64 << 20 == store.stats().map_bytes


def test_the_clock_is_the_caller_s(tmp_path: Path) -> None:
    """Of commits and of relative times."""
    clock = ManualClock()
    with mvcc.open(tmp_path / "store", clock=clock) as store:
        table = store.create_table(NAME)
        clock.advance("1h")
        assert Timestamp.from_wall_us(clock.now_us()) == table.put(b"k", b"1")
        clock.advance("1h")
        assert b"1" == store.as_of("-59m")[NAME][b"k"]
        assert b"k" not in store.as_of("-61m")[NAME]


def test_now_is_below_every_later_commit(store: Store, table: Table) -> None:
    """Though the clock stands still."""
    now = store.now()
    assert now < table.put(b"k", b"1") <= store.now()


def test_a_closed_store_answers_nothing(store: Store, table: Table) -> None:
    """Nor does anything that came from it; closing again is no error."""
    table.put_many({b"a": b"", b"b": b""})
    snap = store.snapshot()
    past = snap[NAME]
    scan, past_scan, feed = table.scan(), past.scan(), store.changes(Timestamp.MIN)
    orphan = store.snapshot()[NAME].scan()
    for each in (scan, past_scan, orphan, feed):
        next(each)
    store.close()
    store.close()
    assert store.closed
    for call in (
        lambda: store[NAME],
        lambda: store.create_table("bank.other"),
        lambda: store.drop_table(NAME),
        store.tables,
        store.databases,
        store.now,
        store.stats,
        store.verify,
        store.gc,
        store.snapshot,
        store.transaction,
        lambda: store.as_of(Timestamp.MIN),
        lambda: store.changes(Timestamp.MIN),
        lambda: store.diff(Timestamp.MIN, Timestamp.MIN),
        lambda: store.run(lambda _: None),
        lambda: table.get(b"a"),
        lambda: table.put(b"a", b""),
        lambda: table.delete(b"a"),
        lambda: list(table),
        lambda: next(scan),
        lambda: snap[NAME],
        lambda: past.get(b"a"),
        lambda: next(past_scan),
        lambda: next(orphan),
        lambda: next(feed),
    ):
        with pytest.raises(StoreClosedError):
            call()
    snap.close()


def test_a_store_closes_with_its_block(tmp_path: Path) -> None:
    """Also when it is left by an exception."""
    store = mvcc.open(tmp_path / "store")
    with pytest.raises(ZeroDivisionError), store:
        raise ZeroDivisionError
    assert store.closed


def test_a_store_does_not_pickle(store: Store) -> None:
    """The error says what to send instead."""
    with pytest.raises(TypeError, match="path"):
        pickle.dumps(store)


def test_a_forked_child_cannot_use_what_it_inherited(tmp_path: Path) -> None:
    """It says so, and may open the path anew."""
    with mvcc.open(tmp_path / "store") as store:
        table = store.create_table(NAME)
        table[b"k"] = b"v"
        child = os.fork()
        if child == 0:
            code = 1
            try:
                try:
                    table.get(b"k")
                except ForkedStoreError:
                    with mvcc.open(tmp_path / "store") as own:
                        code = 0 if own[NAME][b"k"] == b"v" else 2
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert 0 == os.waitstatus_to_exitcode(status)
        assert b"v" == table[b"k"]


class Handle:
    """Something open; while it is added, a finalizer or a signal handler runs once."""

    def __init__(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        self.meanwhile, self.closed = meanwhile, False

    def __hash__(self) -> int:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return id(self)

    def close(self) -> None:
        """Notes it."""
        self.closed = True


@pytest.mark.parametrize("nested", [False, True], ids=["of a store", "of a snapshot"])
def test_what_is_opened_while_something_is_opened_is_closed_too(nested: bool) -> None:
    """Its own thread does it, which must not wait for itself."""
    parent = Handles()
    handles = Handles(parent) if nested else parent
    inner = Handle()
    outer = Handle(lambda: handles.add(inner))
    thread = threading.Thread(target=handles.add, args=(outer,), daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    parent.close_all()
    assert inner.closed and outer.closed
