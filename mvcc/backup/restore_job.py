"""Restoring a chain into a new store.

Owns the order that keeps half a store from ever looking whole: every file that will be read is checked
before anything is made; the store is built in a folder beside the target, which the kernel locks for this
process; the tables become visible in one commit; the folder gets its name at the very end.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mvcc import catalog
from mvcc.backup.backup_job import new_job_id
from mvcc.backup.chain import Selection, load_chain
from mvcc.backup.check import ListedFile, check_bytes, check_listing
from mvcc.backup.crew import Stop, run_tasks
from mvcc.backup.find import find
from mvcc.backup.layout import LATEST
from mvcc.backup.manifest import TableEntry
from mvcc.backup.meter import Meter, ProgressCallback
from mvcc.backup.options import Targets, covers, parse_targets
from mvcc.backup.tables import check_targets
from mvcc.building import building
from mvcc.clock import Clock, SystemClock
from mvcc.engine.interface import Engine
from mvcc.engine.lmdb import open_engine
from mvcc.errors import MVCCError, StoreExistsError
from mvcc.storage import Storage, open_storage
from mvcc.timestamp import When, resolve
from mvcc.types import Job

_CHECKING = 0.3
"""The part of the work that is checking, roughly."""


def restore(
    uri: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    backup: str = LATEST,
    as_of: When | None = None,
    targets: str | Iterable[str] | None = None,
    progress: ProgressCallback | None = None,
    clock: Clock | None = None,
    workers: int | None = None,
) -> Job:
    """Restores a backup into a new store at a path: see `mvcc.restore`."""
    target = Path(path).absolute()
    clock = clock or SystemClock()
    wanted = parse_targets(targets)
    when = None if as_of is None else resolve(as_of, clock.now_us()).value
    if os.path.lexists(target):
        raise StoreExistsError(path=str(target))
    storage = open_storage(uri)
    meter = Meter(new_job_id(clock), progress)
    try:
        selection = load_chain(storage, find(storage, backup)).select(when)
        tables = _tables(selection, wanted)
        check_files(storage, selection, tables, meter, workers)
        with building(target, meter.job_id) as folder, closing(open_engine(folder)) as engine:
            _Load(storage, engine, selection, meter).load(tables)
    except MVCCError as error:
        error.job_id = meter.job_id
        raise
    return meter.job("restore", selection.until, selection.layers[-1].manifest.folder)


def check_files(
    storage: Storage,
    selection: Selection,
    tables: Sequence[TableEntry],
    meter: Meter,
    workers: int | None,
) -> None:
    """Checks every byte that a restore of these tables will read. BackupCorruptedError."""
    for layer in selection.layers:
        check_listing(storage, layer)
    files = [
        ListedFile(layer, entry)
        for table in tables
        for layer, entries in selection.files(table.table_id)
        for entry in entries
    ]

    def check(file: ListedFile, stop: Stop) -> None:
        check_bytes(storage, file, stop, meter)

    run_tasks(files, check, meter=meter, workers=workers, upto=_CHECKING)


def _tables(selection: Selection, targets: Targets | None) -> list[TableEntry]:
    """The tables to restore. TableNotFoundError for a target that the backup does not hold."""
    tables = [each for each in selection.tables if covers(targets, each.name)]
    check_targets(targets, tables, selection.until)
    return tables


@dataclass(frozen=True, slots=True)
class _Load:
    """Filling a new store."""

    storage: Storage
    engine: Engine
    selection: Selection
    meter: Meter

    def load(self, tables: Sequence[TableEntry]) -> None:
        """Loads each table under an id that nobody sees, then shows all of them at once."""
        if tables:
            first = catalog.reserve(self.engine, len(tables))
            ids = {table.name: first + index for index, table in enumerate(tables)}
            expected = sum(self._size(each) for each in tables)
            at = self.engine.now()
            for table in tables:
                self._load_table(table, ids[table.name], at, expected)
            catalog.publish(self.engine, ids)
        self.meter.tick(1.0)
        self.meter.tell()

    def _load_table(self, table: TableEntry, to_table: int, at: int, expected: int) -> None:
        layers = [
            [self.storage.local_path(ListedFile(layer, each).name) for each in entries]
            for layer, entries in self.selection.files(table.table_id)
        ]
        if not layers:
            return
        for rows, size in self.engine.ingest(
            layers, table.table_id, to_table, at=at, until=self.selection.until
        ):
            self.meter.add(rows=rows, size=size)
            self.meter.tick(_CHECKING + (1 - _CHECKING) * self.meter.size / expected)

    def _size(self, table: TableEntry) -> int:
        """The keys and values of a table, in all layers: at least what will be loaded."""
        files = self.selection.files(table.table_id)
        return max(1, sum(each.bytes for _, entries in files for each in entries))
