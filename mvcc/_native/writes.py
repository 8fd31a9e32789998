"""Puts of one table: the short ways into an environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mvcc._native._core import ffi, lib
from mvcc._native.call import Call, idle, new_call
from mvcc._native.check import check, raise_failure
from mvcc._native.environment import Environment
from mvcc.errors import InvalidArgumentError
from mvcc.packed import PackedRows


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
    return _with_rows(lib.mv_put_rows, env, catalog_ts, clock, table, rows)


def _with_rows(
    function: Callable[..., int],
    env: Environment,
    catalog_ts: int,
    clock: int,
    table: int,
    rows: PackedRows,
) -> int:
    ops = ffi.new("mv_ops *")
    ops.count = len(rows)
    ops.table = table
    ops.keys, ops.key_lens = keys = _column(rows.key_bytes, rows.key_lens, len(rows))
    ops.values, ops.value_lens = values = _column(rows.value_bytes, rows.value_lens, len(rows))
    with new_call() as call:
        check(env.path, function(env.handle, catalog_ts, clock, ops, call.ts, call.err), call.err)
        del keys, values  # alive until here
        return int(call.ts[0])


def _column(blob: Any, lengths: Any, rows: int) -> tuple[Any, Any]:
    """A column's bytes and lengths for C, which trusts them."""
    data = ffi.from_buffer("uint8_t[]", blob)
    if len(lengths) != rows or int(np.sum(lengths, dtype=np.uint64)) != len(data):
        raise InvalidArgumentError(
            "the lengths of a column do not add up to its bytes", argument="rows"
        )
    return data, ffi.from_buffer("uint32_t[]", lengths)
