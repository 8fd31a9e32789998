"""Calls that stop at a place of the core until a test lets them go on. See tests/planted/pause.c."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Stopped(Generic[T]):
    """A call in a thread of its own, which has come to a place, or to its end without coming by."""

    def __init__(self, folder: Path, place: str, call: Callable[[], T]) -> None:
        self._fifo = folder / place
        self._call = call
        self._result: T | None = None
        self._error: BaseException | None = None
        self.stands = True
        """At the place; else the call has ended."""
        os.mkfifo(self._fifo)
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        self._writer: int | None = os.open(self._fifo, os.O_WRONLY)
        self._fifo.unlink()

    def _run(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:  # noqa: BLE001 - for whoever waits for the result
            self._error = error
        self.stands = False
        with suppress(FileNotFoundError):  # it did come by
            os.close(os.open(self._fifo, os.O_RDONLY))

    def release(self) -> None:
        """Lets the call go on, and waits for its end."""
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None
            self._thread.join()

    def go_on(self) -> T | None:
        """Lets the call go on; gives its result, or raises its error."""
        self.release()
        if self._error is not None:
            raise self._error
        return self._result


class Stops:
    """Makes the stopped calls of one test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._all: list[Stopped[object]] = []

    def at(self, place: str, call: Callable[[], T]) -> Stopped[T]:
        """Begins a call; returns once it stands at the place, or has ended."""
        made = Stopped(self._folder, place, call)
        self._all.append(made)  # type: ignore[arg-type]
        return made

    def release_all(self) -> None:
        """Lets all of them end."""
        for each in self._all:
            each.release()
