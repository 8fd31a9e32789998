"""SST files in Python's types: a writer, a reader, and a merge of layers. No policy.

A row is a key without its timestamp, the timestamp as a number, and a value (None: a tombstone). Neither
class is made for two threads at once; each call releases the GIL. Where a file does not hold what was
written, `SSTCorruptedError`; where it uses what this reader does not have, `FormatVersionError`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from mvcc._native import pages
from mvcc._native._core import ffi, lib
from mvcc._native.check import DONE, NOT_FOUND, check, new_error
from mvcc.errors import StoreClosedError

Compression = Literal["none", "lz4", "zstd"]
Order = Literal["unknown", "bytes", "u64ts"]

VALUE: int = lib.MV_SST_VALUE
TOMBSTONE: int = lib.MV_SST_TOMBSTONE
NEWEST = 2**64 - 1
"""As a timestamp: above all."""
DEFAULT_SESSION = "MVCC0000000000000000"

_COMPRESSIONS: dict[str, int] = {
    "none": lib.MV_SST_NONE,
    "lz4": lib.MV_SST_LZ4,
    "zstd": lib.MV_SST_ZSTD,
}
_ORDERS: dict[int, Order] = {
    lib.MV_SST_ORDER_UNKNOWN: "unknown",
    lib.MV_SST_ORDER_BYTES: "bytes",
    lib.MV_SST_ORDER_U64TS: "u64ts",
}
_PAGE_ROWS = 4096
_PAGE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SSTRow:
    """One entry of a file."""

    key: bytes
    timestamp: int
    """0 in files whose order is not u64ts."""
    sequence: int
    type: int
    """VALUE, TOMBSTONE, or another of RocksDB's types."""
    value: bytes


@dataclass(frozen=True, slots=True)
class SSTStats:
    """What a file holds; sizes in bytes."""

    rows: int
    tombstones: int
    raw_key_bytes: int
    raw_value_bytes: int
    data_blocks: int
    min_timestamp: int
    max_timestamp: int
    file_bytes: int


def _stats(raw: Any) -> SSTStats:
    return SSTStats(
        rows=raw.rows,
        tombstones=raw.tombstones,
        raw_key_bytes=raw.raw_key_bytes,
        raw_value_bytes=raw.raw_value_bytes,
        data_blocks=raw.data_blocks,
        min_timestamp=raw.min_ts,
        max_timestamp=raw.max_ts,
        file_bytes=raw.file_bytes,
    )


def _rows(page: Any) -> Iterator[SSTRow]:
    """The rows of a page, which may be filled anew while they are read."""
    return map(
        SSTRow,
        pages.cut(pages.take_bytes(page.keys), pages.take_array(page.key_ends, "Q")),
        pages.take_array(page.timestamps, "Q"),
        pages.take_array(page.sequences, "Q"),
        pages.take_bytes(page.types),
        pages.cut(pages.take_bytes(page.values), pages.take_array(page.value_ends, "Q")),
    )


def _user_key(key: bytes, timestamp: int) -> bytes:
    return key + timestamp.to_bytes(8, "little")


class _Handle:
    """A C object that is freed by close(), or with its last reference."""

    def __init__(self, name: str, raw: Any, free: Any) -> None:
        self.name = name
        self.err = new_error()
        self._raw = ffi.gc(raw, free)

    @property
    def raw(self) -> Any:
        if self._raw is None:
            raise StoreClosedError(what="SST")
        return self._raw

    def check(self, code: int) -> int:
        return check(self.name, code, self.err)

    def close(self) -> None:
        if self._raw is not None:
            ffi.release(self._raw)
            self._raw = None


class SSTWriter:
    """Rows in key order (of one key: newest first) to the bytes of one file."""

    def __init__(
        self,
        *,
        compression: Compression = "zstd",
        level: int = 0,
        block_bytes: int = 0,
        session: str = DEFAULT_SESSION,
        file_number: int = 1,
        creation_time: int = 0,
        properties: Mapping[str, bytes] | None = None,
        name: str = "new SST",
    ) -> None:
        """Level 0, block_bytes 0: the defaults of mv_sst.h. `name` stands in errors."""
        err, out = new_error(), ffi.new("mv_sst_writer **")
        options = ffi.new("mv_sst_options *")
        options.compression = _COMPRESSIONS[compression]
        options.level = level
        options.block_bytes = block_bytes
        options.file_number = file_number
        options.creation_time = creation_time
        options.session = session.encode("ascii", "replace")[: len(options.session)]
        check(name, lib.mv_sst_writer_new(options, out, err), err)
        self._handle = _Handle(name, out[0], lib.mv_sst_writer_free)
        for key, value in (properties or {}).items():
            code = lib.mv_sst_writer_property(
                self._handle.raw, key.encode(), value, len(value), self._handle.err
            )
            self._handle.check(code)

    def add(self, key: bytes, timestamp: int, value: bytes | None) -> None:
        """Adds a row above the last one; None is a tombstone. InvalidArgumentError out of order."""
        h, user_key = self._handle, _user_key(key, timestamp)
        kind, held = (TOMBSTONE, b"") if value is None else (VALUE, value)
        h.check(lib.mv_sst_writer_add(h.raw, user_key, len(user_key), kind, held, len(held), h.err))

    def take(self) -> bytes:
        """The next bytes of the file, as far as they are made."""
        out = lib.mv_sst_writer_out(self._handle.raw)
        taken = pages.take_bytes(out)
        out.len = 0
        return taken

    def finish(self) -> bytes:
        """Ends the file and gives the bytes that were not taken yet."""
        h = self._handle
        h.check(lib.mv_sst_writer_finish(h.raw, h.err))
        return self.take()

    @property
    def size(self) -> int:
        """Bytes of the file so far, with an estimate of what is open."""
        return int(lib.mv_sst_writer_size(self._handle.raw))

    def stats(self) -> SSTStats:
        """What was added so far."""
        out = ffi.new("mv_sst_stats *")
        lib.mv_sst_writer_stats(self._handle.raw, out)
        return _stats(out)

    def close(self) -> None:
        """Idempotent."""
        self._handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


class SSTReader:
    """An open file: its properties, its rows, and its verification."""

    def __init__(
        self,
        source: str | os.PathLike[str] | bytes,
        *,
        max_block_bytes: int = 0,
        name: str | None = None,
    ) -> None:
        """A path, or the file's bytes. `max_block_bytes` 0: 64 MiB. `name` stands in errors."""
        self._closing = ExitStack()
        err, out = new_error(), ffi.new("mv_sst_reader **")
        if isinstance(source, bytes):
            self.name = name or "SST in memory"
            self._kept = ffi.from_buffer(source)
            code = lib.mv_sst_reader_open_memory(self._kept, len(source), max_block_bytes, out, err)
        else:
            self.name = name or os.fspath(source)
            fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
            self._closing.callback(os.close, fd)
            code = lib.mv_sst_reader_open_fd(fd, os.fstat(fd).st_size, max_block_bytes, out, err)
        try:
            check(self.name, code, err)
        except BaseException:
            self._closing.close()
            raise
        self._handle = _Handle(self.name, out[0], lib.mv_sst_reader_free)
        self._closing.callback(self._handle.close)

    @property
    def raw(self) -> Any:
        """The mv_sst_reader. StoreClosedError once it is closed."""
        return self._handle.raw

    def check_open(self) -> None:
        """Raises StoreClosedError once it is closed."""
        self._handle.raw  # noqa: B018  # the property raises

    @property
    def format_version(self) -> int:
        """2 to 6."""
        return int(lib.mv_sst_reader_format_version(self.raw))

    @property
    def global_sequence(self) -> int:
        """The sequence number that RocksDB wrote into the file at its ingest; 0: it did not."""
        return int(lib.mv_sst_reader_global_seqno(self.raw))

    @property
    def order(self) -> Order:
        """How the rows are ordered, as far as it is known."""
        return _ORDERS[lib.mv_sst_reader_order(self.raw)]

    def properties(self) -> dict[str, bytes]:
        """Every property, as raw bytes, by name; bytes of names that are no UTF-8 are escaped."""
        page = ffi.gc(ffi.new("mv_sst_page *"), lib.mv_sst_page_free)
        self._handle.check(lib.mv_sst_reader_properties(self.raw, page, self._handle.err))
        return {row.key.decode(errors="backslashreplace"): row.value for row in _rows(page)}

    def property(self, name: str) -> bytes | None:
        """One property, None where it is absent."""
        value, length = ffi.new("const uint8_t **"), ffi.new("size_t *")
        code = lib.mv_sst_reader_property(self.raw, name.encode(), value, length)
        return None if code == NOT_FOUND else bytes(ffi.buffer(value[0], length[0]))

    def rows(self, start: bytes | None = None, timestamp: int = NEWEST) -> Iterator[SSTRow]:
        """The rows in order, from the version of `start` at or below `timestamp` on, or from the first.

        In files of the order "bytes" `timestamp` is ignored. StoreClosedError once the reader is closed.
        """
        out = ffi.new("mv_sst_iter **")
        self._handle.check(lib.mv_sst_iter_new(self.raw, out, self._handle.err))
        cursor = _Handle(self.name, out[0], lib.mv_sst_iter_free)
        page = ffi.gc(ffi.new("mv_sst_page *"), lib.mv_sst_page_free)
        try:
            if start is not None:
                target = _user_key(start, timestamp) if self.order == "u64ts" else start
                row = ffi.new("mv_sst_row *")
                seek = lib.mv_sst_iter_seek(cursor.raw, target, len(target), row, cursor.err)
                if cursor.check(seek) == DONE:
                    return
                yield self._one(row)
            while self._fill(cursor, page) != DONE:
                yield from _rows(page)
        finally:
            cursor.close()

    def verify(self) -> SSTStats:
        """Reads every block; checks checksums, order, places and the counts in the properties."""
        out = ffi.new("mv_sst_stats *")
        self._handle.check(lib.mv_sst_verify(self.raw, out, self._handle.err))
        return _stats(out)

    def close(self) -> None:
        """Idempotent."""
        self._closing.close()

    def _fill(self, cursor: _Handle, page: Any) -> int:
        self.check_open()
        code = lib.mv_sst_iter_page(cursor.raw, _PAGE_ROWS, _PAGE_BYTES, page, cursor.err)
        return cursor.check(code)

    def _one(self, row: Any) -> SSTRow:
        key = bytes(ffi.buffer(row.key, row.key_len))
        return SSTRow(
            key=key[:-8] if self.order == "u64ts" else key,
            timestamp=row.ts,
            sequence=row.seq,
            type=row.type,
            value=bytes(ffi.buffer(row.value, row.value_len)) if row.value_len else b"",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def merge(
    layers: Sequence[Sequence[SSTReader]],
    *,
    as_of: int = NEWEST,
    latest: bool = False,
    start: bytes | None = None,
    end: bytes | None = None,
) -> Iterator[SSTRow]:
    """The rows of layers, newest first, each of files in key order, as one stream.

    Versions at or below `as_of` of keys in [start, end); with `latest` only the newest of each key,
    tombstones too. Of the same version in several layers the newest layer's stands.
    """
    arrays = [ffi.new("mv_sst_reader *[]", [file.raw for file in layer]) for layer in layers]
    raw_layers = ffi.new("mv_sst_layer[]", len(layers))
    for i, files in enumerate(arrays):
        raw_layers[i].files = files
        raw_layers[i].count = len(files)
    window = ffi.new("mv_sst_window *", {"as_of": as_of, "latest": latest})
    held = [ffi.NULL if bound is None else ffi.from_buffer(bound) for bound in (start, end)]
    window.start, window.start_len = held[0], len(start or b"")
    window.end, window.end_len = held[1], len(end or b"")
    err, out = new_error(), ffi.new("mv_sst_merge **")
    check("merge", lib.mv_sst_merge_new(raw_layers, len(layers), window, out, err), err)
    handle = _Handle("merge", out[0], lib.mv_sst_merge_free)
    page = ffi.gc(ffi.new("mv_sst_page *"), lib.mv_sst_page_free)
    try:
        while _fill_merged(layers, handle, page) != DONE:
            yield from _rows(page)
    finally:
        handle.close()


def _fill_merged(layers: Sequence[Sequence[SSTReader]], handle: _Handle, page: Any) -> int:
    for layer in layers:
        for file in layer:
            file.check_open()
    code = lib.mv_sst_merge_page(handle.raw, _PAGE_ROWS, _PAGE_BYTES, page, handle.err)
    return handle.check(code)
