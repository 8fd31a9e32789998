"""What stands in LMDB's lock file: who holds the write lock, and which processes have places for readers.

Layout of LMDB 0.9 with glibc on 64-bit machines: a cache line with the number of readers' places, a second
one with the writers' mutex, then a cache line for each place.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

LOCK_FILE = "lock.mdb"
MAGIC = 0xBEEFC0DE
PLACES_AT = 56
WRITER_AT = 72
FIRST_PLACE = 128
PLACE_BYTES = 64
NO_SNAPSHOT = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Holder:
    """A thread that holds the write lock."""

    process: int
    thread: int


class LockFile:
    """The lock file of a store, for as long as it is open."""

    def __init__(self, store: Path) -> None:
        self._fd = os.open(store / LOCK_FILE, os.O_RDONLY)
        assert struct.unpack("<I", os.pread(self._fd, 4, 0)) == (MAGIC,)

    def close(self) -> None:
        """Never in a process that has the store open: closing the file would drop LMDB's own locks."""
        os.close(self._fd)

    def writer(self) -> int:
        """The id of the thread that holds the write lock; 0: nobody does."""
        (thread,) = struct.unpack("<I", os.pread(self._fd, 4, WRITER_AT))
        return int(thread)

    def holder(self, processes: list[int]) -> Holder | None:
        """The one of these processes that holds the write lock."""
        thread = self.writer()
        if thread == 0:
            return None
        for process in processes:
            if Path(f"/proc/{process}/task/{thread}").exists():
                return Holder(process, thread)
        return None

    def readers(self) -> set[int]:
        """The processes with places for readers."""
        (count,) = struct.unpack("<I", os.pread(self._fd, 4, PLACES_AT))
        places = os.pread(self._fd, count * PLACE_BYTES, FIRST_PLACE)
        found = {struct.unpack_from("<QI", places, at) for at in range(0, len(places), PLACE_BYTES)}
        return {process for _, process in found if process != 0}
