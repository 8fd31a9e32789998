"""Where the next layer of a collection goes, and what it stands on.

Owns the choice of names, the chain's lock while the job runs, and the end of the window. Every refusal
that needs the collection to be read is made here, before anything is written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mvcc.backup import layout
from mvcc.backup.chain import Chain, Layer, is_finished, load_chain
from mvcc.backup.claim import lock_chain, sweep_chain, sweep_fulls
from mvcc.backup.find import find_latest
from mvcc.backup.options import Options, Targets
from mvcc.errors import (
    BackupExistsError,
    BackupNotFoundError,
    CollectionMismatchError,
    EmptyWindowError,
    HistoryMismatchError,
    InvalidArgumentError,
    NoFullBackupError,
)
from mvcc.storage import Lock, Storage
from mvcc.timestamp import Timestamp

_NAMES_TO_TRY = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """A free folder of a chain that is locked, and the window of what goes there."""

    folder: str
    base: Layer | None
    """The chain's full backup; None: this is one."""
    parent: Layer | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Side:
    """What a place has to fit on the store's side."""

    store_id: bytes
    has_recorded: Callable[[bytes, bytes], bool]
    """Whether the store's history has a layer: the digests of its chain's full backup, and its own."""


@contextlib.contextmanager
def place_for(
    storage: Storage, options: Options, store: Side, fix_end: Callable[[], int]
) -> Iterator[Place]:
    """The place for a backup, held for a `with` block.

    `fix_end` gives the end of the window, and is called once the chain is locked. Raises
    DestinationLockedError, BackupExistsError, NoFullBackupError, BackupNotFoundError, EmptyWindowError,
    CollectionMismatchError, HistoryMismatchError, InvalidArgumentError, and what is wrong with the chain.
    """
    sweep_fulls(storage)
    if options.base is False:
        lock, place = _full(storage, options.name, fix_end())
    else:
        lock, place = _increment(storage, options, store, fix_end)
    try:
        yield place
    finally:
        lock.release()


def _full(storage: Storage, name: str | None, end: int) -> tuple[Lock, Place]:
    """The place of a full backup."""
    if end == 0:
        raise EmptyWindowError(start=Timestamp(0), end=Timestamp(0))
    if name is not None:
        lock = lock_chain(storage, name)
        if not storage.list(name):
            return lock, Place(name, None, None, 0, end)
        lock.release()
        raise BackupExistsError(name=name, uri=storage.uri)
    for later in range(_NAMES_TO_TRY):
        folder = layout.full_name(end, later)
        free = None if storage.list(folder) else storage.try_lock(folder)
        if free is None:
            continue
        if not storage.list(folder):
            return free, Place(folder, None, None, 0, end)
        free.release()
    raise BackupExistsError(name=layout.full_name(end), uri=storage.uri)


def _increment(
    storage: Storage, options: Options, store: Side, fix_end: Callable[[], int]
) -> tuple[Lock, Place]:
    """The place of an increment: on the newest layer of its chain."""
    full = _base_name(storage, options.base)
    lock = lock_chain(storage, full)
    try:
        sweep_chain(storage, full)
        chain = load_chain(storage, full)
        chain.check()
        parent = chain.newest
        _check_parent(storage, parent, store.store_id, options.targets)
        _check_history(storage, chain, store)
        start, end = parent.manifest.end, fix_end()
        if end <= start:
            raise EmptyWindowError(start=Timestamp(start), end=Timestamp(end))
        folder = _free_increment(storage, full, end)
        return lock, Place(folder, chain.layers[0], parent, start, end)
    except BaseException:
        lock.release()
        raise


def _base_name(storage: Storage, base: str | bool) -> str:
    """The full backup to build on."""
    if isinstance(base, str):
        if not is_finished(storage, base):
            raise BackupNotFoundError(name=base, uri=storage.uri)
        return base
    latest = find_latest(storage)
    if latest is None:
        raise NoFullBackupError(uri=storage.uri)
    return latest


def _check_parent(
    storage: Storage, parent: Layer, store_id: bytes, targets: Targets | None
) -> None:
    """Refuses to put a layer of another store, or of other targets, on a chain."""
    manifest = parent.manifest
    if manifest.store_id != store_id:
        raise CollectionMismatchError(
            uri=storage.uri, expected=manifest.store_id.hex(), found=store_id.hex()
        )
    if manifest.targets != targets:
        wanted = "everything" if manifest.targets is None else list(manifest.targets)
        raise InvalidArgumentError(
            f"the chain is of other targets: {wanted}",
            argument="targets",
            hint="Give the targets of the full backup, or take a full backup of these.",
        )


def _check_history(storage: Storage, chain: Chain, store: Side) -> None:
    """Refuses to build on a layer that was recorded, but not by this store's own history."""
    parent = chain.newest
    if parent.manifest.recorded and not store.has_recorded(chain.layers[0].digest, parent.digest):
        raise HistoryMismatchError(path=f"{storage.uri}/{parent.manifest.folder}")


def _free_increment(storage: Storage, full: str, end: int) -> str:
    """A folder that nothing stands in yet."""
    for later in range(_NAMES_TO_TRY):
        folder = layout.increment_folder(full, end, later)
        if not storage.list(folder):
            return folder
    raise BackupExistsError(name=layout.increment_folder(full, end), uri=storage.uri)
