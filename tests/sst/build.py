"""Files for tests: rows in, SST bytes out; and the rows that the golden files hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mvcc._native.sst import Compression, SSTWriter
from tests.sst.pyreader import FOOTER, TRAILER, Entries, PyReader

Row = tuple[bytes, int, bytes | None]
"""Key, timestamp, value (None: a tombstone)."""

TESTDATA = Path(__file__).resolve().parents[1] / "testdata" / "sst"
CORPUS = Path(__file__).resolve().parents[1] / "fuzz" / "corpus" / "sst"
COMPRESSIONS: tuple[Compression, ...] = ("none", "lz4", "zstd")

HELLO_ROWS: list[Row] = [(b"", 7, b""), (b"hello", 300, None), (b"hello", 200, b"world")]
GOLDEN_ROWS: list[Row] = [
    (b"key%03d" % n, ts, None if n % 5 == 0 and ts == 2 else b"value %d at %d; " % (n, ts) * 3)
    for n in range(22)
    for ts in (3, 2)
]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Rows as a writer takes them: by key, then newest first."""
    return sorted(rows, key=lambda row: (row[0], -row[1]))


def build(rows: Iterable[Row], **options: Any) -> bytes:
    """The file of rows that are in order."""
    with SSTWriter(**options) as writer:
        for row in rows:
            writer.add(*row)
        return writer.take() + writer.finish()


def golden_files() -> Mapping[str, bytes]:
    """What today's writer makes of the golden files: name to bytes."""
    files = {
        "hello.sst": build(HELLO_ROWS, compression="none", properties={"mvcc.label": b"golden"})
    }
    for compression in COMPRESSIONS:
        made = build(GOLDEN_ROWS, compression=compression, block_bytes=512)
        files[f"versions-{compression}.sst"] = made
    return files


def without_checksums(data: bytes) -> bytes:
    """The same file with checksum type 0: whatever is then changed reaches the code behind the checksums."""
    reader, changed = PyReader(data), bytearray(data)
    index = [tuple(handle) for _, handle in reader.index]
    footer = data[-FOOTER:]
    meta_at, meta_size, index_at, index_size = reader.handles(footer[1:41], 2)
    metaindex = dict(Entries(reader.block(meta_at, meta_size)))
    properties = reader.handles(metaindex[b"rocksdb.properties"], 1)
    blocks = [*index, (meta_at, meta_size), (index_at, index_size), tuple(properties)]
    for offset, size in blocks:
        changed[offset + size + 1 : offset + size + TRAILER] = bytes(4)
    changed[-FOOTER] = 0
    return bytes(changed)
