"""What differs between two instants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvcc import diff
from mvcc.errors import (
    InvalidSpanError,
    StoreClosedError,
    TableNotFoundError,
    TimestampBelowGCError,
    TimestampInFutureError,
)
from mvcc.store import Store
from mvcc.table import Table
from mvcc.timestamp import Timestamp
from mvcc.types import Difference
from tests.engine.memory import Disk, MemoryEngine

NAME = "bank.accounts"


def test_a_diff_names_both_values(store: Store, table: Table) -> None:
    """Inserted, changed and deleted keys, in order."""
    table.put_many({b"a": b"1", b"b": b"1", b"c": b"1"})
    older = store.now()
    table.put_many({b"b": b"2", b"d": b"2"})
    table.delete(b"c")
    assert [
        Difference(NAME, b"b", b"1", b"2"),
        Difference(NAME, b"c", b"1", None),
        Difference(NAME, b"d", None, b"2"),
    ] == list(store.diff(older, store.now()))


def test_what_came_back_to_its_value_is_no_difference(store: Store, table: Table) -> None:
    """Equal rewrites, and keys that were made and deleted in between."""
    table[b"a"] = b"1"
    older = store.now()
    table[b"a"] = b"2"
    table[b"a"] = b"1"
    table[b"b"] = b"1"
    table.delete(b"b")
    assert [] == list(store.diff(older, store.now()))


def test_two_equal_instants_do_not_differ(store: Store, table: Table) -> None:
    """Snapshots are instants too."""
    table[b"a"] = b"1"
    with store.snapshot() as snap:
        assert [] == list(store.diff(snap, snap))


def test_tables_made_and_dropped_are_part_of_a_diff(store: Store, table: Table) -> None:
    """With all their rows; by name."""
    table[b"a"] = b"1"
    older = store.now()
    store.drop_table(NAME)
    store.create_table("bank.other")[b"b"] = b"2"
    expected = [
        Difference(NAME, b"a", b"1", None),
        Difference("bank.other", b"b", None, b"2"),
    ]
    assert expected == list(store.diff(older, store.now()))
    assert expected[:1] == list(store.diff(older, store.now(), table=NAME))
    assert expected[1:] == list(store.diff(older, store.now(), table="bank.other"))


def test_a_table_made_anew_is_compared_by_its_name(store: Store, table: Table) -> None:
    """Row by row: what is equal in both is no difference."""
    table.put_many({b"a": b"1", b"b": b"1", b"c": b"1"})
    older = store.now()
    store.drop_table(NAME)
    store.create_table(NAME).put_many({b"a": b"1", b"b": b"2", b"d": b"2"})
    assert [
        Difference(NAME, b"b", b"1", b"2"),
        Difference(NAME, b"c", b"1", None),
        Difference(NAME, b"d", None, b"2"),
    ] == list(store.diff(older, store.now()))


histories = st.lists(
    st.dictionaries(
        st.sampled_from([b"a", b"b", b"c", b"d"]), st.sampled_from([None, b"1", b"2"]), min_size=1
    )
    | st.just("recreate"),
    min_size=1,
    max_size=8,
)


@given(history=histories, cut=st.integers(0, 8))
def test_a_diff_applied_to_the_older_instant_gives_the_newer(
    history: list[dict[bytes, bytes | None] | str], cut: int
) -> None:
    """Whatever happened in between; the truth is two scans."""
    with Store(MemoryEngine(Disk())) as store:
        table = store.create_table(NAME)
        stamps = [store.stats().last_commit]
        for step in history:
            if isinstance(step, str):
                store.drop_table(NAME)
                table = store.create_table(NAME)
            else:
                with store.transaction() as txn:
                    for key, value in step.items():
                        if value is None:
                            txn[NAME].delete(key)
                        else:
                            txn[NAME][key] = value
            stamps.append(store.stats().last_commit)
        older = stamps[min(cut, len(stamps) - 1)]
        before = dict(store.as_of(older)[NAME].items())
        after = dict(table.items())
        expected = [
            Difference(NAME, key, before.get(key), after.get(key))
            for key in sorted(before | after)
            if before.get(key) != after.get(key)
        ]
        assert expected == list(store.diff(older, stamps[-1]))


def test_long_diffs_come_over_many_pages(
    store: Store, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what was written, and row by row."""
    monkeypatch.setattr(diff, "PAGE_ROWS", 7)
    keys = [b"%03d" % number for number in range(100)]
    table.put_many((key, b"1") for key in keys)
    older = store.now()
    table.put_many((key, b"2") for key in keys)
    newer = store.now()
    store.drop_table(NAME)
    assert keys == [each.key for each in store.diff(older, newer)]
    assert keys == [each.key for each in store.diff(older, store.now())]


def test_a_diff_refuses_what_it_cannot_compare(store: Store, table: Table) -> None:
    """A backward window, the future, a table of neither instant, what is collected."""
    first = table.put(b"a", b"1")
    last = table.put(b"a", b"2")
    with pytest.raises(InvalidSpanError):
        store.diff(last, first)
    with pytest.raises(TimestampInFutureError):
        store.diff(first, Timestamp(last.value + (60_000_000 << 12)))
    with pytest.raises(TableNotFoundError):
        store.diff(first, last, table="bank.other")
    assert 0 == store.stats().open_snapshots
    store.gc(before=last)
    with pytest.raises(TimestampBelowGCError):
        store.diff(first, last)


def test_a_diff_lets_go_at_its_end(store: Store, table: Table) -> None:
    """And when it is closed half-way: then it gives no further row."""
    older = store.now()
    table.put_many({b"a": b"", b"b": b""})
    rows = store.diff(older, store.now())
    assert 2 == store.stats().open_snapshots
    assert 2 == len(list(rows))
    assert 0 == store.stats().open_snapshots
    with store.diff(older, store.now()) as rows:
        next(rows)
    with pytest.raises(StoreClosedError, match="differences"):
        next(rows)
    assert 0 == store.stats().open_snapshots
