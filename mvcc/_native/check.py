"""Result codes of the C core to errors. Owns the mapping; knows no policy.

A code of 0 or above is an answer and passes; a negative one raises the error that mv_base.h describes
beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mvcc import errors
from mvcc._native._core import ffi, lib
from mvcc.timestamp import Timestamp

OK: int = lib.MV_OK
NOT_FOUND: int = lib.MV_NOT_FOUND
DONE: int = lib.MV_DONE


@dataclass(frozen=True, slots=True)
class Failure:
    """A filled mv_err, in Python's types."""

    path: str
    code: int
    errno: int
    table: int
    key: bytes
    timestamp: int
    a: int
    b: int
    what: str


def new_error() -> Any:
    """An empty mv_err."""
    return ffi.new("mv_err *")


def read_failure(path: str, code: int, err: Any) -> Failure:
    """Copies an mv_err."""
    return Failure(
        path=path,
        code=code,
        errno=err.os_error,
        table=err.table,
        key=bytes(ffi.buffer(err.key, err.key_len)),
        timestamp=err.ts,
        a=err.a,
        b=err.b,
        what=ffi.string(err.what).decode("utf-8", "replace"),
    )


def _corrupt_store(f: Failure) -> Exception:
    return errors.StoreCorruptedError(
        path=f.path,
        what=f.what,
        table_id=f.table or None,
        key=f.key if f.table else None,
        timestamp=Timestamp(f.timestamp) if f.timestamp else None,
    )


def _conflict(f: Failure) -> Exception:
    return errors.TransactionRetryError(
        reason="conflict", table=None, key=f.key, timestamp=Timestamp(f.timestamp)
    )


def _storage(kind: type[errors.StorageError]) -> Callable[[Failure], Exception]:
    return lambda f: kind(what=f.what, errno=f.errno or None, path=f.path)


def _below_gc(f: Failure) -> Exception:
    return errors.TimestampBelowGCError(timestamp=Timestamp(f.a), threshold=Timestamp(f.b))


_RAISES: dict[int, Callable[[Failure], Exception]] = {
    lib.MV_E_NO_MEMORY: lambda f: MemoryError(f.what),
    lib.MV_E_INVALID: lambda f: errors.InvalidArgumentError(f.what, argument="argument"),
    lib.MV_E_IO: _storage(errors.StorageError),
    lib.MV_E_FULL: _storage(errors.StorageFullError),
    lib.MV_E_CORRUPT_STORE: _corrupt_store,
    lib.MV_E_CORRUPT_SST: lambda f: errors.SSTCorruptedError(path=f.path, what=f.what, offset=f.a),
    lib.MV_E_CLOSED: lambda f: errors.StoreClosedError(what=f.what),
    lib.MV_E_FORKED: lambda f: errors.ForkedStoreError(path=f.path),
    lib.MV_E_ALREADY_OPEN: lambda f: errors.StoreAlreadyOpenError(path=f.path, opened_at="unknown"),
    lib.MV_E_NOT_A_STORE: lambda f: errors.NotAStoreError(path=f.path, what=f.what),
    lib.MV_E_NO_STORE: lambda f: errors.StoreNotFoundError(path=f.path),
    lib.MV_E_FORMAT_VERSION: lambda f: errors.FormatVersionError(path=f.path, found=f.a, known=f.b),
    lib.MV_E_READ_ONLY: lambda _: errors.ReadOnlyError(),
    lib.MV_E_KEY_TOO_LONG: lambda f: errors.KeyTooLongError(length=f.a, limit=f.b, key=f.key),
    lib.MV_E_VALUE_TOO_LARGE: lambda f: errors.ValueTooLargeError(
        f"the value of {f.a} bytes of key {f.key!r} is over the limit of {f.b}",
        length=f.a,
        limit=f.b,
        key=f.key,
    ),
    lib.MV_E_DUPLICATE_KEY: lambda f: errors.InvalidArgumentError(
        f"key {f.key!r} stands twice in one batch", argument="batch"
    ),
    lib.MV_E_IN_FUTURE: lambda f: errors.TimestampInFutureError(
        timestamp=Timestamp(f.a), limit=Timestamp(f.b)
    ),
    lib.MV_E_BELOW_GC: _below_gc,
    lib.MV_E_CONFLICT: _conflict,
    lib.MV_E_CATALOG_CHANGED: lambda f: errors.TransactionRetryError(
        reason="catalog", timestamp=Timestamp(f.a)
    ),
    lib.MV_E_CLOCK_SKEW: lambda f: errors.ClockSkewError(
        timestamp=Timestamp(f.a), bound=Timestamp(f.b)
    ),
    lib.MV_E_MAP_FULL: lambda f: errors.StorageFullError(
        f"the memory map of {f.path} is full: {f.what}",
        path=f.path,
        hint="Open the store with a larger map_size, in every process: nothing of the call was written.",
    ),
    lib.MV_E_BUSY: lambda f: errors.StoreBusyError(f.what),
    lib.MV_E_LIBRARY: lambda f: errors.LibraryError(file=f.path, what=f.what),
    lib.MV_E_TOO_BIG: lambda f: errors.ValueTooLargeError(f.what, length=f.a, limit=f.b),
    lib.MV_E_FAILED: lambda f: errors.StoreFailedError(f.what, path=f.path),
    lib.MV_E_UNSUPPORTED: lambda f: errors.FormatVersionError(
        f"{f.path} uses what this reader does not have: {f.what}",
        path=f.path,
        found=f.what,
        known="the features of docs/format/sst.md",
        hint="Read it with the RocksDB that wrote it, or with its sst_dump.",
    ),
}


def raise_failure(path: str, code: int, err: Any) -> None:
    """Raises the error of a negative code."""
    raise _RAISES[code](read_failure(path, code, err))


def check(path: str, code: int, err: Any) -> int:
    """Gives an answer back, raises a failure. `path` is the store or file that the call was about."""
    if code < 0:
        raise_failure(path, code, err)
    return code
