"""Every error that mvcc raises: branches to catch, stable codes, typed fields, and a hint in each.

An error is declared by its fields: annotations become keyword-only arguments, `template` words the
message from them, `hint` says what to do next. The message can be given in place of the template's.

    raise KeyTooLongError(length=500, limit=490)
    raise StorageError("reading CURRENT failed", errno=5, path="/data")

`code` is the class's name in snake_case without "Error". It is stable: programs may compare it.
Messages name keys, never values, so that what is stored does not leak into logs. This module knows
nothing of the rest of the package but what an error is.
"""

from __future__ import annotations

import os
from errno import EACCES, EEXIST, ENOENT, ENOTDIR
from typing import TYPE_CHECKING, Literal

from mvcc.error_base import MVCCError as MVCCError

if TYPE_CHECKING:
    from mvcc.timestamp import Timestamp


class RetryableError(MVCCError):
    """Nothing was written and the same call may succeed later."""

    template = "the call could not be done now"
    hint: str = "Try again, with a growing pause; store.run(fn) does it for transactions."


class TransactionRetryError(RetryableError):
    """A transaction's reads or writes no longer hold, so it was rolled back."""

    template = "the transaction was rolled back ({0.reason})"
    hint: str = "Run it again from its begin, or pass it as a function to store.run(fn)."
    reason: Literal["conflict", "catalog", "gc"]  # what came between: a commit, a table, GC
    table: str | None = None
    key: bytes | None = None
    timestamp: Timestamp | None = None  # the commit that came between


class LockTimeoutError(RetryableError):
    """A lock or a prepared transaction stood in the way for longer than lock_timeout."""

    template = "waited {0.waited_seconds:g} s for a lock in vain"
    hint: str = "Run the transaction again, or raise lock_timeout."
    waited_seconds: float
    table: str | None = None
    key: bytes | None = None


class StoreBusyError(RetryableError):
    """Every slot for readers or snapshots is taken."""

    template = "no slot for another {0.what} is free"
    hint: str = "Close scans and snapshots that are no longer read, then try again."
    what: str = "reader"


class CorruptionError(MVCCError):
    """Stored bytes are not what was once written."""

    template = "{0.path} is damaged: {0.what}"
    hint: str = "Check the disk, and restore from a backup."
    path: str
    what: str


class StoreCorruptedError(CorruptionError):
    """The store's own files hold a record that was not written so."""

    hint: str = "Do not write to it; see store.verify() for what is affected, and restore a backup."
    table_id: int | None = None
    key: bytes | None = None
    timestamp: Timestamp | None = None
    problems: tuple[str, ...] = ()


class BackupCorruptedError(CorruptionError):
    """A file of a backup is missing, has another size or digest, or does not decode."""

    hint: str = "Restore another chain; BackupCollection.verify() names what is restorable."


class SSTCorruptedError(CorruptionError):
    """An SST file is cut or holds bytes that were not written so."""

    template = "{0.path} is damaged at byte {0.offset}: {0.what}"
    hint: str = "Take the file from another copy of the backup."
    offset: int = 0


class StorageError(MVCCError, OSError):
    """A call of the operating system failed; `errno` tells which way."""

    template = "{0.what} failed: {0.reason}"
    hint: str = "See the disk, its mount and the permissions, then try again."
    what: str = "a system call"
    errno: int | None = None
    path: str | None = None

    @property
    def reason(self) -> str:
        """The system's words for `errno`."""
        return os.strerror(self.errno) if self.errno else "unknown reason"


class StorageFullError(StorageError):
    """There is no room on the device, under a quota, or in the memory map."""

    hint: str = "Free some space, then repeat the call: nothing of it was written."


class StoreFailedError(StorageError):
    """A sync to disk failed, so this handle takes no more writes."""

    template = "an earlier sync to disk failed: {0.reason}"
    hint: str = "Close the store and open it anew: what is durable is then read from the disk."


class DestinationError(StorageError):
    """A destination of backups did not do what it was asked."""

    hint: str = "See the URI, its permissions and the disk, then repeat the call."


class LibraryError(MVCCError, ImportError):
    """LMDB cannot be loaded, or is not a version that mvcc can work with."""

    template = "LMDB cannot be loaded from {0.file}: {0.what}"
    hint: str = "Install the lmdb wheel (>=3.0,<4), or name a liblmdb 0.9 in MVCC_LIBLMDB."
    file: str
    what: str
    symbol: str | None = None
    version: str | None = None


class ProcessError(MVCCError, RuntimeError):
    """A handle is used where or when it cannot be."""

    template = "this handle cannot be used here"
    hint: str = "Open the store again in this process."


class StoreClosedError(ProcessError):
    """The store, or what was taken from it, is closed."""

    template = "the {0.what} is closed"
    hint: str = "Open it again with mvcc.open(path), and keep it open while it is used."
    what: str = "store"


class ForkedStoreError(ProcessError):
    """The handle was inherited by a forked child."""

    template = "{0.path} was opened by the parent of this process"
    hint: str = "Open the path anew in the child, or start processes with 'spawn'."
    path: str


class StoreAlreadyOpenError(ProcessError):
    """This process has the same store open already."""

    template = "{0.path} is already open in this process, since {0.opened_at}"
    hint: str = "Share that Store (any number of threads may use it), or close it first."
    path: str
    opened_at: str  # "file:line" of the call that opened it


class ConcurrentUseError(ProcessError):
    """Two threads called one transaction at the same time."""

    template = "another thread is in a call of this transaction"
    hint: str = "Give each thread a transaction of its own, or take turns."


class UsageError(MVCCError):
    """The call cannot be done as it was asked; nothing was written."""

    template = "the call cannot be done as it was asked"
    hint: str = "See the method's documentation for what it takes."


class InvalidArgumentError(UsageError, ValueError):
    """An argument has a value that means nothing."""

    template = "{0.argument} cannot be {0.given}"
    argument: str
    given: str = "that"  # its repr


class KeyTooLongError(UsageError, ValueError):
    """A key is longer than a store can hold."""

    template = "a key of {0.length} bytes is over the limit of {0.limit}"
    hint: str = "Shorten it: for example, keep a prefix and hash the rest."
    length: int
    limit: int
    key: bytes | None = None  # of the row that it was, where there were many; cut at 512 bytes


class ValueTooLargeError(UsageError, ValueError):
    """A value is larger than a store can hold."""

    template = "a value of {0.length} bytes is over the limit of {0.limit}"
    hint: str = "Cut it into parts under keys of their own."
    length: int
    limit: int
    key: bytes | None = None  # of the row that it was, where there were many; cut at 512 bytes


class InvalidSpanError(UsageError, ValueError):
    """A span begins after its end."""

    template = "the span starts at {0.start!r}, after its end {0.end!r}"
    hint: str = "Spans are start <= key < end; pass reverse=True to read one backwards."
    start: object
    end: object


class InvalidTimestampError(UsageError, ValueError):
    """A time is written in a form that is not, or not clearly, an instant."""

    template = "{0.given} is not a time"
    hint: str = "Write a Timestamp, an aware datetime, '2026-11-22T20:15:30Z' or '-10s'."
    given: str  # its repr


class TimestampInFutureError(UsageError, ValueError):
    """A read or a backup asks for an instant that has not come yet."""

    template = "{0.timestamp} is in the future: the newest instant is {0.limit}"
    hint: str = "Ask for store.now() or earlier, and see whether the clock is right."
    timestamp: Timestamp
    limit: Timestamp


class TimestampBelowGCError(UsageError, ValueError):
    """An instant is so old that its versions may have been collected."""

    template = "{0.timestamp} is below the GC threshold {0.threshold}"
    hint: str = "Read at the threshold or later, or restore a backup that covers the instant."
    timestamp: Timestamp
    threshold: Timestamp


class InvalidNameError(UsageError, ValueError):
    """A name of a table, database or backup breaks the rules for names."""

    template = "{0.name!r} is not a name of a table"
    hint: str = "Write 'database.table', each part [A-Za-z_][A-Za-z0-9_]{0,62}."
    name: str


class TableNotFoundError(UsageError, KeyError):
    """No table has this name at the instant that is read."""

    template = "there is no table {0.name}"
    hint: str = "See store.tables(); store.create_table(name) makes one."
    name: str
    timestamp: Timestamp | None = None  # the instant that was read, None for now


class JobNotFoundError(UsageError, KeyError):
    """No job has this id."""

    template = "there is no job {0.job_id}"
    hint: str = "See store.jobs()."
    job_id: int


class BackupNotFoundError(UsageError, KeyError):
    """No backup in the collection has this name."""

    template = "there is no backup {0.name} in {0.uri}"
    hint: str = "See BackupCollection(uri).backups() or `mvcc backups`."
    name: str
    uri: str


class StoreNotFoundError(UsageError, FileNotFoundError):
    """Nothing is at the path, and it was not to be created."""

    template = "there is no store at {0.path}"
    hint: str = "See the path; mvcc.open(path) makes a store unless create=False or readonly=True."
    errno = ENOENT
    path: str


class NotAStoreError(UsageError, NotADirectoryError):
    """The path is a file, or a folder that holds something else."""

    template = "{0.path} is not a store: {0.what}"
    hint: str = "Name a folder that mvcc made, an empty one, or one that does not exist yet."
    errno = ENOTDIR
    path: str
    what: str = "it holds something else"


class StoreExistsError(UsageError, FileExistsError):
    """Something is already where a new store is to be made."""

    template = "{0.path} exists already"
    hint: str = "Restore or copy to a path that does not exist, or remove what is there."
    errno = EEXIST
    path: str


class TableExistsError(UsageError, FileExistsError):
    """A table of this name exists already."""

    template = "table {0.name} exists already"
    hint: str = "Pass exist_ok=True to take it as it is, choose another name, or drop it first."
    errno = EEXIST
    name: str


class BackupExistsError(UsageError, FileExistsError):
    """A backup of this name exists already in the collection."""

    template = "{0.uri} already holds a backup {0.name}"
    hint: str = "Choose another name, or leave it out to be named by the time."
    errno = EEXIST
    name: str
    uri: str


class ReadOnlyError(UsageError, PermissionError):
    """A write was asked of something that is open for reading only."""

    template = "this {0.what} is read-only"
    hint: str = "Open the store without readonly=True, or write outside of the AS OF snapshot."
    errno = EACCES
    what: str = "store"


class FormatVersionError(UsageError):
    """The files were written in a format that this mvcc does not read."""

    template = "{0.path} has format {0.found}, this mvcc reads format {0.known}"
    hint: str = "Open it with the mvcc that wrote it; move the data by a backup and a restore."
    path: str
    found: int | str
    known: int | str


class ConditionFailedError(UsageError):
    """A key did not hold the expected value, so nothing was written."""

    template = "key {0.key!r} does not hold what was expected"
    hint: str = "Read the key again and decide anew; .actual is what it holds (None: absent)."
    key: bytes
    actual: bytes | None
    table: str | None = None


class ClockSkewError(UsageError):
    """A given commit timestamp is not after the last commit, or too far ahead of the clock."""

    template = "a commit at {0.timestamp} is beyond the bound {0.bound}"
    hint: str = "Take a timestamp above the last commit and at most 1 s ahead of the clock."
    timestamp: Timestamp
    bound: Timestamp


class IntegerOverflowError(UsageError):
    """An increment leaves the range of a signed 64-bit integer."""

    template = "incrementing key {0.key!r} by {0.by} leaves the range of int64"
    hint: str = "Counters hold -2**63 to 2**63 - 1; split the counter or reset it."
    key: bytes
    by: int
    table: str | None = None


class NotAnIntegerError(UsageError):
    """An increment met a value that is not an 8-byte integer."""

    template = "key {0.key!r} holds {0.length} bytes, not an integer"
    hint: str = "Counters are int64 in 8 bytes, big-endian; increment only what increment made."
    key: bytes
    length: int
    table: str | None = None


class BackupError(MVCCError):
    """A backup or a restore cannot be done on what is there."""

    template = "the backup cannot be done"
    hint: str = "See BackupCollection(uri).show() for what the collection holds."


class NoFullBackupError(BackupError):
    """An incremental backup was asked for where no full backup stands."""

    template = "{0.uri} holds no full backup to build on"
    hint: str = "Take a full one first: store.backup(uri)."
    uri: str


class EmptyWindowError(BackupError):
    """An incremental backup would end at or before the end of its parent."""

    template = "nothing lies between the parent's end {0.start} and {0.end}"
    hint: str = "Leave as_of out, or take a time after the parent's end."
    start: Timestamp
    end: Timestamp


class ChainGapError(BackupError):
    """A layer of a backup chain does not begin where the one before it ends."""

    template = "layer {0.path} starts at {0.found}, the layer before it ends at {0.expected}"
    hint: str = "A layer is missing: restore to an end before the gap, or bring the layer back."
    path: str
    expected: Timestamp
    found: Timestamp


class ChainBrokenError(BackupError):
    """Deleting this would leave later layers without what they build on."""

    template = "{0.name} is needed by {0.needed_by}"
    hint: str = "Delete the whole chain, or only its last layer."
    name: str
    needed_by: tuple[str, ...]


class NotRestorableError(BackupError):
    """The backup does not hold the instant that was asked for."""

    template = "{0.timestamp} cannot be restored from this backup"
    hint: str = "Take the end of a layer, or an instant inside .ranges."
    timestamp: Timestamp
    ranges: tuple[tuple[Timestamp, Timestamp], ...] = ()  # restorable: (first, last), inclusive


class CollectionMismatchError(BackupError):
    """A collection holds the backups of another store."""

    template = "{0.uri} belongs to the store {0.expected}, not to {0.found}"
    hint: str = "Give each store a destination of its own; a restored store is another store."
    uri: str
    expected: str  # store ids, hexadecimal
    found: str


class HistoryMismatchError(BackupError):
    """An incremental backup would build on a layer that this store's history does not have."""

    template = "{0.path} was not taken from this store, but from a copy or a later state of it"
    hint: str = "Take a full backup, best to a destination that this copy has for itself."
    path: str


class DestinationLockedError(BackupError):
    """Another job is writing to the same place."""

    template = "{0.uri} is locked by {0.owner}"
    hint: str = "Wait for that job or cancel it; a dead job's lock is removed by resuming it."
    uri: str
    owner: str


class PreparedTransactionError(BackupError):
    """Prepared transactions at or below the backup's end are still undecided."""

    template = "undecided prepared transactions: {0.xids}"
    hint: str = "Decide them with store.commit_prepared(xid) or store.rollback_prepared(xid)."
    xids: tuple[str, ...]


class JobCanceledError(BackupError):
    """The job was canceled before it was done."""

    template = "job {0.job_id} was canceled"
    hint: str = "Start it again if that was not meant; nothing of it is visible."


class GitError(MVCCError):
    """A git repository cannot be read, or lacks an object that one of its commits names."""

    template = "{0.path}: {0.what}"
    hint: str = "See that it is a git repository, and that it has this branch."
    path: str
    what: str
    commit: str | None = None  # the commit that needs what is missing
