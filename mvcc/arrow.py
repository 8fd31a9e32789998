"""Reads two binary columns through Arrow's C data interface, from any library that speaks it.

The structs are those of https://arrow.apache.org/docs/format/CDataInterface.html. What a producer gives is
copied and given back at once. Of types there are binary, large binary, fixed-size binary and binary view;
a null is refused, since a row has a key and a value.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeGuard, TypeVar

import numpy as np

from mvcc.errors import InvalidArgumentError
from mvcc.packed import Column, PackedRows, Part
from mvcc.types import ArrowArrayLike, ArrowStreamLike

_INLINE_BYTES = 12  # of a view: what is longer stands in a buffer
_VIEW = struct.Struct("<i4sii")  # length, prefix, buffer, offset


class _Schema(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))),
    ("private_data", ctypes.c_void_p),
]


class _Array(ctypes.Structure):
    pass


_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))),
    ("private_data", ctypes.c_void_p),
]


class _Stream(ctypes.Structure):
    pass


_Stream._fields_ = [
    (
        "get_schema",
        ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema)),
    ),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(_Stream))),
    ("release", ctypes.c_void_p),  # the capsule calls it
    ("private_data", ctypes.c_void_p),
]


S = TypeVar("S", _Schema, _Array)


def is_arrow(items: object) -> TypeGuard[ArrowStreamLike | ArrowArrayLike]:
    """Whether an object can be read as Arrow."""
    return hasattr(items, "__arrow_c_stream__") or hasattr(items, "__arrow_c_array__")


def read_arrow(items: ArrowStreamLike | ArrowArrayLike) -> PackedRows:
    """The rows of a table, a record batch or a frame of two columns: keys, then values.

    TypeError where there are not two binary columns; InvalidArgumentError for a null.
    """
    if hasattr(items, "__arrow_c_stream__"):
        return PackedRows(list(_read_stream(items.__arrow_c_stream__())))
    schema, batch = items.__arrow_c_array__()  # which the capsules release
    part = _read_batch(
        _Schema.from_address(_pointer(schema, b"arrow_schema")),
        _Array.from_address(_pointer(batch, b"arrow_array")),
    )
    return PackedRows([part])


def _pointer(capsule: object, name: bytes) -> int:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address: int = get(capsule, name)
    return address


@contextmanager
def _released(owned: S) -> Iterator[S]:
    """A struct that was filled for us, for a `with` block."""
    try:
        yield owned
    finally:
        if owned.release:
            owned.release(ctypes.byref(owned))


def _read_stream(capsule: object) -> Iterator[Part]:
    stream = _Stream.from_address(_pointer(capsule, b"arrow_array_stream"))
    with _released(_Schema()) as schema:
        _ask(stream, stream.get_schema, schema)
        while True:
            with _released(_Array()) as batch:
                _ask(stream, stream.get_next, batch)
                if not batch.release:
                    return
                yield _read_batch(schema, batch)


def _ask(stream: _Stream, function: Callable[..., int], out: _Schema | _Array) -> None:
    code = function(ctypes.byref(stream), ctypes.byref(out))
    if code != 0:
        reason = stream.get_last_error(ctypes.byref(stream)) or b""
        raise OSError(code, f"the Arrow stream failed: {reason.decode(errors='replace')}")


def _read_batch(schema: _Schema, batch: _Array) -> Part:
    """Copies a record batch. Its own offset and nulls count for both columns."""
    if schema.format != b"+s" or schema.n_children != 2:
        raise TypeError("Arrow data for a table has two columns: keys, then values")
    _refuse_nulls(batch, batch.offset, batch.length)
    keys, values = (
        _read_column(schema.children[i].contents, batch.children[i].contents, batch)
        for i in range(2)
    )
    return keys, values


def _read_column(schema: _Schema, column: _Array, batch: _Array) -> Column:
    start, rows = batch.offset + column.offset, batch.length
    kind = "dictionary" if schema.dictionary else schema.format.decode()
    if rows == 0 and (kind in ("z", "Z", "vz") or kind.startswith("w:")):
        return Column(b"", np.empty(0, np.uint32))  # its buffers may be missing
    _refuse_nulls(column, start, rows)
    if kind in ("z", "Z"):
        return _read_offsets(column, start, rows, np.int32 if kind == "z" else np.int64)
    if kind.startswith("w:"):
        width = int(kind[2:])
        data = _buffer(column, 1, (start + rows) * width)[start * width :]
        return Column(bytes(data), np.full(rows, width, np.uint32))
    if kind == "vz":
        return _read_views(column, start, rows)
    raise TypeError(
        f"a column of Arrow data is binary, not of format {kind!r}: cast it to binary first"
    )


def _buffer(column: _Array, number: int, size: int) -> memoryview:
    """The first bytes of a buffer."""
    address = column.buffers[number]
    if size == 0 or not address:
        return memoryview(b"")
    return memoryview((ctypes.c_uint8 * size).from_address(address)).cast("B")


def _refuse_nulls(column: _Array, start: int, rows: int) -> None:
    if column.null_count == 0 or column.n_buffers == 0 or not column.buffers[0]:
        return
    bits = np.frombuffer(_buffer(column, 0, (start + rows + 7) // 8), np.uint8)
    if not np.unpackbits(bits, bitorder="little")[start : start + rows].all():
        raise InvalidArgumentError(
            argument="items", given="a null", hint="Fill or drop the nulls of both columns."
        )


def _read_offsets(
    column: _Array, start: int, rows: int, kind: type[np.signedinteger[Any]]
) -> Column:
    width = np.dtype(kind).itemsize
    offsets = np.frombuffer(_buffer(column, 1, (start + rows + 1) * width), kind)[start:]
    lengths = np.diff(offsets)
    if (lengths < 0).any() or (lengths > np.iinfo(np.uint32).max).any():
        raise InvalidArgumentError(
            argument="items", given="offsets that do not ascend, or a field of 4 GiB"
        )
    data = _buffer(column, 2, int(offsets[-1]))[int(offsets[0]) :]
    return Column(bytes(data), lengths.astype(np.uint32))


def _read_views(column: _Array, start: int, rows: int) -> Column:
    raw = _buffer(column, 1, (start + rows) * _VIEW.size)[start * _VIEW.size :]
    count = column.n_buffers - 3  # beside the nulls, the views, and the sizes of the others
    sizes = np.frombuffer(_buffer(column, 2 + count, 8 * count), np.int64).tolist()
    buffers = [_buffer(column, 2 + number, size) for number, size in enumerate(sizes)]
    fields = [
        raw[at * _VIEW.size + 4 :][:length]
        if length <= _INLINE_BYTES
        else buffers[number][offset : offset + length]
        for at, (length, _, number, offset) in enumerate(_VIEW.iter_unpack(raw))
    ]
    return Column(b"".join(fields), np.fromiter(map(len, fields), np.uint32, rows))
