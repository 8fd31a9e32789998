"""Our reader takes the files that RocksDB writes: every form that it claims to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvcc._native.sst import SSTReader
from mvcc.errors import FormatVersionError, SSTCorruptedError
from tests.interop import rocksdb
from tests.sst.build import Row, in_order
from tests.sst.damage import answer, assert_truncations_are_refused, unseen_flips
from tests.sst.pyreader import FOOTER

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


@pytest.mark.parametrize("compression", ["snappy", "zlib", "lz4", "lz4hc", "zstd"])
def test_every_compression_is_read(tmp_path: Path, program: Path, compression: str) -> None:
    """Of data and of the index, which RocksDB compresses too."""
    path = tmp_path / "theirs.sst"
    rocksdb.write_sst(program, path, ["u64ts", "5", compression, "1", "crc32c"], VERSIONED)
    assert_reads(path, "u64ts", "5", VERSIONED)


@pytest.mark.parametrize("checksum", ["none", "crc32c", "xxhash", "xxhash64", "xxh3"])
def test_every_checksum_is_read(tmp_path: Path, program: Path, checksum: str) -> None:
    """RocksDB 7.8 writes XXH3 unless it is told otherwise."""
    path = tmp_path / "theirs.sst"
    rocksdb.write_sst(program, path, ["bytes", "5", "snappy", "1", checksum], ONE_VERSION)
    assert_reads(path, "bytes", "5", ONE_VERSION)


def test_a_compression_that_is_not_read_is_named(tmp_path: Path, program: Path) -> None:
    """bzip2 is refused as such, not as damage, and the hint says who reads it."""
    path = tmp_path / "theirs.sst"
    rocksdb.write_sst(program, path, ["u64ts", "5", "bzip2", "1", "xxh3"], VERSIONED)
    with pytest.raises(FormatVersionError) as caught, SSTReader(path) as file:
        file.verify()
    assert "compression 3 (bzip2)" == caught.value.found
    assert "sst_dump" in caught.value.hint


@pytest.mark.parametrize(
    ("compression", "checksum"), [("snappy", "xxh3"), ("zlib", "xxhash64"), ("snappy", "xxhash")]
)
def test_no_damage_changes_an_answer(
    tmp_path: Path, program: Path, compression: str, checksum: str
) -> None:
    """Bits flipped, bytes cut off: refused, or unseen in the footer's padding."""
    path = tmp_path / "theirs.sst"
    rows = VERSIONED[3:60]
    rocksdb.write_sst(program, path, ["u64ts", "5", compression, "1", checksum], rows)
    data = path.read_bytes()
    assert len(rows) == len(answer(data)[1])
    assert all(at >= -FOOTER for at in unseen_flips(data, (0x01, 0x40)))
    assert_truncations_are_refused(data)


@pytest.mark.parametrize("compression", ["snappy", "zlib"])
def test_no_damage_behind_the_checksums_brings_more_than_an_error(
    tmp_path: Path, program: Path, compression: str
) -> None:
    """Without checksums the decoders see what was flipped."""
    path = tmp_path / "theirs.sst"
    rocksdb.write_sst(program, path, ["u64ts", "5", compression, "1", "none"], VERSIONED[3:60])
    data, refused = path.read_bytes(), 0
    for at in range(len(data)):
        try:
            answer(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])
        except (SSTCorruptedError, FormatVersionError):
            refused += 1
    assert refused > len(data) / 4


@pytest.mark.parametrize("compression", ["snappy", "zlib"])
def test_a_block_above_the_limit_is_refused_by_its_stated_size(
    tmp_path: Path, program: Path, compression: str
) -> None:
    """A small file that unpacks to much opens with a larger limit alone."""
    path = tmp_path / "zeros.sst"
    zeros: list[Row] = [(b"zeros", 1, bytes(2 << 20))]
    rocksdb.write_sst(program, path, ["u64ts", "5", compression, "1", "xxh3"], zeros)
    with (
        SSTReader(path, max_block_bytes=1 << 20) as reader,
        pytest.raises(SSTCorruptedError, match="limit"),
    ):
        list(reader.rows())
    with SSTReader(path) as reader:
        assert [bytes(2 << 20)] == [row.value for row in reader.rows()]


@pytest.mark.parametrize("compression", ["snappy", "zlib"])
def test_a_size_that_a_block_cannot_have_is_refused_before_memory_is_taken(
    tmp_path: Path, program: Path, compression: str
) -> None:
    """The first block's size, raised as far as its bytes go: 2 MiB of some 300 B, or of 15 kB of zeros."""
    path = tmp_path / "theirs.sst"
    zeros: list[Row] = [(b"k", 0, bytes(300_000))]
    rocksdb.write_sst(program, path, ["bytes", "5", compression, "1", "none"], zeros)
    data = path.read_bytes()
    assert [True, True, False] == [byte >= 0x80 for byte in data[:3]]
    with (
        SSTReader(b"\xff\xff\x7f" + data[3:]) as reader,
        pytest.raises(SSTCorruptedError, match=f"{compression} block cannot have its size"),
    ):
        list(reader.rows())


def test_a_file_that_rocksdb_ingested_in_place_is_read(tmp_path: Path, program: Path) -> None:
    """It wrote the sequence number over the zeros; its own sst_dump and we tell the same of every row."""
    ours = tmp_path / "rows.sst"
    rocksdb.write_sst(program, ours, ["bytes", "5", "snappy", "1", "xxh3"], ONE_VERSION)
    rocksdb.ldb(tmp_path / "db", "--create_if_missing", "put", "key0001", "in the way")
    rocksdb.ldb(tmp_path / "db", "ingest_extern_sst", str(ours))
    [theirs] = [
        path
        for path in (tmp_path / "db").glob("*.sst")
        if path.stat().st_size == ours.stat().st_size
    ]
    assert ours.read_bytes() != theirs.read_bytes()
    with SSTReader(theirs) as reader:
        rows = [(row.key, row.sequence, row.type, row.value) for row in reader.rows()]
        assert len(ONE_VERSION) == reader.verify().rows
        assert {reader.global_sequence} == {row[1] for row in rows} != {0}
    assert rocksdb.scan(theirs) == rows
