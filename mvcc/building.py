"""A folder in which a store is built, and which gets its name only when it is whole.

Owns its name (the target's, with `.restoring-<number>` or `.copying-<number>`), its lock, and clearing away
what killed processes left: theirs is a folder of that name that no process locks.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from mvcc.errors import StorageError, StoreExistsError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def building(
    target: Path, number: int, doing: Literal["restoring", "copying"] = "restoring"
) -> Iterator[Path]:
    """A new folder, for a `with` block, that becomes the target at its end; an error removes it.

    StoreExistsError where something is at the target by then; StorageError. `number` tells it from others.
    """
    folder = target.with_name(f"{target.name}.{doing}-{number}")
    with _errors("making", folder):
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        lock = _make_locked(folder)
    try:
        yield folder
        with _errors("finishing", target):
            _rename(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(lock)


def _make_locked(folder: Path) -> int:
    """Makes a folder and locks it; again, if a sweep took it in between."""
    while True:
        folder.mkdir()
        descriptor = os.open(folder, _FOLDER)
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)


def _sweep(target: Path) -> None:
    """Removes what killed restores and copies to the same target left."""
    name = re.compile(re.escape(target.name) + r"\.(restoring|copying)-[0-9]+")
    for left in target.parent.iterdir():
        if not name.fullmatch(left.name) or left.is_symlink():
            continue
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            descriptor = os.open(left, _FOLDER)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left)
            except BlockingIOError:
                continue  # one that runs
            finally:
                os.close(descriptor)


def _rename(folder: Path, target: Path) -> None:
    """Gives the folder its name, durably."""
    if os.path.lexists(target):
        raise StoreExistsError(path=str(target))
    folder.rename(target)
    descriptor = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _errors(doing: str, path: Path) -> Iterator[None]:
    """Turns the system's errors into ours."""
    try:
        yield
    except StoreExistsError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST) and doing == "finishing":
            raise StoreExistsError(path=str(path)) from error
        raise StorageError(what=f"{doing} {path}", errno=error.errno, path=str(path)) from error
