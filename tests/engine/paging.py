"""Pages of the engine in memory: which rows a request takes, and where the next page begins."""

from __future__ import annotations

from dataclasses import replace

from mvcc.engine.interface import ScanRequest, Span

Row = tuple[bytes, bytes | None, int]


def holds(span: Span, table_id: int, key: bytes) -> bool:
    """Whether a key lies in a span."""
    return (
        span.table_id == table_id
        and (span.start is None or span.start <= key)
        and (span.end is None or key < span.end)
    )


def fitting(rows: list[Row], request: ScanRequest) -> int:
    """How many of the rows fit on the page: at least one."""
    size = 0
    for count, (key, value, _) in enumerate(rows):
        size += len(key) + len(value or b"")
        full = request.max_rows and count >= request.max_rows
        if full or (request.max_bytes and count and size > request.max_bytes):
            return count
    return len(rows)


def was_given(request: ScanRequest, row: Row) -> bool:
    """Whether a page that ended inside a key had this version of it."""
    key, _, timestamp = row
    if not request.resume_ts:
        return False
    if request.reverse:
        return key + b"\x00" == request.span.end and timestamp < request.resume_ts
    return key == request.span.start and timestamp > request.resume_ts


def resume_at(request: ScanRequest, row: Row) -> ScanRequest:
    """The request whose first row is this one."""
    key, _, timestamp = row
    span = request.span
    rest = replace(span, end=key + b"\x00") if request.reverse else replace(span, start=key)
    return replace(request, span=rest, resume_ts=timestamp if request.revisions else 0)
