"""Hypothesis strategies for keys, values, spans, writes and whole histories.

Keys come mostly from a small pool, so that histories meet themselves: the empty key, keys that are
prefixes of each other, zero bytes at the end, 0xff, and the longest key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from hypothesis import strategies as st

from mvcc.testing.operations import Commit, Delete, DeleteRange, Operation, Put, PutMany

POOL = (b"", b"\0", b"a", b"a\0", b"a\0\0", b"aa", b"ab", b"b", b"\xff", b"\xff\xff", b"k" * 490)
TABLES = ("test.one", "test.two")

Span: TypeAlias = tuple[bytes | None, bytes | None]


def keys() -> st.SearchStrategy[bytes]:
    """Keys that histories share, and now and then another one."""
    few = st.sampled_from(POOL[:4])
    return st.one_of(few, few, few, st.sampled_from(POOL), st.binary(max_size=3))


def values() -> st.SearchStrategy[bytes]:
    """Short values, and some that are larger than a page of a B-tree."""
    large = st.integers(1_000, 20_000).map(lambda length: b"large" * (length // 5))
    return st.one_of(st.binary(max_size=4), st.binary(max_size=4), large)


def spans() -> st.SearchStrategy[Span]:
    """(start, end) with start <= end; None is unbounded."""
    bounds = st.tuples(keys(), keys()).map(sorted)
    both: st.SearchStrategy[Span] = bounds.map(lambda pair: (pair[0], pair[1]))
    open_start: st.SearchStrategy[Span] = keys().map(lambda end: (None, end))
    open_end: st.SearchStrategy[Span] = keys().map(lambda start: (start, None))
    return st.one_of(both, open_start, open_end, st.just((None, None)))


def pauses_us() -> st.SearchStrategy[int]:
    """How far a clock moves on, in microseconds: often not at all, never backwards."""
    return st.sampled_from((0, 0, 0, 1, 2, 1_000, 1_000_000, 86_400_000_000))


def operations(tables: Sequence[str] = TABLES) -> st.SearchStrategy[Operation]:
    """One write to one of the tables."""
    names = st.sampled_from(tables)
    items = st.lists(st.tuples(keys(), values()), min_size=1, max_size=5).map(tuple)
    return st.one_of(
        st.builds(Put, names, keys(), values()),
        st.builds(Delete, names, keys()),
        st.builds(PutMany, names, items),
        st.builds(lambda name, span: DeleteRange(name, *span), names, spans()),
    )


def histories(
    tables: Sequence[str] = TABLES, *, max_commits: int = 20
) -> st.SearchStrategy[list[Commit]]:
    """Commits of one to five writes each, with pauses between them."""
    writes = st.lists(operations(tables), min_size=1, max_size=5).map(tuple)
    return st.lists(st.builds(Commit, pauses_us(), writes), max_size=max_commits)
