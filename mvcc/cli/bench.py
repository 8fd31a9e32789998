"""The command bench: measures this store and its peers on this machine, in turn."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

import mvcc
from mvcc.cli.arguments import AsJson
from mvcc.cli.output import Output
from mvcc.cli.progress import announcements

if TYPE_CHECKING:
    from mvcc.bench.results import Results

ROWS = 500_000
QUICK_ROWS = 50_000
PAIRS = 3
WIDTH = 190


def bench(
    rows: Annotated[
        int | None, typer.Option("--rows", min=1000, help=f"Rows of the workload; else {ROWS:,}.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=f"{QUICK_ROWS:,} rows, under a minute.")
    ] = False,
    folder: Annotated[
        Path,
        typer.Option("--folder", metavar="DIR", help="Measure here, on the disk that counts."),
    ] = Path(),
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with charts.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure this store beside those of its peers that are installed, on this machine.

    Stores are made in a folder of their own, which goes at the end.
    """
    from mvcc.bench import page, table  # brings numpy, for which no other command should wait

    if html is not None:
        html.touch()  # fails now where it would fail after minutes
    results = _measure(rows or (QUICK_ROWS if quick else ROWS), quick, folder)
    if html is not None:
        html.write_text(page.html(results, f"mvcc {mvcc_version()}"), encoding="utf-8")
    text = [render(results), *table.notes(results), table.summary(results.judgements())]
    Output(as_json).document(results.to_json(), "\n".join(text))


def _measure(rows: int, quick: bool, folder: Path) -> Results:
    from mvcc.bench import suite
    from mvcc.bench.questions import grid
    from mvcc.bench.results import Results
    from mvcc.bench.stock import Scale

    scale = Scale.of(rows)
    if quick:
        scale = replace(scale, gets=min(scale.gets, 20_000)).with_few_puts()
    results = Results()
    with announcements() as announce, suite.stocked(scale, folder, announce) as stock:
        for name, ask in {**suite.QUESTIONS, **suite.LARGE_QUESTIONS}.items():
            if not (quick and name in suite.LONG):
                results.add(suite.ask(stock, ask(stock), PAIRS, mvcc_version()))
        announce("how incrementals grow")
        results.grid = list(grid.sizes_and_changes(stock, [rows, 2 * rows, scale.large * rows]))
    return results


def mvcc_version() -> str:
    """The version of what runs here."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(mvcc.__name__)
    except PackageNotFoundError:
        return "from a checkout"


def render(results: Results) -> str:
    """The table, as wide as it needs to be."""
    from mvcc.bench import table

    shown = Table(*table.COLUMNS)
    for line in table.lines(results):
        shown.add_row(*line)
    buffer = io.StringIO()
    Console(file=buffer, width=WIDTH).print(shown)
    return buffer.getvalue()


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(bench)
