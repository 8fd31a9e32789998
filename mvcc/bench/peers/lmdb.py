"""py-lmdb: a transaction a commit, which syncs data and then writes the meta page through O_DSYNC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import ClassVar

import lmdb

from mvcc.bench.peers.interface import Get, Peer, Row, sync_folder

MAP_BYTES = 1 << 36


class LMDB(Peer):
    """An environment with its main database."""

    name: ClassVar[str] = "lmdb"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._env = lmdb.open(str(folder), map_size=MAP_BYTES, max_readers=256)

    def put(self, key: bytes, value: bytes) -> None:
        with self._env.begin(write=True) as txn:
            txn.put(key, value)

    def put_many(self, rows: list[Row]) -> None:
        with self._env.begin(write=True) as txn:
            put = txn.put
            for key, value in rows:
                put(key, value)

    def put_all(self, rows: list[Row]) -> None:
        """One durable commit in one call."""
        with self._env.begin(write=True) as txn, txn.cursor() as cursor:
            cursor.putmulti(rows)

    def getter(self) -> AbstractContextManager[Get]:
        """A read transaction for each call."""
        begin = self._env.begin

        def get(key: bytes) -> object:
            with begin() as txn:
                return txn.get(key)

        return nullcontext(get)

    @contextmanager
    def getter_in_one(self) -> Iterator[Get]:
        """One read transaction for all calls: they see one instant."""
        with self._env.begin() as txn:
            yield txn.get

    @contextmanager
    def scan(self) -> Iterator[Iterator[Row]]:
        with self._env.begin() as txn, txn.cursor() as cursor:
            yield iter(cursor)

    def full(self, target: Path) -> None:
        """The compacting copy."""
        target.mkdir()
        self._env.copy(str(target), compact=True)
        sync_folder(target)

    def close(self) -> None:
        self._env.close()
