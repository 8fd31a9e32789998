"""An environment of the C core: its calls in Python's types. No policy.

Tables and timestamps are numbers, a span is (table id, start, end) with None for unbounded. The GIL is held
only to pack and unpack. Each call has its own error record and result buffers, which a thread keeps.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mvcc._native import pages, point
from mvcc._native._core import ffi, lib
from mvcc._native.call import Call, new_call
from mvcc._native.check import (
    DONE,
    Failure,
    check,
    read_failure,
)
from mvcc.errors import StoreClosedError
from mvcc.timestamp import Timestamp

MAX_KEY_BYTES: int = lib.MV_MAX_KEY
LATEST: int = lib.MV_TS_MAX
"""As a timestamp to read at: the last commit; as a catalog timestamp: do not compare."""

OPEN_CREATE: int = lib.MV_OPEN_CREATE
OPEN_READ_ONLY: int = lib.MV_OPEN_READ_ONLY
OPEN_RELAXED: int = lib.MV_OPEN_RELAXED
SCAN_REVERSE: int = lib.MV_SCAN_REVERSE
SCAN_TOMBSTONES: int = lib.MV_SCAN_TOMBSTONES
SCAN_REVISIONS: int = lib.MV_SCAN_REVISIONS
SCAN_KEYS_ONLY: int = lib.MV_SCAN_KEYS_ONLY
VERIFY_PARTS = range(lib.MV_VERIFY_PARTS)

SpanTuple = tuple[int, bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of rows: parallel columns, and where the next page begins (None: nowhere)."""

    keys: list[bytes]
    values: list[bytes | None]
    timestamps: array[int]
    resume: tuple[bytes, int] | None


@dataclass(frozen=True, slots=True)
class ChangeRows:
    """A page of changes; resume is (timestamp, sequence number, key)."""

    timestamps: array[int]
    tables: array[int]
    keys: list[bytes]
    values: list[bytes | None]
    resume: tuple[int, int, bytes] | None
    until: int


class NativeView:
    """A pinned timestamp. Any call with it after close() raises StoreClosedError.

    As garbage it may be used once more, by whatever else is garbage with it and ends later: a generator
    that closes it. So its end takes the handle away.
    """

    __slots__ = ("env", "handle", "timestamp")

    def __init__(self, env: Environment, handle: Any) -> None:
        self.env = env
        self.handle = handle
        self.timestamp: int = lib.mv_view_timestamp(handle)

    def __del__(self, free: Any = lib.mv_view_free) -> None:
        handle = self.handle
        del self.handle
        free(handle)

    def __getattr__(self, name: str) -> Any:
        raise StoreClosedError(what="snapshot")

    def close(self) -> None:
        """Releases the pin. Idempotent."""
        with suppress(StoreClosedError):
            lib.mv_view_close(self.handle)


class Environment:
    """One open store of this process. As garbage it may still be called, like a view: then it is closed."""

    handle: Any = ffi.NULL

    def __init__(
        self,
        path: str,
        *,
        flags: int,
        map_size: int,
        log_limit: int,
        gc_ttl_us: int,
        store_id: bytes,
    ) -> None:
        self.path = path
        args = ffi.new("mv_open_args *")
        folder = ffi.new("char[]", os.fsencode(path))
        args.path = folder
        args.flags = flags
        args.map_size = map_size
        args.log_limit = log_limit
        args.gc_ttl_us = gc_ttl_us
        args.store_id = store_id
        out = ffi.new("mv_env **")
        with new_call() as call:
            self._check(lib.mv_env_open(args, out, call.err), call)
        self.handle = out[0]

    def __del__(self, free: Any = lib.mv_env_free, ended: Any = ffi.NULL) -> None:
        handle, self.handle = self.handle, ended
        free(handle)

    def _check(self, code: int, call: Call) -> int:
        return check(self.path, code, call.err)

    def close(self) -> None:
        """Waits for calls in flight. Idempotent."""
        lib.mv_env_close(self.handle)

    def copy_to(self, file: str) -> None:
        """Writes a compact copy of the data file, synced, to where no file is."""
        with new_call() as call:
            code = lib.mv_env_copy(self.handle, os.fsencode(file), call.err)
            check(file, code, call.err)

    # -- time ------------------------------------------------------------------------------------

    def now(self, clock: int) -> int:
        """Raises the read floor to the clock; gives the timestamp."""
        with new_call() as call:
            self._check(lib.mv_now(self.handle, clock, call.ts, call.err), call)
            return int(call.ts[0])

    def last_commit(self) -> int:
        """The timestamp of the newest commit."""
        with new_call() as call:
            self._check(lib.mv_last_commit(self.handle, call.ts, call.err), call)
            return int(call.ts[0])

    def advance(self, timestamp: int, clock: int) -> None:
        """Raises the last commit durably."""
        with new_call() as call:
            self._check(lib.mv_advance(self.handle, timestamp, clock, call.err), call)

    # -- commit ----------------------------------------------------------------------------------

    def commit(
        self,
        tables: Sequence[int],
        keys: Sequence[bytes],
        values: Sequence[bytes | None],
        *,
        points: Sequence[tuple[int, bytes]],
        spans: Sequence[SpanTuple],
        ingested: Sequence[SpanTuple],
        read_ts: int,
        catalog_ts: int,
        clock: int,
        at: int,
    ) -> int:
        """One atomic, durable batch; gives its timestamp."""
        args = ffi.new("mv_commit_args *")
        alive = [
            _fill_ops(args.ops, tables, keys, values),
            _fill_spans(args.reads, points, spans),
            _fill_spans(args.ingested, (), ingested),
        ]
        args.read_ts = read_ts
        args.catalog_ts = catalog_ts
        args.now = clock
        args.at = at
        with new_call() as call:
            self._check(lib.mv_commit(self.handle, args, call.ts, call.err), call)
            alive.clear()
            return int(call.ts[0])

    def merge(self, target: int) -> None:
        """Brings every version at or below a timestamp to `data`."""
        code = lib.MV_OK
        with new_call() as call:
            while code != DONE:
                code = self._check(lib.mv_merge(self.handle, target, 0, call.err), call)

    # -- reads -----------------------------------------------------------------------------------

    def view(self, timestamp: int, clock: int) -> NativeView:
        """Pins a timestamp; LATEST is the last commit."""
        out = ffi.new("mv_view **")
        with new_call() as call:
            self._check(lib.mv_view_open(self.handle, timestamp, clock, out, call.err), call)
        return NativeView(self, out[0])

    def getter(self, view: NativeView | None, catalog_ts: int, table: int) -> point.Get:
        """Gets of one key after the other."""
        raw = None if view is None else view.handle
        return point.getter(self.path, self.handle, raw, catalog_ts, table)

    def get_many(
        self, view: NativeView | None, catalog_ts: int, table: int, keys: Sequence[bytes]
    ) -> list[bytes | None]:
        """The values of many keys."""
        blob, lengths = pages.pack(keys)
        with new_call() as call:
            self._check(
                lib.mv_get_many(
                    self.handle,
                    ffi.NULL if view is None else view.handle,
                    catalog_ts,
                    table,
                    len(keys),
                    blob,
                    ffi.from_buffer("uint32_t[]", lengths),
                    call.page,
                    call.err,
                ),
                call,
            )
            return pages.take_values(call.page)

    def scan(
        self,
        view: NativeView,
        span: SpanTuple,
        *,
        flags: int,
        resume_ts: int,
        since: int,
        max_rows: int,
        max_bytes: int,
    ) -> Rows:
        """One page of rows. `resume` of a reverse scan is the end of what is left, else the start."""
        args, alive = scan_args(span, flags, resume_ts, since)
        args.max_rows = max_rows
        args.max_bytes = max_bytes
        with new_call() as call:
            page = call.page
            self._check(lib.mv_scan(self.handle, view.handle, args, page, call.err), call)
            alive.clear()
            return Rows(
                keys=pages.take_keys(page),
                values=pages.take_values(page),
                timestamps=pages.take_array(page.timestamps, "Q"),
                resume=(pages.take_bytes(page.resume_key), page.resume_ts) if page.more else None,
            )

    def split(
        self,
        view: NativeView,
        span: SpanTuple,
        *,
        since: int,
        span_bytes: int,
        carry: int,
        max_rows: int,
    ) -> tuple[list[bytes], bytes | None, int]:
        """Keys to cut at; where to go on; what was counted since the last cut."""
        args, alive = scan_args(span, 0, 0, since)
        args.max_rows = max_rows
        with new_call() as call:
            page, call.ts[0] = call.page, carry
            self._check(
                lib.mv_split(self.handle, view.handle, args, span_bytes, call.ts, page, call.err),
                call,
            )
            alive.clear()
            resume = pages.take_bytes(page.resume_key) if page.more else None
            return pages.take_keys(page), resume, int(call.ts[0])

    def changes(
        self,
        *,
        table: int,
        since: int,
        until: int,
        resume: tuple[int, int, bytes] | None,
        max_rows: int,
        max_bytes: int,
    ) -> ChangeRows:
        """One page of (since, until] in commit order; table 0: all."""
        args = ffi.new("mv_changes_args *")
        args.table, args.since, args.until = table, since, until
        args.max_rows, args.max_bytes = max_rows, max_bytes
        resume_ts, resume_seq, resume_key = resume or (0, 0, b"")
        key = ffi.from_buffer(resume_key)
        args.resume_ts, args.resume_seq = resume_ts, resume_seq
        args.resume_key, args.resume_key_len = ffi.cast("uint8_t *", key), len(resume_key)
        with new_call() as call:
            page = call.page
            self._check(lib.mv_changes(self.handle, args, page, call.err), call)
            return ChangeRows(
                timestamps=pages.take_array(page.timestamps, "Q"),
                tables=pages.take_array(page.tables, "I"),
                keys=pages.take_keys(page),
                values=pages.take_values(page),
                resume=(page.resume_ts, page.resume_seq, pages.take_bytes(page.resume_key))
                if page.more
                else None,
                until=page.until,
            )

    # -- upkeep ----------------------------------------------------------------------------------

    def protect(self, timestamp: int, label: str, durable: bool) -> int:
        """Adds a record that holds the threshold back; gives its id."""
        with new_call() as call:
            self._check(
                lib.mv_protect(self.handle, timestamp, durable, label.encode(), call.ts, call.err),
                call,
            )
            return int(call.ts[0])

    def unprotect(self, record_id: int) -> None:
        """Drops a record; an unknown id is ignored."""
        with new_call() as call:
            self._check(lib.mv_unprotect(self.handle, record_id, call.err), call)

    def gc_publish(self, wanted: int) -> int:
        """Raises the threshold as far as may be; gives it."""
        with new_call() as call:
            self._check(lib.mv_gc_publish(self.handle, wanted, call.ts, call.err), call)
            return int(call.ts[0])

    def gc_slices(self, work_per_slice: int) -> dict[str, int]:
        """Collects in slices until nothing is left; gives what was removed."""
        cursor = ffi.gc(ffi.new("mv_buf *"), lib.mv_buf_free)
        stats = ffi.new("mv_gc_stats *")
        code = lib.MV_OK
        with new_call() as call:
            while code != DONE:
                code = self._check(
                    lib.mv_gc_slice(self.handle, work_per_slice, cursor, stats, call.err), call
                )
        return {
            name: getattr(stats, name) for name in ("versions", "tombstones", "changes", "bytes")
        }

    def verify(self, rows_per_call: int, max_problems: int) -> tuple[dict[str, int], list[str]]:
        """Checks every row; gives what was walked and the faults in words."""
        stats = ffi.new("mv_verify_stats *")
        problems: list[str] = []
        for part in VERIFY_PARTS:
            cursor = ffi.gc(ffi.new("mv_buf *"), lib.mv_buf_free)
            while len(problems) < max_problems:
                before = pages.take_bytes(cursor)
                with new_call() as call:
                    code = lib.mv_verify(self.handle, part, rows_per_call, cursor, stats, call.err)
                    if code == DONE:
                        break
                    if code != lib.MV_E_CORRUPT_STORE:
                        self._check(code, call)
                        continue
                    problems.append(_describe(read_failure(self.path, code, call.err)))
                if pages.take_bytes(cursor) == before:
                    break  # the fault is not in a row that can be passed over
        walked = {n: getattr(stats, n) for n in ("versions", "tombstones", "changes", "bytes")}
        return walked, problems

    def info(self) -> dict[str, Any]:
        """The fields of mv_info by name."""
        info = ffi.new("mv_info *")
        with new_call() as call:
            self._check(lib.mv_env_info(self.handle, info, call.err), call)
        fields = {name: getattr(info, name) for name, _ in ffi.typeof("mv_info").fields}
        fields["store_id"] = bytes(ffi.buffer(info.store_id))
        return fields


def scan_args(span: SpanTuple, flags: int, resume_ts: int, since: int) -> tuple[Any, list[Any]]:
    """An mv_scan_args, and what must stay alive while C uses it."""
    table, start, end = span
    args = ffi.new("mv_scan_args *")
    start_bytes, start_len = pages.bound(start, MAX_KEY_BYTES)
    end_bytes, end_len = pages.bound(end, MAX_KEY_BYTES)
    start_buffer, end_buffer = ffi.from_buffer(start_bytes), ffi.from_buffer(end_bytes)
    args.table = table
    args.flags = flags
    args.start, args.start_len = ffi.cast("uint8_t *", start_buffer), start_len
    args.end, args.end_len = ffi.cast("uint8_t *", end_buffer), end_len
    args.resume_ts = resume_ts
    args.since = since
    args.catalog_ts = LATEST
    return args, [start_buffer, end_buffer]


def _column(values: array[int]) -> Any:
    return ffi.from_buffer("uint32_t[]", values)


def _fill_ops(
    ops: Any, tables: Sequence[int], keys: Sequence[bytes], values: Sequence[bytes | None]
) -> list[Any]:
    """Fills an mv_ops; gives what must stay alive."""
    key_blob, key_lens = pages.pack(keys)
    value_blob, value_lens = pages.pack_values(values)
    columns = [_column(key_lens), _column(value_lens)]
    blobs = [ffi.from_buffer(key_blob), ffi.from_buffer(value_blob)]
    ops.count = len(keys)
    if len(set(tables)) == 1:
        ops.table = tables[0]
    else:
        columns.append(_column(array("I", tables)))
        ops.tables = columns[-1]
    ops.key_lens, ops.value_lens = columns[:2]
    ops.keys, ops.values = (ffi.cast("uint8_t *", blob) for blob in blobs)
    return [*columns, *blobs]


def _fill_spans(
    out: Any, points: Sequence[tuple[int, bytes]], spans: Sequence[SpanTuple]
) -> list[Any]:
    """Fills an mv_spans; gives what must stay alive."""
    if not points and not spans:
        return []
    starts, start_lens = pages.pack_bounds(
        [*(key for _, key in points), *(span[1] for span in spans)], MAX_KEY_BYTES
    )
    ends, end_lens = pages.pack_bounds([span[2] for span in spans], MAX_KEY_BYTES)
    tables = array("I", [*(table for table, _ in points), *(span[0] for span in spans)])
    columns = [
        _column(tables),
        _column(start_lens),
        _column(array("I", [pages.POINT] * len(points)) + end_lens),
    ]
    blobs = [ffi.from_buffer(starts), ffi.from_buffer(ends)]
    out.count = len(tables)
    out.tables, out.start_lens, out.end_lens = columns
    out.starts, out.ends = (ffi.cast("uint8_t *", blob) for blob in blobs)
    return [*columns, *blobs]


def _describe(failure: Failure) -> str:
    """A fault of one row in words."""
    if not failure.table:
        return failure.what
    return f"{failure.what}: table {failure.table}, key {failure.key!r}, at {Timestamp(failure.timestamp)}"
