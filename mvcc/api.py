"""Where the layers meet: the store that programs get, and `open`.

The store layer knows nothing of backups and the backup layer stands above it; here, above both, they
become one class.
"""

from __future__ import annotations

import os

from mvcc import store
from mvcc.clock import Clock
from mvcc.units import Duration, Size


class Store(store.Store):
    """A timestamped key-value store. Any number of threads may use it; a context manager.

    Everything that was committed is durable; nothing depends on `close()`. After it every call, also on
    what was taken from the store, raises StoreClosedError.
    """


def open(  # noqa: A001 - mvcc.open
    path: str | os.PathLike[str],
    *,
    create: bool = True,
    readonly: bool = False,
    clock: Clock | None = None,
    gc_ttl: Duration | None = None,
    map_size: Size | None = None,
) -> Store:
    """Opens the store in a folder, or makes one where nothing is there.

    `create=False`: StoreNotFoundError instead of making one. `readonly`: many processes may read a store
    that they must not write. `clock` is for tests. `gc_ttl` says how long `store.gc()` keeps what was
    overwritten; None: for ever. `map_size` is the address space that is set aside, and the size the file
    can grow to; None: 1 TiB, or what the system gives.

    Raises StoreNotFoundError, NotAStoreError, StoreAlreadyOpenError (one open store a process and path:
    share it), FormatVersionError, StoreCorruptedError, InvalidArgumentError, StorageError.

    >>> import tempfile
    >>> with open(tempfile.mkdtemp()) as store:
    ...     t = store.create_table("bank.accounts")
    ...     t[b"ada"] = b"100"
    ...     t.get(b"ada"), t.get(b"bob")
    (b'100', None)
    """
    return Store.open(
        path, create=create, readonly=readonly, clock=clock, gc_ttl=gc_ttl, map_size=map_size
    )
