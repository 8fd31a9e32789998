"""Our reader takes what RocksDB 9 writes: format version 6, and the files of a database as they come."""

from __future__ import annotations

from pathlib import Path

import pytest
from rocksdict import (
    BlockBasedIndexType,
    BlockBasedOptions,
    ChecksumType,
    DBCompressionType,
    Options,
    Rdict,
    SstFileWriter,
)

from mvcc._native.sst import SSTReader
from mvcc.errors import FormatVersionError, SSTCorruptedError
from tests.sst.damage import answer, assert_truncations_are_refused, unseen_flips

PAIRS = {b"key%04d" % n: b"value %d; " % n * 3 for n in range(300)}

CHECKSUMS = {
    "none": ChecksumType.no_checksum(),
    "crc32c": ChecksumType.crc32c(),
    "xxhash": ChecksumType.xxhash(),
    "xxhash64": ChecksumType.xxhash64(),
    "xxh3": ChecksumType.xxh3(),
}


def options(
    compression: DBCompressionType | None = None,
    checksum: ChecksumType | None = None,
    index: BlockBasedIndexType | None = None,
    version: int = 6,
) -> Options:
    """RocksDB's own, of raw bytes, with small blocks."""
    table = BlockBasedOptions()
    table.set_format_version(version)
    table.set_block_size(256)
    if checksum is not None:
        table.set_checksum_type(checksum)
    if index is not None:
        table.set_index_type(index)
    made = Options(raw_mode=True)
    made.set_block_based_table_factory(table)
    if compression is not None:
        made.set_compression_type(compression)
    return made


def write(path: Path, pairs: dict[bytes, bytes], with_options: Options) -> bytes:
    """The file of pairs, by RocksDB's writer."""
    writer = SstFileWriter(with_options)
    writer.open(str(path))
    for key, value in pairs.items():
        writer[key] = value
    writer.finish()
    return path.read_bytes()


def database_file(folder: Path, db: Rdict) -> Path:
    """Closes a database and returns its one file."""
    db.flush()
    db.close()
    [path] = folder.glob("*.sst")
    return path


@pytest.mark.parametrize("checksum", CHECKSUMS)
def test_format_version_6_is_read_with_every_checksum(tmp_path: Path, checksum: str) -> None:
    """The footer's own, and those that depend on the place of a block."""
    write(tmp_path / "theirs.sst", PAIRS, options(checksum=CHECKSUMS[checksum]))
    with SSTReader(tmp_path / "theirs.sst") as reader:
        assert (6, "bytes") == (reader.format_version, reader.order)
        assert PAIRS == {row.key: row.value for row in reader.rows()}
        assert reader.verify().data_blocks > 20
        for at, key in enumerate(PAIRS):
            if at % 37 == 0:
                assert len(PAIRS) - at == sum(1 for _ in reader.rows(key))


@pytest.mark.parametrize(
    "compression",
    [DBCompressionType.none(), DBCompressionType.lz4(), DBCompressionType.zstd()],
    ids=["none", "lz4", "zstd"],
)
def test_format_version_6_is_read_with_other_compressions(
    tmp_path: Path, compression: DBCompressionType
) -> None:
    """Than snappy, which is what RocksDB takes unless it is told otherwise."""
    data = write(tmp_path / "theirs.sst", PAIRS, options(compression))
    assert PAIRS == {row.key: row.value for row in answer(data)[1]}


@pytest.mark.parametrize("checksum", ["crc32c", "xxh3"])
def test_no_damage_to_format_version_6_goes_unseen(tmp_path: Path, checksum: str) -> None:
    """Not a bit of the file: the footer is under a checksum too."""
    pairs = dict(list(PAIRS.items())[:20])
    data = write(tmp_path / "theirs.sst", pairs, options(checksum=CHECKSUMS[checksum]))
    assert set() == unseen_flips(data, (0x01, 0x40))
    assert_truncations_are_refused(data)


@pytest.mark.parametrize(
    ("version", "fault"), [(5, "beyond its key in the index"), (6, "checksum of a block")]
)
def test_blocks_that_changed_places_are_refused(tmp_path: Path, version: int, fault: str) -> None:
    """Of one size, each whole: from version 6 on their checksums tell, before that the index does."""
    pairs = {b"%04d" % n: bytes([n + 65]) * 300 for n in range(4)}
    data = write(tmp_path / "theirs.sst", pairs, options(DBCompressionType.none(), version=version))
    size = data.index(b"B" * 300) - data.index(b"A" * 300)
    with (
        SSTReader(data[size : 2 * size] + data[:size] + data[2 * size :]) as reader,
        pytest.raises(SSTCorruptedError, match=fault),
    ):
        list(reader.rows())


def test_a_file_of_a_database_is_read(tmp_path: Path) -> None:
    """With RocksDB's default options: sequence numbers, deletions, and versions that a snapshot held."""
    folder = tmp_path / "db"
    db = Rdict(str(folder), Options(raw_mode=True))
    for key, value in PAIRS.items():
        db[key] = value
    held = db.snapshot()
    del db[b"key0007"]
    db[b"key0008"] = b"new"
    db.flush()
    del held
    with SSTReader(database_file(folder, db)) as reader:
        rows = [(row.key, row.sequence, row.type, row.value) for row in reader.rows()]
        stats = reader.verify()
    expected = [(key, n, 1, value) for n, (key, value) in enumerate(PAIRS.items(), 1)]
    expected.insert(7, (b"key0007", len(PAIRS) + 1, 0, b""))
    expected.insert(9, (b"key0008", len(PAIRS) + 2, 1, b"new"))
    assert expected == rows
    assert (len(expected), 1) == (stats.rows, stats.tombstones)


def test_range_deletions_are_named(tmp_path: Path) -> None:
    """The rows alone are not what such a file holds."""
    folder = tmp_path / "db"
    db = Rdict(str(folder), Options(raw_mode=True))
    db[b"a"] = b"1"
    db.delete_range(b"b", b"c")
    with pytest.raises(FormatVersionError, match=r"rocksdb\.range_del"):
        SSTReader(database_file(folder, db))


def test_a_partitioned_index_is_named(tmp_path: Path) -> None:
    """Its first level leads to further index blocks."""
    two_levels = BlockBasedIndexType.two_level_index_search()
    write(tmp_path / "theirs.sst", PAIRS, options(index=two_levels))
    with pytest.raises(FormatVersionError, match=r"index type 2 \(partitioned\)"):
        SSTReader(tmp_path / "theirs.sst")
