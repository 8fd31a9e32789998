"""Where the layers meet: the store that programs get, and `open`.

The store layer knows nothing of backups and the backup layer stands above it; here, above both, they
become one class.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from mvcc import store
from mvcc.backup import ProgressCallback, take_backup
from mvcc.backup import restore as _restore
from mvcc.clock import Clock
from mvcc.engine.interface import Compression, Durability
from mvcc.timestamp import When
from mvcc.types import Job
from mvcc.units import Duration, Size


class Store(store.Store):
    """A timestamped key-value store. Any number of threads may use it; a context manager.

    Everything that was committed is durable (with `durability="relaxed"`: but for the last commits, after a
    power cut); nothing depends on `close()`. After it every call, also on what was taken from the store,
    raises StoreClosedError.
    """

    def backup(
        self,
        uri: str | os.PathLike[str],
        *,
        name: str | None = None,
        targets: str | Iterable[str] | None = None,
        as_of: When | None = None,
        incremental: bool | str = False,
        revision_history: bool = False,
        compression: Compression = "zstd",
        file_size: Size = "128MiB",
        progress: ProgressCallback | None = None,
    ) -> Job:
        """Backs the store up to a collection, as it was at one instant; returns when it is done.

        `uri`: `file:///absolute/path`, or a path. `as_of` None: now; every commit that returned before
        the call is in it. `incremental`: False, a full backup; True, what changed since the newest layer
        of the latest full backup; or the name of the full backup to build on. `name` is for a new full
        backup, else it is named by its end. `targets`: a database, a table, or a list of them; None:
        everything; an incremental backup takes those of its chain. `revision_history` keeps every version
        of the window, so that any instant in it can be restored. `file_size`: bytes of keys and values at
        which files are cut. `progress` is called with JobProgress, at most ten times a second, from this
        thread; its exception, as KeyboardInterrupt, cancels the job and is raised. A job that fails leaves
        nothing that looks like a backup.

        Raises InvalidArgumentError, InvalidNameError, InvalidTimestampError, TimestampInFutureError,
        TimestampBelowGCError, TableNotFoundError; BackupExistsError, NoFullBackupError,
        BackupNotFoundError, EmptyWindowError, CollectionMismatchError, HistoryMismatchError,
        DestinationLockedError, BackupCorruptedError, ChainGapError, DestinationError.

        >>> import tempfile
        >>> with open(tempfile.mkdtemp()) as store, tempfile.TemporaryDirectory() as uri:
        ...     store.create_table("bank.accounts")[b"ada"] = b"100"
        ...     job = store.backup(uri)
        ...     job.status, job.rows
        ('succeeded', 1)
        """
        return take_backup(
            self._context,
            uri,
            name=name,
            targets=targets,
            as_of=as_of,
            incremental=incremental,
            revision_history=revision_history,
            compression=compression,
            file_size=file_size,
            progress=progress,
        )


def open(  # noqa: A001 - mvcc.open
    path: str | os.PathLike[str],
    *,
    create: bool = True,
    readonly: bool = False,
    durability: Durability = "full",
    clock: Clock | None = None,
    gc_ttl: Duration | None = None,
    map_size: Size | None = None,
    log_limit: Size = "auto",
) -> Store:
    """Opens the store in a folder, or makes one where nothing is there.

    `create=False`: StoreNotFoundError instead of making one. `readonly`: many processes may read a store
    that they must not write. `durability="relaxed"`: a commit does not wait for its last sync, and a
    power cut may undo the last ones, never more and never in part. `clock` is for tests; with one, nothing
    is collected behind merges. `gc_ttl` says how long `store.gc()`, and the collection behind this process's
    merges, keep what was overwritten; None: for ever. Of several processes the shortest one counts.
    `map_size` is the address space that is set aside, and the size the file can grow to; None: 1 TiB, or
    what the system gives. `log_limit`: bytes of the log of commits above which this process merges it
    into the tree in the background; "auto": 64 MiB.

    Raises StoreNotFoundError, NotAStoreError, StoreAlreadyOpenError (one open store a process and path:
    share it), FormatVersionError, StoreCorruptedError, InvalidArgumentError, StorageError.

    >>> with mvcc.open(path) as store:
    ...     t = store.create_table("bank.accounts")
    ...     t[b"ada"] = b"100"
    ...     t.get(b"ada"), t.get(b"bob")
    (b'100', None)
    """
    return Store.open(
        path,
        create=create,
        readonly=readonly,
        durability=durability,
        clock=clock,
        gc_ttl=gc_ttl,
        map_size=map_size,
        log_limit=log_limit,
    )


def restore(
    uri: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    backup: str = "LATEST",
    as_of: When | None = None,
    targets: str | Iterable[str] | None = None,
    progress: ProgressCallback | None = None,
) -> Job:
    """Restores a backup into a new store at a path; open the path afterwards.

    `backup` names a full backup, whose increments belong to it. `as_of` None: the end of its newest
    layer; else the end of any layer, or with revision history any instant of its window. `targets` and
    `progress` as in `Store.backup`. The data gets one new timestamp: history before the restore is not
    part of the new store. Every checksum is verified before anything is made, and on failure nothing is
    left at the path.

    Raises StoreExistsError, InvalidArgumentError, InvalidNameError, InvalidTimestampError,
    BackupNotFoundError, NotRestorableError (.ranges), TableNotFoundError, BackupCorruptedError,
    SSTCorruptedError, ChainGapError, FormatVersionError, DestinationError, StorageError.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(folder + "/store") as store:
    ...         store.create_table("bank.accounts")[b"ada"] = b"100"
    ...         job = store.backup(folder + "/backups")
    ...     job = restore(folder + "/backups", folder + "/again")
    ...     with open(folder + "/again") as store:
    ...         store["bank.accounts"][b"ada"]
    b'100'
    """
    return _restore(uri, path, backup=backup, as_of=as_of, targets=targets, progress=progress)
