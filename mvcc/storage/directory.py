"""A destination in a folder of this machine's file system.

Owns how a file becomes durable here: written under a temporary name beside its own, synced, renamed, and
every folder on the way synced. A lock is the kernel's, on the folder itself: it ends with its process,
however that ends. Knows of paths only what `folders` does not: single files.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mvcc.errors import DestinationError, InvalidNameError
from mvcc.storage.folders import Folders
from mvcc.storage.interface import Entry, Lock, Writer, check_name

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Directory:
    """A folder and everything below it. It is made with the first file."""

    def __init__(self, root: str) -> None:
        self._root = Path(root).absolute()
        self._folders = Folders(self._root)

    @property
    def uri(self) -> str:
        """The `file://` URI of the folder."""
        return self._root.as_uri()

    def open_write(self, name: str) -> Writer:
        """Begins a file under a temporary name beside its own."""
        check_name(name)
        with _errors("creating", self._root / name):
            return _FileWriter(self._folders, name)

    def open_read(self, name: str) -> BinaryIO:
        """Opens a regular file that is not reached over a link."""
        folder, leaf = _split(name)
        with _errors("opening", self._root / name), self._folders.opened(folder) as parent:
            descriptor = os.open(leaf, _READ, dir_fd=parent)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise OSError(errno.EINVAL, "not a regular file")
            return os.fdopen(descriptor, "rb")

    def local_path(self, name: str) -> str:
        """Where the file stands."""
        self.open_read(name).close()
        return str(self._root / name)

    def size(self, name: str) -> int | None:
        """Bytes of a regular file."""
        folder, leaf = _split(name)
        with _errors("looking for", self._root / name):
            try:
                with self._folders.opened(folder) as parent:
                    found = os.stat(leaf, dir_fd=parent, follow_symlinks=False)
            except FileNotFoundError:
                return None
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            return found.st_size

    def list(self, folder: str) -> list[Entry]:
        """Folders, and whatever else has a name: links and pipes, too, which no other call reads."""
        prefix = f"{check_name(folder)}/" if folder else ""
        with _errors("listing", self._root / folder):
            try:
                with self._folders.opened(folder) as parent, os.scandir(parent) as entries:
                    found = [_entry(prefix, each) for each in entries]
            except FileNotFoundError:
                return []
        return sorted((each for each in found if each), key=lambda each: each.name)

    def delete(self, name: str) -> None:
        """Removes a name, whatever it stands for unless that is a folder with something in it."""
        folder, leaf = _split(name)
        with _errors("deleting", self._root / name):
            with (
                contextlib.suppress(FileNotFoundError),
                self._folders.opened(folder) as parent,
            ):
                try:
                    os.unlink(leaf, dir_fd=parent)
                except IsADirectoryError:
                    os.rmdir(leaf, dir_fd=parent)
                os.fsync(parent)
            self._folders.prune(folder)

    def try_lock(self, folder: str) -> Lock | None:
        """Locks the folder itself; again, if it was removed in between."""
        check_name(folder)
        with _errors("locking", self._root / folder):
            while True:
                descriptor = self._folders.open(folder, create=True)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if self._folders.is_at(folder, descriptor):
                        return _FolderLock(self._folders, folder, descriptor)
                except BlockingIOError:
                    os.close(descriptor)
                    return None
                except BaseException:
                    os.close(descriptor)
                    raise
                os.close(descriptor)


class _FileWriter:
    """A file under a temporary name. Owns the descriptors of the file and of its folder."""

    def __init__(self, folders: Folders, name: str) -> None:
        self._folders = folders
        self._path = folders.root / name
        self._parent, self._leaf = _split(name)
        self._temporary = f"{self._leaf[:80]}.tmp-{secrets.token_hex(4)}"
        self._folder, self._file = folders.create_file(self._parent, self._temporary)

    def write(self, data: bytes | memoryview) -> None:
        """Appends bytes straight to the file: nothing is held here."""
        rest = memoryview(data).cast("B")
        with _errors("writing", self._path):
            while rest:
                rest = rest[os.write(self._file, rest) :]

    def commit(self) -> None:
        """Syncs, renames, and syncs the folders."""
        with _errors("finishing", self._path):
            os.fsync(self._file)
            if _is_taken(self._leaf, self._folder):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            here = self._folder
            os.rename(self._temporary, self._leaf, src_dir_fd=here, dst_dir_fd=here)
            self._close()
            self._folders.sync(self._parent)

    def abort(self) -> None:
        """Removes the temporary file, and the folders that this empties."""
        if self._folder < 0:
            return
        with _errors("removing", self._path):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._temporary, dir_fd=self._folder)
            self._close()
            self._folders.prune(self._parent)

    def _close(self) -> None:
        """Closes both descriptors, once."""
        descriptors = (self._file, self._folder)
        self._file = self._folder = -1
        for descriptor in descriptors:
            if descriptor >= 0:
                os.close(descriptor)


class _FolderLock:
    """A locked descriptor of a folder: closing it is the release."""

    def __init__(self, folders: Folders, folder: str, descriptor: int) -> None:
        self._folders = folders
        self._folder = folder
        self._descriptor = descriptor

    def release(self) -> None:
        """Removes the folder if nothing came into it, while it is still locked, and closes it."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):  # an empty folder may as well stay
                self._folders.prune(self._folder)
            os.close(descriptor)


@contextlib.contextmanager
def _errors(doing: str, path: Path) -> Iterator[None]:
    """Turns the system's errors into DestinationError."""
    try:
        yield
    except OSError as error:
        what = f"{doing} {path}"
        raise DestinationError(what=what, errno=error.errno, path=str(path)) from error


def _split(name: str) -> tuple[str, str]:
    """The folder and the last part of a name that follows the rule."""
    folder, _, leaf = check_name(name).rpartition("/")
    return folder, leaf


def _entry(prefix: str, found: os.DirEntry[str]) -> Entry | None:
    """What is listed for a directory entry; None if no name can mean it."""
    try:
        name = check_name(prefix + found.name)
        if found.is_dir(follow_symlinks=False):
            return Entry(name, None)
        return Entry(name, found.stat(follow_symlinks=False).st_size)
    except (InvalidNameError, FileNotFoundError):
        return None


def _is_taken(leaf: str, folder: int) -> bool:
    """Whether anything stands under a name."""
    try:
        os.stat(leaf, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
