"""Where answers go: standard output, as text for people or as JSON for scripts.

One command gives either one document or a stream of records, one a line. Text is UTF-8 whatever the
locale says, so that what a command prints does not depend on who starts it. Values that would fill the
screen are cut, on a terminal only.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

import typer

from mvcc.cli.exit_codes import ExitCode
from mvcc.cli.notation import format_bytes, to_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

TERMINAL_VALUE_CHARACTERS = 60


class Output:
    """One command's standard output."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._cut = TERMINAL_VALUE_CHARACTERS if sys.stdout.isatty() else None

    def raw(self, data: bytes) -> None:
        """Bytes exactly as they are; a terminal gets a line of its own for them."""
        with _reader_may_go():
            sys.stdout.buffer.write(data + b"\n" if sys.stdout.isatty() else data)
            sys.stdout.buffer.flush()

    def document(self, value: object, text: str) -> None:
        """One answer: the value as JSON, or the text."""
        with _reader_may_go():
            self._line(_dumps(value, indent=2) if self.as_json else text)
            sys.stdout.buffer.flush()

    def record(self, record: DataclassInstance) -> None:
        """One record (a dataclass): a line for each field."""
        names = [each.name for each in fields(record)]
        width = max(map(len, names))
        lines = [f"{name:<{width}}  {self.cell(getattr(record, name))}" for name in names]
        self.document(record, "\n".join(lines))

    def records(
        self,
        records: Sequence[T],
        columns: Sequence[str],
        cells: Callable[[T], Sequence[object]] | None = None,
    ) -> None:
        """Some records as one document: a table with headings, of the fields so named or of other cells."""
        take = cells or (lambda each: [getattr(each, name) for name in columns])
        rows = [list(map(self.cell, take(each))) for each in records]
        self.document(records, aligned([list(columns), *rows]))

    def stream(self, items: Iterable[T], cells: Callable[[T], Sequence[object]]) -> None:
        """Any number of records, one a line: JSON, or cells with tabs between."""
        with _reader_may_go():
            for item in items:
                if self.as_json:
                    self._line(_dumps(item))
                else:
                    self._line("\t".join(self.cell(each) for each in cells(item)))
            sys.stdout.buffer.flush()

    def cell(self, value: object) -> str:
        """One field in text."""
        if value is None:
            return "-"
        if isinstance(value, bytes):
            return format_bytes(value, self._cut)
        if isinstance(value, tuple):
            nested = any(isinstance(each, tuple) for each in value)
            return ("; " if nested else ", ").join(map(self.cell, value)) or "-"
        return str(value)

    def _line(self, text: str) -> None:
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")


@contextmanager
def _reader_may_go() -> Iterator[None]:
    """Ends the command quietly where nobody reads its output any more."""
    try:
        yield
    except BrokenPipeError:
        # The interpreter flushes at exit, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.PIPE_CLOSED) from None


def _dumps(value: object, indent: int | None = None) -> str:
    return json.dumps(to_json(value), indent=indent)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as lines with columns under each other; columns of numbers stand to the right."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(_is_number(cell) for cell in column[1:]) for column in columns]
    lines = (
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "", 1).lstrip("-").isdigit() or cell in ("", "-")
