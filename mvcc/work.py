"""A unit of work: reads at one view, writes that wait in buffers, one commit that checks the reads.

What transactions and the conditional calls of live tables are made of. A serializable unit remembers
each key and each span it read, also those that held nothing; under snapshot isolation it answers for
its write keys only (the first committer wins). One thread at a time; knows no names but the catalog's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Literal

from mvcc import catalog
from mvcc.arguments import Bounds, after
from mvcc.buffer import Write, WriteBuffer, overlay
from mvcc.catalog import Entry
from mvcc.engine.interface import Engine, ReadSet, ScanRequest, Span, View, WriteBatch
from mvcc.errors import ReadOnlyError, TransactionRetryError
from mvcc.scan import Columns, read_pages

Isolation = Literal["serializable", "snapshot"]


class ReadLog:
    """What a serializable unit of work has read from the view, nothing where it need not answer for it."""

    __slots__ = ("_enabled", "_points", "_spans")

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._points: dict[tuple[int, bytes], None] = {}
        self._spans: list[Span] = []

    def point(self, table_id: int, key: bytes) -> None:
        """One key was read."""
        if self._enabled:
            self._points[table_id, key] = None

    def points(self, table_id: int, keys: Sequence[bytes]) -> None:
        """Many keys were read."""
        if self._enabled:
            self._points.update(((table_id, key), None) for key in keys)

    def open_span(self, table_id: int) -> int:
        """Begins a span of which nothing was read yet; gives its number."""
        self._spans.append(Span(table_id, b"", b""))
        return len(self._spans) - 1

    def extend(self, number: int, request: ScanRequest, last: bytes) -> None:
        """A scan has come to a key."""
        if self._enabled:
            span = request.span
            if request.reverse:
                self._spans[number] = Span(span.table_id, last, span.end)
            else:
                self._spans[number] = Span(span.table_id, span.start, after(last))

    def finish(self, number: int, request: ScanRequest) -> None:
        """A scan has come to its end."""
        if self._enabled:
            self._spans[number] = request.span

    def read_set(self, read_ts: int) -> ReadSet | None:
        """What must not have changed; None where nothing was read."""
        spans = [span for span in self._spans if span.end != b""]
        if not self._points and not spans:
            return None
        return ReadSet(read_ts, list(self._points), spans)


class Work:
    """Reads and writes of any tables, towards one commit. `close` gives the view up."""

    __slots__ = (
        "_engine",
        "_entries",
        "_isolation",
        "_readonly",
        "buffers",
        "read_ts",
        "reads",
        "view",
    )

    def __init__(self, engine: Engine, *, isolation: Isolation, readonly: bool) -> None:
        self._engine = engine
        self._isolation = isolation
        self._readonly = readonly
        self._entries: dict[int, Entry] = {}
        self.buffers: dict[int, WriteBuffer] = {}
        self.reads = ReadLog(enabled=isolation == "serializable" and not readonly)
        self.view = engine.view()
        self.read_ts = self.view.timestamp

    def find(self, name: str) -> WorkTable:
        """The table of this name at the view. InvalidNameError, TableNotFoundError."""
        return self.table(catalog.find(self._engine, name, self.view))

    def table(self, entry: Entry) -> WorkTable:
        """A table that the view shows."""
        self._entries[entry.table_id] = entry
        buffer = self.buffers.setdefault(entry.table_id, WriteBuffer())
        return WorkTable(self._engine, self, entry, buffer)

    def check_writable(self) -> None:
        """ReadOnlyError where nothing can be written."""
        if self._readonly:
            raise ReadOnlyError(
                what="transaction", hint="Begin it without readonly=True to write in it."
            )
        if self._engine.readonly:
            raise ReadOnlyError

    def commit(self, at: int | None = None) -> int | None:
        """Writes the buffers at one new timestamp and gives it; None where there is nothing to write.

        TransactionRetryError, ClockSkewError, StorageError. The unit is over, whatever happens.
        """
        batch = self._batch()
        if not batch:
            return None
        reads = self._read_set(batch)
        catalog_ts = self.read_ts
        while True:
            try:
                return self._engine.commit(batch, catalog_ts=catalog_ts, reads=reads, at=at)
            except TransactionRetryError as error:
                if error.reason != "catalog":
                    raise
                catalog_ts = self._newer_catalog(error)

    def close(self) -> None:
        """Idempotent."""
        self.view.close()

    def _batch(self) -> WriteBatch:
        batch = WriteBatch()
        for table_id, buffer in self.buffers.items():
            batch.table_ids += [table_id] * len(buffer.writes)
            batch.keys += buffer.writes
            batch.values += buffer.writes.values()
        return batch

    def _read_set(self, batch: WriteBatch) -> ReadSet | None:
        if self._isolation == "serializable":
            return self.reads.read_set(self.read_ts)
        return ReadSet(self.read_ts, list(zip(batch.table_ids, batch.keys, strict=True)))

    def _newer_catalog(self, error: TransactionRetryError) -> int:
        """A newer catalog that shows the same tables, by its timestamp; else raises the error."""
        with closing(self._engine.view()) as view:
            for entry in self._entries.values():
                if not catalog.shows(self._engine, entry, view):
                    raise error
            return view.timestamp


class WorkTable:
    """One table in a unit of work."""

    __slots__ = ("_buffer", "_engine", "_find", "_work", "entry")

    def __init__(self, engine: Engine, work: Work, entry: Entry, buffer: WriteBuffer) -> None:
        self._engine = engine
        self._work = work
        self._buffer = buffer
        self._find = engine.getter(entry.table_id, view=work.view)
        self.entry = entry

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, the unit's own write first."""
        writes = self._buffer.writes
        if key in writes:
            return writes[key]
        self._work.reads.point(self.entry.table_id, key)
        return self._find(key)

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values of many keys, the unit's own writes first."""
        writes = self._buffer.writes
        unwritten = [key for key in keys if key not in writes] if writes else keys
        self._work.reads.points(self.entry.table_id, unwritten)
        values = self._engine.get_many(self.entry.table_id, unwritten, view=self._work.view)
        if not writes:
            return values
        found = dict(zip(unwritten, values, strict=True))
        return [writes[key] if key in writes else found[key] for key in keys]

    def read_history(self, key: bytes) -> View:
        """Notes that a key's versions are read; gives the view, which stays the unit's, to read them at."""
        self._work.reads.point(self.entry.table_id, key)
        return self._work.view

    def keys_in(self, bounds: Bounds) -> list[bytes]:
        """The keys of a span."""
        request = ScanRequest(Span(self.entry.table_id, *bounds), keys_only=True)
        return [key for keys, _ in self.pages(request, None) for key in keys]

    def pages(self, request: ScanRequest, limit: int | None) -> Iterator[Columns]:
        """The rows of a scan under the unit's writes up to now, remembered as read as they come."""
        writes = self._buffer.span(request.span.start, request.span.end)
        return self._remembered(request, limit, writes)

    def _remembered(
        self, request: ScanRequest, limit: int | None, writes: list[Write]
    ) -> Iterator[Columns]:
        stored = read_pages(self._engine, self._work.view, request, None if writes else limit)
        reads = self._work.reads
        number = reads.open_span(self.entry.table_id)
        rows = 0
        for keys, values in overlay(stored, writes, reverse=request.reverse, limit=limit):
            rows += len(keys)
            if keys:
                reads.extend(number, request, keys[-1])
            yield keys, values
        if limit is None or rows < limit:
            reads.finish(number, request)

    def set_many(self, rows: Mapping[bytes, bytes | None]) -> None:
        """Writes to the buffer; None deletes. ReadOnlyError."""
        self._work.check_writable()
        self._buffer.set_many(rows.items())
