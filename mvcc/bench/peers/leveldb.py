"""LevelDB by plyvel: its defaults, every write with `sync`, which flushes the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import ClassVar

import plyvel

from mvcc.bench.peers.interface import Get, Peer, Row


class LevelDB(Peer):
    """A database."""

    name: ClassVar[str] = "plyvel"
    copies: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._db = plyvel.DB(str(folder), create_if_missing=True)

    def put(self, key: bytes, value: bytes) -> None:
        self._db.put(key, value, sync=True)

    def put_many(self, rows: list[Row]) -> None:
        with self._db.write_batch(sync=True) as batch:
            put = batch.put
            for key, value in rows:
                put(key, value)

    def getter(self) -> AbstractContextManager[Get]:
        return nullcontext(self._db.get)

    def scan(self) -> AbstractContextManager[Iterator[Row]]:
        return nullcontext(self._db.iterator())

    def close(self) -> None:
        self._db.close()
