"""The engine over LMDB: the interface's records on one side, the C core's calls on the other.

Owns policy that is not the core's: the folder, the clock, the sizes of slices and pages. Knows no names of
tables, no jobs and no files of backups beyond their paths.
"""

from __future__ import annotations

import inspect
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self, get_args

from mvcc._native import environment, files, library, writes
from mvcc._native.environment import LATEST, Environment, NativeView, SpanTuple
from mvcc.clock import Clock
from mvcc.engine import folder as store_folder
from mvcc.engine.folder import DATA_FILE
from mvcc.engine.interface import (
    ChangesPage,
    ChangesRequest,
    Durability,
    EngineInfo,
    ExportRequest,
    ExportSummary,
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
    InvalidArgumentError,
    StorageError,
    StoreAlreadyOpenError,
    TimestampBelowGCError,
    TransactionRetryError,
)
from mvcc.packed import PackedRows
from mvcc.timestamp import LOGICAL_BITS

EXPORT_CHUNK_BYTES = 1 << 20
INGEST_SLICE_BYTES = 32 << 20
SPLIT_KEYS_PER_CALL = 1 << 20
GC_WORK_PER_SLICE = 20_000
VERIFY_ROWS_PER_CALL = 100_000
MAX_PROBLEMS = 100


def open_engine(
    path: str | os.PathLike[str],
    *,
    create: bool = True,
    readonly: bool = False,
    durability: Durability = "full",
    clock: Clock | None = None,
    map_size: int | None = None,
    log_limit: int | None = None,
    gc_ttl_us: int | None = None,
) -> LMDBEngine:
    """Opens a store's folder, and makes it where nothing is there and `create` is true.

    `durability` relaxed: a power cut may undo the last commits. `map_size` is the address space in bytes
    (None: 1 TiB, or what the system gives), `log_limit` the bytes of a log above which it is merged (None:
    64 MiB). Behind merges, versions that were overwritten more than `gc_ttl_us` microseconds ago are
    collected (None: never, nor with a clock of the caller's, which merges cannot read). Raises
    LibraryError, InvalidArgumentError, NotAStoreError, StoreNotFoundError, StoreAlreadyOpenError,
    FormatVersionError, StoreCorruptedError.
    """
    if durability not in get_args(Durability):
        raise InvalidArgumentError(
            argument="durability", given=repr(durability), hint='Pass "full" or "relaxed".'
        )
    library.load()
    folder = Path(path).absolute()
    create = create and not readonly
    renewed = store_folder.prepare(folder, create)
    open_at = partial(
        Environment,
        map_size=map_size or 0,
        log_limit=log_limit or 0,
        gc_ttl_us=0 if clock is not None or gc_ttl_us is None else min(max(1, gc_ttl_us), LATEST),
        store_id=secrets.token_bytes(16),
    )
    if create and not (folder / DATA_FILE).exists():
        store_folder.make(folder, lambda path: open_at(path, flags=environment.OPEN_CREATE).close())
    flags = (
        (environment.OPEN_CREATE if create else 0)
        | (environment.OPEN_READ_ONLY if readonly else 0)
        | (environment.OPEN_RELAXED if durability == "relaxed" else 0)
    )
    try:
        env = open_at(str(folder), flags=flags)
    except StoreAlreadyOpenError as error:
        opened_at = _opened_at.get(_identity(folder), error.opened_at)
        raise StoreAlreadyOpenError(path=str(folder), opened_at=opened_at) from None
    try:
        _opened_at[_identity(folder)] = _caller()
        if not readonly:
            store_folder.clear(folder)
            store_folder.sync(renewed)
    except OSError as error:
        env.close()
        raise StorageError(what="opening the store", errno=error.errno, path=str(folder)) from error
    return LMDBEngine(env, readonly=readonly, clock=clock)


_opened_at: dict[tuple[int, int], str] = {}
"""Where this process opened each data file last, for the error of a second open."""


def _identity(folder: Path) -> tuple[int, int]:
    """What tells a store's data file from every other."""
    found = (folder / DATA_FILE).stat()
    return found.st_dev, found.st_ino


def _caller() -> str:
    """file:line of the innermost frame outside of this package."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == "mvcc":
        frame = frame.f_back
    return "unknown" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _span(span: Span) -> SpanTuple:
    return span.table_id, span.start, span.end


def _native(view: View | None) -> NativeView | None:
    if view is None:
        return None
    assert isinstance(view, NativeView)
    return view


class LMDBExport:
    """One SST on its way out."""

    def __init__(self, view: NativeView, request: ExportRequest) -> None:
        self._request = request
        self._native = files.NativeExport(
            view,
            _span(request.span),
            flags=(files.EXPORT_REVISIONS if request.revisions else 0) | files.EXPORT_MID_KEY,
            since=request.since,
            resume_ts=request.resume_ts,
            target_size=request.target_size,
            max_size=request.max_size,
            compression=request.compression,
            session=request.session,
            file_number=request.file_number,
            creation_time=request.creation_time,
            properties=request.properties,
        )
        self._summary: ExportSummary | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> memoryview:
        chunk = self._native.next(EXPORT_CHUNK_BYTES) if self._summary is None else None
        if chunk is None:
            self._summary = self._summary or self._summarize()
            raise StopIteration
        return chunk

    def _summarize(self) -> ExportSummary:
        stats = self._native.stats()
        resume = self._native.resume()
        request = None
        if resume is not None:
            key, timestamp = resume
            span = replace(self._request.span, start=key)
            request = replace(self._request, span=span, resume_ts=timestamp)
        return ExportSummary(
            rows=stats["rows"],
            tombstones=stats["tombstones"],
            bytes=stats["bytes"],
            min_ts=stats["min_ts"],
            max_ts=stats["max_ts"],
            cpu_seconds=stats["cpu_ns"] / 1e9,
            resume=request,
        )

    @property
    def summary(self) -> ExportSummary:
        """What was written, once the last chunk has been taken."""
        assert self._summary is not None, "the export has not ended"
        return self._summary

    def close(self) -> None:
        """Frees its memory. Idempotent."""
        self._native.close()


class LMDBEngine:
    """The engine over LMDB. See `mvcc.engine.interface.Engine` for its methods."""

    def __init__(self, env: Environment, *, readonly: bool, clock: Clock | None) -> None:
        self._env = env
        self._readonly = readonly
        self._clock = clock

    @property
    def path(self) -> str:
        """The store's folder, absolute."""
        return self._env.path

    @property
    def readonly(self) -> bool:
        """Whether writes are refused."""
        return self._readonly

    def close(self) -> None:
        """Waits for calls in flight. Idempotent."""
        self._env.close()

    # -- time ------------------------------------------------------------------------------------

    def _clock_ts(self) -> int:
        """The injected clock as a timestamp; 0: the core reads the system's clock itself."""
        return 0 if self._clock is None else self._clock.now_us() << LOGICAL_BITS

    def now(self) -> int:
        """A timestamp that no later commit gets, or goes below."""
        return self._env.now(self._clock_ts())

    def last_commit(self) -> int:
        """The timestamp of the newest commit."""
        return self._env.last_commit()

    def advance(self, timestamp: int) -> None:
        """Makes sure, durably, that every later commit is above a timestamp."""
        self._env.advance(timestamp, self._clock_ts())

    # -- writing ---------------------------------------------------------------------------------

    def commit(
        self,
        batch: WriteBatch,
        *,
        catalog_ts: int | None = None,
        reads: ReadSet | None = None,
        at: int | None = None,
    ) -> int:
        """Writes a batch at one new timestamp."""
        try:
            return self._env.commit(
                batch.table_ids,
                batch.keys,
                batch.values,
                points=reads.points if reads is not None else (),
                spans=[_span(span) for span in reads.spans] if reads is not None else (),
                ingested=[_span(span) for span in batch.ingested],
                read_ts=reads.read_ts if reads is not None else 0,
                catalog_ts=LATEST if catalog_ts is None else catalog_ts,
                clock=self._clock_ts(),
                at=at or 0,
            )
        except TimestampBelowGCError as error:
            raise TransactionRetryError(reason="gc", timestamp=error.threshold) from error

    def put(self, table_id: int, key: bytes, value: bytes, *, catalog_ts: int | None = None) -> int:
        """Commits one row."""
        catalog = LATEST if catalog_ts is None else catalog_ts
        return writes.put(self._env, catalog, self._clock_ts(), table_id, key, value)

    def put_rows(self, table_id: int, rows: PackedRows, *, catalog_ts: int | None = None) -> int:
        """Commits rows."""
        catalog = LATEST if catalog_ts is None else catalog_ts
        return writes.put_rows(self._env, catalog, self._clock_ts(), table_id, rows)

    def load_rows(self, table_id: int, rows: PackedRows, *, catalog_ts: int | None = None) -> int:
        """Commits rows straight into the tree."""
        catalog = LATEST if catalog_ts is None else catalog_ts
        return writes.load_rows(self._env, catalog, self._clock_ts(), table_id, rows)

    # -- reading ---------------------------------------------------------------------------------

    def view(self, at: int | None = None) -> NativeView:
        """Opens a view."""
        return self._env.view(LATEST if at is None else at, self._clock_ts())

    def get(
        self, table_id: int, key: bytes, *, view: View | None = None, catalog_ts: int | None = None
    ) -> bytes | None:
        """The value of a key."""
        return self.getter(table_id, view=view, catalog_ts=catalog_ts)(key)

    def getter(
        self, table_id: int, *, view: View | None = None, catalog_ts: int | None = None
    ) -> Get:
        """Gets of one key after the other."""
        return self._env.getter(
            _native(view), LATEST if catalog_ts is None else catalog_ts, table_id
        )

    def get_many(
        self,
        table_id: int,
        keys: Sequence[bytes],
        *,
        view: View | None = None,
        catalog_ts: int | None = None,
    ) -> list[bytes | None]:
        """The values of many keys."""
        return self._env.get_many(
            _native(view), LATEST if catalog_ts is None else catalog_ts, table_id, keys
        )

    def scan(self, request: ScanRequest, *, view: View) -> Page:
        """One page of rows."""
        native = _native(view)
        assert native is not None
        rows = self._env.scan(
            native,
            _span(request.span),
            flags=(environment.SCAN_REVERSE if request.reverse else 0)
            | (environment.SCAN_TOMBSTONES if request.tombstones else 0)
            | (environment.SCAN_REVISIONS if request.revisions else 0)
            | (environment.SCAN_KEYS_ONLY if request.keys_only else 0),
            resume_ts=request.resume_ts,
            since=request.since,
            max_rows=request.max_rows,
            max_bytes=request.max_bytes,
        )
        resume = None
        if rows.resume is not None:
            key, timestamp = rows.resume
            span = request.span
            rest = replace(span, end=key) if request.reverse else replace(span, start=key)
            resume = replace(request, span=rest, resume_ts=timestamp)
        return Page(rows.keys, rows.values, rows.timestamps, resume)

    def changes(self, request: ChangesRequest) -> ChangesPage:
        """One page of what was committed."""
        rows = self._env.changes(
            table=request.table_id or 0,
            since=request.since,
            until=LATEST if request.until is None else request.until,
            resume=request.resume,
            max_rows=request.max_rows,
            max_bytes=request.max_bytes,
        )
        resume = None
        if rows.resume is not None:
            resume = replace(request, until=rows.until, resume=rows.resume)
        return ChangesPage(
            timestamps=rows.timestamps,
            table_ids=rows.tables,
            keys=rows.keys,
            values=rows.values,
            resume=resume,
            until=rows.until,
        )

    # -- backups ---------------------------------------------------------------------------------

    def split(self, span: Span, *, view: View, span_bytes: int, since: int = 0) -> Iterator[bytes]:
        """Keys to cut a span at."""
        native = _native(view)
        assert native is not None
        carry, rest = 0, _span(span)
        while True:
            keys, resume, carry = self._env.split(
                native,
                rest,
                since=since,
                span_bytes=span_bytes,
                carry=carry,
                max_rows=SPLIT_KEYS_PER_CALL,
            )
            yield from keys
            if resume is None:
                return
            rest = (span.table_id, resume, span.end)

    def export(self, request: ExportRequest, *, view: View) -> LMDBExport:
        """The versions of a window as one SST."""
        assert isinstance(view, NativeView)
        return LMDBExport(view, request)

    def ingest(
        self,
        layers: Sequence[Sequence[str]],
        from_table: int,
        to_table: int,
        *,
        at: int,
        until: int,
    ) -> Iterator[tuple[int, int]]:
        """Loads SST files into a table that no catalog shows."""
        loading = files.NativeIngest(
            self._env, layers, from_table=from_table, to_table=to_table, at=at, until=until
        )
        try:
            while (done := loading.next(INGEST_SLICE_BYTES)) is not None:
                yield done
        finally:
            loading.close()

    def protect(self, timestamp: int, label: str, *, durable: bool = False) -> int:
        """Holds the GC threshold back."""
        return self._env.protect(timestamp, label, durable)

    def unprotect(self, record_id: int) -> None:
        """Drops a record of protect."""
        self._env.unprotect(record_id)

    # -- upkeep ----------------------------------------------------------------------------------

    def merge(self) -> None:
        """Brings everything that is committed from the logs to `data`."""
        self._env.merge(self._env.last_commit())

    def gc(self, before: int) -> GCResult:
        """Removes what no read at `before` or later can see."""
        self.merge()  # the threshold never passes what is merged
        threshold = self._env.gc_publish(before)
        return GCResult(threshold=threshold, **self._env.gc_slices(GC_WORK_PER_SLICE))

    def copy_to(self, folder: str) -> None:
        """Writes a compact copy."""
        self._env.copy_to(str(Path(folder) / DATA_FILE))
        store_folder.sync([Path(folder)])

    def verify(self) -> VerifyResult:
        """Reads and checks every row."""
        walked, problems = self._env.verify(VERIFY_ROWS_PER_CALL, MAX_PROBLEMS)
        return VerifyResult(**walked, problems=tuple(problems))

    def info(self) -> EngineInfo:
        """The engine's counters."""
        found = self._env.info()
        oldest = found.pop("oldest_pin")
        return EngineInfo(oldest_pin=None if oldest == LATEST else oldest, **found)
