"""Our reader takes the files that RocksDB writes: every form that it claims to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvcc._native.sst import SSTReader
from mvcc.errors import FormatVersionError
from tests.interop import rocksdb
from tests.sst.build import Row, in_order

VERSIONS = ("2", "3", "4", "5")

KEYS = [b"", b"a", b"a\0", *(b"key%04d" % n for n in range(300))]
ONE_VERSION: list[Row] = [(key, 0, None if key.endswith(b"7") else key * 3) for key in KEYS]
VERSIONED: list[Row] = in_order(
    (key, ts, None if (n + ts) % 5 == 0 else b"%d at %d" % (n, ts))
    for n, key in enumerate(KEYS)
    for ts in (1, 2, 2**64 - 2)
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The writing program."""
    return rocksdb.compile_program("rocksdb_write", tmp_path_factory.mktemp("rocksdb"))


def assert_reads(path: Path, order: str, version: str, rows: list[Row]) -> None:
    """Walks, verifies and seeks in a file of RocksDB's."""
    deletion = 0x14 if order == "u64ts" else 0
    with SSTReader(path) as reader:
        got = [(r.key, r.timestamp, None if r.type == deletion else r.value) for r in reader.rows()]
        assert rows == got
        assert (order, int(version)) == (reader.order, reader.format_version)
        stats = reader.verify()
        assert (len(rows), sum(1 for row in rows if row[2] is None)) == (
            stats.rows,
            stats.tombstones,
        )
        assert stats.data_blocks > 20
        for at in range(0, len(rows), 37):
            assert len(rows) - at == sum(1 for _ in reader.rows(rows[at][0], rows[at][1]))


@pytest.mark.parametrize("interval", ["1", "16"])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("order", ["bytes", "u64ts"])
def test_every_format_version_and_index_form_is_read(
    tmp_path: Path, program: Path, order: str, version: str, interval: str
) -> None:
    """Whole and user-key indexes, whole and delta-coded handles, with a filter between the blocks."""
    rows = VERSIONED if order == "u64ts" else ONE_VERSION
    path = tmp_path / "theirs.sst"
    rocksdb.write_sst(program, path, [order, version, "none", interval, "crc32c"], rows)
    assert_reads(path, order, version, rows)


@pytest.mark.parametrize("compression", ["lz4", "lz4hc", "zstd"])
def test_every_compression_is_read(tmp_path: Path, program: Path, compression: str) -> None:
    """Of data and of the index, which RocksDB compresses too."""
    path = tmp_path / "theirs.sst"
    rocksdb.write_sst(program, path, ["u64ts", "5", compression, "1", "crc32c"], VERSIONED)
    assert_reads(path, "u64ts", "5", VERSIONED)


def test_a_file_without_checksums_is_read(tmp_path: Path, program: Path) -> None:
    """Checksum type 0."""
    path = tmp_path / "theirs.sst"
    rocksdb.write_sst(program, path, ["bytes", "5", "none", "1", "none"], ONE_VERSION)
    assert_reads(path, "bytes", "5", ONE_VERSION)


@pytest.mark.parametrize(
    ("compression", "checksum", "what"),
    [("none", "xxh3", "checksum type 4"), ("snappy", "crc32c", "compression 1")],
)
def test_what_is_not_read_is_named(
    tmp_path: Path, program: Path, compression: str, checksum: str, what: str
) -> None:
    """RocksDB's other checksums and compressions are refused as such, not as damage."""
    path = tmp_path / "theirs.sst"
    rocksdb.write_sst(program, path, ["u64ts", "5", compression, "1", checksum], VERSIONED)
    with pytest.raises(FormatVersionError, match=what), SSTReader(path) as reader:
        reader.verify()
