"""What a contender can do: open a folder, commit durably, read, copy itself.

A commit that has returned survives a power cut: the data is flushed, by fsync, fdatasync or a write with
O_DSYNC. An adapter adds nothing to what a program would write itself.
"""

from __future__ import annotations

import io
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self, TypeAlias

Get: TypeAlias = Callable[[bytes], object]
Row: TypeAlias = tuple[bytes, bytes]


class Peer(ABC):
    """A store of a contender, open in a folder of its own."""

    name: ClassVar[str]
    threads: ClassVar[bool] = True
    """Whether several threads may write through one handle."""
    copies: ClassVar[bool] = True
    """Whether its Python API has a backup."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def put(self, key: bytes, value: bytes) -> None:
        """One durable commit of one key."""

    @abstractmethod
    def put_many(self, rows: list[Row]) -> None:
        """One durable commit of many keys."""

    @abstractmethod
    def getter(self) -> AbstractContextManager[Get]:
        """A call that gives the value of a key, each time as of now."""

    @abstractmethod
    def scan(self) -> AbstractContextManager[Iterator[Row]]:
        """All rows in order as tuples, as of one instant."""

    def full(self, target: Path) -> None:
        """A consistent copy in a folder that is not there yet, on disk when this returns."""
        raise io.UnsupportedOperation(f"{self.name} has no backup in its Python API: {target}")

    @abstractmethod
    def close(self) -> None:
        """Closes it; its threads end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def sync(path: Path) -> None:
    """Fsync of a file or folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Fsync of the files in a folder, of the folder, and of the one it lies in."""
    for path in sorted(folder.iterdir()):
        sync(path)
    sync(folder)
    sync(folder.parent)
