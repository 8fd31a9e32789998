"""An engine in memory: a dict of versions behind the interface of `mvcc.engine.interface`.

Written to be obviously right, not fast: every question is answered by walking everything. It is the
twin that the LMDB engine is compared with, and what the store layer's unit tests run on. It writes no
SSTs: `export` and `ingest` fail.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakSet

from mvcc.clock import Clock, SystemClock
from mvcc.engine.interface import (
    CATALOG_TABLE,
    MAX_KEY_BYTES,
    MAX_VALUE_BYTES,
    ChangesPage,
    ChangesRequest,
    EngineInfo,
    Export,
    ExportRequest,
    GCResult,
    Get,
    Page,
    ReadSet,
    ScanRequest,
    Span,
    VerifyResult,
    View,
    WriteBatch,
)
from mvcc.errors import (
    ClockSkewError,
    KeyTooLongError,
    ReadOnlyError,
    StoreClosedError,
    TimestampBelowGCError,
    TimestampInFutureError,
    TransactionRetryError,
    ValueTooLargeError,
)
from mvcc.packed import PackedRows
from mvcc.timestamp import Timestamp
from tests.engine.paging import Row, fitting, holds, resume_at, was_given

NO_SSTS = "the engine in memory writes and reads no SSTs"


@dataclass
class Disk:
    """What engines share: every version, oldest first, the marks, the read floor and open views."""

    versions: dict[tuple[int, bytes], list[tuple[int, bytes | None]]] = field(default_factory=dict)
    changes: list[tuple[int, int, int, bytes, bytes | None]] = field(default_factory=list)
    protected: dict[int, int] = field(default_factory=dict)
    last_commit: int = 0
    catalog_ts: int = 0
    gc_threshold: int = 0
    floor: int = 0
    views: WeakSet[MemoryView] = field(default_factory=WeakSet)
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryView:
    """A pinned timestamp."""

    def __init__(self, engine: MemoryEngine, timestamp: int) -> None:
        self.engine = engine
        self.timestamp = timestamp
        engine.disk.views.add(self)

    def close(self) -> None:
        """Idempotent."""
        with self.engine.disk.lock:
            self.engine.disk.views.discard(self)


class MemoryEngine:
    """The interface over a `Disk`; engines over one disk see each other's commits, as processes do."""

    def __init__(
        self,
        disk: Disk,
        path: str = "memory",
        *,
        readonly: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.disk = disk
        self.path = path
        self.readonly = readonly
        self.clock = clock or SystemClock()
        self.closed = False

    # -- time ------------------------------------------------------------------------------------

    def now(self) -> int:
        """Raises the floor to the clock."""
        with self._turn() as disk:
            disk.floor = max(disk.floor, self._clock(), disk.last_commit)
            return disk.floor

    def last_commit(self) -> int:
        """The newest commit."""
        with self._turn() as disk:
            return disk.last_commit

    def advance(self, timestamp: int) -> None:
        """Moves the last commit itself."""
        with self._turn(write=True) as disk:
            self._refuse_future(timestamp)
            disk.last_commit = max(disk.last_commit, timestamp)

    # -- writing ---------------------------------------------------------------------------------

    def commit(
        self,
        batch: WriteBatch,
        *,
        catalog_ts: int | None = None,
        reads: ReadSet | None = None,
        at: int | None = None,
    ) -> int:
        """Checks, then appends to each key's versions."""
        rows = list(zip(batch.table_ids, batch.keys, batch.values, strict=True))
        with self._turn(write=True) as disk:
            for _, key, value in rows:
                _check_lengths(key, value)
            self._check_catalog(catalog_ts)
            if reads is not None:
                self._check_reads(reads)
            timestamp = self._assign(at)
            for seq, (table_id, key, value) in enumerate(rows):
                disk.versions.setdefault((table_id, key), []).append((timestamp, value))
                disk.changes.append((timestamp, seq, table_id, key, value))
            if CATALOG_TABLE in batch.table_ids:
                disk.catalog_ts = timestamp
            disk.last_commit = timestamp
            return timestamp

    def put(self, table_id: int, key: bytes, value: bytes, *, catalog_ts: int | None = None) -> int:
        """A commit of one row."""
        return self.commit(WriteBatch([table_id], [key], [value]), catalog_ts=catalog_ts)

    def put_rows(self, table_id: int, rows: PackedRows, *, catalog_ts: int | None = None) -> int:
        """A commit of a dict's rows."""
        return self._put_dict(table_id, dict(rows), catalog_ts)

    def load_rows(self, table_id: int, rows: PackedRows, *, catalog_ts: int | None = None) -> int:
        """A commit of a dict's rows in key order."""
        return self._put_dict(table_id, dict(sorted(dict(rows).items())), catalog_ts)

    def _put_dict(self, table_id: int, rows: dict[bytes, bytes], catalog_ts: int | None) -> int:
        batch = WriteBatch([table_id] * len(rows), list(rows), list(rows.values()))
        return self.commit(batch, catalog_ts=catalog_ts)

    def _check_catalog(self, catalog_ts: int | None) -> None:
        if catalog_ts is not None and self.disk.catalog_ts > catalog_ts:
            raise TransactionRetryError(reason="catalog", timestamp=Timestamp(self.disk.catalog_ts))

    def _check_reads(self, reads: ReadSet) -> None:
        if reads.read_ts < self.disk.gc_threshold:
            raise TransactionRetryError(reason="gc", timestamp=Timestamp(self.disk.gc_threshold))
        for (table_id, key), versions in self.disk.versions.items():
            read = (table_id, key) in reads.points
            read = read or any(holds(span, table_id, key) for span in reads.spans)
            newest = versions[-1][0]
            if read and newest > reads.read_ts:
                raise TransactionRetryError(reason="conflict", key=key, timestamp=Timestamp(newest))

    def _assign(self, at: int | None) -> int:
        lowest = max(self.disk.last_commit, self.disk.floor) + 1
        if at is None:
            return max(self._clock(), lowest)
        highest = self._clock() + Timestamp.from_wall_us(1_000_000).value
        if not lowest <= at <= highest:
            bound = lowest if at < lowest else highest
            raise ClockSkewError(timestamp=Timestamp(at), bound=Timestamp(bound))
        return at

    # -- reading ---------------------------------------------------------------------------------

    def view(self, at: int | None = None) -> MemoryView:
        """Raises the floor where the timestamp is above the last commit."""
        with self._turn() as disk:
            if at is None:
                at = disk.last_commit
            if at > disk.last_commit:
                self._refuse_future(at)
                if self.readonly:
                    raise ReadOnlyError
                disk.floor = max(disk.floor, at)
            if at < disk.gc_threshold:
                raise _below_gc(at, disk.gc_threshold)
            return MemoryView(self, at)

    def get(
        self, table_id: int, key: bytes, *, view: View | None = None, catalog_ts: int | None = None
    ) -> bytes | None:
        """The newest version's value."""
        return self.get_many(table_id, [key], view=view, catalog_ts=catalog_ts)[0]

    def getter(
        self, table_id: int, *, view: View | None = None, catalog_ts: int | None = None
    ) -> Get:
        """The same, bound."""
        return lambda key: self.get(table_id, key, view=view, catalog_ts=catalog_ts)

    def get_many(
        self,
        table_id: int,
        keys: Sequence[bytes],
        *,
        view: View | None = None,
        catalog_ts: int | None = None,
    ) -> list[bytes | None]:
        """The newest version's value of each key."""
        with self._turn() as disk:
            if view is None:
                self._check_catalog(catalog_ts)
            for key in keys:
                _check_lengths(key, None)
            until = disk.last_commit if view is None else self._timestamp(view)
            found = [self._window(table_id, key, 0, until) for key in keys]
            return [versions[0][1] if versions else None for versions in found]

    def scan(self, request: ScanRequest, *, view: View) -> Page:
        """All rows of the span, cut to a page."""
        with self._turn():
            rows = self._rows(request, self._timestamp(view))
            taken = fitting(rows, request)
            return Page(
                keys=[key for key, _, _ in rows[:taken]],
                values=[
                    b"" if request.keys_only and value is not None else value
                    for _, value, _ in rows[:taken]
                ],
                timestamps=[timestamp for _, _, timestamp in rows[:taken]],
                resume=resume_at(request, rows[taken]) if taken < len(rows) else None,
            )

    def _rows(self, request: ScanRequest, until: int) -> list[Row]:
        span, rows = request.span, []
        for table_id, key in sorted(self.disk.versions):
            if not holds(span, table_id, key):
                continue
            versions = self._window(table_id, key, request.since, until)
            if not request.revisions:
                versions = [v for v in versions[:1] if v[1] is not None or request.tombstones]
            rows += [(key, value, timestamp) for timestamp, value in versions]
        if request.reverse:
            rows.reverse()
        return [row for row in rows if not was_given(request, row)]

    def _window(
        self, table_id: int, key: bytes, since: int, until: int
    ) -> list[tuple[int, bytes | None]]:
        """The versions in (since, until], newest first."""
        versions = reversed(self.disk.versions.get((table_id, key), []))
        return [(ts, value) for ts, value in versions if since < ts <= until]

    def changes(self, request: ChangesRequest) -> ChangesPage:
        """The list of changes, cut to a page."""
        with self._turn() as disk:
            if request.since < disk.gc_threshold:
                raise _below_gc(request.since, disk.gc_threshold)
            until = disk.last_commit if request.until is None else request.until
            begin = request.resume or (request.since + 1, 0, b"")
            rows = [
                row
                for row in disk.changes
                if begin[:2] <= row[:2] and row[0] <= until and request.table_id in (None, row[2])
            ]
            page, rest = rows[: request.max_rows], rows[request.max_rows :]
            return ChangesPage(
                timestamps=[row[0] for row in page],
                table_ids=[row[2] for row in page],
                keys=[row[3] for row in page],
                values=[row[4] for row in page],
                resume=replace(request, until=until, resume=(*rest[0][:2], b"")) if rest else None,
                until=until,
            )

    # -- backups ---------------------------------------------------------------------------------

    def split(self, span: Span, *, view: View, span_bytes: int, since: int = 0) -> Iterator[bytes]:
        """Cuts where the bytes since the last cut have reached `span_bytes`."""
        with self._turn():
            request = ScanRequest(span, since=since, tombstones=since > 0)
            rows = self._rows(request, self._timestamp(view))
        size = 0
        for key, value, _ in rows:
            if size >= span_bytes:
                yield key
                size = 0
            size += len(key) + len(value or b"")

    def export(self, request: ExportRequest, *, view: View) -> Export:
        """SSTs are the native engine's."""
        del request, view
        raise AssertionError(NO_SSTS)

    def ingest(
        self,
        layers: Sequence[Sequence[str]],
        from_table: int,
        to_table: int,
        *,
        at: int,
        until: int,
    ) -> Iterator[tuple[int, int]]:
        """SSTs are the native engine's."""
        del layers, from_table, to_table, at, until
        raise AssertionError(NO_SSTS)

    def protect(self, timestamp: int, label: str, *, durable: bool = False) -> int:
        """Keeps every record for as long as the disk."""
        del label, durable
        with self._turn(write=True) as disk:
            if timestamp < disk.gc_threshold:
                raise _below_gc(timestamp, disk.gc_threshold)
            record_id = max(disk.protected, default=0) + 1
            disk.protected[record_id] = timestamp
            return record_id

    def unprotect(self, record_id: int) -> None:
        """Drops a record."""
        with self._turn(write=True) as disk:
            disk.protected.pop(record_id, None)

    # -- upkeep ----------------------------------------------------------------------------------

    def gc(self, before: int) -> GCResult:
        """Keeps of each key what is above the bound and the newest value at or below it."""
        with self._turn(write=True) as disk:
            threshold = min([before, disk.last_commit, *disk.protected.values()])
            disk.gc_threshold = max(disk.gc_threshold, threshold)
            bound = min([disk.gc_threshold, *(view.timestamp for view in disk.views)])
            removed = [
                (key, version)
                for (table_id, key) in list(disk.versions)
                for version in self._collect(table_id, key, bound)
            ]
            kept = [change for change in disk.changes if change[0] > disk.gc_threshold]
            trimmed, disk.changes = len(disk.changes) - len(kept), kept
            return GCResult(
                threshold=disk.gc_threshold,
                versions=len(removed),
                tombstones=sum(value is None for _, (_, value) in removed),
                changes=trimmed,
                bytes=sum(len(key) + len(value or b"") for key, (_, value) in removed),
            )

    def _collect(self, table_id: int, key: bytes, bound: int) -> list[tuple[int, bytes | None]]:
        """Removes and gives the versions of a key that no read at `bound` or later sees."""
        versions = self.disk.versions[table_id, key]
        old = [version for version in versions if version[0] <= bound]
        if old and old[-1][1] is not None:
            old.pop()
        self.disk.versions[table_id, key] = versions[len(old) :]
        if not self.disk.versions[table_id, key]:
            del self.disk.versions[table_id, key]
        return old

    def merge(self) -> None:
        """Nothing to do: everything stands in one place."""
        with self._turn(write=True):
            return

    def copy_to(self, folder: str) -> None:
        """Folders are the native engine's."""
        raise AssertionError(folder)

    def verify(self) -> VerifyResult:
        """Counts; nothing in memory decays."""
        with self._turn() as disk:
            rows = [(key, v[1]) for (_, key), vs in disk.versions.items() for v in vs]
            return VerifyResult(
                versions=len(rows),
                tombstones=sum(value is None for _, value in rows),
                changes=len(disk.changes),
                bytes=sum(len(key) + len(value or b"") for key, value in rows),
                problems=(),
            )

    def info(self) -> EngineInfo:
        """The marks and counts; what only files have is 0."""
        with self._turn() as disk:
            return EngineInfo(
                store_id=bytes(16),
                format_version=1,
                last_commit=disk.last_commit,
                merged=disk.last_commit,
                sorted=disk.last_commit,
                frozen=0,
                runs=0,
                runs_merging=0,
                direct=disk.last_commit,
                gc_threshold=disk.gc_threshold,
                changes_from=disk.gc_threshold,
                catalog_ts=disk.catalog_ts,
                oldest_pin=min((view.timestamp for view in disk.views), default=None),
                pins=len(disk.views),
                versions=sum(map(len, disk.versions.values())),
                changes=len(disk.changes),
                log_rows=0,
                log_bytes=0,
                log_limit=0,
                run_rows=0,
                run_bytes=0,
                mem_rows=0,
                mem_bytes=0,
                page_size=0,
                file_bytes=0,
                free_pages=0,
                map_bytes=0,
                readers=0,
            )

    def close(self) -> None:
        """Idempotent."""
        with self.disk.lock:
            self.closed = True
            for view in [view for view in self.disk.views if view.engine is self]:
                self.disk.views.discard(view)

    # -- helpers ---------------------------------------------------------------------------------

    def _turn(self, *, write: bool = False) -> _Turn:
        """One call at a time, on an engine that is open (for writing)."""
        return _Turn(self, write)

    def _clock(self) -> int:
        return Timestamp.from_wall_us(self.clock.now_us()).value

    def _refuse_future(self, timestamp: int) -> None:
        limit = max(self._clock(), self.disk.last_commit, self.disk.floor)
        if timestamp > limit:
            raise TimestampInFutureError(timestamp=Timestamp(timestamp), limit=Timestamp(limit))

    def _timestamp(self, view: View) -> int:
        if view not in self.disk.views:
            raise StoreClosedError(what="view")
        return view.timestamp


class _Turn:
    def __init__(self, engine: MemoryEngine, write: bool) -> None:
        self.engine = engine
        self.write = write

    def __enter__(self) -> Disk:
        self.engine.disk.lock.acquire()
        try:
            if self.engine.closed:
                raise StoreClosedError
            if self.write and self.engine.readonly:
                raise ReadOnlyError
        except BaseException:
            self.engine.disk.lock.release()
            raise
        return self.engine.disk

    def __exit__(self, *_: object) -> None:
        self.engine.disk.lock.release()


def _check_lengths(key: bytes, value: bytes | None) -> None:
    if len(key) > MAX_KEY_BYTES:
        raise KeyTooLongError(length=len(key), limit=MAX_KEY_BYTES)
    if value is not None and len(value) > MAX_VALUE_BYTES:
        raise ValueTooLargeError(length=len(value), limit=MAX_VALUE_BYTES)


def _below_gc(timestamp: int, threshold: int) -> TimestampBelowGCError:
    return TimestampBelowGCError(timestamp=Timestamp(timestamp), threshold=Timestamp(threshold))
