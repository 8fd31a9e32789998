"""Layers merged to one stream, against a dict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvcc._native.sst import NEWEST, SSTReader, SSTRow, merge
from mvcc.errors import InvalidArgumentError, SSTCorruptedError, StoreClosedError
from tests.sst.build import Row, build, in_order, without_checksums

KEYS = st.sampled_from([b"", b"a", b"aa", b"ab", b"b", b"c\0", b"c"])
LAYER = st.dictionaries(st.tuples(KEYS, st.integers(1, 6)), st.none() | st.binary(max_size=3))
BOUNDS = st.none() | KEYS


@contextmanager
def opened(layers: list[list[list[Row]]]) -> Iterator[list[list[SSTReader]]]:
    """Readers over layers of files of rows."""
    with ExitStack() as stack:
        yield [[stack.enter_context(SSTReader(build(rows))) for rows in files] for files in layers]


def plain(rows: Iterator[SSTRow]) -> list[Row]:
    """Rows as they were given to the writer."""
    return [(row.key, row.timestamp, None if row.type == 0x14 else row.value) for row in rows]


@settings(max_examples=150)
@given(
    st.lists(st.tuples(LAYER, st.integers(1, 3)), max_size=5),
    st.integers(0, 7),
    st.booleans(),
    BOUNDS,
    BOUNDS,
)
def test_a_merge_gives_what_a_dict_gives(
    layers: list[tuple[dict[tuple[bytes, int], bytes | None], int]],
    as_of: int,
    latest: bool,
    start: bytes | None,
    end: bytes | None,
) -> None:
    """The newest layer's version stands; as_of, latest and the span choose among the versions."""
    truth: dict[tuple[bytes, int], bytes | None] = {}
    files = []
    for rows, parts in layers:
        truth = rows | truth
        ordered = in_order((key, ts, value) for (key, ts), value in rows.items())
        step = max(1, -(-len(ordered) // parts))
        files.append([ordered[at : at + step] for at in range(0, len(ordered), step)])
    wanted = [
        row
        for row in in_order((key, ts, value) for (key, ts), value in truth.items())
        if row[1] <= as_of and (start or b"") <= row[0] and (end is None or row[0] < end)
    ]
    if latest:
        newest = {key: ts for key, ts, _ in reversed(wanted)}
        wanted = [row for row in wanted if newest[row[0]] == row[1]]
    with opened(files) as readers:
        assert wanted == plain(merge(readers, as_of=as_of, latest=latest, start=start, end=end))


def test_an_empty_file_in_a_layer_is_passed() -> None:
    """Files without rows change nothing, wherever they stand."""
    with opened([[[], [(b"a", 1, b"x")], [], [(b"b", 1, b"y")], []]]) as readers:
        assert [(b"a", 1, b"x"), (b"b", 1, b"y")] == plain(merge(readers))


def test_files_of_a_layer_that_overlap_are_refused() -> None:
    """A layer's second file must begin above the end of the first."""
    files: list[list[Row]] = [[(b"a", 1, b""), (b"c", 1, b"")], [(b"b", 1, b"")]]
    with opened([files]) as readers, pytest.raises(SSTCorruptedError):
        list(merge(readers))


def test_a_cut_inside_a_key_is_no_overlap() -> None:
    """A file may go on with older versions of the last key of the one before."""
    with opened([[[(b"a", 2, b"x")], [(b"a", 1, b"y")]]]) as readers:
        assert [(b"a", 2, b"x")] == plain(merge(readers, latest=True))
        assert [(b"a", 2, b"x"), (b"a", 1, b"y")] == plain(merge(readers, as_of=NEWEST))


def test_a_merge_of_another_order_is_refused() -> None:
    """Only files whose order is u64ts have versions to merge."""
    other = without_checksums(build([(b"a", 1, b"")])).replace(b".u64ts", b".other")
    with SSTReader(other) as reader, pytest.raises(InvalidArgumentError):
        next(merge([[reader]]))


def test_a_merge_over_a_closed_reader_is_refused() -> None:
    """The reader's memory is not touched after close."""
    with opened([[[(b"a", 1, b"")]]]) as readers:
        rows = merge(readers)
    with pytest.raises(StoreClosedError):
        next(rows)
