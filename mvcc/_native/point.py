"""The shortest read: one key, one call of C, and as little Python around it as can be.

What a call gives back lies in a record of its own; records that no call uses wait in a list. Taking one out
and putting it back are single steps of the interpreter, so a finalizer, a signal handler or a thread that
comes between them takes another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mvcc._native._core import ffi, lib
from mvcc._native.check import raise_failure

_ROOM: int = lib.MV_ROOM
_ABSENT: int = lib.MV_ABSENT
_KEPT_BYTES = 1 << 20

Get = Callable[[bytes], bytes | None]
"""The value of a key; None where it is absent or deleted. KeyTooLongError."""

_idle: list[tuple[Any, Any]] = []


def getter(path: str, env: Any, view: Any, catalog_ts: int, table: int) -> Get:
    """Gets in one table, at a view (None: at the last commit). It may outlive both, which then are closed."""
    mv_get = lib.mv_get
    place = ffi.gc(ffi.new("mv_place *"), lib.mv_place_release)
    place.env, place.catalog_ts, place.table = env, catalog_ts, table
    if view is not None:
        place.view = view
    lib.mv_place_hold(place)
    take, give = _idle.pop, _idle.append

    def get(key: bytes) -> bytes | None:
        try:
            record = take()
        except IndexError:
            record = _new_record()
        got, room = record
        try:
            length = mv_get(place, key, len(key), got)
            if 0 <= length <= _ROOM:
                value: bytes = room[:length]
                return value
            return None if length == _ABSENT else _take_large(path, length, got)
        finally:
            give(record)

    return get


def _new_record() -> tuple[Any, Any]:
    """An mv_got, and its room for a value that fits."""
    got = ffi.gc(ffi.new("mv_got *"), _free)
    return got, ffi.buffer(got.room)


def _free(got: Any) -> None:
    lib.mv_buf_free(ffi.addressof(got, "large"))


def _take_large(path: str, length: int, got: Any) -> bytes:
    """A value beside the room; raises the error of a failure."""
    if length < 0:
        raise_failure(path, length, got.err)
    value = bytes(ffi.buffer(got.large.data, length))
    if got.large.cap > _KEPT_BYTES:
        _free(got)
    return value
