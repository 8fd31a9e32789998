"""Damaged files are refused with the right error or give the same answers; crafted ones are refused too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mvcc._native.sst import SSTReader
from mvcc.errors import FormatVersionError, SSTCorruptedError, StorageError
from tests.sst.build import COMPRESSIONS, TESTDATA, build, without_checksums
from tests.sst.damage import (
    answer,
    assert_truncations_are_refused,
    sequence_bytes,
    unseen_flips,
)
from tests.sst.pyreader import FOOTER

GOLDEN = sorted(path.name for path in TESTDATA.glob("*.sst"))


@pytest.mark.parametrize("name", GOLDEN)
def test_no_flipped_bit_changes_an_answer(name: str) -> None:
    """What changes unseen is in the footer, where nothing reads it; all else is refused."""
    unseen = unseen_flips((TESTDATA / name).read_bytes())
    assert all(at >= -FOOTER for at in unseen)


@pytest.mark.parametrize("name", GOLDEN)
def test_every_truncation_is_refused(name: str) -> None:
    """A file that lost bytes at its end, or at its beginning, does not open."""
    assert_truncations_are_refused((TESTDATA / name).read_bytes())


def test_a_sequence_number_that_was_written_over_is_told() -> None:
    """RocksDB does that where it ingests a file in place, and leaves the checksum as it was."""
    data = (TESTDATA / "hello.sst").read_bytes()
    where = sequence_bytes(data)
    written = (2**56 - 1).to_bytes(8, "little")
    with SSTReader(data[: where.start] + written + data[where.stop :]) as reader:
        assert 2**56 - 1 == reader.global_sequence
        assert {2**56 - 1} == {row.sequence for row in reader.rows()}


def test_a_sequence_number_that_cannot_be_is_refused() -> None:
    """Rows have 56 bits for it."""
    data = (TESTDATA / "hello.sst").read_bytes()
    last = sequence_bytes(data).stop - 1
    with pytest.raises(SSTCorruptedError, match="sequence number"):
        SSTReader(data[:last] + b"\1" + data[last + 1 :])


def test_an_error_names_the_file_the_place_and_the_fault(tmp_path: Path) -> None:
    """SSTCorruptedError has typed fields."""
    data = bytearray((TESTDATA / "hello.sst").read_bytes())
    data[3] ^= 1
    path = tmp_path / "bad.sst"
    path.write_bytes(data)
    with SSTReader(path) as reader, pytest.raises(SSTCorruptedError) as caught:
        list(reader.rows())
    assert (str(path), 0, "checksum of a block") == (
        caught.value.path, caught.value.offset, caught.value.what
    )  # fmt: skip


def test_a_file_that_shrinks_while_it_is_open_is_refused(tmp_path: Path) -> None:
    """Bytes that are gone at the time of a read are damage, not a short answer."""
    path = tmp_path / "short.sst"
    path.write_bytes((TESTDATA / "versions-none.sst").read_bytes())
    with SSTReader(path) as reader:
        path.write_bytes(b"")
        with pytest.raises(SSTCorruptedError, match="shorter"):
            list(reader.rows())


def test_a_read_that_fails_is_an_error_of_storage(tmp_path: Path) -> None:
    """A folder opens, but reading it fails with errno."""
    with pytest.raises((StorageError, SSTCorruptedError)):
        SSTReader(tmp_path)


def test_a_block_above_the_limit_is_refused_before_memory_is_taken() -> None:
    """A small file that unpacks to much is refused by its stated size, and opens with a larger limit."""
    rows = [(b"zeros", 1, bytes(8 << 20))]
    for compression in COMPRESSIONS:
        data = build(rows, compression=compression)
        with (
            SSTReader(data, max_block_bytes=1 << 20) as reader,
            pytest.raises(SSTCorruptedError, match="limit"),
        ):
            list(reader.rows())
        with SSTReader(data) as reader:
            assert [bytes(8 << 20)] == [row.value for row in reader.rows()]


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """A change of the first of these bytes, which must be there."""

    def change(data: bytes) -> bytes:
        assert old in data and len(old) == len(new)
        return data.replace(old, new, 1)

    return change


THREE_ROWS = [(b"a", 1, b"x"), (b"b", 1, b"y"), (b"c", 1, b"z")]
TS = b"\x01" + bytes(7)

CRAFTED = {
    "two rows of one version": replaced(b"b" + TS, b"a" + TS),
    "rows out of order": replaced(b"b" + TS, b"d" + TS),
    "a key that shares more than there is": replaced(b"x\0\x11\x01b", b"x\x63\x11\x01b"),
    "a row that is longer than its block": replaced(b"y\0\x11\x01c", b"y\0\x11\x7fc"),
    "a key without sequence and type": replaced(b"y\0\x11\x01c", b"y\0\x01\x11c"),
    "a first restart that is not 0": replaced(b"z\0\0\0\0\x01", b"z\x13\0\0\0\x01"),
    "more restarts than the block has room for": replaced(b"z\0\0\0\0\x01\0", b"z\0\0\0\0\x01\x01"),
    "a block that goes beyond its key in the index": replaced(b"\0\x09c", b"\0\x09b"),
    "another number of rows": replaced(b"num.entries\x03", b"num.entries\x04"),
    "another number of deletions": replaced(b"deleted.keys\0", b"deleted.keys\1"),
    "another size of keys": replaced(b"raw.key.size\x33", b"raw.key.size\x34"),
    "another size of values": replaced(b"raw.value.size\3", b"raw.value.size\4"),
    "another number of blocks": replaced(b"num.data.blocks\1", b"num.data.blocks\2"),
    "no properties": replaced(b"rocksdb.properties", b"rocksdb.propertied"),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_file_whose_checksums_hide_the_damage_is_refused(name: str) -> None:
    """Without checksums, order, counts and structure still tell."""
    data = without_checksums(build(THREE_ROWS, compression="none"))
    assert 3 == len(answer(data)[1])
    with pytest.raises(SSTCorruptedError):
        answer(CRAFTED[name](data))


@pytest.mark.parametrize("version", [0, 1, 7])
def test_a_format_version_that_is_not_read_is_refused_by_name(version: int) -> None:
    """Versions 2 to 6 are read; the error names the one that was found."""
    data = bytearray((TESTDATA / "hello.sst").read_bytes())
    data[-12] = version
    with pytest.raises(FormatVersionError, match=f"format version {version}"):
        SSTReader(bytes(data))


def test_a_checksum_type_that_is_not_known_is_refused_by_name() -> None:
    """Types 0 to 4 are all there are."""
    data = bytearray((TESTDATA / "hello.sst").read_bytes())
    data[-FOOTER] = 5
    with pytest.raises(FormatVersionError, match="checksum type 5"):
        SSTReader(bytes(data))


@pytest.mark.parametrize(
    ("kind", "name"), [(1, "hash"), (2, "partitioned"), (3, "with first keys"), (9, "unknown")]
)
def test_an_index_type_that_is_not_read_is_refused_by_name(kind: int, name: str) -> None:
    """One level, searched by halves, is read."""
    data = without_checksums(build(THREE_ROWS, compression="none"))
    kind_at = b"table.index.type" + bytes(4)
    assert kind_at in data
    with pytest.raises(FormatVersionError, match=rf"index type {kind} \({name}\)"):
        SSTReader(data.replace(kind_at, kind_at[:-4] + bytes([kind, 0, 0, 0])))


@pytest.mark.parametrize(("kind", "name"), [(3, "bzip2"), (6, "xpress"), (99, "unknown")])
def test_a_compression_that_is_not_read_is_refused_by_name(kind: int, name: str) -> None:
    """RocksDB's others; ids that it does not know."""
    data = bytearray(without_checksums(build(THREE_ROWS, compression="none")))
    end = data.index(b"z\0\0\0\0\1\0\0\0") + 9
    data[end] = kind
    with (
        SSTReader(bytes(data)) as reader,
        pytest.raises(FormatVersionError, match=rf"compression {kind} \({name}\)"),
    ):
        reader.verify()


def test_rows_that_a_range_deletion_would_hide_are_not_given() -> None:
    """A file with range deletions is refused: its rows alone are not its content."""
    data = without_checksums(build(THREE_ROWS, compression="none"))
    with pytest.raises(FormatVersionError, match=r"rocksdb\.range_del"):
        SSTReader(data.replace(b"\x12\x03rocksdb.properties", b"\x11\x04rocksdb.range_del\0"))
