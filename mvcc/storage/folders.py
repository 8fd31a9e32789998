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


class Folders:
    """The folders below one root. A folder is a name, parts joined by `/`; "" is the root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._durable: set[str] = set()
        """Folders whose names, up to the root's own, were synced since this last removed one."""

    @contextlib.contextmanager
    def opened(self, folder: str) -> Iterator[int]:
        """The descriptor of a folder that is there, for a `with` block."""
        descriptor = self.open(folder)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def open(self, folder: str, *, create: bool = False) -> int:
        """The descriptor of a folder; with `create`, made if need be, though others may remove it again."""
        if not create:
            return self._walk(folder, create=False)
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(FileNotFoundError):
                return self._walk(folder, create=True)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def create_file(self, folder: str, leaf: str) -> tuple[int, int]:
        """The descriptors of a folder, made if need be, and of a new file, which keeps it from removal."""
        for _ in range(_ATTEMPTS):
            parent = self.open(folder, create=True)
            try:
                return parent, os.open(leaf, _NEW_FILE, 0o666, dir_fd=parent)
            except FileNotFoundError:
                os.close(parent)
            except BaseException:
                os.close(parent)
                raise
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def sync(self, folder: str) -> None:
        """Makes what stands in a folder durable, and every name on the way to it, whoever made it."""
        known = folder in self._durable
        here = folder
        while here:
            with self.opened(here) as descriptor:
                os.fsync(descriptor)
            if known:
                return
            here = here.rpartition("/")[0]
        for path in (self.root, self.root.parent):
            _sync_path(path)
        self._durable.add(folder)

    def prune(self, folder: str) -> None:
        """Removes a folder and those above it, below the root, as far as they are empty."""
        while folder:
            folder, _, leaf = folder.rpartition("/")
            try:
                with self.opened(folder) as parent:
                    self._durable.clear()
                    os.rmdir(leaf, dir_fd=parent)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    return
                raise

    def is_at(self, folder: str, descriptor: int) -> bool:
        """Whether an open folder still stands under this name."""
        try:
            with self.opened(folder) as now:
                return os.path.sameopenfile(now, descriptor)
        except FileNotFoundError:
            return False

    def _walk(self, folder: str, *, create: bool) -> int:
        """Opens the root, and from there part by part."""
        if create:
            _make_root(self.root)
        here = os.open(self.root, _ANY_FOLDER)
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
