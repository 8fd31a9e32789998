"""A whole chain of backups in stock RocksDB: verified, ingested, and read AS OF, without our code."""

from __future__ import annotations

from pathlib import Path

import pytest

import mvcc
from tests.interop import rocksdb

State = dict[bytes, bytes]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that ingests files and reads them."""
    return rocksdb.compile_program("rocksdb_ingest", tmp_path_factory.mktemp("program"))


def make_chain(folder: Path, *, revision_history: bool) -> tuple[list[tuple[int, State]], int]:
    """A full backup and two increments with overwrites and deletions; the truth at each end."""
    truth: list[tuple[int, State]] = []
    state: State = {}
    with mvcc.open(folder / "store") as store:
        table = store.create_table("bank.accounts")
        for number in range(3):
            with store.transaction() as txn:
                for n in range(number, 400, number + 1):
                    state[b"%04d" % n] = b"round %d of %d" % (number, n)
                    txn["bank.accounts"].put(b"%04d" % n, state[b"%04d" % n])
            for n in range(number, 400, 7):
                table.delete(b"%04d" % n)
                state.pop(b"%04d" % n, None)
            job = store.backup(
                folder / "backups", incremental=number > 0, revision_history=revision_history
            )
            truth.append((int(job.timestamp), dict(state)))
        [info] = store.tables()
        return truth, info.id


def files(folder: Path) -> list[Path]:
    """Every data file of the collection, the oldest layer's first."""
    full = sorted(path for path in (folder / "backups").glob("2*/**/*.sst"))
    return full + sorted((folder / "backups" / "incrementals").glob("**/*.sst"))


@pytest.mark.parametrize("revision_history", [False, True])
def test_rocksdb_reads_a_chain_as_of_the_end_of_each_layer(
    tmp_path: Path, program: Path, revision_history: bool
) -> None:
    """Layers are ingested one after the other; tombstones of increments hide what is below."""
    truth, table_id = make_chain(tmp_path, revision_history=revision_history)
    for path in files(tmp_path):
        rocksdb.verify(path)
    prefix = table_id.to_bytes(4, "big")
    expected = []
    for _, state in truth:
        rows = sorted(state.items())
        expected += [f"row {(prefix + k).hex().upper()} {v.hex().upper()}" for k, v in rows]
        expected.append("end")
    database = rocksdb.RocksDB(program, tmp_path / "db", files(tmp_path))
    assert expected == database.ask(*(f"scan {end}" for end, _ in truth))


def test_rocksdb_reads_a_key_before_and_after_its_deletion(tmp_path: Path, program: Path) -> None:
    """Two timestamps, one tombstone between them."""
    with mvcc.open(tmp_path / "store") as store:
        table = store.create_table("bank.accounts")
        written = table.put(b"key", b"value")
        store.backup(tmp_path / "backups")
        table.delete(b"key")
        gone = int(store.backup(tmp_path / "backups", incremental=True).timestamp)
        [info] = store.tables()
    key = (info.id.to_bytes(4, "big") + b"key").hex()
    database = rocksdb.RocksDB(program, tmp_path / "db", files(tmp_path))
    answers = database.ask(f"get {int(written)} {key}", f"get {gone} {key}")
    assert [f"value {b'value'.hex().upper()}", "absent"] == answers
