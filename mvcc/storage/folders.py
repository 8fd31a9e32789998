"""Folders of the file system, reached part by part below a root.

Owns that no path leaves the root: each part is opened relative to the one before, without following links,
so that a folder swapped for a link meanwhile is refused, too. The root itself may be a link: its owner
chose it. Errors are the system's own, as OSError.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

_ANY_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ATTEMPTS = 100


@contextlib.contextmanager
def opened(root: Path, folder: str) -> Iterator[int]:
    """The descriptor of a folder that is there, for a `with` block."""
    descriptor = open_folder(root, folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_folder(root: Path, folder: str, *, create: bool = False) -> int:
    """The descriptor of a folder; with `create`, made if need be, though others may remove it again."""
    if not create:
        return _walk(root, folder, create=False)
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):
            return _walk(root, folder, create=True)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def create_file(root: Path, folder: str, leaf: str) -> tuple[int, int]:
    """The descriptors of a folder, made if need be, and of a new file in it, which keeps it from removal."""
    for _ in range(_ATTEMPTS):
        parent = open_folder(root, folder, create=True)
        try:
            return parent, os.open(leaf, _NEW_FILE, 0o666, dir_fd=parent)
        except FileNotFoundError:
            os.close(parent)
        except BaseException:
            os.close(parent)
            raise
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def sync(root: Path, folder: str) -> None:
    """Makes every name on the way to a folder durable, whoever made it; the root's own, too."""
    while folder:
        with opened(root, folder) as descriptor:
            os.fsync(descriptor)
        folder = folder.rpartition("/")[0]
    for path in (root, root.parent):
        _sync_path(path)


def prune(root: Path, folder: str) -> None:
    """Removes a folder and those above it, below the root, as far as they are empty."""
    while folder:
        folder, _, leaf = folder.rpartition("/")
        try:
            with opened(root, folder) as parent:
                os.rmdir(leaf, dir_fd=parent)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return
            raise


def is_at(root: Path, folder: str, descriptor: int) -> bool:
    """Whether an open folder still stands under this name."""
    try:
        with opened(root, folder) as now:
            return os.path.sameopenfile(now, descriptor)
    except FileNotFoundError:
        return False


def _walk(root: Path, folder: str, *, create: bool) -> int:
    """Opens the root, and from there part by part."""
    if create:
        _make_root(root)
    here = os.open(root, _ANY_FOLDER)
    for part in folder.split("/") if folder else ():
        try:
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=here)
            below = os.open(part, _ANY_FOLDER | os.O_NOFOLLOW, dir_fd=here)
        finally:
            os.close(here)
        here = below
    return here


def _make_root(root: Path) -> None:
    """Makes the root and the folders above it, durably, unless they are there."""
    if root.is_dir():
        return
    _make_root(root.parent)
    with contextlib.suppress(FileExistsError):
        root.mkdir()
    _sync_path(root.parent)


def _sync_path(path: Path) -> None:
    """Syncs a folder by its path."""
    descriptor = os.open(path, _ANY_FOLDER)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
