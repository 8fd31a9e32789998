"""How answers are printed: text with columns, JSON, streams of lines."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass

import pytest

from mvcc.cli.output import Output, aligned
from mvcc.timestamp import Timestamp


@dataclass(frozen=True, slots=True)
class Row:
    """As the public API gives them out."""

    name: str
    count: int
    key: bytes | None
    notes: tuple[str, ...] = ()


ROWS = [Row("a", 5, b"k"), Row("longer", 1234, None, ("x", "y"))]


def test_records_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers to the right, None as a dash."""
    Output(False).records(ROWS, ("name", "count", "key"))
    assert "name    count  key\na           5  k\nlonger   1234  -\n" == capsys.readouterr().out


def test_records_are_one_document_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With all their fields."""
    Output(True).records(ROWS, ("name",))
    found = json.loads(capsys.readouterr().out)
    assert {"name": "longer", "count": 1234, "key": None, "notes": ["x", "y"]} == found[1]


def test_no_records_are_a_heading(capsys: pytest.CaptureFixture[str]) -> None:
    """Or an empty list."""
    Output(False).records([], ("name", "count"))
    assert "name  count\n" == capsys.readouterr().out
    Output(True).records([], ("name", "count"))
    assert [] == json.loads(capsys.readouterr().out)


def test_a_record_is_a_line_for_each_field(capsys: pytest.CaptureFixture[str]) -> None:
    """Sequences in one line."""
    Output(False).record(ROWS[1])
    assert "name   longer\ncount  1234\nkey    -\nnotes  x, y\n" == capsys.readouterr().out


def test_a_stream_is_a_line_for_each_item(capsys: pytest.CaptureFixture[str]) -> None:
    """Tabs in text, a JSON object a line otherwise."""
    Output(False).stream(ROWS, lambda row: (row.name, row.key))
    assert "a\tk\nlonger\t-\n" == capsys.readouterr().out
    Output(True).stream(ROWS, lambda row: (row.name, row.key))
    lines = capsys.readouterr().out.splitlines()
    assert ["a", "longer"] == [json.loads(line)["name"] for line in lines]


def test_raw_bytes_are_not_touched(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """No line feed is added where output goes to a file."""
    Output(False).raw(b"\0\xff")
    assert b"\0\xff" == capfdbinary.readouterr().out


class Terminal(io.TextIOWrapper):
    """A standard output that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_a_terminal_gets_lines_and_short_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value ends with a line feed; long values are cut in tables of rows."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Terminal(written))
    output = Output(False)
    output.raw(b"x" * 100)
    output.stream([b"y" * 100], lambda value: (value,))
    assert b"x" * 100 + b"\n" + b"y" * 60 + "… (100 B)\n".encode() == written.getvalue()


def test_text_is_utf8_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed does not depend on who starts the command."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    Output(False).stream(["café", "caf\udce9"], lambda text: (text,))
    assert "café\n".encode() + b"caf\xe9\n" == written.getvalue()


def test_columns_of_numbers_stand_to_the_right() -> None:
    """Also with separators and signs; a column with one word in it stands to the left."""
    rows = [("n", "m"), ("1,000", "1"), ("-2.5", "x"), ("", "-")]
    assert "    n  m\n1,000  1\n -2.5  x\n       -" == aligned(rows)


def test_timestamps_are_printed_as_they_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    """The form that --as-of takes."""
    Output(False).stream([Timestamp.parse("1700000000123456.0007")], lambda at: (at,))
    assert "1700000000123456.0007\n" == capsys.readouterr().out
