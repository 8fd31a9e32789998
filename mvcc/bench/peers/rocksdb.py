"""RocksDB by rocksdict: its defaults, every write with `sync`, which flushes the write-ahead log."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import ClassVar, cast

from rocksdict import Checkpoint, Options, Rdict, WriteBatch, WriteOptions

from mvcc.bench.peers.interface import Get, Peer, Row, sync_folder


class RocksDB(Peer):
    """A database of raw bytes."""

    name: ClassVar[str] = "rocksdict"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        self._db = Rdict(str(folder), options)
        self._durable = WriteOptions()
        self._durable.sync = True
        self._db.set_write_options(self._durable)

    def put(self, key: bytes, value: bytes) -> None:
        self._db[key] = value

    def put_many(self, rows: list[Row]) -> None:
        batch = WriteBatch(raw_mode=True)
        put = batch.put
        for key, value in rows:
            put(key, value)
        self._db.write(batch, self._durable)

    def getter(self) -> AbstractContextManager[Get]:
        return nullcontext(self._db.get)

    def scan(self) -> AbstractContextManager[Iterator[Row]]:
        return nullcontext(cast(Iterator[Row], self._db.items()))

    def full(self, target: Path) -> None:
        """A checkpoint (hard links) copied out."""
        links = target.with_name(f"{target.name}.links")
        Checkpoint(self._db).create_checkpoint(str(links))
        shutil.copytree(links, target)
        sync_folder(target)
        shutil.rmtree(links)

    def close(self) -> None:
        self._db.close()
