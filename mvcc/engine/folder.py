"""The folder of a store: what may be in it, and how a new store comes to be there as a whole.

The first pages of a file reach a disk in any order. So a new store is made in a folder inside its own, and
its data file gets its name once it is durable: a power cut leaves a store, or nothing that hinders the next
attempt.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

from mvcc.errors import MVCCError, NotAStoreError, StorageError, StoreNotFoundError

DATA_FILE = "data.mdb"
LOCK_FILE = "lock.mdb"
MAKING = "making"
"""The folder in which a store is made; beside a data file it is what a killed maker left."""


def prepare(folder: Path, create: bool) -> list[Path]:
    """Checks what is at the path before anything is written; gives the folders that may hold new names.

    The store's own always: who made it may have been killed before its names were durable.
    """
    if (folder / DATA_FILE).exists():
        return [folder]
    if os.path.lexists(folder):
        if not folder.is_dir():
            raise NotAStoreError(path=str(folder), what="it is a file")
        names = {each.name for each in folder.iterdir()}
        if DATA_FILE in names:  # another process has made it since
            return [folder]
        if names - {LOCK_FILE, MAKING}:
            raise NotAStoreError(path=str(folder), what=f"it holds files, but no {DATA_FILE}")
    if not create:
        raise StoreNotFoundError(path=str(folder))
    missing = list(takewhile(lambda each: not each.exists(), folder.parents))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            what="making the store's folder", errno=error.errno, path=str(folder)
        ) from error
    return [folder, *folder.parents[: len(missing) + 1]]


def make(folder: Path, write_store: Callable[[str], None]) -> None:
    """Has a new store written to a folder inside this one, and moves it here. StorageError.

    Of several processes one does, under a lock of the inner folder; the others wait, and find the store.
    """
    making = folder / MAKING
    try:
        while not (folder / DATA_FILE).exists():
            making.mkdir(exist_ok=True)
            with suppress(FileNotFoundError), _locked(making):
                if not (folder / DATA_FILE).exists():
                    for left in making.iterdir():
                        left.unlink()
                    write_store(str(making))
                    (making / DATA_FILE).rename(folder / DATA_FILE)
                    sync([folder])  # before there are other files, which without it are a loss
    except MVCCError:
        raise
    except OSError as error:
        raise StorageError(what="making the store", errno=error.errno, path=str(folder)) from error
    clear(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds the lock of a folder. FileNotFoundError where another is at its path by then, or none."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.stat().st_ino != os.fstat(lock).st_ino:
            raise FileNotFoundError(folder)
        yield
    finally:
        os.close(lock)


def clear(folder: Path) -> None:
    """Removes what a killed maker left beside a store."""
    if (folder / MAKING).exists():
        shutil.rmtree(folder / MAKING, ignore_errors=True)


def sync(folders: Iterable[Path]) -> None:
    """Makes the names in folders durable: of a new store's files, its own, and those above it."""
    for each in folders:
        fd = os.open(each, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
