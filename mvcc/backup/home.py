"""The collection's own file, `COLLECTION`: whose backups stand here.

Owns that a collection belongs to one store: it is written with the first backup, and every later one
compares. See docs/format/manifest.md.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

from mvcc.backup.codec import MAX_FILE_BYTES, seal, unseal
from mvcc.backup.layout import COLLECTION
from mvcc.backup.manifest import STORE_ID_BYTES
from mvcc.errors import BackupCorruptedError, CollectionMismatchError, DestinationError
from mvcc.storage import Storage, read_all

KIND = b"COLL"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Home:
    """What the file says."""

    store_id: bytes
    created: int
    """The end of the first backup."""
    library: str
    """The version of mvcc that wrote it."""


def read_home(storage: Storage) -> Home | None:
    """What stands at a destination; None if nothing does. BackupCorruptedError, FormatVersionError."""
    path = f"{storage.uri}/{COLLECTION}"
    try:
        data = read_all(storage, COLLECTION, MAX_FILE_BYTES)
    except DestinationError as error:
        if error.errno == errno.ENOENT:
            return None
        if error.errno in (errno.ELOOP, errno.EINVAL):
            raise BackupCorruptedError(path=path, what="it is not a regular file") from error
        raise
    if data is None:
        raise BackupCorruptedError(path=path, what=f"it is over {MAX_FILE_BYTES} bytes")
    return decode(data, path)


def check_home(storage: Storage, store_id: bytes) -> bool:
    """Whether the collection exists. CollectionMismatchError where it belongs to another store."""
    home = read_home(storage)
    if home is not None and home.store_id != store_id:
        raise CollectionMismatchError(
            uri=storage.uri, expected=home.store_id.hex(), found=store_id.hex()
        )
    return home is not None


def write_home(storage: Storage, home: Home) -> None:
    """Makes a destination the collection of a store."""
    writer = storage.open_write(COLLECTION)
    try:
        writer.write(encode(home))
        writer.commit()
    except DestinationError as error:
        if error.errno != errno.EEXIST:
            raise
        check_home(storage, home.store_id)  # another first backup was quicker
    finally:
        writer.abort()


def encode(home: Home) -> bytes:
    """The bytes of the file."""
    return seal(
        KIND,
        VERSION,
        [{"store_id": home.store_id, "created": home.created, "library": home.library}],
    )


def decode(data: bytes, path: str) -> Home:
    """What the file says; `path` is for messages. BackupCorruptedError, FormatVersionError."""
    records = list(unseal(KIND, data, path))
    if len(records) != 1:
        raise BackupCorruptedError(path=path, what="it does not hold one record")
    head = records[0]
    home = Home(
        store_id=head.blob("store_id", STORE_ID_BYTES, STORE_ID_BYTES),
        created=head.number("created", 1),
        library=head.text("library"),
    )
    head.end()
    if encode(home) != data:
        raise BackupCorruptedError(path=path, what="it is not in canonical form")
    return home
