"""Commands that read and write rows."""

from __future__ import annotations

import pytest

import mvcc
from mvcc.cli.exit_codes import ExitCode
from tests.cli.conftest import Bank, Command

TABLE = "bank.accounts"


def test_get_prints_the_value_byte_for_byte(run: Command, bank: Bank) -> None:
    """Nothing is added, so that it can go to a file."""
    assert b"\xff\x00" == run("get", bank.path, TABLE, "carol").raw


def test_get_of_an_absent_key_is_code_3(run: Command, bank: Bank) -> None:
    """And prints nothing, or null."""
    result = run("get", bank.path, TABLE, "nobody")
    assert (ExitCode.NOT_FOUND, b"", "") == (result.code, result.raw, result.err)
    result = run("get", bank.path, TABLE, "nobody", "--json")
    assert (ExitCode.NOT_FOUND, None) == (result.code, result.json["value"])


def test_get_in_json_says_which_instant(run: Command, bank: Bank) -> None:
    """Key, value and timestamp."""
    found = run("get", bank.path, TABLE, "carol", "--json", "--as-of", bank.end).json
    assert {"key": "carol", "value": {"base64": "/wA="}, "as_of": str(bank.end)} == found


def test_get_reads_as_of_an_instant(run: Command, bank: Bank) -> None:
    """Values from before, and keys that are gone."""
    assert b"100" == run("get", bank.path, TABLE, "alice", "--as-of", bank.start).raw
    assert b"0" == run("get", bank.path, TABLE, "bob", "--as-of", bank.start).raw


def test_as_of_takes_relative_times(run: Command, bank: Bank) -> None:
    """An hour ago there was no table."""
    assert ExitCode.NOT_FOUND == run("get", bank.path, TABLE, "alice", "--as-of", "-1h").code
    assert b"70" == run("get", bank.path, TABLE, "alice", "--as-of", "-0s").raw


def test_put_prints_the_commit(run: Command, bank: Bank) -> None:
    """The timestamp is good for --as-of."""
    timestamp = run("put", bank.path, TABLE, "dave", "1").out.strip()
    run("put", bank.path, TABLE, "dave", "2")
    assert b"1" == run("get", bank.path, TABLE, "dave", "--as-of", timestamp).raw
    again = run("put", bank.path, TABLE, "dave", "3", "--json").json
    assert mvcc.Timestamp.parse(again["timestamp"]) > mvcc.Timestamp.parse(timestamp)


def test_keys_and_values_are_any_bytes(run: Command, bank: Bank) -> None:
    """In hexadecimal, and from standard input."""
    run("put", bank.path, TABLE, "hex:00ff", "-", stdin=b"\0\n\xff")
    assert b"\0\n\xff" == run("get", bank.path, TABLE, "hex:00ff").raw


def test_values_may_begin_with_a_dash(run: Command, bank: Bank) -> None:
    """A negative number is no option."""
    assert ExitCode.OK == run("put", bank.path, TABLE, "alice", "-5").code
    assert b"-5" == run("get", bank.path, TABLE, "alice").raw


@pytest.mark.parametrize(
    ("arguments", "code", "left"),
    [
        (("alice", "1", "--expected", "70"), ExitCode.OK, b"1"),
        (("alice", "1", "--expected", "71"), ExitCode.CONFLICT, b"70"),
        (("alice", "1", "--absent"), ExitCode.CONFLICT, b"70"),
        (("dave", "1", "--absent"), ExitCode.OK, b"1"),
        (("dave", "1", "--expected", ""), ExitCode.CONFLICT, b""),
    ],
)
def test_put_can_depend_on_what_is_there(
    run: Command, bank: Bank, arguments: tuple[str, ...], code: int, left: bytes
) -> None:
    """Code 5 says that nothing was written."""
    assert code == run("put", bank.path, TABLE, *arguments).code
    assert left == run("get", bank.path, TABLE, arguments[0]).raw


def test_delete_keeps_the_history(run: Command, bank: Bank) -> None:
    """Code 3 where there is nothing to delete."""
    assert {"deleted": True} == run("delete", bank.path, TABLE, "alice", "--json").json
    assert ExitCode.NOT_FOUND == run("get", bank.path, TABLE, "alice").code
    assert ExitCode.NOT_FOUND == run("delete", bank.path, TABLE, "alice").code
    assert b"70" == run("get", bank.path, TABLE, "alice", "--as-of", bank.end).raw


def test_delete_can_depend_on_what_is_there(run: Command, bank: Bank) -> None:
    """Code 5 says that nothing was deleted."""
    assert ExitCode.CONFLICT == run("delete", bank.path, TABLE, "alice", "--expected", "1").code
    assert ExitCode.OK == run("delete", bank.path, TABLE, "alice", "--expected", "70").code


def test_scan_prints_a_row_a_line(run: Command, bank: Bank) -> None:
    """In key order, with a tab between key and value."""
    assert "alice\t70\ncarol\thex:ff00\n" == run("scan", bank.path, TABLE).out
    assert [
        {"key": "alice", "value": "70"},
        {"key": "carol", "value": {"base64": "/wA="}},
    ] == run("scan", bank.path, TABLE, "--json").lines


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (("--start", "b"), ["carol"]),
        (("--end", "carol"), ["alice"]),
        (("--prefix", "al"), ["alice"]),
        (("--reverse",), ["carol", "alice"]),
        (("--limit", "1"), ["alice"]),
        (("--limit", "1", "--reverse"), ["carol"]),
        (("--limit", "0"), []),
    ],
)
def test_scan_takes_a_part(
    run: Command, bank: Bank, options: tuple[str, ...], keys: list[str]
) -> None:
    """Spans, prefixes, directions, limits."""
    assert keys == run("scan", bank.path, TABLE, "--keys", *options).out.split()


def test_scan_reads_as_of_an_instant(run: Command, bank: Bank) -> None:
    """As it was, deleted rows included."""
    found = run("scan", bank.path, TABLE, "--as-of", bank.start).out
    assert "alice\t100\nbob\t0\n" == found


def test_history_is_newest_first(run: Command, bank: Bank) -> None:
    """Deletions are versions too."""
    lines = [line.split("\t") for line in run("history", bank.path, TABLE, "bob").out.splitlines()]
    assert [["delete", "-"], ["put", "0"]] == [line[1:] for line in lines]
    found = run("history", bank.path, TABLE, "bob", "--until", bank.start, "--json").lines
    assert [{"timestamp": str(bank.start), "value": "0"}] == found


def test_history_of_an_unknown_key_is_code_3(run: Command, bank: Bank) -> None:
    """It never had a value."""
    assert ExitCode.NOT_FOUND == run("history", bank.path, TABLE, "nobody").code


def test_diff_shows_before_and_after(run: Command, bank: Bank) -> None:
    """Changed, gone, new."""
    wanted = "~\tbank.accounts\talice\t100\t70\n-\tbank.accounts\tbob\t0\t-\n"
    wanted += "+\tbank.accounts\tcarol\t-\thex:ff00\n"
    assert wanted == run("diff", bank.path, bank.start).out
    assert wanted == run("diff", bank.path, bank.start, bank.end, "--table", TABLE).out
    [first, *_] = run("diff", bank.path, bank.start, bank.end, "--json").lines
    assert {"table": TABLE, "key": "alice", "before": "100", "after": "70"} == first


def test_diff_takes_relative_times(run: Command, bank: Bank) -> None:
    """A time with a dash is no option."""
    assert 2 == len(run("diff", bank.path, "-1h").out.splitlines())


def test_changes_come_in_commit_order(run: Command, bank: Bank) -> None:
    """Puts and deletions, since and until."""
    found = run("changes", bank.path, "--since", bank.start, "--table", TABLE, "--json").lines
    assert [("alice", "put"), ("carol", "put"), ("bob", "delete")] == [
        (each["key"], each["kind"]) for each in found
    ]
    text = run("changes", bank.path, "--until", bank.start, "--table", TABLE).out
    assert f"{bank.start}\tput\t{TABLE}\talice\t100\n" == text.splitlines(keepends=True)[0]
