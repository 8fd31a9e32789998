"""A store, its backups, and the truth about it: after each commit a plain copy of all that is in it."""

from __future__ import annotations

import copy
import itertools
import shutil
from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mvcc
from mvcc.testing import ManualClock

State = dict[str, dict[bytes, bytes]]
"""Table -> key -> value."""


def contents(store: mvcc.Store) -> State:
    """All that a store holds."""
    return {info.name: dict(store[info.name].items()) for info in store.tables()}


def files_under(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative name."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


class World:
    """A store under a clock that stands still between calls, a destination, and the truth."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.destination = folder / "backups"
        self.clock = ManualClock()
        self.store = mvcc.open(folder / "store", clock=self.clock)
        self._times = [0]
        self._states: list[State] = [{}]
        self._paths = (folder / f"restored-{number}" for number in itertools.count())

    @property
    def collection(self) -> mvcc.BackupCollection:
        """The collection at the destination."""
        return mvcc.BackupCollection(self.destination)

    def state(self, at: mvcc.Timestamp | None = None) -> State:
        """The truth at an instant; None: now."""
        last = len(self._times) if at is None else bisect_right(self._times, int(at))
        return self._states[last - 1]

    def create(self, name: str) -> None:
        """Makes a table."""
        self.store.create_table(name)
        self._note({**self.state(), name: {}})

    def drop(self, name: str) -> None:
        """Drops a table."""
        self.store.drop_table(name)
        self._note({each: rows for each, rows in self.state().items() if each != name})

    def write(self, table: str, rows: Mapping[bytes, bytes | None]) -> mvcc.Timestamp:
        """Sets and deletes (None) keys in one commit."""
        state = copy.deepcopy(self.state())
        with self.store.transaction() as txn:
            for key, value in rows.items():
                if value is None:
                    txn[table].delete(key)
                    state[table].pop(key, None)
                else:
                    txn[table].put(key, value)
                    state[table][key] = value
        return self._note(state)

    def ingest(self, table: str, rows: dict[bytes, bytes]) -> mvcc.Timestamp:
        """Loads rows in one commit."""
        self.store[table].ingest(rows)
        state = self.state()
        return self._note({**state, table: {**state[table], **rows}})

    def backup(self, **options: Any) -> mvcc.Job:
        """Takes a backup a hundredth of a second after whatever came before."""
        self.clock.advance("10ms")
        return self.store.backup(self.destination, **options)

    def restored(self, **options: Any) -> State:
        """What a restored store holds."""
        path = next(self._paths)
        mvcc.restore(self.destination, path, **options)
        with mvcc.open(path, create=False) as store:
            assert store.verify().problems == ()
            found = contents(store)
        shutil.rmtree(path)
        return found

    def left_over(self) -> list[str]:
        """What stands beside the store and the destination: nothing, after any restore that failed."""
        known = {"store", "backups"}
        return sorted(path.name for path in self.folder.iterdir() if path.name not in known)

    def _note(self, state: State) -> mvcc.Timestamp:
        at = self.store.stats().last_commit
        self._times.append(int(at))
        self._states.append(state)
        return at
