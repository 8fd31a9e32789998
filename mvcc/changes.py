"""The feed of what was committed: commits whole and in order, then, if wanted, those to come.

The system's own tables are hidden, and so are rows of tables that were already dropped when they
were written (garbage collection empties such tables). Names are those of the change's time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import ClassVar

from mvcc.catalog import Names
from mvcc.context import Context
from mvcc.engine.interface import CATALOG_TABLE, ChangesPage, ChangesRequest
from mvcc.errors import InvalidArgumentError, StoreClosedError, TableNotFoundError
from mvcc.names import check_table_name
from mvcc.stream import Source, Stream
from mvcc.timestamp import Timestamp, When
from mvcc.types import Change, Progress

POLL_S = 0.02
IDLE_S = 1.0


class ChangeSource(Source[Change | Progress]):
    """Pages of the engine's changes as records."""

    __slots__ = ("_context", "_names", "_request", "_stop", "_table", "_wanted")

    what: ClassVar[str] = "iterator of changes"

    def __init__(self, context: Context, since: int, until: int, table: str | None) -> None:
        super().__init__(context.handles)
        self._context = context
        self._table = table
        self._stop = threading.Event()
        self._names = self._read_names()
        only = None if table is None else self._only_id(table)
        self._request = ChangesRequest(since=since, until=until, table_id=only)

    def _only_id(self, table: str) -> int | None:
        """The id to ask the engine for; None where several tables had the name, in turn."""
        ids = self._names.ids(table)
        if not ids:
            raise TableNotFoundError(name=table)
        return ids.pop() if len(ids) == 1 else None

    def batches(self) -> Iterator[Iterable[Change | Progress]]:
        """The window, a page at a time."""
        return self._pages(self._request)

    def close(self) -> None:
        """Also ends a wait for further commits."""
        self._stop.set()
        super().close()

    def _pages(self, request: ChangesRequest | None) -> Iterator[Iterable[Change | Progress]]:
        while request is not None:
            page = self._context.engine.changes(request)
            if CATALOG_TABLE in page.table_ids:
                self._names = self._read_names()
            yield self._records(page)
            request = page.resume

    def _records(self, page: ChangesPage) -> Iterable[Change | Progress]:
        records: list[Change | Progress] = []
        columns = zip(page.timestamps, page.table_ids, page.keys, page.values, strict=True)
        for timestamp, table_id, key, value in columns:
            name = self._names.at(table_id, timestamp)
            if name is not None and self._table in (None, name):
                records.append(
                    Change(
                        Timestamp(timestamp), name, key, value, "delete" if value is None else "put"
                    )
                )
        self._lend(records)
        return records

    def _read_names(self) -> Names:
        with closing(self._context.engine.view()) as view:
            return Names(self._context.engine, view)


class FollowSource(ChangeSource):
    """The same without an end: waits for commits, and reports progress while there are none."""

    __slots__ = ()

    ends_when_closed: ClassVar[bool] = True

    def batches(self) -> Iterator[Iterable[Change | Progress]]:
        """What was committed, as it comes."""
        try:
            yield from self._follow(self._request.since)
        except StoreClosedError:
            if not self._closed:
                raise

    def _follow(self, done: int) -> Iterator[Iterable[Change | Progress]]:
        report_at = time.monotonic() + IDLE_S
        while not self._closed:
            newest = self._context.engine.last_commit()
            if newest > done:
                yield from self._pages(ChangesRequest(since=done, until=newest))
                done = newest
                report_at = time.monotonic() + IDLE_S
            elif time.monotonic() >= report_at:
                yield (Progress(Timestamp(done)),)
                report_at = time.monotonic() + IDLE_S
            else:
                self._stop.wait(POLL_S)


def read_changes(
    context: Context, since: When, until: When | None, table: str | None, *, follow: bool
) -> Stream[Change | Progress]:
    """What `Store.changes` gives."""
    if table is not None:
        check_table_name(table)
    if follow and until is not None:
        raise InvalidArgumentError(
            argument="until", given="given with follow=True", hint="Leave one of them out."
        )
    low, high = context.window(since, until)
    kind = FollowSource if follow else ChangeSource
    return Stream.over(kind(context, low, high, table))
