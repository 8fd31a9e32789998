"""An adapter that is not durable, for the check of durability to catch."""

from __future__ import annotations

from pathlib import Path

import lmdb

from mvcc.bench.peers.lmdb import LMDB, MAP_BYTES


class Careless(LMDB):
    """LMDB that syncs nothing."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._env.close()
        self._env = lmdb.open(str(folder), map_size=MAP_BYTES, sync=False)
