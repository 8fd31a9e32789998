"""Whether the bytes of a data file mean what its manifest says: the deepest check, block by block."""

from __future__ import annotations

from itertools import islice

from mvcc._native.sst import SSTReader
from mvcc.backup.check import ListedFile, damaged
from mvcc.backup.crew import Stop
from mvcc.storage import Storage

_KEY_OVERHEAD_BYTES = 20
"""Of an SST's keys: table id, timestamp, and RocksDB's own 8 bytes."""


def check_contents(storage: Storage, file: ListedFile, stop: Stop) -> None:
    """Reads a whole SST. SSTCorruptedError, BackupCorruptedError, FormatVersionError."""
    stop.check()
    entry = file.entry
    with SSTReader(storage.local_path(file.name)) as reader:
        stats = reader.verify()
        logical = stats.raw_key_bytes - _KEY_OVERHEAD_BYTES * stats.rows + stats.raw_value_bytes
        found = (stats.rows, stats.tombstones, stats.min_timestamp, stats.max_timestamp, logical)
        if found != (entry.rows, entry.tombstones, entry.min_ts, entry.max_ts, entry.bytes):
            raise damaged(storage, file.name, "it does not hold what the manifest says")
        if not _is_within(reader, entry.table_id, entry.start, entry.end):
            raise damaged(storage, file.name, "it holds keys outside of its span")


def _is_within(reader: SSTReader, table_id: int, start: bytes, end: bytes | None) -> bool:
    """Whether the first key is in the span, and none comes after it."""
    prefix = table_id.to_bytes(4, "big")
    behind = (table_id + 1).to_bytes(5, "big")[-4:] if end is None else prefix + end
    first = next(reader.rows()).key
    if not prefix + start <= first:
        return False
    if end is None and behind == bytes(4):
        return True  # no table comes after the last id
    return not list(islice(reader.rows(behind), 1))
