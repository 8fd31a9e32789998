"""Puts of one table: the short ways into an environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mvcc._native._core import ffi, lib
from mvcc._native.call import Call, idle, new_call
from mvcc._native.check import check, raise_failure
from mvcc._native.environment import Environment
from mvcc.errors import InvalidArgumentError
from mvcc.packed import Column, PackedRows, Part


def put(env: Environment, catalog_ts: int, clock: int, table: int, key: bytes, value: bytes) -> int:
    """Commits one row; gives the timestamp."""
    calls = idle.calls  # as `with new_call()`, without two calls of Python in the shortest write
    call = calls.pop() if calls else Call()
    try:
        code = lib.mv_put(
            env.handle,
            catalog_ts,
            clock,
            table,
            key,
            len(key),
            value,
            len(value),
            call.ts,
            call.err,
        )
        if code < 0:
            raise_failure(env.path, code, call.err)
        return int(call.ts[0])
    finally:
        calls.append(call)


def put_rows(env: Environment, catalog_ts: int, clock: int, table: int, rows: PackedRows) -> int:
    """Commits rows; gives the timestamp."""
    ops, alive = _parts(table, [rows.joined()])
    with new_call() as call:
        code = lib.mv_put_rows(env.handle, catalog_ts, clock, ops, call.ts, call.err)
        check(env.path, code, call.err)
        alive.clear()
        return int(call.ts[0])


def load_rows(env: Environment, catalog_ts: int, clock: int, table: int, rows: PackedRows) -> int:
    """Commits rows straight into the tree; gives the timestamp."""
    ops, alive = _parts(table, rows.parts)
    with new_call() as call:
        code = lib.mv_load(env.handle, catalog_ts, clock, ops, len(rows.parts), call.ts, call.err)
        check(env.path, code, call.err)
        alive.clear()
        return int(call.ts[0])


def _parts(table: int, parts: Sequence[Part]) -> tuple[Any, list[Any]]:
    """An array of mv_ops, and what must stay alive while C uses it."""
    ops, alive = ffi.new("mv_ops[]", len(parts)), []
    for out, (keys, values) in zip(ops, parts, strict=True):
        if len(keys) != len(values):
            raise InvalidArgumentError("there are more keys than values, or less", argument="rows")
        columns = _column(keys), _column(values)
        out.count, out.table = len(keys), table
        (out.keys, out.key_lens), (out.values, out.value_lens) = columns
        alive.append(columns)
    return ops, alive


def _column(column: Column) -> tuple[Any, Any]:
    """A column's bytes and lengths for C, which trusts them."""
    data = ffi.from_buffer("uint8_t[]", column.data)
    if int(np.sum(column.lengths, dtype=np.uint64)) != len(data):
        raise InvalidArgumentError(
            "the lengths of a column do not add up to its bytes", argument="rows"
        )
    return data, ffi.from_buffer("uint32_t[]", column.lengths)
