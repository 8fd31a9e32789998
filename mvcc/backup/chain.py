"""Chains: a full backup and the increments on it, as far as they fit together.

Owns how layers are found, read and joined: each names its parent by the SHA-256 of its manifest, and
begins exactly where the parent ends. What is found wrong is kept, not raised, so that what stands before
the fault stays of use; `select` raises it where it matters. Reads manifests alone, never data.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass

from mvcc.backup import layout
from mvcc.backup.codec import MAX_FILE_BYTES, digest_of
from mvcc.backup.manifest import FileEntry, Manifest, TableEntry, decode
from mvcc.errors import (
    BackupCorruptedError,
    BackupNotFoundError,
    ChainGapError,
    DestinationError,
    FormatVersionError,
    MVCCError,
    NotRestorableError,
)
from mvcc.storage import Storage, read_all
from mvcc.timestamp import Timestamp

Range = tuple[Timestamp, Timestamp]
"""The first and the last instant, both included."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One manifest, and the digest that the next layer names it by."""

    manifest: Manifest
    digest: bytes


@dataclass(frozen=True, slots=True)
class Selection:
    """What a restore to one instant reads."""

    layers: tuple[Layer, ...]
    until: int
    tables: tuple[TableEntry, ...]
    """The tables at that instant, by id."""

    def files(self, table_id: int) -> list[tuple[Layer, list[FileEntry]]]:
        """A table's files by layer, the newest layer first."""
        found = []
        for layer in reversed(self.layers):
            files = [each for each in layer.manifest.files if each.table_id == table_id]
            found += [(layer, files)] if files else []
        return found


@dataclass(frozen=True, slots=True)
class Chain:
    """A full backup and its increments, oldest first, up to the first fault."""

    name: str
    layers: tuple[Layer, ...]
    problems: tuple[MVCCError, ...]

    @property
    def newest(self) -> Layer:
        """The last layer that fits."""
        return self.layers[-1]

    def restorable(self) -> tuple[Range, ...]:
        """The instants that can be restored, oldest first; ranges that meet are one."""
        ranges: list[Range] = []
        for layer in self.layers:
            manifest = layer.manifest
            first = manifest.end if manifest.history_from is None else manifest.history_from
            if ranges and int(ranges[-1][1]) == first:
                first = int(ranges.pop()[0])
            ranges.append((Timestamp(first), Timestamp(manifest.end)))
        return tuple(ranges)

    def select(self, as_of: int | None) -> Selection:
        """The layers to restore an instant from; None: the newest layer's end.

        The chain's first problem, where the instant may lie behind it; NotRestorableError.
        """
        if as_of is None:
            self.check()
            as_of = self.newest.manifest.end
        for number, layer in enumerate(self.layers, start=1):
            manifest = layer.manifest
            if as_of > manifest.end:
                continue
            first = manifest.end if manifest.history_from is None else manifest.history_from
            if as_of < first:
                break
            tables = tuple(manifest.live(as_of).values())
            return Selection(self.layers[:number], as_of, tables)
        if as_of > self.newest.manifest.end:
            self.check()
        raise NotRestorableError(timestamp=Timestamp(as_of), ranges=self.restorable())

    def check(self) -> None:
        """Raises the first problem, if there is one."""
        for problem in self.problems:
            raise problem


def read_layer(storage: Storage, folder: str) -> Layer:
    """The layer in a folder. BackupCorruptedError, FormatVersionError, DestinationError."""
    name = layout.manifest_name(folder)
    path = f"{storage.uri}/{name}"
    try:
        data = read_all(storage, name, MAX_FILE_BYTES)
    except DestinationError as error:
        if error.errno == errno.ENOENT:
            raise BackupCorruptedError(path=path, what="it is missing") from error
        if error.errno in (errno.ELOOP, errno.EINVAL, errno.ENOTDIR):
            raise BackupCorruptedError(path=path, what="it is not a regular file") from error
        raise
    if data is None:
        raise BackupCorruptedError(path=path, what=f"it is over {MAX_FILE_BYTES} bytes")
    manifest = decode(data, path)
    if manifest.folder != folder:
        raise BackupCorruptedError(path=path, what=f"it belongs to {manifest.folder[:200]}")
    return Layer(manifest, digest_of(data))


def is_finished(storage: Storage, folder: str) -> bool:
    """Whether a folder counts as a backup: with a manifest, or with data that no job accounts for."""
    names = {each.name for each in storage.list(folder)}
    if layout.manifest_name(folder) in names:
        return True
    return bool(layout.list_data(storage, folder)) and not layout.locks_in(storage, folder)


def load_chain(storage: Storage, name: str) -> Chain:
    """The chain of a full backup. BackupNotFoundError; what `read_layer` raises for the full one."""
    if not is_finished(storage, name):
        raise BackupNotFoundError(name=name, uri=storage.uri)
    layers = [read_layer(storage, name)]
    problems: list[MVCCError] = []
    rest: list[Layer] = []
    for folder in layout.list_increments(storage, name):
        try:
            if is_finished(storage, folder):
                rest.append(read_layer(storage, folder))
        except (BackupCorruptedError, FormatVersionError) as error:
            problems.append(error)
    rest.sort(key=lambda each: (each.manifest.start, each.manifest.end, each.manifest.folder))
    while rest:
        problem = _misfit(storage, layers[-1], rest)
        if problem is not None:
            problems.append(problem)
            break
        layers.append(rest.pop(0))
    return Chain(name, tuple(layers), tuple(problems))


def _misfit(storage: Storage, parent: Layer, rest: list[Layer]) -> MVCCError | None:
    """Why the first of the remaining layers does not stand on the parent; None if it does, alone."""
    child = rest[0].manifest
    path = f"{storage.uri}/{child.folder}"
    end = parent.manifest.end
    if child.start > end:
        return ChainGapError(path=path, expected=Timestamp(end), found=Timestamp(child.start))
    if child.start < end:
        what = f"it starts at {Timestamp(child.start)}, before the end of the layer under it"
        return BackupCorruptedError(path=path, what=what)
    if child.parent != parent.digest:
        what = f"it does not stand on {parent.manifest.folder}: the SHA-256 of the parent differs"
        return BackupCorruptedError(path=path, what=what)
    if len(rest) > 1 and rest[1].manifest.parent == parent.digest:
        what = f"it and {rest[1].manifest.folder} both stand on {parent.manifest.folder}"
        return BackupCorruptedError(path=path, what=what)
    what = _difference(parent.manifest, child)
    return BackupCorruptedError(path=path, what=what) if what else None


def _difference(parent: Manifest, child: Manifest) -> str:
    """What a child states against its parent; "" if nothing."""
    if (child.store_id, child.targets) != (parent.store_id, parent.targets):
        return "it is of another store, or of other targets, than its parent"
    before = parent.live(parent.end)
    for table in child.tables:
        if table.table_id in before and table.created != before[table.table_id].created:
            return f"table {table.table_id} was created at another time than in its parent"
    for file in child.files:
        if file.since != (child.start if file.table_id in before else 0):
            return f"file {file.number} does not begin where the parent ends"
    return ""
