"""`BackupCollection`: what stands at a destination, for people and programs to look at.

Only reads. What is damaged is listed with its problems: a look at a collection never fails because one
backup in it is bad.
"""

from __future__ import annotations

import os
from typing import get_args

from mvcc.backup import layout
from mvcc.backup.chain import Layer, is_finished, load_chain
from mvcc.backup.find import find, find_latest
from mvcc.backup.verify import Level, verify_chain
from mvcc.errors import (
    BackupCorruptedError,
    BackupNotFoundError,
    FormatVersionError,
    InvalidArgumentError,
)
from mvcc.storage import open_storage
from mvcc.timestamp import Timestamp
from mvcc.types import BackupInfo, BackupRow, LayerInfo, VerifyReport


class BackupCollection:
    """The backups at a destination: a `file:///absolute/path` URI, or a path.

    Nothing is read until a method is called, and any number of threads may call. Each may raise
    DestinationError.
    """

    def __init__(self, uri: str | os.PathLike[str]) -> None:
        """InvalidArgumentError for a URI that means no destination."""
        self._storage = open_storage(uri)

    @property
    def uri(self) -> str:
        """Where it is."""
        return self._storage.uri

    @property
    def latest(self) -> str | None:
        """The name of the latest full backup; None where there is none. BackupCorruptedError."""
        return find_latest(self._storage)

    def backups(self) -> list[BackupInfo]:
        """Every full backup with its increments, oldest first; damaged ones too, with their problems."""
        storage = self._storage
        names = [each for each in layout.list_fulls(storage) if is_finished(storage, each)]
        return sorted(
            map(self._info, names), key=lambda each: (each.end or Timestamp.MAX, each.name)
        )

    def show(self, name: str = layout.LATEST) -> list[BackupRow]:
        """One row for each table of each layer, with the columns of CockroachDB's SHOW BACKUP.

        BackupNotFoundError, BackupCorruptedError where the chain is not whole.
        """
        chain = load_chain(self._storage, find(self._storage, name))
        chain.check()
        return [row for layer in chain.layers for row in _rows(layer)]

    def verify(
        self, name: str = layout.LATEST, level: Level = "files", *, workers: int | None = None
    ) -> VerifyReport:
        """Checks a chain and says what of it can be restored; raises only where it cannot run.

        "manifest": manifests and how they fit together. "files": also each file's size and SHA-256.
        "data": also each file's blocks and rows. BackupNotFoundError, InvalidArgumentError.
        """
        if level not in get_args(Level):
            raise InvalidArgumentError(
                argument="level", given=repr(level), hint="Write 'manifest', 'files' or 'data'."
            )
        try:
            chain = load_chain(self._storage, find(self._storage, name))
        except (BackupCorruptedError, FormatVersionError) as error:
            return VerifyReport(0, 0, 0, 0, (str(error),))
        return verify_chain(self._storage, chain, level, workers)

    def __repr__(self) -> str:
        return f"<BackupCollection {self.uri}>"

    def _info(self, name: str) -> BackupInfo:
        """What is known of a full backup."""
        try:
            chain = load_chain(self._storage, name)
        except (BackupCorruptedError, BackupNotFoundError, FormatVersionError) as error:
            return BackupInfo(name, (), None, None, 0, 0, 0, (), (str(error),))
        ranges = chain.restorable()
        layers = tuple(map(_layer, chain.layers))
        return BackupInfo(
            name=name,
            layers=layers,
            start=ranges[0][0],
            end=ranges[-1][1],
            rows=sum(each.rows for each in layers),
            bytes=sum(each.bytes for each in layers),
            file_bytes=sum(each.file_bytes for each in layers),
            restorable=ranges,
            problems=tuple(map(str, chain.problems)),
        )


def _layer(layer: Layer) -> LayerInfo:
    """A layer's record."""
    manifest = layer.manifest
    return LayerInfo(
        folder=manifest.folder,
        start=None if manifest.parent is None else Timestamp(manifest.start),
        end=Timestamp(manifest.end),
        rows=manifest.rows,
        bytes=manifest.bytes,
        file_bytes=manifest.file_bytes,
        revision_history=manifest.history_from is not None,
    )


def _rows(layer: Layer) -> list[BackupRow]:
    """A layer's tables, by name."""
    manifest = layer.manifest
    rows = []
    for table in sorted(manifest.tables, key=lambda each: each.name):
        files = [each for each in manifest.files if each.table_id == table.table_id]
        database, _, name = table.name.partition(".")
        rows.append(
            BackupRow(
                database_name=database,
                parent_schema_name=None,
                object_name=name,
                object_type="table",
                backup_type="full" if manifest.parent is None else "incremental",
                start_time=None if manifest.parent is None else Timestamp(manifest.start),
                end_time=Timestamp(manifest.end),
                size_bytes=sum(each.bytes for each in files),
                rows=sum(each.rows for each in files),
                is_full_cluster=manifest.targets is None,
                regions="",
                file_bytes=sum(each.size for each in files),
            )
        )
    return rows
