"""Columns of the C core to Python's lists."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from struct import Struct
from typing import Any, cast

from mvcc._native._core import ffi, lib

TOMBSTONE_LEN: int = lib.MV_TOMBSTONE
UNBOUNDED: int = lib.MV_UNBOUNDED
POINT: int = lib.MV_POINT
MIXED: int = lib.MV_MIXED
KIND_VALUE = 1

_STRIDE = 64
_LONGEST_EVEN = 4096
"""Longer fields cost more to copy than to cut."""


def take_bytes(buffer: Any) -> bytes:
    """A copy of an mv_buf's content."""
    return bytes(ffi.buffer(buffer.data, buffer.len)) if buffer.len else b""


def take_array(buffer: Any, typecode: str) -> array[int]:
    """A copy of an mv_buf of integers."""
    column: array[int] = array(typecode)
    if buffer.len:
        column.frombytes(ffi.buffer(buffer.data, buffer.len))
    return column


def cut(blob: bytes, ends: Sequence[int]) -> list[bytes]:
    """The fields of a blob, given the end of each."""
    return [blob[start:end] for start, end in pairwise((0, *ends))]


@lru_cache(maxsize=64)
def _stride(size: int) -> Struct:
    """Cuts some fields of one size at a time."""
    return Struct(f"{size}s" * _STRIDE)


def _cut_evenly(column: Any, size: int, count: int) -> list[bytes]:
    """The fields of an mv_buf, all of one size. Several times as fast as `cut`."""
    if size == 0:
        return [b""] * count
    view = memoryview(ffi.buffer(column.data, column.len))
    whole = 0 if size > _LONGEST_EVEN else count - count % _STRIDE
    fields: list[bytes] = []
    if whole:
        fields += chain.from_iterable(_stride(size).iter_unpack(view[: whole * size]))
    fields += [bytes(view[at : at + size]) for at in range(whole * size, column.len, size)]
    return fields


def _take_fields(column: Any, ends: Any, size: int, count: int) -> list[bytes]:
    """The fields of a column, cut at one size where all have it."""
    if size == MIXED:
        return cut(take_bytes(column), take_array(ends, "Q"))
    return _cut_evenly(column, size, count)


def take_keys(page: Any) -> list[bytes]:
    """The keys of an mv_page."""
    return _take_fields(page.keys, page.key_ends, page.key_size, page.rows)


def take_values(page: Any) -> list[bytes | None]:
    """The values of an mv_page; None is a tombstone, or an absent key."""
    values = _take_fields(page.values, page.value_ends, page.value_size, page.rows)
    kinds = take_bytes(page.kinds)
    if kinds.count(KIND_VALUE) == len(kinds):
        return cast("list[bytes | None]", values)
    return [v if k == KIND_VALUE else None for v, k in zip(values, kinds, strict=True)]


def pack(fields: Sequence[bytes]) -> tuple[bytes, array[int]]:
    """Fields as one blob and an array of lengths."""
    return b"".join(fields), array("I", map(len, fields))


def pack_values(values: Sequence[bytes | None]) -> tuple[bytes, array[int]]:
    """As pack, with None as a tombstone."""
    if None not in values:
        return pack(values)  # type: ignore[arg-type]  # no None is among them
    lengths = array("I", (TOMBSTONE_LEN if value is None else len(value) for value in values))
    return b"".join(value for value in values if value is not None), lengths


def bound(key: bytes | None, limit: int) -> tuple[bytes, int]:
    """A bound of a span and its length for C; what is longer than any key is cut, which cuts nothing off."""
    if key is None:
        return b"", UNBOUNDED
    return key[: limit + 1], min(len(key), limit + 1)


def pack_bounds(bounds: Iterable[bytes | None], limit: int) -> tuple[bytes, array[int]]:
    """Bounds of spans as one blob and an array of lengths."""
    pairs = [bound(key, limit) for key in bounds]
    return b"".join(key for key, _ in pairs), array("I", (length for _, length in pairs))
