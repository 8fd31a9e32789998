"""Commands about SST files: sst dump, sst verify."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from mvcc.cli.arguments import AsJson
from mvcc.cli.exit_codes import ExitCode
from mvcc.cli.output import Output
from mvcc.errors import SSTCorruptedError
from mvcc.sst import SSTSummary, entries
from mvcc.sst import verify as verify_file

app = typer.Typer(help="Look into any RocksDB table file.")

COLUMNS = ("path", "rows", "tombstones", "first_timestamp", "last_timestamp", "file_bytes")


@app.command()
def dump(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An .sst file.")],
    limit: Annotated[int | None, typer.Option("--limit", min=0, help="At most so many.")] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Keys as they stand there, with the id of their table.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the rows in order: key, timestamp, type, value, one a line."""
    Output(as_json).stream(
        islice(entries(file, raw=raw), limit),
        lambda each: (each.key, each.timestamp, each.type, each.value),
    )


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="SST files.")],
    as_json: AsJson = False,
) -> ExitCode:
    """Read every block and check checksums, order and counts; exit code 4 if a file is damaged."""
    good: list[SSTSummary] = []
    damaged: list[SSTCorruptedError] = []
    for file in files:
        try:
            good.append(verify_file(file))
        except SSTCorruptedError as error:
            damaged.append(error)
    Output(as_json).records(good, COLUMNS)
    for each in damaged:
        typer.echo(f"error: {each.message}", err=True)
    return ExitCode.DAMAGED if damaged else ExitCode.OK
