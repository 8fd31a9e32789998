"""What every engine must do with commits: their time, the catalog they name, the reads they stand on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from mvcc.engine.interface import (
    CATALOG_TABLE,
    MAX_KEY_BYTES,
    Engine,
    ReadSet,
    ScanRequest,
    Span,
    WriteBatch,
)
from mvcc.errors import (
    ClockSkewError,
    KeyTooLongError,
    TimestampInFutureError,
    TransactionRetryError,
)
from mvcc.testing import ManualClock
from mvcc.timestamp import Timestamp
from tests.engine.engines import Opener
from tests.engine.history import SECOND, T, put, rows_at, walk

# -- commit -----------------------------------------------------------------------------------------


def test_a_new_engine_is_empty(engine: Engine) -> None:
    """No rows, no changes, nothing collected."""
    info = engine.info()
    assert (0, 0, 0, 0) == (info.versions, info.changes, info.gc_threshold, info.pins)
    assert {} == rows_at(engine)


def test_a_commit_is_read_back(engine: Engine) -> None:
    """By get, get_many and scan."""
    put(engine, {b"a": b"1", b"b": b"", b"": b"empty key"})
    assert (b"1", b"", b"empty key", None) == tuple(
        engine.get(T, key) for key in (b"a", b"b", b"", b"c")
    )
    assert [b"", None, b"1", b""] == engine.get_many(T, [b"b", b"c", b"a", b"b"])
    assert {b"": b"empty key", b"a": b"1", b"b": b""} == rows_at(engine)


def test_tables_are_apart(engine: Engine) -> None:
    """The same key in two tables is two keys; neighbours do not run into each other."""
    batch = WriteBatch()
    for table in (T, T + 1, 1 << 24, (1 << 32) - 1):
        batch.add(table, b"\xff", b"%d" % table)
    engine.commit(batch)
    for table in (T, T + 1, 1 << 24, (1 << 32) - 1):
        assert {b"\xff": b"%d" % table} == rows_at(engine, table=table)


def test_timestamps_of_commits_rise_where_the_clock_stands_still(engine: Engine) -> None:
    """And where it steps back; they follow it where it goes on."""
    stamps = [put(engine, {b"a": b"1"}) for _ in range(3)]
    assert sorted(set(stamps)) == stamps
    assert stamps[-1] == engine.last_commit()


def test_a_commit_takes_the_clock_s_time(engine: Engine, clock: ManualClock) -> None:
    """As long as it is above the last commit."""
    clock.advance("1h")
    assert Timestamp.from_wall_us(clock.now_us()).value == put(engine, {b"a": b"1"})


def test_a_clock_that_steps_back_does_not_take_commits_with_it(
    engine: Engine, clock: ManualClock
) -> None:
    """The next commit is one above the last."""
    last = put(engine, {b"a": b"1"})
    clock.set(clock.now_us() - 10_000_000)
    assert last + 1 == put(engine, {b"a": b"2"})


def test_a_deleted_key_is_gone_and_its_past_is_not(engine: Engine) -> None:
    """A tombstone hides from its timestamp on."""
    first = put(engine, {b"a": b"1"})
    put(engine, {b"a": None})
    assert (None, {}, {b"a": b"1"}) == (
        engine.get(T, b"a"),
        rows_at(engine),
        rows_at(engine, first),
    )


def test_each_instant_stays_readable(engine: Engine) -> None:
    """Every version is the value from its timestamp to the next one's."""
    stamps = [put(engine, {b"a": b"%d" % number}) for number in range(5)]
    assert {} == rows_at(engine, stamps[0] - 1)
    for number, stamp in enumerate(stamps):
        assert {b"a": b"%d" % number} == rows_at(engine, stamp)


def test_an_explicit_timestamp_is_taken(engine: Engine) -> None:
    """Where it is above the last commit."""
    at = put(engine, {b"a": b"1"}) + 1000
    assert at == engine.commit(WriteBatch([T], [b"a"], [b"2"]), at=at) == engine.last_commit()


def test_an_explicit_timestamp_out_of_bounds_is_refused(engine: Engine) -> None:
    """At or below the last commit, at or below the read floor, over a second ahead of the clock."""
    last = put(engine, {b"a": b"1"})
    ahead = Timestamp.from_wall_us(ManualClock().now_us()).value + 2 * SECOND
    for at in (last - 1, last, ahead):
        with pytest.raises(ClockSkewError):
            engine.commit(WriteBatch([T], [b"a"], [b"2"]), at=at)
    assert b"1" == engine.get(T, b"a")


def test_a_key_over_the_limit_writes_nothing(engine: Engine) -> None:
    """Nor does anything else of its batch."""
    with pytest.raises(KeyTooLongError):
        put(engine, {b"a": b"1", b"x" * (MAX_KEY_BYTES + 1): b""})
    assert ({}, 0) == (rows_at(engine), engine.info().versions)


def test_a_key_of_the_full_length_fits(engine: Engine) -> None:
    """And is found from both sides."""
    key = b"\xff" * MAX_KEY_BYTES
    put(engine, {key: b"1", b"a": b"2"})
    assert b"1" == engine.get(T, key)
    with closing(engine.view()) as view:
        backwards = walk(engine, ScanRequest(Span(T), reverse=True), view)
    assert [key, b"a"] == [each[0] for each in backwards]


def test_large_values_come_back(engine: Engine) -> None:
    """Over many pages of any storage."""
    value = bytes(range(256)) * 20_000
    put(engine, {b"big": value, b"small": b"1"})
    assert (value, b"1") == (engine.get(T, b"big"), engine.get(T, b"small"))


# -- catalog ----------------------------------------------------------------------------------------


def test_a_stale_catalog_is_refused(engine: Engine) -> None:
    """By commits, and by reads without a view."""
    known = put(engine, {b"a": b"1"})
    newer = put(engine, {b"db.t": b""}, table=CATALOG_TABLE)
    for call in (
        lambda: engine.commit(WriteBatch([T], [b"a"], [b"2"]), catalog_ts=known),
        lambda: engine.get(T, b"a", catalog_ts=known),
        lambda: engine.get_many(T, [b"a"], catalog_ts=known),
    ):
        with pytest.raises(TransactionRetryError) as caught:
            call()
        assert "catalog" == caught.value.reason
    assert (newer, b"1") == (engine.info().catalog_ts, engine.get(T, b"a", catalog_ts=newer))


def test_the_same_or_a_newer_catalog_passes(engine: Engine) -> None:
    """Commits to other tables do not move it."""
    known = put(engine, {b"db.t": b""}, table=CATALOG_TABLE)
    last = put(engine, {b"a": b"1"})
    for catalog_ts in (known, last, None):
        engine.commit(WriteBatch([T], [b"a"], [b"2"]), catalog_ts=catalog_ts)
        assert b"2" == engine.get(T, b"a", catalog_ts=catalog_ts)


# -- validation -------------------------------------------------------------------------------------

READS: dict[str, Callable[[int], ReadSet]] = {
    "a point": lambda ts: ReadSet(ts, points=[(T, b"m")]),
    "a span": lambda ts: ReadSet(ts, spans=[Span(T, b"l", b"n")]),
    "the span from it": lambda ts: ReadSet(ts, spans=[Span(T, b"m", b"m\x00")]),
    "an open span": lambda ts: ReadSet(ts, spans=[Span(T)]),
    "a span with an open end": lambda ts: ReadSet(ts, spans=[Span(T, b"l")]),
    "a span with an open start": lambda ts: ReadSet(ts, spans=[Span(T, None, b"n")]),
    "one of several": lambda ts: ReadSet(
        ts, points=[(T, b"a"), (T + 1, b"m")], spans=[Span(T, b"x", b"y"), Span(T, b"m", b"n")]
    ),
}
each_read = pytest.mark.parametrize("reads", READS.values(), ids=READS.keys())

WRITES: dict[str, tuple[bytes | None, bytes | None]] = {
    "inserted": (None, b"new"),
    "updated": (b"old", b"new"),
    "rewritten": (b"old", b"old"),
    "deleted": (b"old", None),
}


@each_read
@pytest.mark.parametrize(("before", "after"), WRITES.values(), ids=WRITES.keys())
def test_reads_that_changed_refuse_a_commit(
    engine: Engine,
    reads: Callable[[int], ReadSet],
    before: bytes | None,
    after: bytes | None,
) -> None:
    """Whatever was done to the key, also where it was absent when it was read."""
    read_ts = put(engine, {b"other": b"", **({b"m": before} if before is not None else {})})
    put(engine, {b"m": after})
    with pytest.raises(TransactionRetryError) as caught:
        engine.commit(WriteBatch([T], [b"mine"], [b""]), reads=reads(read_ts))
    assert "conflict" == caught.value.reason
    assert None is engine.get(T, b"mine")


@pytest.mark.parametrize(
    "reads",
    [
        ReadSet(0, points=[(T, b"n"), (T + 1, b"m")]),
        ReadSet(0, spans=[Span(T, None, b"m"), Span(T, b"m\x00", None)]),
        ReadSet(0, spans=[Span(T + 1), Span(T - 1)]),
        ReadSet(0, spans=[Span(T, b"m", b"m")]),
    ],
    ids=["other points", "the spans around it", "other tables", "an empty span"],
)
def test_reads_beside_the_change_pass(engine: Engine, reads: ReadSet) -> None:
    """Validation is exact to the key."""
    read_ts = put(engine, {b"before": b""}, table=T + 2)
    put(engine, {b"m": b"1"})
    engine.commit(WriteBatch([T], [b"mine"], [b""]), reads=replace(reads, read_ts=read_ts))
    assert b"" == engine.get(T, b"mine")


@each_read
def test_changes_up_to_the_reads_timestamp_do_no_harm(
    engine: Engine, reads: Callable[[int], ReadSet]
) -> None:
    """What was committed at read_ts was seen."""
    read_ts = put(engine, {b"m": b"1"})
    engine.commit(WriteBatch([T], [b"mine"], [b""]), reads=reads(read_ts))
    assert b"" == engine.get(T, b"mine")


# -- time -------------------------------------------------------------------------------------------


def test_now_is_below_every_later_commit(engine: Engine) -> None:
    """Though the clock stands still."""
    now = engine.now()
    assert now < put(engine, {b"a": b"1"}) <= engine.now()


def test_a_view_at_the_clock_is_below_every_later_commit(
    engine: Engine, clock: ManualClock
) -> None:
    """What was read there cannot change any more, even if the clock steps back."""
    put(engine, {b"a": b"1"})
    clock.advance("1s")
    at = Timestamp.from_wall_us(clock.now_us()).value
    with closing(engine.view(at)) as view:
        clock.set(clock.now_us() - 5_000_000)
        assert at < put(engine, {b"a": b"2"})
        assert b"1" == engine.get(T, b"a", view=view)


def test_an_instant_that_was_given_out_stays_when_the_clock_steps_back(
    engine: Engine, clock: ManualClock
) -> None:
    """It can be read and advanced to, and `now` does not go below it."""
    clock.advance("1s")
    now = engine.now()
    clock.set(clock.now_us() - 5_000_000)
    assert now == engine.now()
    with closing(engine.view(now)) as view:
        assert now == view.timestamp
    engine.advance(now)
    assert now == engine.last_commit()


def test_a_view_in_the_future_is_refused(engine: Engine, clock: ManualClock) -> None:
    """Above the clock and above the last commit."""
    put(engine, {b"a": b"1"})
    with pytest.raises(TimestampInFutureError):
        engine.view(Timestamp.from_wall_us(clock.now_us() + 1).value)


def test_advance_outlives_the_engine(
    open_engine: Opener, engine: Engine, clock: ManualClock
) -> None:
    """Later commits are above it, also after closing and with an older clock."""
    clock.advance("1s")
    at = Timestamp.from_wall_us(clock.now_us()).value
    engine.advance(at)
    engine.close()
    clock.set(clock.now_us() - 10_000_000)
    again = open_engine()
    assert at == again.last_commit()
    assert at + 1 == put(again, {b"a": b"1"})


def test_advance_into_the_future_is_refused(engine: Engine, clock: ManualClock) -> None:
    """It would push every later commit there."""
    with pytest.raises(TimestampInFutureError):
        engine.advance(Timestamp.from_wall_us(clock.now_us() + 60_000_000).value)
