"""Puts the commands together, runs one, and turns errors into two lines and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import typer
from typer.main import get_command

from mvcc.cli import backups, bench, data, demo, sst, tables
from mvcc.cli.exit_codes import ExitCode, exit_code_of
from mvcc.errors import MVCCError

# Whatever is wrong with a command line; typer names only this subclass of it.
COMMAND_LINE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]

app = typer.Typer(
    name="mvcc",
    help="A timestamped key-value store: read any past instant, back up, restore, verify.",
    add_completion=False,
)


for module in (tables, data, backups, demo, bench):
    module.register(app)
app.add_typer(sst.app, name="sst")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line (default: this process's); gives the exit code."""
    _open_closed_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = get_command(app).main(given or ["--help"], prog_name="mvcc", standalone_mode=False)
    except MVCCError as error:
        _complain(error.message, error.hint)
        return exit_code_of(error)
    except COMMAND_LINE_ERROR as error:
        _complain(cast(typer.BadParameter, error).format_message(), "See mvcc COMMAND --help.")
        return ExitCode.USAGE
    except (KeyboardInterrupt, typer.Abort):
        _complain("interrupted", "Nothing that was not committed is kept.")
        return ExitCode.INTERRUPTED
    except OSError as error:
        _complain(str(error), "See the path, its permissions and the disk.")
        return ExitCode.NOT_FOUND if isinstance(error, FileNotFoundError) else ExitCode.FAILED
    return ExitCode(code or 0)


def _open_closed_streams() -> None:
    """Puts /dev/null where a standard stream is closed: its number would go to a file of the store."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode)  # noqa: SIM115 it lives as long as the process
            setattr(sys, name, stream)


def _complain(message: str, hint: str) -> None:
    """The two lines of an error, each on one line whatever is in it."""
    for label, text in (("error", message), ("hint", hint)):
        typer.echo(f"{label}: {' '.join(text.split())}", err=True)
