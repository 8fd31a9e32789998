"""Looking into SST files: those of backups, and any other RocksDB block-based table.

Rows and a verification in Python's types. Knows nothing of stores and backups.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mvcc._native.sst import SSTReader
from mvcc.engine.interface import MAX_VALUE_BYTES
from mvcc.timestamp import Timestamp

# A block holds at least one row: it may be as large as the largest value, and its key.
MAX_BLOCK_BYTES = MAX_VALUE_BYTES + (1 << 20)

# RocksDB's types of entries, by the names that its tools give them.
TYPES = {
    0x00: "delete",
    0x01: "put",
    0x02: "merge",
    0x07: "single_delete",
    0x11: "blob_index",
    0x14: "delete",
    0x16: "wide_column",
}


@dataclass(frozen=True, slots=True)
class SSTEntry:
    """One row of a file."""

    table: str | None
    """The table, in files of backups; None in others, or where rows were asked for as they are."""
    key: bytes
    timestamp: Timestamp | None
    """None in files without timestamps."""
    type: str
    """"put", "delete", or another of RocksDB's types."""
    value: bytes | None
    """None: deleted."""
    sequence: int
    """0 in the files of backups, as they were written."""


@dataclass(frozen=True, slots=True)
class SSTSummary:
    """A file that was read to its end and found right; sizes in bytes."""

    path: str
    format_version: int
    order: str
    """"u64ts": keys with timestamps; "bytes": without; "unknown": rows are not compared."""
    rows: int
    tombstones: int
    first_timestamp: Timestamp
    last_timestamp: Timestamp
    data_blocks: int
    raw_bytes: int
    """Of keys and values before compression."""
    file_bytes: int
    global_sequence: int
    """Of all rows, written over the file by a RocksDB that ingested it where it lay; 0: it did not."""


def entries(path: str | os.PathLike[str], *, raw: bool = False) -> Iterator[SSTEntry]:
    """Every row of a file, in its order. SSTCorruptedError, FormatVersionError, OSError.

    In files of backups a key begins with its table's id, 4 bytes: that is taken off unless `raw`.
    """
    with SSTReader(path, max_block_bytes=MAX_BLOCK_BYTES) as reader:
        table, prefix = (None, b"") if raw else _table(reader)
        timed = reader.order == "u64ts"
        for row in reader.rows():
            ours = table is not None and row.key.startswith(prefix)
            kind = TYPES.get(row.type, f"type {row.type:#04x}")
            yield SSTEntry(
                table if ours else None,
                row.key.removeprefix(prefix),
                Timestamp(row.timestamp) if timed else None,
                kind,
                None if "delete" in kind else row.value,
                row.sequence,
            )


def _table(reader: SSTReader) -> tuple[str | None, bytes]:
    """The table that a file of a backup belongs to, and what its keys begin with."""
    name, number = (reader.property(f"mvcc.{each}") for each in ("table", "table_id"))
    if name is None or number is None or not re.fullmatch(rb"[0-9]{1,9}", number):
        return None, b""
    return name.decode("utf-8", "backslashreplace"), int(number).to_bytes(4, "big")


def verify(path: str | os.PathLike[str]) -> SSTSummary:
    """Reads all of a file: checksums, order, places, counts. Raises as `entries` does."""
    with SSTReader(path, max_block_bytes=MAX_BLOCK_BYTES) as reader:
        stats = reader.verify()
        return SSTSummary(
            path=os.fspath(path),
            format_version=reader.format_version,
            order=reader.order,
            rows=stats.rows,
            tombstones=stats.tombstones,
            first_timestamp=Timestamp(stats.min_timestamp),
            last_timestamp=Timestamp(stats.max_timestamp),
            data_blocks=stats.data_blocks,
            raw_bytes=stats.raw_key_bytes + stats.raw_value_bytes,
            file_bytes=stats.file_bytes,
            global_sequence=reader.global_sequence,
        )
