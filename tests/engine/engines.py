"""The engines that every test of the interface, and of the store layer, runs on: fixtures to import."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from mvcc.engine.interface import Engine
from mvcc.engine.lmdb import LMDBEngine
from mvcc.engine.lmdb import open_engine as open_lmdb
from mvcc.testing import ManualClock
from tests.engine.memory import Disk, MemoryEngine


class Opener(Protocol):
    """Opens the test's engine; after a close again, with what was committed."""

    def __call__(self, *, readonly: bool = False) -> Engine:
        """An engine over the test's disk or folder."""
        ...


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still until it is told to move."""
    return ManualClock()


@pytest.fixture(params=["memory", "lmdb"])
def open_engine(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[Opener]:
    """Opens engines of one kind; closes them all at the end."""
    disk, engines = Disk(), list[Engine]()

    def opener(*, readonly: bool = False) -> Engine:
        engine: Engine
        if request.param == "memory":
            engine = MemoryEngine(disk, str(tmp_path), readonly=readonly, clock=clock)
        else:
            engine = open_lmdb(tmp_path / "store", readonly=readonly, clock=clock)
        engines.append(engine)
        return engine

    yield opener
    for engine in engines:
        engine.close()


@pytest.fixture
def engine(open_engine: Opener) -> Engine:
    """An open, empty engine."""
    return open_engine()


@pytest.fixture
def lmdb_engine(tmp_path: Path) -> Iterator[LMDBEngine]:
    """An open, empty engine over LMDB, for what it alone can get wrong."""
    engine = open_lmdb(tmp_path / "store")
    yield engine
    engine.close()
