"""Outside of the store: the record files of the storm's processes, and the page that tells them to end."""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

_MARK = struct.Struct("<BQQQ16s")
_WORD = struct.Struct("<Q")


class Kind(IntEnum):
    """What a mark tells."""

    ABOUT = 1
    """A commit is about to begin: number, digest of its rows."""
    ACKED = 2
    """It returned: number, timestamp, digest."""
    REFUSED = 3
    """It raised TransactionRetryError: number."""
    READ = 4
    """Everything was read: timestamp, digest; its time is from before the snapshot was opened."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of a record file; `at` is in ns of the machine's monotonic clock."""

    kind: Kind
    number: int
    at: int
    timestamp: int
    digest: bytes


class Marks:
    """A record file that is being written. What was added is there whatever becomes of the process."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def add(self, mark: Mark) -> None:
        """Appends one mark, by one write."""
        row = _MARK.pack(mark.kind, mark.number, mark.at, mark.timestamp, mark.digest)
        assert os.write(self._fd, row) == len(row)


def read_marks(path: Path) -> list[Mark]:
    """The marks of a file, in the order in which they were added."""
    data = path.read_bytes()
    whole = len(data) - len(data) % _MARK.size
    return [
        Mark(Kind(kind), number, at, timestamp, digest)
        for kind, number, at, timestamp, digest in _MARK.iter_unpack(data[:whole])
    ]


class Orders:
    """A page that all processes share."""

    def __init__(self, path: Path) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        os.ftruncate(fd, mmap.PAGESIZE)
        self._map = mmap.mmap(fd, mmap.PAGESIZE)
        os.close(fd)

    @property
    def stop(self) -> bool:
        """Whether to end."""
        return self._map[0] != 0

    def order_stop(self) -> None:
        """Everybody ends after what is at hand."""
        self._map[0] = 1

    @property
    def collected(self) -> int:
        """The timestamp up to which the history has been fetched: collections may go there."""
        (found,) = _WORD.unpack_from(self._map, 8)
        return int(found)

    @collected.setter
    def collected(self, timestamp: int) -> None:
        _WORD.pack_into(self._map, 8, timestamp)
