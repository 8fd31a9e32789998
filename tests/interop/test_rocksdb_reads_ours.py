"""Stock RocksDB agrees with us on what our files hold."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mvcc._native.sst import Compression, SSTReader, merge
from tests.interop import rocksdb
from tests.sst.build import COMPRESSIONS, TESTDATA, Row, build, in_order

TIMES = (0, 100, 250, 300, 2**64 - 1)


def history(rng: random.Random, prefix: bytes, count: int) -> list[Row]:
    """Keys with up to three versions, a fifth of them tombstones, some values empty."""
    rows: list[Row] = []
    for n in range(count):
        for ts in rng.sample([100, 200, 300], rng.randint(1, 3)):
            value = None if rng.random() < 0.2 else rng.randbytes(rng.choice([0, 1, 30, 300]))
            rows.append((prefix + b"%05d" % n, ts, value))
    return in_order(rows)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ingesting program."""
    return rocksdb.compile_program("rocksdb_ingest", tmp_path_factory.mktemp("rocksdb"))


@pytest.mark.parametrize("path", sorted(TESTDATA.glob("*.sst")), ids=lambda path: path.stem)
def test_sst_dump_verifies_the_golden_files(path: Path) -> None:
    """What is committed is what RocksDB takes."""
    rocksdb.verify(path)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_sst_dump_scans_what_we_scan(
    tmp_path: Path, rng: random.Random, compression: Compression
) -> None:
    """Many blocks, several versions of a key across their borders, tombstones, empty key and value."""
    path = tmp_path / "rows.sst"
    rows = [(b"", 5, b""), *history(rng, b"key", 600)]
    path.write_bytes(build(rows, compression=compression, block_bytes=700))
    rocksdb.verify(path)
    with SSTReader(path) as reader:
        ours = [
            (row.key + row.timestamp.to_bytes(8, "little"), row.sequence, row.type, row.value)
            for row in reader.rows()
        ]
        assert reader.verify().data_blocks > 20
    assert len(rows) == len(ours)
    assert rocksdb.scan(path) == ours


def test_sst_dump_shows_our_properties(tmp_path: Path) -> None:
    """Own properties stand among the user's, readable by any tool."""
    path = tmp_path / "rows.sst"
    path.write_bytes(build([(b"a", 1, b"")], properties={"mvcc.end": b"12"}))
    shown = rocksdb.sst_dump(path, "--command=none", "--show_properties")
    for line in (
        "mvcc.end: 0x3132",
        "mvcc.rows: 0x31",
        "comparator name: leveldb.BytewiseComparator.u64ts",
    ):
        assert line in shown


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_rocksdb_ingests_files_and_reads_them_as_of(
    tmp_path: Path, program: Path, rng: random.Random, compression: Compression
) -> None:
    """Scans at several timestamps, with tombstones at two of them, equal our merge's newest versions."""
    paths = [tmp_path / "1.sst", tmp_path / "2.sst"]
    for number, path in enumerate(paths, 1):
        rows = history(rng, b"%d/" % number, 150)
        path.write_bytes(build(rows, compression=compression, block_bytes=600, file_number=number))
    expected = []
    with SSTReader(paths[0]) as first, SSTReader(paths[1]) as second:
        for ts in TIMES:
            for row in merge([[first, second]], as_of=ts, latest=True):
                if row.type != 0x14:
                    expected.append(f"row {row.key.hex().upper()} {row.value.hex().upper() or '-'}")
            expected.append("end")
    theirs = rocksdb.RocksDB(program, tmp_path / "db", paths).ask(*(f"scan {ts}" for ts in TIMES))
    assert expected == theirs


def test_rocksdb_gets_a_key_between_its_tombstones(tmp_path: Path, program: Path) -> None:
    """One key written, deleted, written again and deleted again, read at each instant."""
    path = tmp_path / "one.sst"
    versions: list[Row] = [
        (b"k", 40, None),
        (b"k", 30, b"new"),
        (b"k", 20, None),
        (b"k", 10, b"old"),
    ]
    path.write_bytes(build(versions))
    key = b"k".hex()
    questions = [f"get {ts} {key}" for ts in (9, 10, 20, 29, 30, 39, 40)] + ["get 40 -"]
    old, new = f"value {b'old'.hex().upper()}", f"value {b'new'.hex().upper()}"
    expected = ["absent", old, "absent", "absent", new, new, "absent", "absent"]
    assert expected == rocksdb.RocksDB(program, tmp_path / "db", [path]).ask(*questions)
