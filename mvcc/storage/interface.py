"""What a backup asks of a destination: named, write-once files under folders.

Owns the protocol, the rule for names, and what is built on the protocol alone. Names are relative, parts
joined by `/`; folders come with their first file and go with their last. A file is invisible until it is
whole and durable, and is never changed after that. An implementation is safe for any number of threads.

Every call may raise `DestinationError` (with the system's errno), and `InvalidNameError` for a name that
breaks the rule. Links, devices and pipes in place of files or folders are refused as `DestinationError`
with ELOOP or EINVAL: nothing outside of the destination is ever read or written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from mvcc.errors import InvalidNameError

NAME_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""What a name is made of: no part can mean another folder, on any file system."""

_NAME = re.compile(rf"{NAME_PART}(?:/{NAME_PART}){{0,15}}")


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in a folder."""

    name: str
    """The whole name, as the other calls take it."""
    size: int | None
    """In bytes; None for a folder."""


class Writer(Protocol):
    """One file on its way: visible after commit, gone after abort."""

    def write(self, data: bytes | memoryview) -> None:
        """Appends bytes, which the caller may reuse afterwards."""
        ...

    def commit(self) -> None:
        """Makes the file visible and durable. EEXIST, and nothing changed, if the name is taken."""
        ...

    def abort(self) -> None:
        """Leaves nothing behind. Idempotent, and without effect after commit."""
        ...


class Lock(Protocol):
    """A folder that belongs to this process until it is released or the process ends."""

    def release(self) -> None:
        """Lets others take the folder; one that stayed empty goes. Idempotent, and never fails."""
        ...


class Storage(Protocol):
    """A destination."""

    @property
    def uri(self) -> str:
        """For messages: without secrets."""
        ...

    def open_write(self, name: str) -> Writer:
        """Begins a file. One writer a name at a time: who may race holds the folder's lock."""
        ...

    def open_read(self, name: str) -> BinaryIO:
        """Opens a file. DestinationError with ENOENT if there is none."""
        ...

    def local_path(self, name: str) -> str:
        """A path at which the file can be read until the process ends. ENOENT as open_read."""
        ...

    def size(self, name: str) -> int | None:
        """Bytes of a file; None if nothing has the name."""
        ...

    def list(self, folder: str) -> list[Entry]:
        """What stands directly in a folder ("" is the root), by name; [] if there is no such folder.

        What breaks the rule for names is left out.
        """
        ...

    def delete(self, name: str) -> None:
        """Removes a file, or a folder that is empty, and the folders that this empties.

        Nothing happens if it is absent; ENOTEMPTY for a folder that holds something.
        """
        ...

    def try_lock(self, folder: str) -> Lock | None:
        """Takes a folder, making it if need be; None while another job holds it, in any process."""
        ...


def check_name(name: str) -> str:
    """The name itself if it follows the rule; else InvalidNameError."""
    if not _NAME.fullmatch(name):
        raise InvalidNameError(
            f"{name!r} cannot name a file of a backup",
            hint="Names are 1 to 16 parts [A-Za-z0-9][A-Za-z0-9._-]{0,99}, joined by '/'.",
            name=name,
        )
    return name


def read_all(storage: Storage, name: str, max_bytes: int) -> bytes | None:
    """A whole file; None if it is longer than `max_bytes`, of which no more than one byte is read over."""
    with storage.open_read(name) as file:
        data = file.read(max_bytes + 1)
    return data if len(data) <= max_bytes else None
