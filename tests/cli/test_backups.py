"""Commands about backups."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import mvcc
from mvcc._native.sst import SSTReader
from mvcc.cli.exit_codes import ExitCode
from tests.cli.conftest import Bank, Command


def accounts(path: Path) -> dict[bytes, bytes]:
    """What the table of a store holds."""
    with mvcc.open(path, create=False) as store:
        return dict(store["bank.accounts"].items())


def test_a_backup_is_restored(run: Command, bank: Bank, tmp_path: Path) -> None:
    """Into a new store."""
    uri, copy = tmp_path / "backups", tmp_path / "copy"
    taken = run("backup", bank.path, uri, "--json").json
    assert ("succeeded", 2) == (taken["status"], taken["rows"])
    restored = run("restore", uri, copy, "--json").json
    assert ("succeeded", 2) == (restored["status"], restored["rows"])
    assert {b"alice": b"70", b"carol": b"\xff\x00"} == accounts(copy)


def test_a_backup_as_of_and_an_incremental(run: Command, bank: Bank, tmp_path: Path) -> None:
    """Each end can be restored."""
    uri = tmp_path / "backups"
    full = run("backup", bank.path, uri, "--as-of", bank.start, "--json").json
    assert str(bank.start) == full["timestamp"]
    assert ExitCode.OK == run("backup", bank.path, uri, "--incremental").code
    run("restore", uri, tmp_path / "old", "--as-of", bank.start)
    run("restore", uri, tmp_path / "new")
    assert {b"alice": b"100", b"bob": b"0"} == accounts(tmp_path / "old")
    assert {b"alice": b"70", b"carol": b"\xff\x00"} == accounts(tmp_path / "new")


@pytest.mark.parametrize(
    ("compression", "name"), [("zstd", b"ZSTD"), ("lz4", b"LZ4"), ("none", b"NoCompression")]
)
def test_data_files_are_compressed_as_asked(
    run: Command, bank: Bank, tmp_path: Path, compression: str, name: bytes
) -> None:
    """As RocksDB calls it."""
    run("backup", bank.path, tmp_path / "backups", "--compression", compression)
    [file] = (tmp_path / "backups").rglob("*.sst")
    with SSTReader(file) as reader:
        assert name == reader.property("rocksdb.compression")


def test_targets_are_all_that_is_backed_up_and_restored(
    run: Command, bank: Bank, tmp_path: Path
) -> None:
    """Tables and databases."""
    run("create", bank.path, "bank.more", "other.table")
    run("backup", bank.path, tmp_path / "backups", "--target", "bank")
    run("restore", tmp_path / "backups", tmp_path / "all")
    run("restore", tmp_path / "backups", tmp_path / "one", "--target", "bank.more")
    tables = [
        [each["name"] for each in run("tables", tmp_path / name, "--json").json]
        for name in ("all", "one")
    ]
    assert [["bank.accounts", "bank.more"], ["bank.more"]] == tables


def test_revision_history_restores_any_instant(run: Command, bank: Bank, tmp_path: Path) -> None:
    """Not only the end of the backup."""
    run("backup", bank.path, tmp_path / "backups", "--revision-history")
    run("restore", tmp_path / "backups", tmp_path / "old", "--as-of", bank.start)
    assert {b"alice": b"100", b"bob": b"0"} == accounts(tmp_path / "old")


def test_a_named_backup_can_be_built_on_and_restored(
    run: Command, bank: Bank, tmp_path: Path
) -> None:
    """Also when there is a later one."""
    uri = tmp_path / "backups"
    run("backup", bank.path, uri, "--name", "first")
    run("backup", bank.path, uri, "--name", "second")
    run("put", bank.path, "bank.accounts", "alice", "1")
    assert ExitCode.OK == run("backup", bank.path, uri, "--onto", "first").code
    run("restore", uri, tmp_path / "first", "--backup", "first")
    run("restore", uri, tmp_path / "second", "--backup", "second")
    assert (b"1", b"70") == (
        accounts(tmp_path / "first")[b"alice"],
        accounts(tmp_path / "second")[b"alice"],
    )


def test_backups_lists_the_collection(run: Command, bank: Bank, tmp_path: Path) -> None:
    """One row for each full backup."""
    uri = tmp_path / "backups"
    run("backup", bank.path, uri, "--name", "first")
    run("put", bank.path, "bank.accounts", "alice", "1")
    run("backup", bank.path, uri, "--incremental")
    [found] = run("backups", uri, "--json").json
    assert "first" == found["name"]
    assert "first" in run("backups", uri).out


def test_show_lists_tables_and_layers(run: Command, bank: Bank, tmp_path: Path) -> None:
    """What a backup holds."""
    uri = tmp_path / "backups"
    run("backup", bank.path, uri)
    assert "accounts" in run("show", uri).out
    assert 1 == len(run("show", uri, "--json").json)


def test_a_backup_is_verified(run: Command, bank: Bank, tmp_path: Path) -> None:
    """Its files and what can be restored; code 4 if a file is damaged."""
    uri = tmp_path / "backups"
    run("backup", bank.path, uri, "--as-of", bank.start)
    found = run("verify", uri, "--backup", "LATEST", "--json")
    assert ExitCode.OK == found.code
    assert (1, [[str(bank.start)] * 2]) == (found.json["files"], found.json["restorable"])
    text = run("verify", uri, "--backup", "LATEST", "--level", "data").out
    assert f"restorable  {bank.start}, {bank.start}" in text
    [file] = uri.rglob("*.sst")
    file.write_bytes(file.read_bytes()[:-1])
    damaged = run("verify", uri, "--backup", "LATEST", "--json")
    assert ExitCode.DAMAGED == damaged.code
    assert "000001.sst" in damaged.json["problems"][0]


def test_a_copy_of_a_store_is_refused_on_the_originals_chain(
    run: Command, bank: Bank, tmp_path: Path
) -> None:
    """Code 1, and what to do instead."""
    uri, copy = tmp_path / "backups", tmp_path / "copy.mvcc"
    run("backup", bank.path, uri)
    shutil.copytree(bank.path, copy)
    assert ExitCode.OK == run("backup", bank.path, uri, "--incremental").code
    refused = run("backup", copy, uri, "--incremental")
    assert ExitCode.FAILED == refused.code
    assert "was not taken from this store" in refused.err
    assert "Take a full backup" in refused.err


def test_what_is_not_there_is_code_3(run: Command, bank: Bank, tmp_path: Path) -> None:
    """No collection to build on, no backup of that name."""
    uri = tmp_path / "backups"
    assert ExitCode.NOT_FOUND == run("backup", bank.path, uri, "--incremental").code
    run("backup", bank.path, uri)
    assert ExitCode.NOT_FOUND == run("restore", uri, tmp_path / "x", "--backup", "no").code
    assert not (tmp_path / "x").exists()


def test_nothing_is_restored_over_a_store(run: Command, bank: Bank, tmp_path: Path) -> None:
    """It stays as it is."""
    run("backup", bank.path, tmp_path / "backups", "--as-of", bank.start)
    assert ExitCode.USAGE == run("restore", tmp_path / "backups", bank.path).code
    assert b"70" == accounts(bank.path)[b"alice"]


def test_a_damaged_backup_is_code_4(run: Command, bank: Bank, tmp_path: Path) -> None:
    """And leaves nothing at the target."""
    run("backup", bank.path, tmp_path / "backups")
    [file] = (tmp_path / "backups").rglob("*.sst")
    content = bytearray(file.read_bytes())
    content[10] ^= 1
    file.write_bytes(content)
    assert ExitCode.DAMAGED == run("restore", tmp_path / "backups", tmp_path / "copy").code
    assert not (tmp_path / "copy").exists()
