"""The frame around commands: help, versions, errors in two lines, exit codes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mvcc
from mvcc.cli.exit_codes import ExitCode
from tests.cli.conftest import Bank, Command

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    *("bench", "demo", "create", "drop", "tables", "stats", "verify", "gc"),
    *("get", "put", "delete", "scan", "history", "diff", "changes"),
    *("backup", "restore", "backups", "show", "sst dump", "sst verify"),
)


def mvcc_process(*arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    """Runs `python -m mvcc` as a process."""
    command = [sys.executable, "-m", "mvcc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, cwd=ROOT, check=False, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_describes_itself(run: Command, command: str) -> None:
    """And has --json."""
    result = run(*command.split(), "--help")
    assert ExitCode.OK == result.code
    assert "--json" in result.out


def test_the_help_lists_every_command(run: Command) -> None:
    """It is also what is printed where nothing is asked."""
    listed = run("--help")
    assert ExitCode.OK == listed.code
    assert {name.split()[0] for name in COMMANDS} == set(
        re.findall(r"^[│|]? *([a-z]+)  ", listed.out, re.MULTILINE)
    )
    assert listed.out == run().out


def test_the_readme_lists_every_command() -> None:
    """In its table."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [] == [name for name in COMMANDS if f"`{name}`" not in text]


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("sst",),
        ("get",),
        ("get", "store", "bank.accounts", "hex:0"),
        ("scan", "store", "bank.accounts", "--no-such-option"),
        ("scan", "store", "bank.accounts", "--limit", "many"),
    ],
)
def test_a_meaningless_command_line_is_code_2(run: Command, arguments: tuple[str, ...]) -> None:
    """Said in two lines."""
    result = run(*arguments)
    assert (ExitCode.USAGE, b"") == (result.code, result.raw)
    assert re.fullmatch(r"error: .+\nhint: .+\n", result.err)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("tables", "{absent}"), ExitCode.NOT_FOUND, "there is no store at "),
        (("get", "{bank}", "no.table", "k"), ExitCode.NOT_FOUND, "there is no table no.table"),
        (("get", "{bank}", "accounts", "k"), ExitCode.USAGE, "'accounts'"),
        (("get", "{bank}", "bank.accounts", "k", "--as-of", "5"), ExitCode.USAGE, "'5'"),
        (("put", "{bank}", "bank.accounts", "k" * 491, "v"), ExitCode.USAGE, "491 bytes"),
        (("create", "{file}"), ExitCode.USAGE, "is not a store"),
        (("create", "{bank}", "bank.accounts"), ExitCode.USAGE, "exists already"),
    ],
)
def test_an_error_is_two_lines_and_a_code(
    run: Command, bank: Bank, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    """Never a traceback."""
    (tmp_path / "file").touch()
    paths = {"bank": bank.path, "absent": tmp_path / "absent", "file": tmp_path / "file"}
    result = run(*(each.format(**paths) for each in arguments))
    assert (code, b"") == (result.code, result.raw)
    assert message in result.err
    assert re.fullmatch(r"error: .+\nhint: .+\n", result.err)


def test_a_damaged_store_is_code_4(run: Command, bank: Bank) -> None:
    """A file that was cut."""
    data = bank.path / "data.mdb"
    os.truncate(data, data.stat().st_size - 4096)
    assert ExitCode.DAMAGED == run("tables", bank.path).code


def test_an_interrupt_is_code_130(
    run: Command, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As shells expect it."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mvcc, "open", interrupted)
    result = run("tables", bank.path)
    assert ExitCode.INTERRUPTED == result.code
    assert "Traceback" not in result.err


def test_an_error_of_the_system_is_code_1(
    run: Command, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is none of ours."""

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "data.mdb")

    monkeypatch.setattr(mvcc, "open", fail)
    result = run("tables", bank.path)
    assert ExitCode.FAILED == result.code
    assert re.fullmatch(r"error: .*Permission denied.*\nhint: .+\n", result.err)


def test_a_bug_is_not_hidden(run: Command, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw keeps its traceback."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(mvcc, "open", fail)
    with pytest.raises(ZeroDivisionError):
        run("tables", bank.path)


def test_the_module_is_the_command(bank: Bank) -> None:
    """`python -m mvcc`, in a process of its own, gives the same answers and codes."""
    found = mvcc_process("get", bank.path, "bank.accounts", "carol")
    assert (0, b"\xff\x00", b"") == (found.returncode, found.stdout, found.stderr)
    assert 3 == mvcc_process("get", bank.path, "bank.accounts", "nobody").returncode


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """As in `mvcc scan ... | head -1`: the command ends, quietly."""
    with mvcc.open(tmp_path / "store") as store:
        store.create_table("a.b").put_many({b"%06d" % n: b"x" * 100 for n in range(5000)})
    command = [sys.executable, "-m", "mvcc", "scan", str(tmp_path / "store"), "a.b"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"000000\tx")
        process.stdout.close()
        assert b"" == process.stderr.read()
    assert ExitCode.PIPE_CLOSED == process.returncode


def test_a_command_runs_with_its_standard_streams_closed(bank: Bank) -> None:
    """And no file of the store gets their numbers."""
    script = f"exec {sys.executable} -m mvcc put {bank.path} bank.accounts k v <&- >&- 2>&-"
    result = subprocess.run(["sh", "-c", script], cwd=ROOT, check=False)
    assert ExitCode.OK == result.returncode
    with mvcc.open(bank.path) as store:
        assert b"v" == store["bank.accounts"][b"k"]
