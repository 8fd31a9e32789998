"""Damaged files are refused with the right error or give the same answers; crafted ones are refused too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mvcc._native.sst import SSTReader, SSTRow, SSTStats
from mvcc.errors import FormatVersionError, SSTCorruptedError, StorageError
from tests.sst.build import COMPRESSIONS, TESTDATA, build, without_checksums
from tests.sst.pyreader import FOOTER

Answer = tuple[dict[str, bytes], list[SSTRow], SSTStats]

GOLDEN = sorted(path.name for path in TESTDATA.glob("*.sst"))

VERSION_FIELD = range(-12, -8)
CHECKSUM_FIELD = -FOOTER


def answer(data: bytes) -> Answer:
    """Everything that can be asked of a file."""
    with SSTReader(data) as reader:
        return reader.properties(), list(reader.rows()), reader.verify()


def refused_or_same(data: bytes, whole: Answer, unsupported: bool) -> bool:
    """Whether damage was seen; fails where it changed an answer."""
    try:
        got = answer(data)
    except SSTCorruptedError:
        return True
    except FormatVersionError:
        assert unsupported
        return True
    assert whole == got
    return False


@pytest.mark.parametrize("name", GOLDEN)
def test_no_flipped_bit_changes_an_answer(name: str) -> None:
    """What changes unseen is in the footer, where nothing reads it; all else is refused."""
    data = (TESTDATA / name).read_bytes()
    whole = answer(data)
    unseen = set()
    for at in range(len(data)):
        from_end = at - len(data)
        unsupported = from_end in VERSION_FIELD or from_end == CHECKSUM_FIELD
        for mask in (1 << bit for bit in range(8)):
            damaged = data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
            if not refused_or_same(damaged, whole, unsupported):
                unseen.add(from_end)
    assert all(at >= -FOOTER for at in unseen)


@pytest.mark.parametrize("name", GOLDEN)
def test_every_truncation_is_refused(name: str) -> None:
    """A file that lost bytes at its end, or at its beginning, does not open."""
    data = (TESTDATA / name).read_bytes()
    for cut in range(len(data)):
        with pytest.raises(SSTCorruptedError):
            answer(data[:cut])
        with pytest.raises(SSTCorruptedError):
            answer(data[cut + 1 :])


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


@pytest.mark.parametrize("version", [0, 1, 6, 7])
def test_a_format_version_that_is_not_read_is_refused_by_name(version: int) -> None:
    """Versions 2 to 5 are read; the error names the one that was found."""
    data = bytearray((TESTDATA / "hello.sst").read_bytes())
    data[-12] = version
    with pytest.raises(FormatVersionError, match=f"format version {version}"):
        SSTReader(bytes(data))


@pytest.mark.parametrize("checksum", [2, 3, 4])
def test_a_checksum_type_that_is_not_read_is_refused_by_name(checksum: int) -> None:
    """None and crc32c are read; xxHash and its kin are named in the error."""
    data = bytearray((TESTDATA / "hello.sst").read_bytes())
    data[-FOOTER] = checksum
    with pytest.raises(FormatVersionError, match=f"checksum type {checksum}"):
        SSTReader(bytes(data))


def test_rows_that_a_range_deletion_would_hide_are_not_given() -> None:
    """A file with range deletions is refused: its rows alone are not its content."""
    data = without_checksums(build(THREE_ROWS, compression="none"))
    with pytest.raises(FormatVersionError, match=r"rocksdb\.range_del"):
        SSTReader(data.replace(b"\x12\x03rocksdb.properties", b"\x11\x04rocksdb.range_del\0"))
