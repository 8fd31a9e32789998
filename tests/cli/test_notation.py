"""How bytes are written on the command line, in text and in JSON."""

from __future__ import annotations

import base64
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from mvcc.cli.notation import format_bytes, parse_bytes, to_json
from mvcc.timestamp import Timestamp


@given(st.binary() | st.text().map(str.encode))
def test_what_is_printed_reads_back(data: bytes) -> None:
    """Any bytes, on one line."""
    text = format_bytes(data)
    assert data == parse_bytes(text)
    assert text.isprintable()


@pytest.mark.parametrize(
    ("argument", "data"),
    [
        ("alice", b"alice"),
        ("", b""),
        ("café", "café".encode()),
        ("hex:0aff", b"\x0a\xff"),
        ("hex:", b""),
        ("hex:0A FF", b"\x0a\xff"),
        ("caf\udce9", b"caf\xe9"),
    ],
)
def test_an_argument_means_bytes(argument: str, data: bytes) -> None:
    """UTF-8, or hexadecimal digits; bytes of the command line that are not UTF-8 stay as they are."""
    assert data == parse_bytes(argument)


def test_an_argument_can_name_a_file(tmp_path: Path) -> None:
    """The file's bytes, whatever they are."""
    (tmp_path / "file").write_bytes(b"\0\xff\n")
    assert b"\0\xff\n" == parse_bytes(f"@{tmp_path / 'file'}")


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\0\xff\n")))
    assert b"\0\xff\n" == parse_bytes("-")


@pytest.mark.parametrize("argument", ["hex:0", "hex:zz", "@/no/such/file", "@/"])
def test_a_meaningless_argument_is_a_usage_error(argument: str) -> None:
    """Odd digits, no digits, no file."""
    with pytest.raises(typer.BadParameter):
        parse_bytes(argument)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"alice", "alice"),
        (b"-", "hex:2d"),
        (b"@home", "hex:40686f6d65"),
        (b"hex:00", "hex:6865783a3030"),
        (b"a\tb", "hex:610962"),
        (b"\xff", "hex:ff"),
    ],
)
def test_bytes_are_text_where_that_is_clear(data: bytes, text: str) -> None:
    """What would mean something else on the command line, or break the line, is hexadecimal."""
    assert text == format_bytes(data)


def test_long_values_are_cut_with_their_size() -> None:
    """For a terminal."""
    assert "aaaaa… (1000 B)" == format_bytes(b"a" * 1000, 5)
    assert "hex:f… (1000 B)" == format_bytes(b"\xff" * 1000, 5)
    assert "aaaaa" == format_bytes(b"aaaaa", 5)


@given(st.binary())
def test_json_gives_the_bytes_back(data: bytes) -> None:
    """A string is UTF-8, an object has base64."""
    found = json.loads(json.dumps(to_json(data)))
    back = found.encode() if isinstance(found, str) else base64.b64decode(found["base64"])
    assert data == back


@dataclass(frozen=True, slots=True)
class Record:
    """As the public API gives them out."""

    timestamp: Timestamp
    values: tuple[bytes | None, ...]
    path: Path


def test_records_become_objects() -> None:
    """Timestamps in their printed form, tuples as lists."""
    record = Record(Timestamp.parse("1700000000123456.0007"), (b"a", None, b"\xff"), Path("x"))
    assert {
        "timestamp": "1700000000123456.0007",
        "values": ["a", None, {"base64": "/w=="}],
        "path": "x",
    } == to_json(record)


def test_what_has_no_form_in_json_is_refused() -> None:
    """Rather than printed as something that cannot be read back."""
    with pytest.raises(TypeError):
        to_json(object())
