"""Whether the files of a layer are those that its manifest lists.

Owns two depths: what stands in the folder, by name and size; and every byte, by SHA-256. A third, what
the bytes mean, is `contents`. Raises on the first fault.
"""

from __future__ import annotations

import errno
import hashlib
from dataclasses import dataclass

from mvcc.backup.chain import Layer
from mvcc.backup.crew import Stop
from mvcc.backup.layout import file_name, list_data
from mvcc.backup.manifest import FileEntry
from mvcc.backup.meter import Meter
from mvcc.errors import BackupCorruptedError, DestinationError
from mvcc.storage import Storage

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file and the layer that lists it."""

    layer: Layer
    entry: FileEntry

    @property
    def name(self) -> str:
        """In the collection."""
        return file_name(self.layer.manifest.folder, self.entry.number)


def check_listing(storage: Storage, layer: Layer) -> None:
    """The layer's data files are exactly those listed, each of its size. BackupCorruptedError."""
    manifest = layer.manifest
    listed = {file_name(manifest.folder, each.number): each.size for each in manifest.files}
    for entry in list_data(storage, manifest.folder):
        size = listed.pop(entry.name, None)
        if size is None:
            raise damaged(storage, entry.name, "the manifest does not list it")
        if size != entry.size:
            raise damaged(storage, entry.name, f"it has {entry.size} bytes instead of {size}")
    for name in listed:
        raise damaged(storage, name, "it is missing")


def check_bytes(storage: Storage, file: ListedFile, stop: Stop, meter: Meter) -> None:
    """A file's bytes are those that were written. BackupCorruptedError, DestinationError."""
    digest, size = hashlib.sha256(), 0
    chunk = memoryview(bytearray(_CHUNK_BYTES))
    try:
        source = storage.open_read(file.name)
    except DestinationError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.EINVAL, errno.ENOTDIR):
            raise damaged(storage, file.name, "it is missing, or not a regular file") from error
        raise
    with source:
        while size <= file.entry.size and (count := source.readinto(chunk)):  # type: ignore[attr-defined]
            stop.check()
            digest.update(chunk[:count])
            size += count
            meter.add(file_bytes=count)
    if size != file.entry.size:
        raise damaged(storage, file.name, f"it does not have {file.entry.size} bytes")
    if digest.digest() != file.entry.sha256:
        raise damaged(storage, file.name, "its SHA-256 is not the one in the manifest")


def damaged(storage: Storage, name: str, what: str) -> BackupCorruptedError:
    """The error for a file."""
    return BackupCorruptedError(path=f"{storage.uri}/{name}", what=what)
