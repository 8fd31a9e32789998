"""Which job owns which layer, and clearing away what dead jobs left.

Owns the two kinds of lock: the kernel's, on a chain's folder, which ends with its process; and the lock
file in a layer, which tells readers that a layer without a manifest is work and not damage. The order
makes that true at every instant: lock file, data, manifest, lock file gone; and when a job fails:
manifest gone, data gone, lock file gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from mvcc.backup import layout
from mvcc.errors import DestinationLockedError
from mvcc.storage import Lock, Storage


def lock_chain(storage: Storage, full: str) -> Lock:
    """Takes a chain for a job. DestinationLockedError names the job that holds it, if that can be seen."""
    lock = storage.try_lock(full)
    if lock is not None:
        return lock
    folders = [full, *layout.list_increments(storage, full)]
    jobs = [name for folder in folders for name in layout.locks_in(storage, folder)]
    owner = jobs[0].rpartition("-")[2] if jobs else ""
    raise DestinationLockedError(
        uri=f"{storage.uri}/{full}", owner=f"job {owner}" if owner else "another job"
    )


@contextlib.contextmanager
def layer_being_written(storage: Storage, folder: str, job_id: int) -> Iterator[None]:
    """Marks a layer as work for a `with` block; an error in it clears the layer away."""
    try:
        writer = storage.open_write(layout.lock_name(folder, job_id))
        try:
            writer.commit()
        finally:
            writer.abort()
        yield
        storage.delete(layout.lock_name(folder, job_id))
    except BaseException as error:
        try:
            clear(storage, folder)
        except OSError as failure:
            error.add_note(f"What was written so far could not be removed: {failure}")
        raise


def sweep_fulls(storage: Storage) -> None:
    """Clears away the full backups that dead jobs left unfinished."""
    for full in layout.list_fulls(storage):
        if layout.locks_in(storage, full):
            lock = storage.try_lock(full)
            if lock is None:
                continue
            try:
                tidy(storage, full)
            finally:
                lock.release()


def sweep_chain(storage: Storage, full: str) -> None:
    """Clears away the increments that dead jobs left unfinished. The chain's lock must be held."""
    for folder in [full, *layout.list_increments(storage, full)]:
        tidy(storage, folder)


def tidy(storage: Storage, folder: str) -> None:
    """Ends what a dead job began in a layer: the lock file goes, and without a manifest all goes."""
    locks = layout.locks_in(storage, folder)
    if locks and storage.size(layout.manifest_name(folder)) is None:
        clear(storage, folder)
    for name in locks:
        storage.delete(name)


def clear(storage: Storage, folder: str) -> None:
    """Removes a layer: its manifest first, its lock files last."""
    storage.delete(layout.manifest_name(folder))
    locks = layout.locks_in(storage, folder)
    _remove_all(storage, folder, keep=locks)
    for name in locks:
        storage.delete(name)


def _remove_all(storage: Storage, folder: str, keep: list[str]) -> None:
    for entry in storage.list(folder):
        if entry.size is None:
            _remove_all(storage, entry.name, keep)
            storage.delete(entry.name)
        elif entry.name not in keep:
            storage.delete(entry.name)
