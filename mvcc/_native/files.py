"""Exports and ingests of the C core: SST files out of a window, and into a table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from io import FileIO
from pathlib import Path
from typing import Any

from mvcc._native._core import ffi, lib
from mvcc._native.check import DONE, check, new_error
from mvcc._native.environment import Environment, NativeView, SpanTuple, scan_args
from mvcc.errors import StorageError

EXPORT_REVISIONS: int = lib.MV_EXPORT_REVISIONS
EXPORT_BY_SCAN: int = lib.MV_EXPORT_BY_SCAN
EXPORT_MID_KEY: int = lib.MV_EXPORT_MID_KEY
COMPRESSIONS: dict[str, int] = {
    "none": lib.MV_SST_NONE,
    "lz4": lib.MV_SST_LZ4,
    "zstd": lib.MV_SST_ZSTD,
}


class NativeExport:
    """The bytes of one SST, chunk by chunk. One thread at a time."""

    def __init__(
        self,
        view: NativeView,
        span: SpanTuple,
        *,
        flags: int,
        since: int,
        resume_ts: int,
        target_size: int,
        max_size: int,
        compression: str,
        session: str,
        file_number: int,
        creation_time: int,
        properties: Sequence[tuple[str, bytes]],
    ) -> None:
        self._view = view  # the C export reads through it
        self._path = view.env.path
        self._err = new_error()
        self._out = ffi.gc(ffi.new("mv_buf *"), lib.mv_buf_free)
        args = ffi.new("mv_export_args *")
        scan, alive = scan_args(span, 0, resume_ts, since)
        args.span = scan[0]
        args.flags, args.target_size, args.max_size = flags, target_size, max_size
        args.compression, args.session = COMPRESSIONS[compression], session.encode()
        args.file_number, args.creation_time = file_number, creation_time
        names = [ffi.new("char[]", name.encode()) for name, _ in properties]
        values = [ffi.new("char[]", value) for _, value in properties]
        name_column, value_column = ffi.new("char *[]", names), ffi.new("char *[]", values)
        args.property_count = len(properties)
        args.property_names, args.property_values = name_column, value_column
        handle = ffi.new("mv_export **")
        check(
            self._path,
            lib.mv_export_open(view.env.handle, view.handle, args, handle, self._err),
            self._err,
        )
        alive.clear()
        self._handle: Any = ffi.gc(handle[0], lib.mv_export_free)

    def next(self, chunk: int) -> memoryview | None:
        """About `chunk` more bytes, valid until the next call; None at the end."""
        self._out.len = 0
        code = check(
            self._path, lib.mv_export_next(self._handle, chunk, self._out, self._err), self._err
        )
        if code == DONE:
            return None
        return memoryview(ffi.buffer(self._out.data, self._out.len))

    def resume(self) -> tuple[bytes, int] | None:
        """(key, version) at which a size has ended the export, or None."""
        key, key_len, ts = ffi.new("uint8_t **"), ffi.new("uint32_t *"), ffi.new("uint64_t *")
        if not lib.mv_export_resume(self._handle, ffi.cast("uint8_t const **", key), key_len, ts):
            return None
        return bytes(ffi.buffer(key[0], key_len[0])), int(ts[0])

    def stats(self) -> dict[str, int]:
        """The fields of mv_export_stats by name."""
        stats = ffi.new("mv_export_stats *")
        lib.mv_export_get_stats(self._handle, stats)
        return {name: getattr(stats, name) for name, _ in ffi.typeof("mv_export_stats").fields}

    def close(self) -> None:
        """Frees it. Idempotent."""
        if self._handle is not None:
            ffi.release(self._handle)
            self._handle = None


class NativeIngest:
    """Layers of SST files on their way into one table."""

    def __init__(
        self,
        env: Environment,
        layers: Sequence[Sequence[str]],
        *,
        from_table: int,
        to_table: int,
        at: int,
        until: int,
    ) -> None:
        self._env = env
        self._err = new_error()
        self._rows, self._bytes = ffi.new("uint64_t *"), ffi.new("uint64_t *")
        self._files = ExitStack()
        with ExitStack() as opened:
            paths = [path for layer in layers for path in layer]
            self._path = ", ".join(paths[:1])
            files = [opened.enter_context(_open(path)) for path in paths]
            fds = ffi.new("int[]", [file.fileno() for file in files])
            sizes = ffi.new("uint64_t[]", [os.fstat(file.fileno()).st_size for file in files])
            counts = ffi.new("uint64_t[]", [len(layer) for layer in layers])
            args = ffi.new("mv_ingest_args *")
            args.layers, args.layer_files, args.fds, args.sizes = len(layers), counts, fds, sizes
            args.from_table, args.to_table, args.at, args.until = from_table, to_table, at, until
            handle = ffi.new("mv_ingest **")
            check(self._path, lib.mv_ingest_open(env.handle, args, handle, self._err), self._err)
            self._handle: Any = ffi.gc(handle[0], lib.mv_ingest_free)
            self._files = opened.pop_all()

    def next(self, max_bytes: int) -> tuple[int, int] | None:
        """Loads one slice; gives its rows and bytes, or None once all are loaded."""
        self._rows[0] = self._bytes[0] = 0
        code = check(
            self._path,
            lib.mv_ingest_next(self._handle, max_bytes, self._rows, self._bytes, self._err),
            self._err,
        )
        if code == DONE and self._rows[0] == 0:
            return None
        return int(self._rows[0]), int(self._bytes[0])

    def close(self) -> None:
        """Frees it and closes the files. Idempotent."""
        if self._handle is not None:
            ffi.release(self._handle)
            self._handle = None
            self._files.close()


def _open(path: str) -> FileIO:
    """A file to read. StorageError."""
    try:
        return Path(path).open("rb", buffering=0)
    except OSError as error:
        raise StorageError(what="opening a file to load", errno=error.errno, path=path) from error
