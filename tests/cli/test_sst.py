"""Commands about SST files."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvcc.cli.exit_codes import ExitCode
from tests.cli.conftest import Bank, Command
from tests.sst.build import GOLDEN_ROWS, TESTDATA, build

# One key, "a" -> "b", format version 2 and no timestamps: a file that RocksDB itself ingests.
FOREIGN = bytes.fromhex(
    "0009016101000000000000006200000000010000000012e86cb6000902610100"
    "0000000000000015000000000100000000642b77bb002404726f636b7364622e"
    "626c6f636b2e62617365642e7461626c652e696e6465782e7479706500000000"
    "080a1a636f6d70617261746f726c6576656c64622e4279746577697365436f6d"
    "70617261746f720c070d72657373696f6e4e6f436f6d7072657373696f6e0809"
    "01646174612e73697a6519081e0865787465726e616c5f7373745f66696c652e"
    "676c6f62616c5f7365716e6f00000000000000001a070476657273696f6e0200"
    "0000080f016e756d2e646174612e626c6f636b73010c0701656e747269657301"
    "080c017261772e6b65792e73697a65090c0a0176616c75652e73697a65010000"
    "000001000000001ce09909001203726f636b7364622e70726f70657274696573"
    "35f10100000000010000000041343b0101ab02201a1600000000000000000000"
    "0000000000000000000000000000000000000000000000000002000000f7cff4"
    "85b741e288"
)


def test_dump_prints_every_row(run: Command) -> None:
    """Key, timestamp, type, value; of one key the newest first."""
    lines = run("sst", "dump", TESTDATA / "hello.sst").out.splitlines()
    assert ["\t0.0007\tput\t", "hello\t0.0300\tdelete\t-", "hello\t0.0200\tput\tworld"] == lines


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_dump_in_json_has_the_rows_that_were_written(run: Command, compression: str) -> None:
    """Whatever the compression."""
    found = run("sst", "dump", TESTDATA / f"versions-{compression}.sst", "--json").lines
    assert [
        (key.decode(), f"0.{ts:04}", "delete" if value is None else "put", value)
        for key, ts, value in GOLDEN_ROWS
    ] == [
        (
            row["key"],
            row["timestamp"],
            row["type"],
            None if row["value"] is None else row["value"].encode(),
        )
        for row in found
    ]


def test_dump_of_a_backup_has_the_keys_of_its_table(
    run: Command, bank: Bank, tmp_path: Path
) -> None:
    """Without the table's id, which --raw shows; deletions are in incrementals."""
    run("backup", bank.path, tmp_path / "backups", "--as-of", bank.start)
    run("backup", bank.path, tmp_path / "backups", "--incremental")
    incremental, full = sorted(
        (tmp_path / "backups").rglob("*.sst"), key=lambda path: "incrementals" not in path.parts
    )
    found = run("sst", "dump", full, "--json").lines
    assert [("bank.accounts", "alice", "100"), ("bank.accounts", "bob", "0")] == [
        (row["table"], row["key"], row["value"]) for row in found
    ]
    assert {str(bank.start)} == {row["timestamp"] for row in found}
    raw = run("sst", "dump", full, "--raw", "--json").lines
    assert ["\0\0\0dalice", "\0\0\0dbob"] == [row["key"] for row in raw]
    lines = [line.split("\t") for line in run("sst", "dump", incremental).out.splitlines()]
    assert [("alice", "put", "70"), ("bob", "delete", "-"), ("carol", "put", "hex:ff00")] == [
        (key, kind, value) for key, _, kind, value in lines
    ]


@pytest.mark.parametrize("number", [b"", b"x", b"9" * 30, b"-1", b"\xff"])
def test_a_strange_table_id_is_no_table(run: Command, tmp_path: Path, number: bytes) -> None:
    """Properties are as little trusted as the rest of a file."""
    path = tmp_path / "strange.sst"
    properties = {"mvcc.table": b"a.b", "mvcc.table_id": number}
    path.write_bytes(build([(b"key", 1, b"value")], properties=properties))
    [row] = run("sst", "dump", path, "--json").lines
    assert (None, "key") == (row["table"], row["key"])


def test_a_key_without_the_tables_id_is_left_as_it_is(run: Command, tmp_path: Path) -> None:
    """Rather than cut."""
    path = tmp_path / "mixed.sst"
    properties = {"mvcc.table": b"a.b", "mvcc.table_id": b"100"}
    path.write_bytes(build([(b"\0\0\0dkey", 1, b""), (b"other", 1, b"")], properties=properties))
    rows = run("sst", "dump", path, "--json").lines
    assert [("a.b", "key"), (None, "other")] == [(row["table"], row["key"]) for row in rows]


def test_dump_takes_a_part(run: Command) -> None:
    """The first rows."""
    path = TESTDATA / "hello.sst"
    assert 2 == len(run("sst", "dump", path, "--limit", "2").out.splitlines())
    assert "" == run("sst", "dump", path, "--limit", "0").out


def test_a_file_of_others_is_dumped(run: Command, tmp_path: Path) -> None:
    """Without timestamps."""
    path = tmp_path / "foreign.sst"
    path.write_bytes(FOREIGN)
    assert "a\t-\tput\tb\n" == run("sst", "dump", path).out
    [summary] = run("sst", "verify", path, "--json").json
    assert ("bytes", 2, 1, 389) == tuple(
        summary[name] for name in ("order", "format_version", "rows", "file_bytes")
    )


def test_verify_lists_good_files_and_names_damaged_ones(run: Command, tmp_path: Path) -> None:
    """All of them are read; code 4 if one is damaged."""
    good, damaged = TESTDATA / "hello.sst", tmp_path / "damaged.sst"
    content = bytearray((TESTDATA / "versions-zstd.sst").read_bytes())
    content[20] ^= 1
    damaged.write_bytes(content)
    assert ExitCode.OK == run("sst", "verify", good).code
    result = run("sst", "verify", damaged, good, "--json")
    assert ExitCode.DAMAGED == result.code
    assert [(str(good), 3, 1)] == [
        (each["path"], each["rows"], each["tombstones"]) for each in result.json
    ]
    assert str(damaged) in result.err


def test_dump_of_a_damaged_file_is_code_4(run: Command, tmp_path: Path) -> None:
    """With the place in the file."""
    path = tmp_path / "damaged.sst"
    path.write_bytes(FOREIGN[:3] + b"\xff" + FOREIGN[4:])
    result = run("sst", "dump", path)
    assert ExitCode.DAMAGED == result.code
    assert "at byte" in result.err


@pytest.mark.parametrize("content", [b"", b"not an SST", b"\0" * 4096])
def test_what_is_no_sst_is_code_4(run: Command, tmp_path: Path, content: bytes) -> None:
    """Short, long, empty."""
    path = tmp_path / "file"
    path.write_bytes(content)
    assert ExitCode.DAMAGED == run("sst", "dump", path).code
    assert ExitCode.DAMAGED == run("sst", "verify", path).code


def test_a_file_that_is_not_there_is_code_3(run: Command, tmp_path: Path) -> None:
    """Said in two lines."""
    result = run("sst", "dump", tmp_path / "absent")
    assert (ExitCode.NOT_FOUND, 2) == (result.code, len(result.err.splitlines()))
