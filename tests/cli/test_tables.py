"""Commands about a store and its tables."""

from __future__ import annotations

from pathlib import Path

import mvcc
from mvcc.cli.exit_codes import ExitCode
from tests.cli.conftest import Bank, Command


def test_create_makes_a_store_and_its_tables(run: Command, tmp_path: Path) -> None:
    """And lists them."""
    path = tmp_path / "new"
    found = run("create", path, "a.one", "a.two", "--json").json
    assert ["a.one", "a.two"] == [each["name"] for each in found]
    with mvcc.open(path, create=False) as store:
        assert ["a.one", "a.two"] == [info.name for info in store.tables()]


def test_create_again_needs_exist_ok(run: Command, bank: Bank) -> None:
    """A table that is there keeps its rows."""
    assert ExitCode.USAGE == run("create", bank.path, "bank.accounts").code
    assert ExitCode.OK == run("create", bank.path, "bank.accounts", "--exist-ok").code
    assert b"70" == run("get", bank.path, "bank.accounts", "alice").raw


def test_only_create_makes_a_store(run: Command, tmp_path: Path) -> None:
    """A misspelt path is an error, not a new store."""
    path = tmp_path / "absent"
    for arguments in (("put", path, "a.b", "k", "v"), ("stats", path), ("scan", path, "a.b")):
        assert ExitCode.NOT_FOUND == run(*arguments).code
        assert not path.exists()


def test_drop_takes_a_table_away(run: Command, bank: Bank) -> None:
    """AS OF before it stays readable."""
    assert "bank.accounts" == run("drop", bank.path, "bank.accounts", "--json").json["dropped"]
    assert ExitCode.NOT_FOUND == run("scan", bank.path, "bank.accounts").code
    then = run("get", bank.path, "bank.accounts", "alice", "--as-of", bank.end)
    assert b"70" == then.raw


def test_drop_takes_a_database_away(run: Command, bank: Bank) -> None:
    """A name without a dot."""
    run("create", bank.path, "bank.more", "other.table")
    assert ExitCode.OK == run("drop", bank.path, "bank").code
    assert ["other.table"] == [each["name"] for each in run("tables", bank.path, "--json").json]
    assert ExitCode.NOT_FOUND == run("drop", bank.path, "bank.accounts").code


def test_tables_reads_as_of_an_instant(run: Command, bank: Bank) -> None:
    """Tables of the past."""
    run("drop", bank.path, "bank.accounts")
    assert [] == run("tables", bank.path, "--json").json
    found = run("tables", bank.path, "--as-of", bank.end).out.splitlines()
    assert ["name", "id", "created"] == found[0].split()
    assert "bank.accounts" == found[1].split()[0]


def test_stats_prints_the_counters(run: Command, bank: Bank) -> None:
    """As text and as JSON."""
    found = run("stats", bank.path, "--json").json
    assert str(bank.path) == found["path"]
    assert found["file_bytes"] > 0
    lines = dict(line.split(maxsplit=1) for line in run("stats", bank.path).out.splitlines())
    assert str(found["versions"]) == lines["versions"]
    assert found.keys() == lines.keys()


def test_verify_reads_everything(run: Command, bank: Bank) -> None:
    """And finds nothing wrong with what is whole."""
    result = run("verify", bank.path, "--json")
    assert (ExitCode.OK, []) == (result.code, result.json["problems"])
    assert result.json["tombstones"] > 0


def test_verify_of_damage_is_code_4(run: Command, bank: Bank) -> None:
    """One byte of one value in the file."""
    with mvcc.open(bank.path) as store:
        store["bank.accounts"].put(b"marked", b"a value to be found in the file")
    data = bank.path / "data.mdb"
    content = bytearray(data.read_bytes())
    found = content.rindex(b"a value to be found in the file")
    for place in (found, content.find(b"a value to be found in the file")):
        content[place] ^= 1 if content[place] == ord("a") else 0
    data.write_bytes(content)
    assert ExitCode.DAMAGED == run("verify", bank.path).code


def test_gc_removes_what_was_overwritten(run: Command, bank: Bank) -> None:
    """Reads before the given time are refused from then on."""
    found = run("gc", bank.path, "--before", bank.end, "--json").json
    assert found["versions"] > 0
    assert (
        ExitCode.USAGE == run("get", bank.path, "bank.accounts", "bob", "--as-of", bank.start).code
    )
    assert b"70" == run("get", bank.path, "bank.accounts", "alice").raw
