"""The records that the public API gives out, and the Protocols that its tables fulfil.

Records are frozen, slotted and picklable; they hold plain values and never a handle. `Readable` and
`Writable` say what a live table, an AS OF table and a table in a transaction have in common. Knows
nothing of how any of it is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Final,
    Literal,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    overload,
    runtime_checkable,
)

from mvcc.timestamp import Timestamp

if TYPE_CHECKING:
    from typing_extensions import Buffer

    BytesLike: TypeAlias = Buffer
else:
    BytesLike: TypeAlias = bytes | bytearray | memoryview

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ArrowStreamLike(Protocol):
    """A table or a frame that Arrow's C stream interface can read, as of pyarrow, polars or duckdb."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A capsule of an ArrowArrayStream."""
        ...


class ArrowArrayLike(Protocol):
    """A record batch that Arrow's C data interface can read."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """Capsules of an ArrowSchema and an ArrowArray."""
        ...


RowsLike: TypeAlias = (
    "Mapping[bytes, BytesLike] | Iterable[tuple[BytesLike, BytesLike]]"
    " | tuple[NDArray[np.generic], NDArray[np.generic]] | ArrowStreamLike | ArrowArrayLike"
)
"""Many rows: a mapping, (key, value) pairs, two numpy arrays, or two binary columns of Arrow."""

D = TypeVar("D")


class Anything(Enum):
    """The type of `ANY`."""

    ANY = "ANY"

    def __repr__(self) -> str:
        return "mvcc.ANY"


ANY: Final = Anything.ANY
"""`expected=ANY`: the write does not depend on what the key holds."""


# Records. Times are Timestamps, sizes are bytes, counts are whole numbers.


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a key: what a commit wrote, or that it deleted the key."""

    timestamp: Timestamp
    value: bytes | None
    """None: deleted."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit did to one key."""

    timestamp: Timestamp
    """Of the commit; all changes of a commit have the same."""
    table: str
    key: bytes
    value: bytes | None
    """None: deleted."""
    kind: Literal["put", "delete"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Every change up to this instant has been given out."""

    timestamp: Timestamp


@dataclass(frozen=True, slots=True)
class Difference:
    """A key that holds something else at the newer of two instants than at the older."""

    table: str
    key: bytes
    before: bytes | None
    """None: absent at the older instant."""
    after: bytes | None
    """None: absent at the newer instant."""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table as the catalog shows it at an instant."""

    name: str
    """`database.table`"""
    id: int
    """Never used again, also after the table was dropped."""
    created: Timestamp

    @property
    def database(self) -> str:
        """The part of the name before the dot."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class StoreStats:
    """A store's counters at one moment."""

    path: str
    store_id: str
    """Hexadecimal; a restored store has an id of its own."""
    format_version: int
    last_commit: Timestamp
    gc_threshold: Timestamp
    """Reads below it raise TimestampBelowGCError."""
    oldest_snapshot: Timestamp | None
    """GC waits for it; None: none is open."""
    open_snapshots: int
    versions: int
    """Stored versions, tombstones too."""
    changes: int
    """Rows from which `store.changes` and incremental backups read: one a write, and one a load."""
    merged: Timestamp
    """Versions up to here have been merged from the log into the tree."""
    merging: bool
    """A merge is under way."""
    unmerged_versions: int
    """Versions in the log and in runs; a merge under way has moved some of them already."""
    runs: int
    """Sorted parts of the log that wait to be merged together."""
    run_bytes: int
    """What they take on disk."""
    log_bytes: int
    """What the log takes on disk."""
    log_limit_bytes: int
    """A log above this is merged."""
    memtable_bytes: int
    """Memory in which this process keeps what it knows of the log."""
    file_bytes: int
    """What the data takes on disk."""
    free_bytes: int
    """Of these, ready to be used again."""
    map_bytes: int
    """Address space that is set aside: the limit that the file can grow to."""
    readers: int
    """Places of readers, of all processes, that are or were in use; each is kept for the next read."""


@dataclass(frozen=True, slots=True)
class TableStats:
    """What a table holds at one instant; sizes without overhead and older versions."""

    name: str
    id: int
    rows: int
    key_bytes: int
    value_bytes: int


@dataclass(frozen=True, slots=True)
class GCReport:
    """What one garbage collection removed."""

    threshold: Timestamp
    """Reads below it raise TimestampBelowGCError from now on."""
    versions: int
    """Removed versions, tombstones included."""
    tombstones: int
    changes: int
    """Removed entries of the change log."""
    bytes: int
    """Of the removed keys and values."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a verification read, and what is wrong."""

    versions: int
    """Versions read, tombstones included."""
    tombstones: int
    changes: int
    bytes: int
    """Of the keys and values read."""
    problems: tuple[str, ...]
    """One sentence each."""
    files: int = 0
    """Of a backup: files whose size and SHA-256 were checked."""
    restorable: tuple[tuple[Timestamp, Timestamp], ...] = ()
    """Of a backup: the first and last instant of each range that can be restored, both included."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


JobKind: TypeAlias = Literal["backup", "restore"]
JobStatus: TypeAlias = Literal[
    "pending", "running", "paused", "succeeded", "failed", "canceled", "reverting"
]


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a running job is."""

    id: int
    fraction_completed: float
    """0 to 1, never less than before."""
    rows: int
    bytes: int
    """Of keys and values, so far."""
    file_bytes: int
    """Of files written or read, so far."""


@dataclass(frozen=True, slots=True)
class Job:
    """A backup or a restore; the six columns that CockroachDB's statements give, and more."""

    id: int
    kind: JobKind
    status: JobStatus
    fraction_completed: float
    rows: int
    """Versions, tombstones included."""
    index_entries: int
    """Always 0: there are no indexes."""
    bytes: int
    """Of keys and values."""
    file_bytes: int
    """Of the files written, or read."""
    timestamp: Timestamp
    """The instant that was backed up or restored."""
    name: str
    """The backup: its folder in the collection."""
    seconds: float
    """Of wall time."""
    cpu_seconds: float
    """Of all threads of the job, added up."""
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """One layer of a backup: the full one, or an increment."""

    folder: str
    """In the collection."""
    start: Timestamp | None
    """The layer holds what was committed after this, up to its end; None: everything."""
    end: Timestamp
    rows: int
    bytes: int
    """Of keys and values."""
    file_bytes: int
    revision_history: bool


@dataclass(frozen=True, slots=True)
class BackupInfo:
    """A full backup with its increments."""

    name: str
    layers: tuple[LayerInfo, ...]
    """Oldest first, as far as they fit together."""
    start: Timestamp | None
    """The first instant that can be restored; None: none can."""
    end: Timestamp | None
    """The last one."""
    rows: int
    bytes: int
    """Of keys and values, all layers."""
    file_bytes: int
    restorable: tuple[tuple[Timestamp, Timestamp], ...]
    """The first and last instant of each range, both included."""
    problems: tuple[str, ...]
    """What is damaged, as far as the manifests tell."""


@dataclass(frozen=True, slots=True)
class BackupRow:
    """One table in one layer: the columns of CockroachDB's SHOW BACKUP."""

    database_name: str
    parent_schema_name: str | None
    """Always None: there are no schemas."""
    object_name: str
    object_type: Literal["table"]
    backup_type: Literal["full", "incremental"]
    start_time: Timestamp | None
    """None for a full backup."""
    end_time: Timestamp
    size_bytes: int
    """Of keys and values."""
    rows: int
    is_full_cluster: bool
    """Whether the backup covers the whole store."""
    regions: str
    """Always empty."""
    file_bytes: int


# Protocols.


class RowIterator(Protocol):
    """An iterator of (key, value) that closes: at its end, by `close()`, or by leaving `with`."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> tuple[bytes, bytes]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...
    def close(self) -> None:
        """Idempotent; a closed iterator raises StoreClosedError."""
        ...


@runtime_checkable
class Readable(Protocol):
    """A table that can be read: live, AS OF an instant, or in a transaction.

    Keys are any bytes-like; results are bytes. Spans are half open, `start <= key < end`, and None is
    unbounded. Each call, and each iteration to its end, sees one instant.
    """

    @overload
    def get(self, key: BytesLike) -> bytes | None: ...
    @overload
    def get(self, key: BytesLike, default: D) -> bytes | D: ...
    def get(self, key: BytesLike, default: object = None) -> object:
        """The value of a key, or `default`."""
        ...

    def get_many(self, keys: Iterable[BytesLike]) -> list[bytes | None]:
        """The values of many keys at one instant, in the order of the keys; None: absent."""
        ...

    def scan(
        self,
        start: BytesLike | None = None,
        end: BytesLike | None = None,
        *,
        prefix: BytesLike | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> RowIterator:
        """(key, value) in key order, or backwards; `prefix` excludes `start` and `end`.

        The view is taken by this call, not at the first row. InvalidSpanError.
        """
        ...

    def keys(self) -> Iterator[bytes]:
        """Every key, in order."""
        ...

    def values(self) -> Iterator[bytes]:
        """Every value, in the order of the keys."""
        ...

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every (key, value), in the order of the keys."""
        ...

    def count(self, start: BytesLike | None = None, end: BytesLike | None = None) -> int:
        """The number of keys in a span; reads them all."""
        ...

    def __getitem__(self, key: BytesLike) -> bytes:
        """The value of a key; KeyError where it is absent."""
        ...

    def __contains__(self, key: BytesLike) -> bool: ...
    def __iter__(self) -> Iterator[bytes]: ...


@runtime_checkable
class Writable(Protocol):
    """A table that can be written: live, where each call commits, or in a transaction.

    Results are None in a transaction where they are known only to a commit. Every write may raise
    KeyTooLongError, ValueTooLargeError, ReadOnlyError and, live, TransactionRetryError.
    """

    def put(
        self,
        key: BytesLike,
        value: BytesLike,
        *,
        expected: BytesLike | Anything | None = ANY,
    ) -> Timestamp | None:
        """Sets a key. `expected` is what it must hold (None: absent), else ConditionFailedError."""
        ...

    def delete(self, key: BytesLike, *, expected: BytesLike | Anything | None = ANY) -> bool | None:
        """Deletes a key; False where it was absent, and then nothing is written."""
        ...

    def put_many(self, items: RowsLike) -> Timestamp | None:
        """Sets many keys in one commit; a key that comes twice gets the later value."""
        ...

    def delete_many(self, keys: Iterable[BytesLike]) -> int | None:
        """Deletes many keys in one commit; gives how many there were."""
        ...

    def delete_range(self, start: BytesLike | None, end: BytesLike | None) -> int | None:
        """Deletes the keys of a span in one commit; gives how many there were."""
        ...

    def increment(self, key: BytesLike, by: int = 1) -> int:
        """Adds to an int64 (8 bytes, big-endian; absent is 0); gives the sum.

        IntegerOverflowError, NotAnIntegerError.
        """
        ...

    def __setitem__(self, key: BytesLike, value: BytesLike) -> None: ...
    def __delitem__(self, key: BytesLike) -> None:
        """Deletes a key; KeyError where it is absent."""
        ...
