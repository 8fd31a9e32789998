"""Progress of long commands: a bar or a spinner on standard error, where that is a terminal; else nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

import mvcc


@contextmanager
def job_progress(title: str) -> Iterator[Callable[[mvcc.JobProgress], None] | None]:
    """What to pass as `progress` to a backup or restore: None where nobody looks."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda now: bar.update(task, completed=now.fraction_completed)


@contextmanager
def announcements() -> Iterator[Callable[[str], None]]:
    """Says what is being done: a spinner on a terminal, else a line for each."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield partial(typer.echo, err=True)
        return
    with console.status("") as status:
        yield status.update
