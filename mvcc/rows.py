"""Many rows as callers hand them in, packed: pairs and mappings, pairs of numpy arrays, Arrow.

Plain bytes are packed at the speed of C; only what is something else is looked at row by row. Sizes are the
engine's to check. Knows no table.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, cast

import numpy as np

from mvcc.arguments import as_key, as_value
from mvcc.arrow import is_arrow, read_arrow
from mvcc.engine.interface import MAX_KEY_BYTES, MAX_VALUE_BYTES
from mvcc.errors import InvalidArgumentError
from mvcc.packed import Column, PackedRows, Part
from mvcc.types import BytesLike, RowsLike

PART_ROWS = 2048
"""Rows that are taken apart at once: few enough for a processor's cache."""
COMMIT_ROWS = 16384
"""Rows up to which one part is cheaper, since an ordinary commit wants all in one."""

Fields = tuple[Sequence[bytes], Sequence[bytes]]


def pack(items: RowsLike) -> PackedRows:
    """The rows of a mapping, of (key, value) pairs, or of columns, in columns.

    Columns are a tuple of two numpy arrays (two-dimensional uint8, V or S: of S as numpy reads it, without
    the NULs at the end), or anything with Arrow's `__arrow_c_stream__` or `__arrow_c_array__` and two binary
    columns. TypeError, InvalidArgumentError; KeyTooLongError, ValueTooLargeError for what is no bytes.
    """
    columns = _columns(items)
    return _pack_pairs(_pairs(items)) if columns is None else columns


def as_rows(items: RowsLike) -> dict[bytes, bytes]:
    """The same rows, each key with its later value.

    TypeError, InvalidArgumentError, KeyTooLongError, ValueTooLargeError.
    """
    columns = _columns(items)
    if columns is not None:
        rows = dict(columns)
    else:
        rows, rest = {}, iter(_pairs(items))
        while chunk := list(islice(rest, PART_ROWS)):
            rows.update(zip(*_split(chunk), strict=True))
    if max(map(len, rows), default=0) > MAX_KEY_BYTES:
        as_key(max(rows, key=len))
    if max(map(len, rows.values()), default=0) > MAX_VALUE_BYTES:
        as_value(max(rows.values(), key=len))
    return rows


def _columns(items: RowsLike) -> PackedRows | None:
    if isinstance(items, tuple) and len(items) == 2 and isinstance(items[0], np.ndarray):
        return _pack_arrays(*items)
    return read_arrow(items) if is_arrow(items) else None


def _pairs(items: RowsLike) -> Iterable[tuple[BytesLike, BytesLike]]:
    return items.items() if isinstance(items, Mapping) else cast(Any, items)


# -- pairs -------------------------------------------------------------------------------------------


def _pack_pairs(pairs: Iterable[tuple[BytesLike, BytesLike]]) -> PackedRows:
    if isinstance(pairs, list) and 0 < len(pairs) <= COMMIT_ROWS:
        return PackedRows([_pack_part(pairs)])
    parts, rest = [], iter(pairs)
    while chunk := list(islice(rest, PART_ROWS)):
        parts.append(_pack_part(chunk))
    return PackedRows(parts)


def _pack_part(pairs: Sequence[tuple[BytesLike, BytesLike]]) -> Part:
    try:
        return _pack_column([key for key, _ in pairs]), _pack_column([value for _, value in pairs])
    except (TypeError, ValueError, BufferError, OverflowError):  # something to convert or to refuse
        keys, values = _split_slowly(pairs)
        return _pack_column(keys), _pack_column(values)


def _pack_column(fields: Sequence[BytesLike]) -> Column:
    """Joins fields of one byte an element, which is all that `len` counts. ValueError for others."""
    data = b"".join(fields)
    lengths = np.frombuffer(array("I", map(len, cast(Sequence[bytes], fields))), np.uint32)
    if int(lengths.sum(dtype=np.uint64)) != len(data):
        raise ValueError("a field has elements of more than one byte")
    return Column(data, lengths)


def _split(chunk: Sequence[tuple[BytesLike, BytesLike]]) -> Fields:
    """Keys and values as bytes. TypeError for what is no pair."""
    try:
        keys, values = [key for key, _ in chunk], [value for _, value in chunk]
    except (TypeError, ValueError):
        return _split_slowly(chunk)
    if {*map(type, keys), *map(type, values)} == {bytes}:
        return cast(Fields, (keys, values))
    return _split_slowly(chunk)


def _split_slowly(chunk: Sequence[tuple[BytesLike, BytesLike]]) -> Fields:
    rows = [_as_row(pair) for pair in chunk]
    return [key for key, _ in rows], [value for _, value in rows]


def _as_row(pair: tuple[BytesLike, BytesLike]) -> tuple[bytes, bytes]:
    try:
        key, value = pair
    except (TypeError, ValueError):
        raise TypeError("a row is a pair: pass a mapping, or (key, value) tuples") from None
    return as_key(key), as_value(value)


# -- numpy -------------------------------------------------------------------------------------------


def _pack_arrays(keys: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> PackedRows:
    """The rows of two arrays. Keys are copied: the core reads them twice, and has to find the same ones."""
    key_column, value_column = _array_column(keys), _array_column(values)
    if len(key_column) != len(value_column):
        raise InvalidArgumentError(
            argument="items",
            given=f"{len(keys)} keys and {len(values)} values",
            hint="Pass two arrays of one length.",
        )
    return PackedRows([(Column(bytes(key_column.data), key_column.lengths), value_column)])


def _array_column(given: object) -> Column:
    """The rows of an array. TypeError where they are not bytes; InvalidArgumentError for a masked one."""
    if np.ma.is_masked(given):
        raise InvalidArgumentError(
            argument="items",
            given="a masked element",
            hint="Fill or drop what is masked, in both arrays.",
        )
    if isinstance(given, np.ndarray) and given.ndim == 2 and given.dtype == np.uint8:
        return _fixed_column(np.ascontiguousarray(given))
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.names is None:
        if given.dtype.kind == "V":
            return _fixed_column(_bytes_of(given))
        if given.dtype.kind == "S":
            return _stripped_column(_bytes_of(given), np.char.str_len(given))
    what = f"{given.ndim}-dimensional {given.dtype}" if isinstance(given, np.ndarray) else given
    raise TypeError(
        f"a column is a two-dimensional uint8 array, or one of dtype V or S, not {what!r}:"
        " view it as uint8, or pass zip(keys, values)"
    )


def _bytes_of(given: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A row of uint8 for each element."""
    flat = np.ascontiguousarray(given).view(np.uint8)
    return flat.reshape(len(given), given.dtype.itemsize)


def _fixed_column(rows: np.ndarray[Any, Any]) -> Column:
    return Column(rows.reshape(-1).data, np.full(len(rows), rows.shape[1], np.uint32))


def _stripped_column(rows: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any]) -> Column:
    if not (lengths < rows.shape[1]).any():
        return _fixed_column(rows)
    kept = rows[np.arange(rows.shape[1]) < lengths[:, None]]
    return Column(kept.data, lengths.astype(np.uint32))
