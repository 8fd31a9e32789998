"""An SST reader of its own, written from the format alone: it shares no line and no library with the C core.

It reads what RocksDB's format versions 2 to 5 allow with crc32c or no checksum, plainly and slowly, and
trusts nothing: whatever does not fit is a ValueError.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from dataclasses import dataclass, field

MAGIC = 0x88E241B785F4CFF7
FOOTER = 53
TRAILER = 5


def crc_table() -> list[int]:
    """CRC-32C of every byte."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc_table()


def masked_crc32c(data: bytes) -> int:
    """The checksum behind a block."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def require(holds: bool, what: str) -> None:
    """Raises where a fact of the format does not hold."""
    if not holds:
        raise ValueError(what)


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A LEB128 number and the offset behind it."""
    value = shift = 0
    while True:
        require(at < len(data) and shift < 70, "varint")
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def le(data: bytes) -> int:
    """A fixed-width number."""
    return int.from_bytes(data, "little")


def decompress(kind: int, stored: bytes) -> bytes:
    """The content of a block, by the systems' own libraries through ctypes."""
    if kind == 0:
        return stored
    size, at = varint(stored, 0)
    require(size <= 1 << 26, "size of a block")
    out, rest = ctypes.create_string_buffer(size or 1), stored[at:]
    if kind == 7:
        zstd = ctypes.CDLL(ctypes.util.find_library("zstd"))
        zstd.ZSTD_decompress.restype = ctypes.c_size_t
        sizes = ctypes.c_size_t(size), ctypes.c_size_t(len(rest))
        made = zstd.ZSTD_decompress(out, sizes[0], rest, sizes[1])
    else:
        require(kind in (4, 5), "compression")
        lz4 = ctypes.CDLL(ctypes.util.find_library("lz4"))
        made = lz4.LZ4_decompress_safe(rest, out, len(rest), size)
    require(made == size, "compressed block")
    return out.raw[:size]


@dataclass
class Entries:
    """The entries of one block; `delta`: an index whose handles have no length."""

    content: bytes
    delta: bool = False
    handles: list[tuple[int, int]] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        restarts = le(self.content[-4:])
        end = len(self.content) - 4 - 4 * restarts
        require(restarts >= 1 and end >= 0, "restarts")
        at, key = 0, b""
        while at < end:
            shared, at = varint(self.content, at)
            length, at = varint(self.content, at)
            size = 0
            if not self.delta:
                size, at = varint(self.content, at)
            require(shared <= len(key) and at + length + size <= end, "entry")
            key = key[:shared] + self.content[at : at + length]
            at += length
            if self.delta:
                at = self._handle(shared, at)
            yield key, self.content[at : at + size]
            at += size

    def _handle(self, shared: int, at: int) -> int:
        first, at = varint(self.content, at)
        if shared == 0:
            second, at = varint(self.content, at)
            self.handles.append((first, second))
        else:
            offset, size = self.handles[-1]
            difference = first >> 1 if first % 2 == 0 else -(first >> 1) - 1
            self.handles.append((offset + size + TRAILER, size + difference))
        return at


class PyReader:
    """A whole file: `properties` by name, and `rows` of (user key, sequence, type, value)."""

    def __init__(self, data: bytes) -> None:
        require(len(data) >= FOOTER, "footer")
        self.data, footer = data, data[-FOOTER:]
        require(le(footer[45:]) == MAGIC and 2 <= le(footer[41:45]) <= 5, "magic or version")
        self.checksum = footer[0]
        require(self.checksum in (0, 1), "checksum type")
        meta_at, meta_size, index_at, index_size = self.handles(footer[1:41], 2)
        metaindex = dict(Entries(self.block(meta_at, meta_size)))
        where = self.handles(metaindex[b"rocksdb.properties"], 1)
        self.properties = dict(Entries(self.block(where[0], where[1])))
        delta = self.properties.get(b"rocksdb.index.value.is.delta.encoded", b"\0") != b"\0"
        index = Entries(self.block(index_at, index_size), delta)
        self.index = [(key, self.handles(value, 1) if value else []) for key, value in index]
        if delta:
            pairs = zip(self.index, index.handles, strict=True)
            self.index = [(key, list(handle)) for (key, _), handle in pairs]

    def handles(self, data: bytes, count: int) -> list[int]:
        """So many block handles, flat: offset, size, offset, size."""
        found, at = [], 0
        for _ in range(2 * count):
            number, at = varint(data, at)
            found.append(number)
        return found

    def block(self, offset: int, size: int) -> bytes:
        """The content of a block whose checksum holds."""
        end = offset + size
        require(end + TRAILER <= len(self.data) - FOOTER, "handle")
        stored = self.data[offset : end + 1]
        right = masked_crc32c(stored) if self.checksum else 0
        require(le(self.data[end + 1 : end + TRAILER]) == right, "checksum")
        return decompress(stored[-1], stored[:-1])

    def rows(self) -> Iterator[tuple[bytes, int, int, bytes]]:
        """Every row, block by block, as it stands."""
        for _, (offset, size) in self.index:
            for key, value in Entries(self.block(offset, size)):
                require(len(key) >= 8, "internal key")
                tail = le(key[-8:])
                yield key[:-8], tail >> 8, tail & 255, value
