"""What every engine must keep and let go: garbage collection, protection, closing, reopening."""

from __future__ import annotations

from contextlib import closing

import pytest

from mvcc.engine.interface import (
    ChangesRequest,
    Engine,
    ReadSet,
    ScanRequest,
    Span,
    WriteBatch,
)
from mvcc.errors import (
    ReadOnlyError,
    StoreClosedError,
    TimestampBelowGCError,
    TransactionRetryError,
)
from tests.engine.engines import Opener
from tests.engine.history import T, fill, put, rows_at, walk

# -- garbage collection -----------------------------------------------------------------------------


def versions_of(engine: Engine, key: bytes) -> list[bytes | None]:
    """What is left of a key, newest first."""
    with closing(engine.view()) as view:
        rows = walk(engine, ScanRequest(Span(T, key, key + b"\x00"), revisions=True), view)
    return [value for _, value, _ in rows]


def test_gc_removes_what_no_read_at_the_threshold_sees(engine: Engine) -> None:
    """Shadowed versions, and a tombstone with nothing under it."""
    stamps = fill(engine)
    result = engine.gc(stamps[2])
    assert stamps[2] == result.threshold == engine.info().gc_threshold
    assert ([b"a4", b"a2"], [b"b3"], [], [b"d3"], [None]) == tuple(
        versions_of(engine, key) for key in (b"a", b"b", b"c", b"d", b"e")
    )
    assert (5, 2) == (result.versions, result.tombstones)


def test_gc_changes_no_read_at_or_above_its_threshold(engine: Engine) -> None:
    """Row for row."""
    stamps = fill(engine)
    before = [rows_at(engine, stamp) for stamp in stamps]
    engine.gc(stamps[1])
    assert before[1:] == [rows_at(engine, stamp) for stamp in stamps[1:]]


def test_reads_below_the_threshold_are_refused(engine: Engine) -> None:
    """Views and changes; at the threshold both work."""
    stamps = fill(engine)
    engine.gc(stamps[2])
    with pytest.raises(TimestampBelowGCError):
        engine.view(stamps[1])
    with pytest.raises(TimestampBelowGCError):
        engine.changes(ChangesRequest(since=stamps[1]))
    engine.view(stamps[2]).close()
    assert {stamps[3]} == set(engine.changes(ChangesRequest(since=stamps[2])).timestamps)


def test_a_transaction_that_read_below_the_threshold_must_retry(engine: Engine) -> None:
    """Its reads can no longer be checked."""
    stamps = fill(engine)
    engine.gc(stamps[2])
    with pytest.raises(TransactionRetryError) as caught:
        engine.commit(
            WriteBatch([T], [b"x"], [b""]), reads=ReadSet(stamps[0], points=[(T, b"other")])
        )
    assert "gc" == caught.value.reason


def test_an_open_view_keeps_its_versions(engine: Engine) -> None:
    """Until it is closed; the next collection takes them."""
    stamps = fill(engine)
    view = engine.view(stamps[0])
    assert (stamps[0], 1) == (engine.info().oldest_pin, engine.info().pins)
    engine.gc(stamps[3])
    before = walk(engine, ScanRequest(Span(T)), view)
    assert [(b"a", b"a1"), (b"b", b"b1"), (b"c", b"c1")] == [row[:2] for row in before]
    view.close()
    assert 0 < engine.gc(stamps[3]).versions
    assert [b"a4"] == versions_of(engine, b"a")


def test_a_backward_page_goes_on_where_its_key_was_collected(engine: Engine) -> None:
    """The page before ended between two versions of a key that is gone now: the next keys come whole."""
    put(engine, {b"a": b"a1"})
    put(engine, {b"b": b"b1"})
    put(engine, {b"b": None})
    with closing(engine.view()) as view:
        page = engine.scan(
            ScanRequest(Span(T), reverse=True, revisions=True, max_rows=1), view=view
        )
        engine.gc(view.timestamp)
        assert page.resume is not None
        rest = engine.scan(page.resume, view=view)
    assert ([b"b1"], [b"a1"]) == (page.values, rest.values)


def test_a_protected_timestamp_holds_the_threshold(engine: Engine) -> None:
    """Until its record is dropped; an unknown record is ignored."""
    stamps = fill(engine)
    first = engine.protect(stamps[1], "a job")
    second = engine.protect(stamps[2], "another job", durable=True)
    assert stamps[1] == engine.gc(stamps[3]).threshold
    engine.unprotect(first)
    assert stamps[2] == engine.gc(stamps[3]).threshold
    engine.unprotect(second)
    engine.unprotect(second)
    assert stamps[3] == engine.gc(stamps[3]).threshold


def test_a_durable_protection_outlives_the_engine(open_engine: Opener, engine: Engine) -> None:
    """Another handle can drop it by its number."""
    stamps = fill(engine)
    record = engine.protect(stamps[1], "a job", durable=True)
    engine.close()
    again = open_engine()
    assert stamps[1] == again.gc(stamps[3]).threshold
    again.unprotect(record)
    assert stamps[3] == again.gc(stamps[3]).threshold


def test_protecting_what_is_collected_is_refused(engine: Engine) -> None:
    """It would promise what is gone."""
    stamps = fill(engine)
    engine.gc(stamps[2])
    with pytest.raises(TimestampBelowGCError):
        engine.protect(stamps[1], "late")


def test_the_threshold_never_falls(engine: Engine) -> None:
    """An older wish leaves it where it is."""
    stamps = fill(engine)
    engine.gc(stamps[2])
    assert stamps[2] == engine.gc(stamps[0]).threshold


def test_verify_counts_rows_and_finds_nothing_wrong(engine: Engine) -> None:
    """Versions with tombstones, and changes."""
    fill(engine)
    result = engine.verify()
    assert (10, 3, 10, ()) == (
        result.versions,
        result.tombstones,
        result.changes,
        result.problems,
    )


# -- handles ----------------------------------------------------------------------------------------


def test_what_was_committed_is_there_after_closing(open_engine: Opener, engine: Engine) -> None:
    """All instants of it, and the marks."""
    stamps = fill(engine)
    before = [rows_at(engine, stamp) for stamp in stamps], engine.info().store_id
    engine.close()
    again = open_engine()
    assert before == ([rows_at(again, stamp) for stamp in stamps], again.info().store_id)
    assert stamps[-1] == again.last_commit()
    assert stamps[-1] < put(again, {b"a": b"5"})


def test_a_closed_engine_answers_nothing(engine: Engine) -> None:
    """Every method raises StoreClosedError, and closing again does not."""
    put(engine, {b"a": b"1"})
    view = engine.view()
    engine.close()
    engine.close()
    for call in (
        engine.now,
        engine.last_commit,
        engine.info,
        engine.verify,
        engine.view,
        lambda: engine.advance(1),
        lambda: engine.gc(1),
        lambda: engine.protect(1, "x"),
        lambda: engine.unprotect(1),
        lambda: engine.get(T, b"a"),
        lambda: engine.get(T, b"a", view=view),
        lambda: engine.get_many(T, [b"a"]),
        lambda: engine.scan(ScanRequest(Span(T)), view=view),
        lambda: engine.changes(ChangesRequest(since=0)),
        lambda: list(engine.split(Span(T), view=view, span_bytes=1)),
        lambda: put(engine, {b"a": b"2"}),
    ):
        with pytest.raises(StoreClosedError):
            call()
    view.close()


def test_a_readonly_engine_reads_and_does_not_write(open_engine: Opener, engine: Engine) -> None:
    """Up to the last commit: it cannot make sure that nothing slips under a later instant."""
    stamps = fill(engine)
    engine.close()
    reader = open_engine(readonly=True)
    assert (True, b"a4", b"a1") == (
        reader.readonly,
        reader.get(T, b"a"),
        rows_at(reader, stamps[0])[b"a"],
    )
    for call in (
        lambda: put(reader, {b"a": b"5"}),
        lambda: reader.gc(stamps[0]),
        lambda: reader.advance(stamps[3]),
    ):
        with pytest.raises(ReadOnlyError):
            call()
