"""Writing the data of one layer: from tables to spans, from spans to files.

Owns how a layer is cut into tasks, so that files and their bytes depend on what is stored and on the
options alone, never on the number of workers. Each task streams one SST; its memory is one chunk.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mvcc.backup.crew import Stop
from mvcc.backup.layout import MAX_FILES, file_name
from mvcc.backup.manifest import FileEntry, Manifest, TableEntry
from mvcc.backup.meter import Meter
from mvcc.engine.interface import Compression, Engine, ExportRequest, Span, View
from mvcc.errors import InvalidArgumentError
from mvcc.storage import Storage
from mvcc.timestamp import Timestamp


@dataclass(frozen=True, slots=True)
class Task:
    """One span of one table, which becomes one file, or none."""

    number: int
    table: TableEntry
    since: int
    start: bytes
    end: bytes | None


@dataclass(frozen=True, slots=True)
class Exporter:
    """What all tasks of a layer have in common."""

    engine: Engine
    view: View
    storage: Storage
    layer: Manifest
    """Without its files, which this makes."""
    known: frozenset[int]
    """The tables that the parent has: of these, only what is new."""
    compression: Compression
    meter: Meter

    def plan(self) -> Iterator[Task]:
        """The tasks, in the order of tables and keys."""
        for number, task in enumerate(self._spans(self.layer.tables), start=1):
            if number > MAX_FILES:
                raise InvalidArgumentError(
                    f"the backup would have over {MAX_FILES} files",
                    argument="file_size",
                    given=str(self.layer.file_size),
                    hint="Take a larger file_size.",
                )
            table, start, end = task
            yield Task(number, table, self._since(table), start, end)

    def write(self, task: Task, stop: Stop) -> FileEntry | None:
        """Writes the file of a task; None where its span holds nothing of the window."""
        export = self.engine.export(self._request(task), view=self.view)
        writer = None
        digest, size = hashlib.sha256(), 0
        try:
            for chunk in export:
                stop.check()
                if writer is None:
                    writer = self.storage.open_write(file_name(self.layer.folder, task.number))
                writer.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                self.meter.add(file_bytes=len(chunk))
            if writer is None:
                return None
            writer.commit()
            summary = export.summary
        finally:
            export.close()
            if writer is not None:
                writer.abort()
        self.meter.add(rows=summary.rows, size=summary.bytes)
        return FileEntry(
            number=task.number,
            table_id=task.table.table_id,
            since=task.since,
            start=task.start,
            end=task.end,
            size=size,
            sha256=digest.digest(),
            min_ts=summary.min_ts,
            max_ts=summary.max_ts,
            rows=summary.rows,
            tombstones=summary.tombstones,
            bytes=summary.bytes,
        )

    def _spans(
        self, tables: Iterable[TableEntry]
    ) -> Iterator[tuple[TableEntry, bytes, bytes | None]]:
        """Every table cut at `file_size` bytes of what the layer holds of it."""
        for table in tables:
            start = b""
            for cut in self.engine.split(
                Span(table.table_id),
                view=self.view,
                span_bytes=self.layer.file_size,
                since=self._since(table),
            ):
                yield table, start, cut
                start = cut
            yield table, start, None

    def _since(self, table: TableEntry) -> int:
        """0 for a table that the parent does not have: by id, for what it holds may be older."""
        return self.layer.start if table.table_id in self.known else 0

    def _request(self, task: Task) -> ExportRequest:
        layer = self.layer
        identity = hashlib.sha256(layer.store_id + layer.folder.encode()).digest()
        return ExportRequest(
            span=Span(task.table.table_id, task.start, task.end),
            since=task.since,
            revisions=layer.history_from is not None,
            compression=self.compression,
            properties=(
                ("mvcc.since", str(task.since).encode()),
                ("mvcc.store_id", layer.store_id.hex().encode()),
                ("mvcc.table", task.table.name.encode()),
                ("mvcc.table_id", str(task.table.table_id).encode()),
                ("mvcc.until", str(layer.end).encode()),
            ),
            session=base64.b32encode(identity).decode()[:20],
            file_number=task.number,
            creation_time=Timestamp(layer.end).wall_us // 1_000_000,
        )
