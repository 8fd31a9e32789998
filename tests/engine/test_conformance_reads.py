"""What every engine must give to readers: views, pages, changes, cuts."""

from __future__ import annotations

from contextlib import closing
from itertools import pairwise

import pytest

from mvcc.engine.interface import (
    CATALOG_TABLE,
    MAX_KEY_BYTES,
    ChangesRequest,
    Engine,
    ScanRequest,
    Span,
    WriteBatch,
)
from mvcc.errors import (
    KeyTooLongError,
    StoreClosedError,
    TransactionRetryError,
)
from tests.engine.history import Row, T, fill, put, walk

# -- views ------------------------------------------------------------------------------------------


def test_a_view_without_a_timestamp_is_at_the_last_commit(engine: Engine) -> None:
    """And stays there."""
    last = put(engine, {b"a": b"1"})
    with closing(engine.view()) as view:
        put(engine, {b"a": b"2", b"b": b"2"})
        assert (last, b"1", [None]) == (
            view.timestamp,
            engine.get(T, b"a", view=view),
            engine.get_many(T, [b"b"], view=view),
        )


def test_a_closed_view_reads_no_more(engine: Engine) -> None:
    """Closing twice is no error, reading is."""
    view = engine.view()
    view.close()
    view.close()
    for call in (
        lambda: engine.get(T, b"a", view=view),
        lambda: engine.get_many(T, [b"a"], view=view),
        lambda: engine.scan(ScanRequest(Span(T)), view=view),
    ):
        with pytest.raises(StoreClosedError):
            call()


# -- points -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 4095, 4096, 4097, 100_000, (1 << 20) + 1])
def test_a_value_of_any_length_is_read_whole(engine: Engine, length: int) -> None:
    """Also after a longer one, and before a shorter one."""
    value = bytes(range(256)) * (length // 256 + 1)
    rows: dict[bytes, bytes | None] = {b"long": value, b"value": value[:length], b"short": b"s"}
    put(engine, rows)
    get = engine.getter(T)
    assert [*rows.values(), None] == [get(key) for key in (*rows, b"absent")]


def test_a_getter_reads_at_its_view(engine: Engine) -> None:
    """One without a view sees each commit, and refuses a newer catalog."""
    last = put(engine, {b"a": b"1"})
    with closing(engine.view()) as view:
        old, new = engine.getter(T, view=view), engine.getter(T, catalog_ts=last)
        put(engine, {b"a": b"2"})
        assert (b"1", b"2") == (old(b"a"), new(b"a"))
    with pytest.raises(StoreClosedError):
        old(b"a")
    engine.commit(WriteBatch([CATALOG_TABLE], [b"a"], [b"1"]))
    with pytest.raises(TransactionRetryError):
        new(b"a")


def test_a_get_of_a_key_over_the_limit_is_refused(engine: Engine) -> None:
    """One of the full length is only absent."""
    assert None is engine.get(T, b"x" * MAX_KEY_BYTES)
    with pytest.raises(KeyTooLongError):
        engine.get(T, b"x" * (MAX_KEY_BYTES + 1))


# -- pages ------------------------------------------------------------------------------------------


def expected_rows(
    stamps: list[int], since: int, until: int, revisions: bool, tombstones: bool
) -> list[Row]:
    """What a scan of `fill` must give, from the history written down by hand."""
    history: dict[bytes, list[tuple[int, bytes | None]]] = {
        b"a": [(3, b"a4"), (1, b"a2"), (0, b"a1")],
        b"b": [(2, b"b3"), (1, None), (0, b"b1")],
        b"c": [(2, None), (0, b"c1")],
        b"d": [(2, b"d3")],
        b"e": [(3, None)],
    }
    rows: list[Row] = []
    for key, versions in history.items():
        window = [(key, value, stamps[n]) for n, value in versions if since < stamps[n] <= until]
        if not revisions:
            window = [row for row in window[:1] if tombstones or row[1] is not None]
        rows += window
    return rows


@pytest.mark.parametrize("max_rows", [0, 1, 2, 100])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("mode", ["latest", "tombstones", "revisions"])
@pytest.mark.parametrize("since", [None, 0, 1])
@pytest.mark.parametrize("until", [0, 1, 2, 3])
def test_pages_put_together_are_the_scan(
    engine: Engine, max_rows: int, reverse: bool, mode: str, since: int | None, until: int
) -> None:
    """In both directions, with and without revisions, in every window, cut anywhere."""
    stamps = fill(engine)
    low = 0 if since is None else stamps[since]
    revisions, tombstones = mode == "revisions", mode == "tombstones"
    expected = expected_rows(stamps, low, stamps[until], revisions, tombstones)
    request = ScanRequest(
        Span(T),
        reverse=reverse,
        revisions=revisions,
        tombstones=tombstones,
        since=low,
        max_rows=max_rows,
    )
    with closing(engine.view(stamps[until])) as view:
        assert (expected[::-1] if reverse else expected) == walk(engine, request, view)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("start", "end", "keys"),
    [
        (None, None, b"abd"),
        (b"a", b"b", b"a"),
        (b"a\x00", b"d", b"b"),
        (b"b", None, b"bd"),
        (None, b"d", b"ab"),
        (b"", b"zz", b"abd"),
        (b"b", b"b", b""),
        (b"c", b"d", b""),
        (b"x", None, b""),
        (b"\xff" * 600, None, b""),
        (None, b"\xff" * 600, b"abd"),
        (b"a" * 600, b"b" * 600, b"b"),
    ],
)
def test_a_span_holds_its_start_and_not_its_end(
    engine: Engine, reverse: bool, start: bytes | None, end: bytes | None, keys: bytes
) -> None:
    """Bounds need not be keys, nor be as short as keys."""
    fill(engine)
    expected = [bytes([key]) for key in (keys[::-1] if reverse else keys)]
    request = ScanRequest(Span(T, start, end), reverse=reverse, max_rows=1)
    with closing(engine.view()) as view:
        assert expected == [key for key, _, _ in walk(engine, request, view)]


def test_a_page_has_one_row_at_least(engine: Engine) -> None:
    """However few bytes are asked for; and no more than these many otherwise."""
    put(engine, {b"%d" % number: b"x" * 100 for number in range(10)})
    with closing(engine.view()) as view:
        tight = engine.scan(ScanRequest(Span(T), max_bytes=1), view=view)
        wide = engine.scan(ScanRequest(Span(T), max_bytes=350), view=view)
    assert 1 == len(tight.keys)
    assert 1 <= len(wide.keys) < 10


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("lengths", [[0], [1], [100], [4097], [3, 3, 0], [5, 6]])
@pytest.mark.parametrize("form", [b"%04d", b"%d"])
def test_rows_of_one_size_and_of_several_come_back(
    engine: Engine, count: int, lengths: list[int], form: bytes
) -> None:
    """Whether keys, or values, all have one length or not; by a scan and by their keys."""
    rows: dict[bytes, bytes | None] = {
        form % n: bytes([n % 256]) * lengths[n % len(lengths)] for n in range(count)
    }
    put(engine, rows)
    with closing(engine.view()) as view:
        page = engine.scan(ScanRequest(Span(T)), view=view)
    asked = [*rows, b"absent", *rows]
    assert sorted(rows.items()) == list(zip(page.keys, page.values, strict=True))
    assert [rows.get(key) for key in asked] == engine.get_many(T, asked)


def test_keys_only_leaves_values_empty(engine: Engine) -> None:
    """A tombstone is still one."""
    fill(engine)
    with closing(engine.view()) as view:
        page = engine.scan(ScanRequest(Span(T), keys_only=True, tombstones=True), view=view)
    assert [b"a", b"b", b"c", b"d", b"e"] == page.keys
    assert [b"", b"", None, b"", None] == page.values


def test_a_page_names_the_versions_timestamps(engine: Engine) -> None:
    """Those of the rows' commits."""
    stamps = fill(engine)
    with closing(engine.view()) as view:
        page = engine.scan(ScanRequest(Span(T)), view=view)
    assert [stamps[3], stamps[2], stamps[2]] == list(page.timestamps)


def test_a_scan_goes_on_in_its_view(engine: Engine) -> None:
    """Commits between two pages are not seen."""
    put(engine, {b"a": b"1", b"b": b"1", b"c": b"1"})
    with closing(engine.view()) as view:
        first = engine.scan(ScanRequest(Span(T), max_rows=1), view=view)
        put(engine, {b"aa": b"2", b"b": None, b"c": b"2"})
        assert first.resume is not None
        rest = walk(engine, first.resume, view)
    assert [(b"b", b"1"), (b"c", b"1")] == [row[:2] for row in rest]


# -- changes ----------------------------------------------------------------------------------------

ChangeRow = tuple[int, int, bytes, bytes | None]


def all_changes(engine: Engine, request: ChangesRequest) -> list[ChangeRow]:
    """The whole window, through as many pages as it takes."""
    rows: list[ChangeRow] = []
    following: ChangesRequest | None = request
    while following is not None:
        page = engine.changes(following)
        rows += zip(page.timestamps, page.table_ids, page.keys, page.values, strict=True)
        following = page.resume
    return rows


@pytest.mark.parametrize("max_rows", [1, 2, 3, 100])
def test_changes_come_in_commit_order(engine: Engine, max_rows: int) -> None:
    """All of them, each with its commit's timestamp."""
    one = put(engine, {b"b": b"1", b"a": b"1"})
    two = put(engine, {b"a": None}, table=T + 1)
    three = put(engine, {b"a": b"1"})
    rows = all_changes(engine, ChangesRequest(since=0, max_rows=max_rows))
    assert [
        (one, T, b"a", b"1"),
        (one, T, b"b", b"1"),
        (two, T + 1, b"a", None),
        (three, T, b"a", b"1"),
    ] == [*sorted(rows[:2], key=lambda row: row[2]), *rows[2:]]


def test_windows_of_changes_meet_without_overlap(engine: Engine) -> None:
    """Since < t <= until."""
    stamps = [put(engine, {b"a": b"%d" % number}) for number in range(4)]
    low = all_changes(engine, ChangesRequest(since=stamps[0], until=stamps[2]))
    high = all_changes(engine, ChangesRequest(since=stamps[2]))
    assert (stamps[1:3], stamps[3:]) == ([row[0] for row in low], [row[0] for row in high])


def test_changes_of_one_table_leave_the_others_out(engine: Engine) -> None:
    """The filter is the engine's."""
    for number in range(6):
        put(engine, {b"%d" % number: b""}, table=T + number % 2)
    rows = all_changes(engine, ChangesRequest(since=0, table_id=T + 1, max_rows=1))
    assert [b"1", b"3", b"5"] == [row[2] for row in rows]


def test_a_page_of_changes_names_the_end_of_its_window(engine: Engine) -> None:
    """The last commit where the request named none, and the later pages keep to it."""
    put(engine, {b"a": b"1", b"b": b"1"})
    last = put(engine, {b"c": b"1"})
    page = engine.changes(ChangesRequest(since=0, max_rows=1))
    put(engine, {b"d": b"1"})
    assert last == page.until
    assert page.resume is not None
    assert [b"c"] == [row[2] for row in all_changes(engine, page.resume)][-1:]


def test_an_empty_window_has_no_changes(engine: Engine) -> None:
    """Since == until == the last commit."""
    last = put(engine, {b"a": b"1"})
    assert [] == all_changes(engine, ChangesRequest(since=last))


# -- split ------------------------------------------------------------------------------------------


def test_split_cuts_into_parts_of_the_size_that_is_asked_for(engine: Engine) -> None:
    """Every part but the last is about so large, and the keys come in order."""
    rows: dict[bytes, bytes | None] = {b"%04d" % number: b"x" * 96 for number in range(200)}
    put(engine, rows)
    with closing(engine.view()) as view:
        cuts = list(engine.split(Span(T), view=view, span_bytes=2000))
        bounds = [None, *cuts, None]
        sizes = [
            100 * len(walk(engine, ScanRequest(Span(T, start, end)), view))
            for start, end in pairwise(bounds)
        ]
    assert sorted(set(cuts)) == cuts
    assert sum(sizes) == 200 * 100
    assert all(1900 <= size <= 2200 for size in sizes[:-1])
    assert sizes[-1] <= 2200


def test_split_counts_what_the_view_shows_in_the_span(engine: Engine) -> None:
    """Not what was deleted, nor what came later, nor what lies outside."""
    at = put(engine, {b"%d" % number: b"x" * 100 for number in range(10)})
    put(engine, {b"%d" % number: None for number in range(10)})
    with closing(engine.view()) as now, closing(engine.view(at)) as then:
        assert [] == list(engine.split(Span(T), view=now, span_bytes=150))
        cuts = list(engine.split(Span(T, b"2", b"8"), view=then, span_bytes=150))
    assert 2 <= len(cuts) <= 3
    assert all(b"2" < cut < b"8" for cut in cuts)


def test_split_of_a_window_counts_its_tombstones(engine: Engine) -> None:
    """An incremental export holds them."""
    since = put(engine, {b"%d" % number: b"x" * 100 for number in range(10)})
    put(engine, {b"%d" % number: None for number in range(5)})
    with closing(engine.view()) as view:
        cuts = list(engine.split(Span(T), view=view, span_bytes=2, since=since))
    assert cuts and all(b"0" < cut <= b"4" for cut in cuts)
