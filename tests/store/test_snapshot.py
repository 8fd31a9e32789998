"""Snapshots: a store AS OF an instant, read-only, picklable, until it is closed."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import mvcc
from mvcc.errors import (
    InvalidTimestampError,
    ReadOnlyError,
    StoreClosedError,
    StoreNotFoundError,
    TableNotFoundError,
    TimestampBelowGCError,
    TimestampInFutureError,
)
from mvcc.snapshot import Snapshot
from mvcc.store import Store
from mvcc.table import Table
from mvcc.testing import ManualClock
from mvcc.timestamp import Timestamp, When
from mvcc.types import Readable

NAME = "bank.accounts"


def test_a_snapshot_is_at_the_last_commit(store: Store, table: Table) -> None:
    """What is committed later is not in it."""
    last = table.put(b"k", b"1")
    with store.snapshot() as snap:
        table[b"k"] = b"2"
        assert (last, b"1") == (snap.timestamp, snap[NAME][b"k"])


def test_a_snapshot_answers_every_read(store: Store, table: Table) -> None:
    """As the live table did at its instant."""
    rows = [(b"%03d" % number, b"v") for number in range(300)]
    table.put_many(rows)
    with store.snapshot() as snap:
        table.delete_range(None, None)
        t = snap[NAME]
        assert isinstance(t, Readable)
        assert (rows, rows[::-1]) == (list(t.scan()), list(t.scan(reverse=True)))
        assert (300, 300, NAME) == (t.count(), t.stats().rows, t.name)
        assert (b"v", [b"v", None], True, 7) == (
            t[b"000"],
            t.get_many([b"001", b"x"]),
            b"299" in t,
            t.get(b"x", 7),
        )
        assert 1 == len(t.history(b"000"))
    assert 2 == len(table.history(b"000"))


def test_every_commit_is_an_instant_of_its_own(store: Store, table: Table) -> None:
    """Just before it the commit is not there."""
    stamps = [table.put(b"k", b"%d" % number) for number in range(4)]
    for number, stamp in enumerate(stamps):
        assert b"%d" % number == store.as_of(stamp)[NAME][b"k"]
    assert None is store.as_of(Timestamp(stamps[0].value - 1))[NAME].get(b"k")


def test_now_is_an_instant_that_stays(store: Store, table: Table) -> None:
    """No later commit slips under it, though the clock stands still."""
    table[b"k"] = b"1"
    now = store.now()
    table[b"k"] = b"2"
    assert b"1" == store.as_of(now)[NAME][b"k"]


@pytest.mark.parametrize(
    "when",
    [
        timedelta(seconds=-60),
        "-1m",
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        "2023-11-14T22:13:20+00:00",
        "2023-11-14T23:13:20+01:00",
        "1700000000000000.0000",
        Timestamp.from_wall_us(1_700_000_000_000_000),
    ],
    ids=repr,
)
def test_an_instant_can_be_written_in_many_ways(
    store: Store, table: Table, clock: ManualClock, when: When
) -> None:
    """The clock began at 1,700,000,000 s; commits within that microsecond are above it."""
    table[b"k"] = b"1"
    clock.advance("1m")
    with store.as_of(when) as snap:
        assert Timestamp.from_wall_us(1_700_000_000_000_000) == snap.timestamp
        with store.as_of(snap) as same:
            assert snap.timestamp == same.timestamp


@pytest.mark.parametrize("when", [0, 1.5, "+10s", "yesterday", datetime(2023, 1, 1)])
def test_what_is_no_instant_is_refused(store: Store, when: object) -> None:
    """A bare number most of all."""
    with pytest.raises(InvalidTimestampError):
        store.as_of(when)  # type: ignore[arg-type]


def test_the_future_is_refused(store: Store, table: Table, clock: ManualClock) -> None:
    """Up to the clock an instant is past, whatever was committed."""
    del table
    store.as_of(Timestamp.from_wall_us(clock.now_us()))
    with pytest.raises(TimestampInFutureError):
        store.as_of(Timestamp.from_wall_us(clock.now_us() + 1_000_000))


def test_tables_are_those_of_the_instant(store: Store, table: Table) -> None:
    """With the names of then."""
    del table
    before = store.now()
    store.drop_table(NAME)
    store.create_table("bank.later")
    with store.as_of(before) as snap, store.snapshot() as now:
        assert ([NAME], ["bank.later"]) == (
            [info.name for info in snap.tables()],
            [info.name for info in now.tables()],
        )
        with pytest.raises(TableNotFoundError) as caught:
            snap["bank.later"]
        assert before == caught.value.timestamp


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("put", (b"k", b"")),
        ("put_many", ({},)),
        ("ingest", ({},)),
        ("delete", (b"k",)),
        ("delete_many", ([],)),
        ("delete_range", (None, None)),
        ("increment", (b"k",)),
        ("__setitem__", (b"k", b"")),
        ("__delitem__", (b"k",)),
    ],
)
def test_a_snapshot_cannot_be_written(
    store: Store, table: Table, method: str, args: tuple[object, ...]
) -> None:
    """Every write raises ReadOnlyError."""
    del table
    with pytest.raises(ReadOnlyError, match="AS OF"):
        getattr(store.snapshot()[NAME], method)(*args)


def test_history_ends_at_the_snapshot(store: Store, table: Table) -> None:
    """What came later is its future."""
    first = table.put(b"k", b"1")
    with store.snapshot() as snap:
        later = table.put(b"k", b"2")
        assert [first] == [version.timestamp for version in snap[NAME].history(b"k")]
        with pytest.raises(TimestampInFutureError):
            snap[NAME].history(b"k", until=later)


def test_a_closed_snapshot_reads_no_more(store: Store, table: Table) -> None:
    """Nor do the tables and scans that came from it; closing twice is no error."""
    table.put_many({b"a": b"", b"b": b""})
    snap = store.snapshot()
    t = snap[NAME]
    scan = t.scan()
    next(scan)
    snap.close()
    snap.close()
    for call in (
        lambda: snap[NAME],
        snap.tables,
        lambda: t.get(b"a"),
        lambda: t.get_many([b"a"]),
        lambda: list(t.scan()),
        lambda: next(scan),
    ):
        with pytest.raises(StoreClosedError):
            call()
    assert 0 == store.stats().open_snapshots


def test_an_open_snapshot_holds_garbage_collection_back(store: Store, table: Table) -> None:
    """For itself; no new one can be taken below the threshold."""
    first = table.put(b"k", b"1")
    with store.snapshot() as snap:
        table[b"k"] = b"2"
        store.gc(before=store.now())
        assert b"1" == snap[NAME][b"k"]
        with pytest.raises(TimestampBelowGCError):
            store.as_of(first)


def test_a_dropped_snapshot_lets_go(store: Store, table: Table) -> None:
    """Once its tables and scans are dropped too."""
    table[b"k"] = b"1"
    t = store.snapshot()[NAME]
    assert (b"1", 1) == (t[b"k"], store.stats().open_snapshots)
    scan = t.scan()
    del t
    assert [(b"k", b"1")] == list(scan)
    del scan
    assert 0 == store.stats().open_snapshots


# -- pickle ------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store on disk with two versions of a key, closed."""
    with mvcc.open(tmp_path / "store") as store:
        table = store.create_table(NAME)
        table[b"k"] = b"1"
        table[b"k"] = b"2"
    return tmp_path / "store"


@pytest.fixture
def pickled(folder: Path) -> tuple[bytes, Timestamp]:
    """A snapshot of its first version as it travels, and its timestamp."""
    with mvcc.open(folder) as store:
        first = store[NAME].history(b"k")[-1].timestamp
        with store.as_of(first) as snap:
            data = pickle.dumps(snap)
    return data, first


def test_a_snapshot_opens_itself_where_its_store_is_closed(
    folder: Path, pickled: tuple[bytes, Timestamp]
) -> None:
    """At the same instant; with the last such snapshot the store is closed again."""
    data, first = pickled
    one: Snapshot = pickle.loads(data)
    two: Snapshot = pickle.loads(data)
    assert (first, b"1") == (one.timestamp, one[NAME][b"k"])
    one.close()
    one.close()
    assert b"1" == two[NAME][b"k"]
    two.close()
    with mvcc.open(folder) as store:
        assert b"2" == store[NAME][b"k"]


def test_a_snapshot_finds_the_open_store_of_its_process(
    folder: Path, pickled: tuple[bytes, Timestamp]
) -> None:
    """And leaves it open."""
    data, _ = pickled
    with mvcc.open(folder) as store:
        with pickle.loads(data) as snap:
            assert b"1" == snap[NAME][b"k"]
        assert b"2" == store[NAME][b"k"]


def test_a_snapshot_whose_store_is_gone_says_so(pickled: tuple[bytes, Timestamp]) -> None:
    """It makes no new store."""
    data, _ = pickled
    moved = data.replace(b"/store", b"/stare")
    with pytest.raises(StoreNotFoundError):
        pickle.loads(moved)


def test_a_snapshot_below_the_threshold_leaves_no_store_open(
    folder: Path, pickled: tuple[bytes, Timestamp]
) -> None:
    """The error comes from unpickling, and the path can be opened after it."""
    data, _ = pickled
    with mvcc.open(folder) as store:
        store.gc(before=store.now())
    with pytest.raises(TimestampBelowGCError):
        pickle.loads(data)
    mvcc.open(folder).close()


@pytest.mark.parametrize("end", ["close", "drop"])
def test_a_pickled_snapshot_holds_the_threshold_until_it_ends(
    store: Store, table: Table, end: str
) -> None:
    """So that another process can open its instant meanwhile; pickling again changes nothing."""
    table[b"k"] = b"1"
    snap = store.snapshot()
    table[b"k"] = b"2"
    pickle.dumps(snap)
    pickle.dumps(snap)
    assert snap.timestamp == store.gc(before=store.now()).threshold
    if end == "close":
        snap.close()
    del snap
    assert store.stats().last_commit == store.gc(before=store.now()).threshold


def test_a_snapshot_below_the_threshold_does_not_pickle(store: Store, table: Table) -> None:
    """No other process could open it."""
    table[b"k"] = b"1"
    snap = store.snapshot()
    table[b"k"] = b"2"
    store.gc(before=store.now())
    with pytest.raises(TimestampBelowGCError):
        pickle.dumps(snap)


def test_a_snapshot_that_outlives_its_store_is_no_trouble(store: Store, table: Table) -> None:
    """Closing it, or dropping it, does nothing then."""
    table[b"k"] = b"1"
    snap = store.snapshot()
    pickle.dumps(snap)
    store.close()
    snap.close()
    del snap


def test_a_table_of_a_snapshot_does_not_pickle(store: Store, table: Table) -> None:
    """Its snapshot does."""
    del table
    with pytest.raises(TypeError, match="Snapshot"):
        pickle.dumps(store.snapshot()[NAME])
