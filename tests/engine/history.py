"""A small history, and helpers that every test of the interface uses."""

from __future__ import annotations

from contextlib import closing

from mvcc.engine.interface import (
    Engine,
    ScanRequest,
    Span,
    View,
    WriteBatch,
)
from mvcc.timestamp import Timestamp

T = 100
SECOND = Timestamp.from_wall_us(1_000_000).value
Row = tuple[bytes, bytes | None, int]


def put(engine: Engine, rows: dict[bytes, bytes | None], table: int = T) -> int:
    """Commits rows to one table."""
    return engine.commit(WriteBatch([table] * len(rows), list(rows), list(rows.values())))


def walk(engine: Engine, request: ScanRequest, view: View) -> list[Row]:
    """All rows of a scan, through as many pages as it takes."""
    rows: list[Row] = []
    following: ScanRequest | None = request
    while following is not None:
        page = engine.scan(following, view=view)
        rows += zip(page.keys, page.values, page.timestamps, strict=True)
        following = page.resume
    return rows


def rows_with_timestamps(engine: Engine, at: int, table: int = T) -> list[Row]:
    """A table's rows at an instant, with the timestamps of their versions."""
    with closing(engine.view(at)) as view:
        return walk(engine, ScanRequest(Span(table)), view)


def rows_at(engine: Engine, at: int | None = None, table: int = T) -> dict[bytes, bytes | None]:
    """A table's rows at an instant."""
    with closing(engine.view(at)) as view:
        return {key: value for key, value, _ in walk(engine, ScanRequest(Span(table)), view)}


def fill(engine: Engine) -> list[int]:
    """Five keys over four commits: versions, tombstones, a gap."""
    return [
        put(engine, {b"a": b"a1", b"b": b"b1", b"c": b"c1"}),
        put(engine, {b"a": b"a2", b"b": None}),
        put(engine, {b"d": b"d3", b"b": b"b3", b"c": None}),
        put(engine, {b"a": b"a4", b"e": None}),
    ]
