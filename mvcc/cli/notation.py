"""How bytes are written on the command line, in text for people, and in JSON.

On the command line and in text: UTF-8 as it is; `hex:0aff` for any bytes. Only on the command line:
`@FILE` is what the file holds and `-` what standard input holds. `parse_bytes(format_bytes(b)) == b` for
every b. In JSON: a string where the bytes are UTF-8, else `{"base64": "..."}`.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import TypeAlias

import typer

from mvcc.timestamp import Timestamp

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

HEX = "hex:"
FILE = "@"
STANDARD_INPUT = "-"


def parse_bytes(argument: str) -> bytes:
    """The bytes that a KEY or VALUE of the command line means; a usage error if it has no meaning."""
    if argument == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    if argument.startswith(HEX):
        try:
            return bytes.fromhex(argument.removeprefix(HEX))
        except ValueError:
            raise typer.BadParameter(f"{argument!r} is not hex: and pairs of hex digits") from None
    if argument.startswith(FILE):
        path = Path(argument.removeprefix(FILE))
        try:
            return path.read_bytes()
        except OSError as error:
            reason = error.strerror
            raise typer.BadParameter(f"{path} cannot be read ({reason}); see hex:") from error
    return argument.encode("utf-8", "surrogateescape")


def format_bytes(data: bytes, limit: int | None = None) -> str:
    """Bytes on one line, as `parse_bytes` reads them; beyond `limit` characters cut, with the size."""
    text = _plain(data)
    if text is None:
        text = HEX + (data if limit is None else data[:limit]).hex()
    if limit is None or len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(data)} B)"


def _plain(data: bytes) -> str | None:
    """The bytes as text that reads back as the same bytes, or None where that cannot be."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    special = text == STANDARD_INPUT or text.startswith((HEX, FILE))
    return None if special or not text.isprintable() else text


def to_json(value: object) -> JSON:
    """A value of the public API as JSON: records become objects, timestamps their printed form."""
    if value is None or isinstance(value, bool | int | float | str):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, bytes):
        return _bytes_to_json(value)
    if isinstance(value, Timestamp | Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [to_json(each) for each in value]
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _bytes_to_json(data: bytes) -> JSON:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}
