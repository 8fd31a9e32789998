"""A pure-Python twin of the store's records, written from docs/format: what a row's bytes must be."""

from __future__ import annotations

import struct
from pathlib import Path

TOMBSTONE = 0
VALUE = 1
HEAD_BYTES = 5


def crc32c(data: bytes) -> int:
    """CRC-32C, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def version_key(table_id: int, key: bytes, timestamp: int) -> bytes:
    """The key of a row of `data`."""
    return struct.pack(">I", table_id) + key + struct.pack("<Q", timestamp)


def seal(row_key: bytes, kind: int, payload: bytes) -> bytes:
    """A checked record."""
    head = bytes([kind])
    return head + struct.pack("<I", crc32c(row_key + head + payload)) + payload


def data_row(table_id: int, key: bytes, timestamp: int, value: bytes | None) -> bytes:
    """A row of `data`: its key and record as they stand side by side in a page."""
    row_key = version_key(table_id, key, timestamp)
    kind = TOMBSTONE if value is None else VALUE
    return row_key + seal(row_key, kind, value or b"")


def log_row(timestamp: int, seq: int, table_id: int, key: bytes, value: bytes | None) -> bytes:
    """A row of a log, with the row that `data` will hold."""
    row = data_row(table_id, key, timestamp, value)
    vkey_len = len(version_key(table_id, key, timestamp))
    return struct.pack(">QI", timestamp, seq) + struct.pack("<H", vkey_len) + row


def changes_row(timestamp: int, seq: int, kind: int, table_id: int, key: bytes) -> bytes:
    """A row of `changes`."""
    row_key = struct.pack(">QI", timestamp, seq)
    return row_key + seal(row_key, kind, struct.pack(">I", table_id) + key)


def damage(path: Path, row: bytes, offset: int) -> None:
    """Flips one bit of every copy of a row in a data file; the row must be there."""
    content = bytearray(path.read_bytes())
    at = content.find(row)
    assert at >= 0, "the row is not in the file"
    while at >= 0:
        content[at + offset] ^= 0x40
        at = content.find(row, at + 1)
    path.write_bytes(content)
