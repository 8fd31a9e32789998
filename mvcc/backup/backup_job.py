"""Taking a backup: from a store and options to one more layer of a collection.

Owns the order of things: the chain is locked, the end is fixed and made durable, the start is protected
from garbage collection, the data is written, the store records the layer, and the manifest comes last.
Whatever ends the job early, nothing that looks like a backup is left. Knows the store by its engine, its
clock and its catalog.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from mvcc.backup import ancestry, layout
from mvcc.backup.claim import layer_being_written
from mvcc.backup.codec import digest_of
from mvcc.backup.crew import run_tasks
from mvcc.backup.export import Exporter
from mvcc.backup.home import Home, check_home, write_home
from mvcc.backup.manifest import Manifest, TableEntry, encode
from mvcc.backup.meter import Meter, ProgressCallback
from mvcc.backup.options import Options, parse_options
from mvcc.backup.place import Place, Side, place_for
from mvcc.backup.tables import check_targets, tables_at_end, tables_in_window
from mvcc.clock import Clock
from mvcc.context import Context
from mvcc.engine.interface import Engine, View
from mvcc.errors import MVCCError, TimestampBelowGCError
from mvcc.storage import Storage, open_storage
from mvcc.timestamp import When
from mvcc.types import Job
from mvcc.units import Size


def take_backup(
    context: Context,
    uri: str | os.PathLike[str],
    *,
    name: str | None = None,
    targets: str | Iterable[str] | None = None,
    as_of: When | None = None,
    incremental: bool | str = False,
    revision_history: bool = False,
    compression: str = "zstd",
    file_size: Size = "128MiB",
    progress: ProgressCallback | None = None,
    workers: int | None = None,
) -> Job:
    """Takes a backup of a store: see `Store.backup`. `workers`: threads, None: one for each core."""
    options = parse_options(
        name=name,
        targets=targets,
        incremental=incremental,
        revision_history=revision_history,
        compression=compression,
        file_size=file_size,
    )
    storage = open_storage(uri)
    when = None if as_of is None else context.timestamp(as_of)
    meter = Meter(new_job_id(context.clock), progress)
    run = _Run(context.engine, storage, options, meter, workers)
    try:
        check_home(storage, run.store_id)
        side = Side(run.store_id, partial(ancestry.is_recorded, run.engine))
        with place_for(storage, options, side, lambda: fix_end(run.engine, when)) as place:
            run.take(place)
    except MVCCError as error:
        error.job_id = meter.job_id
        raise
    return meter.job("backup", place.end, place.folder)


def new_job_id(clock: Clock) -> int:
    """An id that no other job has, and that grows with time: below 2^63."""
    return clock.now_us() << 10 | secrets.randbelow(1 << 10)


def fix_end(engine: Engine, when: int | None) -> int:
    """The end of a backup, below every later commit for good: it outlives this process.

    None: now. TimestampInFutureError.
    """
    if engine.readonly and when is None:
        return engine.last_commit()
    end = engine.now() if when is None else when
    if end > engine.last_commit():
        engine.advance(end)
    return end


@dataclass(frozen=True, slots=True)
class _Run:
    """One backup on its way."""

    engine: Engine
    storage: Storage
    options: Options
    meter: Meter
    workers: int | None

    @property
    def store_id(self) -> bytes:
        """The store's id."""
        return self.engine.info().store_id

    def take(self, place: Place) -> None:
        """Writes the layer: its data, then its manifest."""
        with (
            _protected(self.engine, place, self.options, self.meter.job_id) as history_from,
            contextlib.closing(self.engine.view(place.end)) as view,
        ):
            layer = self._layer(place, history_from, self._tables(place, view))
            parent = None if place.parent is None else place.parent.manifest
            exporter = Exporter(
                engine=self.engine,
                view=view,
                storage=self.storage,
                layer=layer,
                known=frozenset() if parent is None else frozenset(parent.live(parent.end)),
                compression=self.options.compression,
                meter=self.meter,
            )
            with layer_being_written(self.storage, layer.folder, self.meter.job_id):
                files = run_tasks(
                    exporter.plan(), exporter.write, meter=self.meter, workers=self.workers
                )
                self.meter.tell()
                self._finish(place, replace(layer, files=tuple(each for each in files if each)))

    def _tables(self, place: Place, view: View) -> list[TableEntry]:
        """The tables of the layer. TableNotFoundError for a target of a full backup that is not there."""
        targets = self.options.targets
        tables = tables_at_end(self.engine, view, targets)
        if place.parent is None:
            check_targets(targets, tables, place.end)
        if self.options.revision_history:
            return tables_in_window(self.engine, view, place.start, targets)
        return tables

    def _layer(self, place: Place, history_from: int | None, tables: list[TableEntry]) -> Manifest:
        """The manifest, but for the files."""
        return Manifest(
            folder=place.folder,
            job_id=self.meter.job_id,
            library=_library(),
            store_id=self.store_id,
            parent=None if place.parent is None else place.parent.digest,
            start=place.start,
            end=place.end,
            history_from=history_from,
            targets=self.options.targets,
            compression=self.options.compression,
            file_size=self.options.file_size,
            recorded=not self.engine.readonly,
            tables=tuple(tables),
            files=(),
        )

    def _finish(self, place: Place, manifest: Manifest) -> None:
        """Makes the layer count: the store's record, the collection's own file if new, then the manifest."""
        data = encode(manifest)
        if manifest.recorded:
            self._record(place, digest_of(data))
        if not check_home(self.storage, manifest.store_id):
            write_home(self.storage, Home(manifest.store_id, manifest.end, manifest.library))
        writer = self.storage.open_write(layout.manifest_name(manifest.folder))
        try:
            writer.write(data)
            writer.commit()
        finally:
            writer.abort()

    def _record(self, place: Place, digest: bytes) -> None:
        """Notes in the store that the layer is its own, before it counts: a crash between blocks nobody."""
        chain = digest if place.base is None else place.base.digest
        parent = None if place.parent is None else place.parent.digest
        ancestry.record(self.engine, chain, parent, digest)


@contextlib.contextmanager
def _protected(engine: Engine, place: Place, options: Options, job_id: int) -> Iterator[int | None]:
    """Keeps garbage collection below the window; gives where the layer's revision history begins."""
    if place.parent is None and not options.revision_history:
        yield None  # the view at the end is all it needs
        return
    first = engine.info().gc_threshold if place.parent is None else place.start
    try:
        record = engine.protect(first, f"backup {job_id}")
    except TimestampBelowGCError as error:
        error.hint = "Take a full backup: what came since the parent's end may be collected."
        raise
    try:
        yield first if options.revision_history else None
    finally:
        engine.unprotect(record)


def _library() -> str:
    """The version of this library, "" where it is not installed."""
    try:
        return version("mvcc")
    except PackageNotFoundError:
        return ""
