"""What every engine must do with bulk loads: one commit, whose rows are told from what lies between them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvcc.engine.interface import (
    MAX_KEY_BYTES,
    ChangesRequest,
    Engine,
    ReadSet,
    ScanRequest,
    Span,
    WriteBatch,
)
from mvcc.engine.lmdb import LMDBEngine
from mvcc.engine.lmdb import open_engine as open_lmdb
from mvcc.errors import InvalidArgumentError, StorageFullError, TransactionRetryError
from mvcc.packed import PackedRows
from mvcc.rows import pack
from tests.engine.history import T, put, rows_at, walk

Change = tuple[int, int, bytes, bytes | None]
ROWS = st.dictionaries(st.binary(max_size=2), st.binary(max_size=3), min_size=1, max_size=12)


def load(engine: Engine, rows: dict[bytes, bytes], table: int = T) -> int:
    """Loads rows."""
    return engine.load_rows(table, pack(rows))


def changes(engine: Engine, since: int = 0, max_rows: int = 1000) -> list[Change]:
    """All changes since an instant, through as many pages as it takes."""
    found: list[Change] = []
    request: ChangesRequest | None = ChangesRequest(since, max_rows=max_rows)
    while request is not None:
        page = engine.changes(request)
        found += zip(page.timestamps, page.table_ids, page.keys, page.values, strict=True)
        request = page.resume
    return found


def test_a_load_leaves_what_is_between_its_keys(engine: Engine) -> None:
    """Older rows, deletions and other tables."""
    old = put(engine, {b"a": b"old", b"b": b"old", b"c": b"old", b"x": b"old"})
    put(engine, {b"c": None})
    put(engine, {b"b": b"other"}, table=T + 1)
    stamp = load(engine, {b"d": b"new", b"a": b"new"})
    rest = {b"b": b"old", b"x": b"old"}
    assert {b"a": b"new", b"d": b"new", **rest} == rows_at(engine)
    assert {b"a": b"old", b"c": b"old", **rest} == rows_at(engine, old)
    assert {b"b": b"other"} == rows_at(engine, table=T + 1)
    assert {b"a": b"old", **rest} == rows_at(engine, stamp - 1)


@pytest.mark.parametrize("max_rows", [1, 2, 1000])
def test_its_changes_are_its_own_rows_in_key_order(engine: Engine, max_rows: int) -> None:
    """Not what is older, newer or deleted between them; in pages of any size."""
    put(engine, {b"b": b"old", b"c": b"old"})
    put(engine, {b"c": None})
    since = put(engine, {b"e": b"old"})
    stamp = load(engine, {b"d": b"4", b"a": b"1", b"c": b"3"})
    later = put(engine, {b"a": b"newer", b"d": None, b"b": b"newer"})
    assert [
        (stamp, T, b"a", b"1"),
        (stamp, T, b"c", b"3"),
        (stamp, T, b"d", b"4"),
        (later, T, b"a", b"newer"),
        (later, T, b"d", None),
        (later, T, b"b", b"newer"),
    ] == changes(engine, since, max_rows)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    commits=st.lists(st.tuples(st.booleans(), ROWS), min_size=1, max_size=6),
    pages=st.integers(1, 5),
)
def test_loads_among_commits_are_commits(
    engine: Engine, commits: list[tuple[bool, dict[bytes, bytes]]], pages: int
) -> None:
    """Whichever way each set of rows goes in, every instant, the changes and the windows are the same."""
    since = engine.last_commit()
    state, expected = rows_at(engine), []
    for bulk, rows in commits:
        stamp = load(engine, rows) if bulk else put(engine, dict(sorted(rows.items())))
        state = {**state, **rows}
        expected += [(stamp, T, key, value) for key, value in sorted(rows.items())]
        assert state == rows_at(engine, stamp)
    assert expected == changes(engine, since, pages)
    with closing(engine.view()) as view:
        request = ScanRequest(Span(T), since=since, revisions=True)
        revisions = [(ts, T, key, value) for key, value, ts in walk(engine, request, view)]
    assert sorted(expected, key=lambda c: (c[2], -c[0])) == revisions
    assert () == engine.verify().problems


@pytest.mark.parametrize(
    "reads",
    [
        ReadSet(0, points=[(T, b"b")]),
        ReadSet(0, points=[(T, b"d")]),
        ReadSet(0, spans=[Span(T, b"a", b"c")]),
        ReadSet(0, spans=[Span(T, b"d", b"d\x00")]),
        ReadSet(0, spans=[Span(T, b"d")]),
        ReadSet(0, spans=[Span(T, None, b"b\x00")]),
        ReadSet(0, spans=[Span(T)]),
    ],
    ids=["first", "last", "around the first", "the last", "from the last", "to the first", "open"],
)
def test_reads_of_its_keys_refuse_a_commit(engine: Engine, reads: ReadSet) -> None:
    """As with any commit's."""
    reads.read_ts = put(engine, {b"other": b""})
    load(engine, {b"b": b"1", b"d": b"2"})
    with pytest.raises(TransactionRetryError) as caught:
        engine.commit(WriteBatch([T], [b"mine"], [b""]), reads=reads)
    assert ("conflict", None) == (caught.value.reason, engine.get(T, b"mine"))


@pytest.mark.parametrize(
    "reads",
    [
        ReadSet(0, points=[(T, b"a"), (T, b"d\x00"), (T + 1, b"b")]),
        ReadSet(0, spans=[Span(T, None, b"b"), Span(T, b"d\x00"), Span(T + 1)]),
    ],
    ids=["points", "spans"],
)
def test_reads_outside_of_its_keys_pass(engine: Engine, reads: ReadSet) -> None:
    """Before its first, behind its last, in other tables."""
    reads.read_ts = put(engine, {b"other": b""})
    load(engine, {b"b": b"1", b"d": b"2"})
    engine.commit(WriteBatch([T], [b"mine"], [b""]), reads=reads)
    assert b"" == engine.get(T, b"mine")


def test_the_longest_key_can_be_the_last(engine: Engine) -> None:
    """The end of what it covers is longer than any key."""
    key = b"\xff" * MAX_KEY_BYTES
    stamp = load(engine, {b"": b"1", key: b"2"})
    assert [(stamp, T, b"", b"1"), (stamp, T, key, b"2")] == changes(engine)


def test_what_it_wrote_can_be_collected(engine: Engine) -> None:
    """The threshold passes it, and what it replaced goes."""
    put(engine, {b"a": b"1"})
    stamp = load(engine, {b"a": b"2"})
    result = engine.gc(stamp)
    assert (stamp, 1, {b"a": b"2"}) == (result.threshold, result.versions, rows_at(engine))


def test_a_window_with_a_load_is_exported_whole(lmdb_engine: LMDBEngine) -> None:
    """What `changes` cannot list key by key is found by a scan; the split agrees."""
    put(lmdb_engine, {b"%04d" % n: b"old" for n in range(2000)})
    since = put(lmdb_engine, {b"0001": b"old"})
    load(lmdb_engine, {b"%04d" % n: b"new" for n in range(0, 2000, 7)})
    put(lmdb_engine, {b"0001": b"new", b"0700": None})
    with closing(lmdb_engine.view()) as view:
        rows = walk(lmdb_engine, ScanRequest(Span(T), since=since, tombstones=True), view)
    assert {**{b"%04d" % n: b"new" for n in [1, *range(0, 2000, 7)]}, b"0700": None} == {
        key: value for key, value, _ in rows
    }


def test_a_load_in_front_of_other_rows_is_sorted_in(lmdb_engine: LMDBEngine) -> None:
    """Between tables, and between the rows of its own: nothing can be appended."""
    put(lmdb_engine, {b"m": b"old"}, table=T)
    put(lmdb_engine, {b"a": b"old"}, table=T + 1)
    rows = {b"%05d" % n: b"v" * 100 for n in range(5000)}
    for table in (T - 1, T, T + 2):
        load(lmdb_engine, rows, table)
        load(lmdb_engine, {b"zz": b""}, table)
    assert {**rows, b"m": b"old", b"zz": b""} == rows_at(lmdb_engine)
    assert {b"a": b"old"} == rows_at(lmdb_engine, table=T + 1)
    assert {**rows, b"zz": b""} == rows_at(lmdb_engine, table=T - 1)
    assert () == lmdb_engine.verify().problems


def test_a_load_that_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    """The map is full in the middle of it; the store goes on."""
    with closing(open_lmdb(tmp_path / "store", map_size=1 << 20)) as engine:
        before = put(engine, {b"a": b"1"})
        with pytest.raises(StorageFullError):
            load(engine, {b"%05d" % n: b"v" * 100 for n in range(20_000)})
        assert (before, {b"a": b"1"}) == (engine.last_commit(), rows_at(engine))
        load(engine, {b"b": b"2"})
        assert {b"a": b"1", b"b": b"2"} == rows_at(engine)


def test_a_load_of_nothing_is_refused(lmdb_engine: LMDBEngine) -> None:
    """There would be no first key to tell of."""
    with pytest.raises(InvalidArgumentError):
        lmdb_engine.load_rows(T, PackedRows([]))
