"""The command demo: runs a demo in a folder of its own and prints its report."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from mvcc.cli.arguments import AsJson
from mvcc.cli.exit_codes import ExitCode
from mvcc.cli.output import Output, aligned
from mvcc.cli.progress import announcements
from mvcc.demo import commits, library
from mvcc.demo.git import Repository
from mvcc.demo.report import MINIMUM_KEYS, Announce, Report
from mvcc.demo.workspace import remove_folder, workspace

WORKERS = 2


def demo(
    git: Annotated[
        Path | None, typer.Option("--git", metavar="REPO", help="Load this repository's commits.")
    ] = None,
    branch: Annotated[
        str, typer.Option("--branch", metavar="B", help="Branch or commit, with --git.")
    ] = "HEAD",
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Keep store and backups here.")
    ] = None,
    rows: Annotated[
        int,
        typer.Option("--rows", min=0, help="Of the parallel export; 0: none. Not with --git."),
    ] = 2_000_000,
    as_json: AsJson = False,
) -> ExitCode:
    """Load real files, change them, back up, restore, and compare everything with the files.

    Exit code 4 if anything differs, or if too little was compared.
    """
    with workspace(keep) as folder, announcements() as announce:
        if git is not None:
            report = commits.run(folder, Repository(git), branch, announce)
        else:
            report = library.run(folder, library.Sources.of_this_python(), announce)
            if rows:
                report.notes.append(_parallel_export(folder / "workload", rows, announce))
    Output(as_json).document(_as_json(report), "\n".join(_lines(report)))
    return ExitCode.OK if report.passed else ExitCode.DAMAGED


def _parallel_export(folder: Path, rows: int, announce: Announce) -> str:
    """Measures the parallel export; one sentence about it."""
    from mvcc.demo import workload  # brings numpy, for which no other command should wait

    folder.mkdir()
    found = workload.measure(folder, rows, WORKERS, announce)
    remove_folder(folder)
    return (
        f"lz4 export of {found.rows:,} rows by {found.workers} workers:"
        f" {found.cpu_seconds:.2f} s of CPU in {found.wall_seconds:.2f} s = {found.cores:.2f} cores,"
        f" {found.bytes / found.wall_seconds / 1e6:,.0f} MB/s"
        f" (loading them took {found.load_seconds:.1f} s)"
    )


def _lines(report: Report) -> list[str]:
    """The report for people."""
    steps = [("step", "rows", "MB", "seconds", "MB/s")]
    steps += [
        (
            each.name,
            f"{each.rows:,}",
            f"{each.bytes / 1e6:,.1f}",
            f"{each.seconds:.2f}",
            f"{each.mb_per_second:,.0f}",
        )
        for each in report.steps
    ]
    compared = [("compared", "keys", "bytes", "differences")]
    compared += [
        (each.name, f"{each.keys:,}", f"{each.bytes:,}", f"{each.differences:,}")
        for each in report.comparisons
    ]
    sizes = [f"{name} {size / 1e6:,.1f} MB" for name, size in report.disk_bytes.items()]
    counts = [f"{name.replace('_', ' ')} {count:,}" for name, count in report.counts.items()]
    faults = [line for each in report.comparisons for line in each.examples]
    return [
        aligned(steps),
        "",
        aligned(compared),
        "",
        *report.notes,
        f"on disk: {', '.join(sizes)}",
        f"counted: {', '.join(counts)}",
        *(f"DIFFERENT: {fault}" for fault in faults),
        _verdict(report),
    ]


def _verdict(report: Report) -> str:
    if report.differences:
        return f"FAILED: {report.differences:,} differences"
    if not report.passed:
        return f"FAILED: only {report.keys_compared:,} keys compared, not over {MINIMUM_KEYS:,}"
    return f"all equal: {report.keys_compared:,} keys, {report.bytes_compared:,} bytes compared"


def _as_json(report: Report) -> dict[str, object]:
    """The report for scripts: its fields and its sums."""
    values: dict[str, object] = {each.name: getattr(report, each.name) for each in fields(report)}
    for name in ("keys_compared", "bytes_compared", "differences", "passed"):
        values[name] = getattr(report, name)
    return values


def register(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(demo)
