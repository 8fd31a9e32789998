"""Commands about a store and its tables: create, drop, tables, stats, verify, gc."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

import mvcc
from mvcc.cli.arguments import AsJson, AsOf, StorePath, snapshot, writing
from mvcc.cli.exit_codes import ExitCode
from mvcc.cli.output import Output


class Level(Enum):
    """How deep a verification of a backup looks."""

    MANIFEST = "manifest"
    FILES = "files"
    DATA = "data"


def create(
    path: StorePath,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="TABLE...", help="Tables to make.")
    ] = None,
    exist_ok: Annotated[
        bool, typer.Option("--exist-ok", help="Tables may be there already.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a store where none is, and tables in it."""
    with mvcc.open(path) as store:
        for name in names or []:
            store.create_table(name, exist_ok=exist_ok)
        found = store.tables()
    Output(as_json).records(found, ("name", "id", "created"))


def drop(
    path: StorePath,
    name: Annotated[str, typer.Argument(metavar="NAME", help="database.table, or a database.")],
    as_json: AsJson = False,
) -> None:
    """Drop a table, or a database with all its tables. AS OF before the drop they stay readable."""
    with writing(path) as store:
        if "." in name:
            store.drop_table(name)
        else:
            store.drop_database(name)
        timestamp = store.now()
    Output(as_json).document({"dropped": name, "timestamp": timestamp}, str(timestamp))


def tables(path: StorePath, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """List the tables."""
    with snapshot(path, as_of) as then:
        Output(as_json).records(then.tables(), ("name", "id", "created"))


def stats(path: StorePath, as_json: AsJson = False) -> None:
    """Print the store's counters."""
    with mvcc.open(path, create=False, readonly=True) as store:
        Output(as_json).record(store.stats())


def verify(
    path: Annotated[str, typer.Argument(metavar="STORE|URI", help="A store, or a collection.")],
    backup: Annotated[
        str | None,
        typer.Option(
            "--backup", metavar="NAME", help="Verify this backup (LATEST) of a collection."
        ),
    ] = None,
    level: Annotated[
        Level, typer.Option("--level", help="Of a backup: how deep to look.")
    ] = Level.FILES,
    as_json: AsJson = False,
) -> ExitCode:
    """Read and check every record of a store, or a backup; exit code 4 if something is wrong."""
    if backup is None:
        with mvcc.open(path, create=False, readonly=True) as store:
            report = store.verify()
    else:
        report = mvcc.BackupCollection(path).verify(backup, level=level.value)
    Output(as_json).record(report)
    return ExitCode.OK if report.ok else ExitCode.DAMAGED


def gc(
    path: StorePath,
    before: Annotated[
        str, typer.Option("--before", metavar="TIME", help="Reads before this will be refused.")
    ],
    as_json: AsJson = False,
) -> None:
    """Remove the versions that no read at a time or later can see."""
    with writing(path) as store:
        Output(as_json).record(store.gc(before))


def register(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (create, drop, tables, stats, verify, gc):
        app.command()(command)
