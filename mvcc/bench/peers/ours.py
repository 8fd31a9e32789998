"""This store through its public API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import ClassVar

import mvcc
from mvcc.bench.peers.interface import Get, Peer, Row
from mvcc.bench.workload import TABLE


class Ours(Peer):
    """A store with one table."""

    name: ClassVar[str] = "mvcc"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.store = mvcc.open(folder)
        self.table = self.store.create_table(TABLE, exist_ok=True)

    def put(self, key: bytes, value: bytes) -> None:
        self.table.put(key, value)

    def put_many(self, rows: list[Row]) -> None:
        self.table.put_many(rows)

    def getter(self) -> AbstractContextManager[Get]:
        return nullcontext(self.table.get)

    def scan(self) -> AbstractContextManager[Iterator[Row]]:
        return self.table.scan()

    def full(self, target: Path) -> None:
        self.store.backup(target, compression="lz4")

    def close(self) -> None:
        self.store.close()
