"""SQLite: a write-ahead log with synchronous=FULL, which syncs it at each commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import ClassVar

from mvcc.bench.peers.interface import Get, Peer, Row, sync_folder

PUT = "INSERT OR REPLACE INTO rows VALUES (?, ?)"


class SQLite(Peer):
    """One table, ordered by its key."""

    name: ClassVar[str] = "sqlite3"
    threads: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.mkdir(exist_ok=True)
        self._db = sqlite3.connect(folder / "rows.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID"
        )

    def put(self, key: bytes, value: bytes) -> None:
        self._db.execute(PUT, (key, value))

    def put_many(self, rows: list[Row]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(PUT, rows)
        self._db.execute("COMMIT")

    def getter(self) -> AbstractContextManager[Get]:
        execute = self._db.execute

        def get(key: bytes) -> object:
            found = execute("SELECT value FROM rows WHERE key = ?", (key,)).fetchone()
            return None if found is None else found[0]

        return nullcontext(get)

    def scan(self) -> AbstractContextManager[Iterator[Row]]:
        return nullcontext(self._db.execute("SELECT key, value FROM rows ORDER BY key"))

    def full(self, target: Path) -> None:
        """The online backup."""
        target.mkdir()
        with closing(sqlite3.connect(target / "rows.db")) as copy:
            self._db.backup(copy)
        sync_folder(target)

    def close(self) -> None:
        self._db.close()
