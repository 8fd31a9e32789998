"""The envelope of a collection's own files, and the strict reading of records in it.

Owns the bytes around the records and what may stand in a record at all: whole numbers, bytes and text,
each under a name, each checked. Knows nothing of what the records mean. See docs/format/manifest.md.

The envelope is the same in every format version, so that any reader can tell a damaged file from one
that is too new for it:

    offset  bytes  what
    0       8      magic "MVCCBKUP"
    8       4      format version, u32 little-endian
    12      4      kind: "MANI" a manifest, "COLL" a collection
    16      8      length n of the body, u64 little-endian
    24      n      body: msgpack maps, one after the other
    24 + n  32     SHA-256 of everything before it
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import msgpack

from mvcc.errors import BackupCorruptedError, FormatVersionError

FORMAT_VERSION = 2  # the newest that is read; each kind of file says which it writes
MAX_FILE_BYTES = 64 << 20
DIGEST_BYTES = 32
U32_MAX = (1 << 32) - 1
U64_MAX = (1 << 64) - 1

_MAGIC = b"MVCCBKUP"
_HEAD = struct.Struct("<8sI4sQ")
_MAX_PART_BYTES = 4096
_MAX_LIST = 1000

Value: TypeAlias = int | str | bytes | bool | tuple[str, ...] | None
Record: TypeAlias = Mapping[str, Value]


def seal(kind: bytes, version: int, records: Iterable[Record]) -> bytes:
    """The bytes of a file of a format version that holds these records."""
    body = b"".join(msgpack.packb(dict(record)) for record in records)
    sealed = _HEAD.pack(_MAGIC, version, kind, len(body)) + body
    return sealed + hashlib.sha256(sealed).digest()


def unseal(kind: bytes, data: bytes, path: str) -> Iterator[Fields]:
    """The records of a file, one by one, after its digest was found right.

    `path` is for messages. BackupCorruptedError; FormatVersionError where the file is whole but newer.
    """
    if len(data) < _HEAD.size + DIGEST_BYTES or not data.startswith(_MAGIC):
        raise BackupCorruptedError(path=path, what="it is not a file of a backup collection")
    _, version, found_kind, length = _HEAD.unpack_from(data)
    if length != len(data) - _HEAD.size - DIGEST_BYTES:
        raise BackupCorruptedError(path=path, what="it does not have the length that it states")
    if hashlib.sha256(memoryview(data)[:-DIGEST_BYTES]).digest() != digest_of(data):
        raise BackupCorruptedError(path=path, what="its SHA-256 is wrong")
    if version > FORMAT_VERSION:
        raise FormatVersionError(path=path, found=version, known=FORMAT_VERSION)
    if version < 1 or found_kind != kind:
        raise BackupCorruptedError(path=path, what="it is another kind of file than its name says")
    return _records(memoryview(data)[_HEAD.size : -DIGEST_BYTES], path)


def version_of(data: bytes) -> int:
    """The format version of a file that `unseal` has accepted."""
    return int(_HEAD.unpack_from(data)[1])


def digest_of(data: bytes) -> bytes:
    """The digest that a sealed file ends with: what a child names its parent by."""
    return data[-DIGEST_BYTES:]


def _records(body: memoryview, path: str) -> Iterator[Fields]:
    """The maps of a body. Each may be small only, so no length that is stated can cost memory."""
    unpacker = msgpack.Unpacker(
        use_list=False,
        max_buffer_size=max(len(body), 1),
        max_str_len=_MAX_PART_BYTES,
        max_bin_len=_MAX_PART_BYTES,
        max_array_len=_MAX_LIST,
        max_map_len=32,
        max_ext_len=0,
    )
    unpacker.feed(body)
    while unpacker.tell() < len(body):
        try:
            values = unpacker.unpack()
        except (ValueError, msgpack.UnpackException):
            raise BackupCorruptedError(path=path, what="it does not decode as msgpack") from None
        if not isinstance(values, dict):
            raise BackupCorruptedError(path=path, what="a record of it is not a map")
        yield Fields(values, path)


class Fields:
    """One record being read: each field is taken once, by name and kind, and none may be left."""

    def __init__(self, values: dict[object, object], path: str) -> None:
        self._values = values
        self._path = path

    def number(self, name: str, low: int = 0, high: int = U64_MAX) -> int:
        """A whole number from low to high."""
        value = self._take(name)
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(name)
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._take(name)
        if not isinstance(value, bool):
            raise self.wrong(name)
        return value

    def blob(self, name: str, low: int = 0, high: int = _MAX_PART_BYTES) -> bytes:
        """Bytes, from low to high of them."""
        value = self._take(name)
        if not isinstance(value, bytes) or not low <= len(value) <= high:
            raise self.wrong(name)
        return value

    def text(self, name: str) -> str:
        """A text."""
        value = self._take(name)
        if not isinstance(value, str):
            raise self.wrong(name)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._take(name)
        if not isinstance(value, tuple) or not all(isinstance(each, str) for each in value):
            raise self.wrong(name)
        return value

    def is_nil(self, name: str) -> bool:
        """Whether a field is there and nil, which takes it."""
        if self._values.get(name, self) is not None:
            return False
        self._take(name)
        return True

    def end(self) -> None:
        """BackupCorruptedError if a field is left."""
        for name in self._values:
            raise self.wrong(str(name)[:40])

    def wrong(self, name: str) -> BackupCorruptedError:
        """The error for a field that does not hold what it should."""
        return BackupCorruptedError(path=self._path, what=f"its field {name!r} is wrong")

    def _take(self, name: str) -> object:
        if name not in self._values:
            raise BackupCorruptedError(path=self._path, what=f"its field {name!r} is missing")
        return self._values.pop(name)
