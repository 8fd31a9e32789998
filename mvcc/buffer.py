"""The writes of a transaction to one table before they commit, and how a scan sees through them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from mvcc.scan import Columns

Write = tuple[bytes, bytes | None]
"""A key and its new value; None: deleted."""


class WriteBuffer:
    """The newest write of each key, with the keys in order when somebody asks for a span."""

    __slots__ = ("_order", "_unordered", "writes")

    def __init__(self) -> None:
        self.writes: dict[bytes, bytes | None] = {}
        self._order: list[bytes] = []
        self._unordered: list[bytes] = []

    def set_many(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Takes up writes; a later one of the same key replaces an earlier one."""
        for key, value in rows:
            if key not in self.writes:
                self._unordered.append(key)
            self.writes[key] = value

    def span(self, start: bytes | None, end: bytes | None) -> list[Write]:
        """A copy of the writes in `start <= key < end`, in order."""
        if self._unordered:
            self._order += self._unordered
            self._order.sort()
            self._unordered.clear()
        first = 0 if start is None else bisect_left(self._order, start)
        last = len(self._order) if end is None else bisect_left(self._order, end)
        return [(key, self.writes[key]) for key in self._order[first:last]]


def overlay(
    pages: Iterator[Columns], writes: list[Write], *, reverse: bool, limit: int | None
) -> Iterator[Columns]:
    """Pages of a scan with a transaction's writes (in key order) over them, up to a limit of rows."""
    for keys, values in _merged(pages, writes, reverse=reverse):
        if limit is not None and len(keys) >= limit:
            yield keys[:limit], values[:limit]
            return
        if limit is not None:
            limit -= len(keys)
        yield keys, values


def _merged(pages: Iterator[Columns], writes: list[Write], *, reverse: bool) -> Iterator[Columns]:
    for keys, values in pages:
        if not keys:
            continue
        due, writes = _split(writes, keys[-1], reverse=reverse)
        if due:
            yield _combine(dict(zip(keys, values, strict=True)), due, reverse=reverse)
        else:
            yield keys, values
    if writes:
        yield _combine({}, writes, reverse=reverse)


def _split(writes: list[Write], last: bytes, *, reverse: bool) -> tuple[list[Write], list[Write]]:
    """The writes that come up to a page's last key, and those after it."""
    if reverse:
        cut = bisect_left(writes, last, key=_key)
        return writes[cut:], writes[:cut]
    cut = bisect_right(writes, last, key=_key)
    return writes[:cut], writes[cut:]


def _key(write: Write) -> bytes:
    return write[0]


def _combine(rows: dict[bytes, bytes], writes: list[Write], *, reverse: bool) -> Columns:
    for key, value in writes:
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = value
    keys = sorted(rows, reverse=reverse)
    return keys, [rows[key] for key in keys]
