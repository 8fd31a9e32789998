"""What the shim wrote down: the changes below a folder, in order. Owns its record format on this side."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

ACK_FD = 1 << 30
"""A write to it is an acknowledgement, under the shim."""
PROBE = "probe"
"""The file that a recorded program writes first: what the shim does not see of it, it does not see at all."""
PROBE_BYTES = b"seen by the shim"

HEAD = struct.Struct("<QQ")
HEAD_BYTES = 4096
RECORD = struct.Struct("<IHHQQQII")
SYNCED = 1


class Kind(IntEnum):
    """What a record is about; the numbers of shim.h."""

    WRITE = 1
    TRUNCATE = 2
    SYNC = 3
    CREATE = 4
    MKDIR = 5
    RENAME = 6
    LINK = 7
    UNLINK = 8
    MAP = 9
    ACK = 10
    SYNC_RANGE = 11
    """Follows a write through a descriptor with O_DSYNC or O_SYNC; of the shim it is a flag of the write."""


class VacuousError(Exception):
    """The shim did not see what must be there to see: every check over the recording would prove nothing."""


@dataclass(frozen=True, slots=True)
class Record:
    """One change, sync or acknowledgement."""

    kind: Kind
    path: str = ""
    """From the recorded folder, "" for itself."""
    inode: int = 0
    offset: int = 0
    """WRITE and SYNC_RANGE: where; TRUNCATE: the new size."""
    data: bytes = b""
    other: str = ""
    """RENAME and LINK: the new path."""
    length: int = 0
    """SYNC_RANGE: of the bytes."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Changes to a folder that was empty before."""

    inode: int
    """Of the folder."""
    records: tuple[Record, ...]

    @property
    def acks(self) -> list[bytes]:
        """What the program acknowledged, in order."""
        return [each.data for each in self.records if each.kind is Kind.ACK]

    def save(self, path: Path) -> None:
        """Keeps it for a replay."""
        path.write_bytes(pickle.dumps(self))

    @classmethod
    def load(cls, path: Path) -> Recording:
        """What `save` kept."""
        loaded = pickle.loads(path.read_bytes())
        assert isinstance(loaded, cls)
        return loaded


def read_log(log: Path) -> Iterator[Record]:
    """The records of a log. ValueError where their numbers are not 1, 2, 3 and so on."""
    content = log.read_bytes()
    count, end = HEAD.unpack_from(content)
    at = HEAD_BYTES
    for number in range(1, count + 1):
        fields = RECORD.unpack_from(content, at)
        size, kind, flags, sequence, inode, offset, path_len, other_len = fields
        if sequence != number:
            raise ValueError(f"record {number} of {log} has the number {sequence}")
        texts = at + RECORD.size
        data = texts + path_len + other_len
        path = os.fsdecode(content[texts : texts + path_len])
        other = os.fsdecode(content[texts + path_len : data])
        yield Record(Kind(kind), path, inode, offset, content[data : at + size], other)
        if flags & SYNCED:
            length = at + size - data
            yield Record(Kind.SYNC_RANGE, path, inode, offset, length=length)
        at += size
    if at != end:
        raise ValueError(f"{log} ends at {end}, its records at {at}")


def acknowledge(text: str) -> None:
    """Puts a line among the records, after all that was written before."""
    os.write(ACK_FD, text.encode())


def write_probe(root: Path) -> None:
    """The first thing that a recorded program does."""
    (root / PROBE).write_bytes(PROBE_BYTES)
