"""Commands about backups: backup, restore, backups, show."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

import mvcc
from mvcc.cli.arguments import AsJson, AsOf, BackupName, StorePath, Targets, Uri, writing
from mvcc.cli.output import Output
from mvcc.cli.progress import job_progress


class Compression(Enum):
    """How data files are compressed."""

    ZSTD = "zstd"
    LZ4 = "lz4"
    NONE = "none"


def backup(
    path: StorePath,
    uri: Uri,
    name: Annotated[str | None, typer.Option("--name", help="Name of a new full backup.")] = None,
    incremental: Annotated[
        bool, typer.Option("--incremental", help="What changed since the latest backup.")
    ] = False,
    onto: Annotated[
        str | None, typer.Option("--onto", metavar="NAME", help="Incremental on this full backup.")
    ] = None,
    targets: Targets = None,
    revision_history: Annotated[
        bool, typer.Option("--revision-history", help="Every version, not only the latest.")
    ] = False,
    compression: Annotated[
        Compression, typer.Option("--compression", help="Of the data files.")
    ] = Compression.ZSTD,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Back up a store at one instant into a collection."""
    with writing(path) as store, job_progress("backup") as progress:
        job = store.backup(
            uri,
            name=name,
            targets=targets,
            as_of=as_of,
            incremental=onto or incremental,
            revision_history=revision_history,
            compression=compression.value,
            progress=progress,
        )
        _report(job, as_json)


def restore(
    uri: Uri,
    path: Annotated[Path, typer.Argument(metavar="STORE", help="Folder of the new store.")],
    name: BackupName = "LATEST",
    targets: Targets = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a new store."""
    with job_progress("restore") as progress:
        job = mvcc.restore(uri, path, backup=name, as_of=as_of, targets=targets, progress=progress)
    _report(job, as_json)


def _report(job: mvcc.Job, as_json: bool) -> None:
    """The job for scripts; for people, what they may want to name next."""
    text = (
        f"{job.timestamp}  {job.name}  {job.rows:,} rows, {job.bytes:,} B in {job.file_bytes:,} B"
    )
    Output(as_json).document(job, text)


def backups(uri: Uri, as_json: AsJson = False) -> None:
    """List the backups of a collection, oldest first."""
    found = mvcc.BackupCollection(uri).backups()
    Output(as_json).records(
        found,
        ("name", "layers", "start", "end", "rows", "bytes", "file_bytes"),
        lambda each: (
            *(each.name, len(each.layers), each.start, each.end),
            *(each.rows, each.bytes, each.file_bytes),
        ),
    )


def show(uri: Uri, name: BackupName = "LATEST", as_json: AsJson = False) -> None:
    """List what a backup holds: one row for each table and layer."""
    rows = mvcc.BackupCollection(uri).show(name)
    columns = ("database_name", "object_name", "backup_type", "start_time", "end_time", "rows")
    Output(as_json).records(rows, (*columns, "size_bytes", "file_bytes"))


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (backup, restore, backups, show):
        app.command()(command)
