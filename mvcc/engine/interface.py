"""What the store asks of a storage engine, and the records that pass between the two.

Nothing above this interface knows LMDB, and nothing below it knows names, catalogs or jobs: tables are
numbers, timestamps are u64 integers (microseconds since the epoch << 12 | logical), keys and values are
bytes. An engine is safe for any number of threads. Every method may raise `StoreClosedError`,
`ForkedStoreError`, `StorageError` and, where it reads, `StoreCorruptedError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from mvcc.packed import PackedRows

CATALOG_TABLE = 1
"""The table whose writes raise the catalog timestamp."""

MAX_KEY_BYTES = 490
MAX_VALUE_BYTES = 1 << 30

Compression = Literal["none", "lz4", "zstd"]

Durability = Literal["full", "relaxed"]
"""What a commit waits for: that it is on disk; or, relaxed, that all but the last ones are."""


@dataclass(frozen=True, slots=True)
class Span:
    """Keys `start <= key < end` of one table; None is unbounded."""

    table_id: int
    start: bytes | None = None
    end: bytes | None = None


@dataclass(slots=True)
class WriteBatch:
    """Puts and deletes that commit together, in columns; a key of a table stands in it at most once."""

    table_ids: list[int] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    """None is a tombstone."""
    ingested: list[Span] = field(default_factory=list)
    """Spans that `Engine.ingest` has filled and that this commit makes visible."""

    def add(self, table_id: int, key: bytes, value: bytes | None) -> None:
        """Appends one put, or one delete."""
        self.table_ids.append(table_id)
        self.keys.append(key)
        self.values.append(value)

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(slots=True)
class ReadSet:
    """What must not have changed since `read_ts` for a commit to be valid."""

    read_ts: int
    points: list[tuple[int, bytes]] = field(default_factory=list)
    """(table id, key)"""
    spans: list[Span] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One page of a scan. Go on with `Page.resume` while it is not None."""

    span: Span
    reverse: bool = False
    tombstones: bool = False
    """Deletions are rows too (value None)."""
    revisions: bool = False
    """Every version of the window, newest first (reverse: oldest first), tombstones too."""
    keys_only: bool = False
    since: int = 0
    """Only versions above this; without revisions: the newest at the view, if it is above this."""
    resume_ts: int = 0
    max_rows: int = 0
    """0: no limit."""
    max_bytes: int = 0
    """Of keys and values; at least one row is given. 0: no limit."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a scan: parallel columns."""

    keys: list[bytes]
    values: list[bytes | None]
    """None is a tombstone; b"" everywhere with keys_only."""
    timestamps: Sequence[int]
    resume: ScanRequest | None
    """The request that continues, or None at the end."""


@dataclass(frozen=True, slots=True)
class ChangesRequest:
    """One page of the commits in (since, until]; until None is the last commit."""

    since: int
    until: int | None = None
    table_id: int | None = None
    resume: tuple[int, int, bytes] | None = None
    """Where the last page ended: (timestamp, sequence number, key); of use to the engine alone."""
    max_rows: int = 65536
    max_bytes: int = 16 << 20


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Changes in commit order: parallel columns. A commit may go on in the next page."""

    timestamps: Sequence[int]
    table_ids: Sequence[int]
    keys: list[bytes]
    values: list[bytes | None]
    resume: ChangesRequest | None
    until: int
    """The end of the window that was read: the last commit where the request named none."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """One SST of the versions in (since, view].

    since 0: the newest version of each key without tombstones; above 0: the newest of the window, tombstones
    kept. With revisions: every version of the window.
    """

    span: Span
    since: int = 0
    revisions: bool = False
    resume_ts: int = 0
    target_size: int = 0
    """Bytes of keys and values; the SST ends at the next new key. 0: no limit."""
    max_size: int = 0
    """More is a hard stop between two versions. 0: no limit."""
    compression: Compression = "zstd"
    properties: tuple[tuple[str, bytes], ...] = ()
    """Own `mvcc.*` properties of the SST."""
    session: str = "MVCC0000000000000000"
    """20 characters A-Z 0-9: with file_number the identity of the file; equal input gives equal bytes."""
    file_number: int = 1
    creation_time: int = 0
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What one export wrote."""

    rows: int
    tombstones: int
    bytes: int
    """Of user keys and values, before compression."""
    min_ts: int
    max_ts: int
    cpu_seconds: float
    resume: ExportRequest | None
    """The request that continues, if a size ended this one."""


class Export(Protocol):
    """An iterator over the bytes of one SST; the summary is there once it has ended."""

    def __iter__(self) -> Iterator[memoryview]: ...
    def __next__(self) -> memoryview:
        """The next chunk of the file, valid until the next call. A window without rows has no chunk."""
        ...

    @property
    def summary(self) -> ExportSummary:
        """What was written."""
        ...

    def close(self) -> None:
        """Idempotent; ends the export early."""
        ...


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """The engine's own counters; sizes in bytes, times as timestamps."""

    store_id: bytes
    format_version: int
    last_commit: int
    merged: int
    sorted: int
    frozen: int
    runs: int
    runs_merging: int
    direct: int
    gc_threshold: int
    changes_from: int
    catalog_ts: int
    oldest_pin: int | None
    pins: int
    versions: int
    changes: int
    log_rows: int
    log_bytes: int
    log_limit: int
    run_rows: int
    run_bytes: int
    mem_rows: int
    mem_bytes: int
    page_size: int
    file_bytes: int
    free_pages: int
    map_bytes: int
    readers: int


@dataclass(frozen=True, slots=True)
class GCResult:
    """What a collection removed."""

    threshold: int
    versions: int
    tombstones: int
    changes: int
    bytes: int


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a verification walked, and each fault in words."""

    versions: int
    tombstones: int
    changes: int
    bytes: int
    problems: tuple[str, ...]


Get = Callable[[bytes], bytes | None]
"""The value of a key; None where it is absent or deleted. KeyTooLongError."""


class View(Protocol):
    """A timestamp that stays readable until it is closed (garbage collection waits for it)."""

    @property
    def timestamp(self) -> int:
        """The instant that is read."""
        ...

    def close(self) -> None:
        """Idempotent."""
        ...


class Engine(Protocol):
    """A timestamped, ordered map from (table id, key) to values."""

    @property
    def path(self) -> str:
        """The folder of the store."""
        ...

    @property
    def readonly(self) -> bool:
        """Whether every write is refused."""
        ...

    # -- time ------------------------------------------------------------------------------------

    def now(self) -> int:
        """A timestamp that no later commit gets, or goes below; at least the last commit's."""
        ...

    def last_commit(self) -> int:
        """The timestamp of the newest commit."""
        ...

    def advance(self, timestamp: int) -> None:
        """Makes sure, durably, that every later commit is above a timestamp. TimestampInFutureError."""
        ...

    # -- writing ---------------------------------------------------------------------------------

    def commit(
        self,
        batch: WriteBatch,
        *,
        catalog_ts: int | None = None,
        reads: ReadSet | None = None,
        at: int | None = None,
    ) -> int:
        """Writes a batch at one new timestamp, all or nothing, durable on return; gives the timestamp.

        `catalog_ts` is the commit of the catalog that the table ids were taken from: a newer catalog raises
        TransactionRetryError(reason="catalog"). `reads` that changed: TransactionRetryError
        (reason="conflict"). Also KeyTooLongError, ValueTooLargeError, ClockSkewError (at), ReadOnlyError.
        """
        ...

    def put(self, table_id: int, key: bytes, value: bytes, *, catalog_ts: int | None = None) -> int:
        """Commits one row. Raises what `commit` without reads raises."""
        ...

    def put_rows(self, table_id: int, rows: PackedRows, *, catalog_ts: int | None = None) -> int:
        """Commits rows; a key that comes twice gets the later value. Raises what `put` raises."""
        ...

    def load_rows(self, table_id: int, rows: PackedRows, *, catalog_ts: int | None = None) -> int:
        """As `put_rows`, for very many: fastest where they are sorted. There is at least one.

        Its changes come in key order. It is in conflict with whoever has read any key between the first and
        the last of them, and an export of a window that it falls into looks at the whole span.
        """
        ...

    # -- reading ---------------------------------------------------------------------------------

    def view(self, at: int | None = None) -> View:
        """Opens a view at a timestamp, None: at the last commit.

        TimestampInFutureError, TimestampBelowGCError.
        """
        ...

    def get(
        self, table_id: int, key: bytes, *, view: View | None = None, catalog_ts: int | None = None
    ) -> bytes | None:
        """The value of a key; None where it is absent or deleted.

        Without a view: at the last commit, with `catalog_ts` checked as commit does it.
        """
        ...

    def getter(
        self, table_id: int, *, view: View | None = None, catalog_ts: int | None = None
    ) -> Get:
        """`get` of a table's keys, one after the other, at less cost each. It keeps the view alive."""
        ...

    def get_many(
        self,
        table_id: int,
        keys: Sequence[bytes],
        *,
        view: View | None = None,
        catalog_ts: int | None = None,
    ) -> list[bytes | None]:
        """The values of many keys at one timestamp, in the order of the keys."""
        ...

    def scan(self, request: ScanRequest, *, view: View) -> Page:
        """One page of rows in key order."""
        ...

    def changes(self, request: ChangesRequest) -> ChangesPage:
        """One page of what was committed. TimestampBelowGCError below the oldest change that is kept."""
        ...

    # -- backups ---------------------------------------------------------------------------------

    def split(self, span: Span, *, view: View, span_bytes: int, since: int = 0) -> Iterator[bytes]:
        """Keys at which a span can be cut into parts of about `span_bytes`, in order.

        Bytes are those of the keys and values that an export of (since, view] holds.
        """
        ...

    def export(self, request: ExportRequest, *, view: View) -> Export:
        """The versions of a window as one SST."""
        ...

    def ingest(
        self,
        layers: Sequence[Sequence[str]],
        from_table: int,
        to_table: int,
        *,
        at: int,
        until: int,
    ) -> Iterator[tuple[int, int]]:
        """Loads the newest versions at or below `until` out of SST files, all at timestamp `at`, in slices.

        `layers` come newest first; each is the paths of its files in key order. Yields (rows, bytes) after
        each slice. No committed catalog may show the table. SSTCorruptedError.
        """
        ...

    def protect(self, timestamp: int, label: str, *, durable: bool = False) -> int:
        """Holds the GC threshold at or below a timestamp; gives a record id. TimestampBelowGCError.

        Without `durable` the record ends with this process.
        """
        ...

    def unprotect(self, record_id: int) -> None:
        """Drops a record of `protect`; an unknown id is ignored."""
        ...

    # -- upkeep ----------------------------------------------------------------------------------

    def merge(self) -> None:
        """Brings everything that is committed to where it will stay; changes no read."""
        ...

    def gc(self, before: int) -> GCResult:
        """Removes versions that no read at `before` or later can see, as far as snapshots allow."""
        ...

    def copy_to(self, folder: str) -> None:
        """Writes a durable copy of what the last commit shows into a folder that has no store.

        Writers do not wait. StorageError, which leaves no file.
        """
        ...

    def verify(self) -> VerifyResult:
        """Reads and checks every row."""
        ...

    def info(self) -> EngineInfo:
        """The engine's counters."""
        ...

    def close(self) -> None:
        """Idempotent; waits for calls in flight. Open views and exports then raise StoreClosedError."""
        ...
