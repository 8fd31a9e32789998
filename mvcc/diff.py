"""What differs between two instants: by table, then by key.

A table that both instants show is compared by what was written between them. One that was created,
dropped, or dropped and made again is compared row by row with what the other instant has under its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from heapq import merge
from itertools import groupby, islice, repeat
from operator import itemgetter
from typing import ClassVar

from mvcc import catalog
from mvcc.context import Context
from mvcc.engine.interface import ScanRequest, Span, View
from mvcc.errors import InvalidSpanError, TableNotFoundError
from mvcc.names import check_table_name
from mvcc.scan import PAGE_BYTES, PAGE_ROWS, read_pages
from mvcc.stream import Source, Stream
from mvcc.timestamp import Timestamp, When
from mvcc.types import Difference

Pair = tuple[bytes | None, bytes | None]
"""A key's value before, and after."""
Row = tuple[bytes, int, bytes]
"""A key, the side it stands on (0: before), its value."""


class DifferenceSource(Source[Difference]):
    """Both views, and the tables in turn."""

    __slots__ = ("_after", "_before", "_engine", "_tables")

    what: ClassVar[str] = "iterator of differences"

    def __init__(self, context: Context, before: View, after: View, table: str | None) -> None:
        super().__init__(context.handles, before, after)
        self._engine = context.engine
        self._before = before
        self._after = after
        older = self._ids(before)
        newer = self._ids(after)
        names = sorted(older | newer) if table is None else [table]
        self._tables = [(name, older.get(name), newer.get(name)) for name in names]
        if table is not None and self._tables == [(table, None, None)]:
            raise TableNotFoundError(name=table)

    def batches(self) -> Iterator[Iterable[Difference]]:
        """Differences, a page of rows at a time."""
        for name, older, newer in self._tables:
            for pairs in self._compare(older, newer):
                found = [
                    Difference(name, key, before, after)
                    for key, (before, after) in pairs
                    if before != after
                ]
                self._lend(found)
                yield found

    def _ids(self, view: View) -> dict[str, int]:
        return {info.name: info.id for info in catalog.tables(self._engine, view)}

    def _compare(
        self, older: int | None, newer: int | None
    ) -> Iterator[Iterable[tuple[bytes, Pair]]]:
        if older is not None and older == newer:
            return self._written_between(newer)
        return self._side_by_side(older, newer)

    def _written_between(self, table_id: int) -> Iterator[Iterable[tuple[bytes, Pair]]]:
        following: ScanRequest | None = ScanRequest(
            Span(table_id),
            tombstones=True,
            since=self._before.timestamp,
            max_rows=PAGE_ROWS,
            max_bytes=PAGE_BYTES,
        )
        while following is not None:
            page = self._engine.scan(following, view=self._after)
            before = self._engine.get_many(table_id, page.keys, view=self._before)
            yield zip(page.keys, zip(before, page.values, strict=True), strict=True)
            following = page.resume

    def _side_by_side(
        self, older: int | None, newer: int | None
    ) -> Iterator[Iterable[tuple[bytes, Pair]]]:
        merged = merge(self._rows(older, self._before, 0), self._rows(newer, self._after, 1))
        pairs = _paired(merged)
        while page := list(islice(pairs, PAGE_ROWS)):
            yield page

    def _rows(self, table_id: int | None, view: View, side: int) -> Iterator[Row]:
        if table_id is not None:
            for keys, values in read_pages(self._engine, view, ScanRequest(Span(table_id))):
                yield from zip(keys, repeat(side), values)


def _paired(rows: Iterable[Row]) -> Iterator[tuple[bytes, Pair]]:
    for key, group in groupby(rows, key=itemgetter(0)):
        sides = {side: value for _, side, value in group}
        yield key, (sides.get(0), sides.get(1))


def read_differences(
    context: Context, older: When, newer: When, table: str | None
) -> Stream[Difference]:
    """What `Store.diff` gives."""
    if table is not None:
        check_table_name(table)
    first, last = context.timestamp(older), context.timestamp(newer)
    if first > last:
        raise InvalidSpanError(
            start=Timestamp(first),
            end=Timestamp(last),
            hint="Pass the older instant first.",
        )
    with ExitStack() as views:
        before = views.enter_context(closing(context.engine.view(first)))
        after = views.enter_context(closing(context.engine.view(last)))
        source = DifferenceSource(context, before, after, table)
        views.pop_all()
    return Stream.over(source)
