"""Scans: pages of the engine, one after the other, as a stream of rows, keys or values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from mvcc.engine.interface import Engine, ScanRequest, View
from mvcc.stream import Handles, Source, Stream

T = TypeVar("T")

Columns = tuple[list[bytes], list[bytes]]
"""The keys of some rows, and their values."""
Shape = Callable[[list[bytes], list[bytes]], Iterable[T]]

FIRST_PAGE_ROWS = 128
PAGE_ROWS = 4096
PAGE_BYTES = 4 << 20


class Scan(Stream[tuple[bytes, bytes]]):
    """An iterator of (key, value) in one view, taken when it was made; a context manager.

    It holds a timestamp back from garbage collection until its end or `close()`.
    """


class ScanSource(Source[T]):
    """Pages in the shape that is asked for."""

    __slots__ = ("_pages", "_shape")

    def __init__(
        self, handles: Handles, pages: Iterator[Columns], shape: Shape[T], *views: View
    ) -> None:
        super().__init__(handles, *views)
        self._pages = pages
        self._shape = shape

    def batches(self) -> Iterator[Iterable[T]]:
        """One batch a page."""
        for keys, values in self._pages:
            self._lend(keys, values)
            yield self._shape(keys, values)


def as_items(keys: list[bytes], values: list[bytes]) -> Iterable[tuple[bytes, bytes]]:
    """The shape of `items()`."""
    return zip(keys, values, strict=True)


def as_keys(keys: list[bytes], values: list[bytes]) -> Iterable[bytes]:  # noqa: ARG001
    """The shape of `keys()`."""
    return keys


def as_values(keys: list[bytes], values: list[bytes]) -> Iterable[bytes]:  # noqa: ARG001
    """The shape of `values()`."""
    return values


def read_pages(
    engine: Engine, view: View, request: ScanRequest, limit: int | None = None
) -> Iterator[Columns]:
    """The pages of a scan without tombstones: small ones first, so that a short look stays short."""
    rows = FIRST_PAGE_ROWS
    following: ScanRequest | None = request
    while following is not None and limit != 0:
        if limit is not None:
            rows = min(rows, limit)
        page = engine.scan(replace(following, max_rows=rows, max_bytes=PAGE_BYTES), view=view)
        following = page.resume
        rows = min(rows * 8, PAGE_ROWS)
        if limit is not None:
            limit -= len(page.keys)
        yield page.keys, page.values  # type: ignore[misc]
