"""The arguments and options that several commands share, and how a command opens its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

import mvcc
from mvcc.cli.notation import parse_bytes

BYTES_HELP = "UTF-8 text, hex:0aff, @FILE, or - for standard input"

StorePath = Annotated[Path, typer.Argument(metavar="STORE", help="Folder of the store.")]
TableName = Annotated[str, typer.Argument(metavar="TABLE", help="database.table")]
Key = Annotated[bytes, typer.Argument(metavar="KEY", parser=parse_bytes, help=BYTES_HELP)]
Value = Annotated[bytes, typer.Argument(metavar="VALUE", parser=parse_bytes, help=BYTES_HELP)]
Uri = Annotated[
    str, typer.Argument(metavar="URI", help="Collection of backups: a folder or file://")
]

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME",
        help="Read as it was: -10s, -1h30m, 2026-11-22T20:15:30Z, or a printed timestamp.",
    ),
]
OneTable = Annotated[
    str | None, typer.Option("--table", metavar="TABLE", help="Of one table only.")
]
Expected = Annotated[
    bytes | None,
    typer.Option(
        "--expected",
        metavar="VALUE",
        parser=parse_bytes,
        help="Only if the key holds this value; else exit code 5.",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="NAME", help="A database or a table; repeat for more."),
]
BackupName = Annotated[
    str, typer.Option("--backup", metavar="NAME", help="Name of the full backup.")
]


@contextmanager
def snapshot(path: Path, as_of: str | None) -> Iterator[mvcc.Snapshot]:
    """A store at one instant, read only; without one, at its last commit.

    To be sure that no later commit slips under an instant after the last commit, a store has to be open for
    writing: only a read without `--as-of` opens it read-only.
    """
    if as_of is None:
        with mvcc.open(path, create=False, readonly=True) as store, store.snapshot() as now:
            yield now
    else:
        with mvcc.open(path, create=False) as store, store.as_of(as_of) as then:
            yield then


def writing(path: Path) -> mvcc.Store:
    """An existing store, open for reading and writing."""
    return mvcc.open(path, create=False)
