"""What the writers of the storm write: groups of keys that one commit sets together.

Every value names the commit that wrote it, the one whose value it replaces, and its place in the group,
and the rest of it follows from these: whatever is torn, mixed up or old shows in the value itself.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import blake2b

TABLE = "storm.rows"
GROUPS = 300
MEMBERS = 8
STAMP = struct.Struct(">HIQ")
"""Slot of the writer, how often it had been killed, number of the commit."""
NOTHING = bytes(STAMP.size)
_HEAD = 1 + 2 * STAMP.size
LARGE = 70_000
"""Bytes of a value that does not go through the log."""


def member_key(group: int, member: int) -> bytes:
    """The members of a group lie far apart, so that a merge moves them in different slices."""
    return b"%02d/%05d" % (member, group)


def keys_of(group: int) -> list[bytes]:
    """All keys of a group."""
    return [member_key(group, member) for member in range(MEMBERS)]


def marker_key(slot: int) -> bytes:
    """The key that each commit of a writer sets besides, which tells of deletions too."""
    return b"marker/%02d" % slot


def group_of(key: bytes) -> int | None:
    """The group of a key; None: a marker."""
    return None if key.startswith(b"marker/") else int(key[3:])


def value_of(stamp: bytes, before: bytes, member: int, length: int) -> bytes:
    """The value of a member; `before` is the stamp that it replaces, or NOTHING where that was not read."""
    head = bytes([member]) + stamp + before
    filler = blake2b(head, digest_size=64).digest()
    return head + (filler * (length // len(filler) + 1))[:length]


@dataclass(frozen=True, slots=True)
class Read:
    """A value taken apart."""

    stamp: bytes
    before: bytes
    member: int


def parse(value: bytes) -> Read:
    """Takes a value apart; AssertionError where it was not made by value_of."""
    member, stamp = value[0], value[1 : 1 + STAMP.size]
    before = value[1 + STAMP.size : _HEAD]
    assert value == value_of(stamp, before, member, len(value) - _HEAD), (
        f"torn value {value[:64]!r}"
    )
    return Read(stamp, before, member)


def row_hash(key: bytes, value: bytes) -> int:
    """What a row adds to the digest of a whole table."""
    return int.from_bytes(blake2b(value, key=key, digest_size=8).digest())


def digest_of(rows: dict[bytes, bytes | None]) -> bytes:
    """The content of a commit."""
    found = blake2b(digest_size=16)
    for key, value in sorted(rows.items()):
        found.update(b"%d %s" % (len(key), key))
        found.update(b"gone" if value is None else b"%d %s" % (len(value), value))
    return found.digest()


def check_group(group: int, values: list[bytes | None]) -> None:
    """All members have the same stamp, each its own place, or none is there."""
    if all(value is None for value in values):
        return
    reads = [None if value is None else parse(value) for value in values]
    stamps = {None if read is None else (read.stamp, read.before) for read in reads}
    assert len(stamps) == 1, f"group {group} is half visible: {stamps}"
    assert [read.member for read in reads if read is not None] == list(range(MEMBERS))
