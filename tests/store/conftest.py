"""Fixtures: a store over each engine in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mvcc.store import Store
from mvcc.table import Table
from mvcc.testing import ManualClock
from tests.engine.engines import Opener, clock, engine, open_engine

__all__ = ["clock", "engine", "open_engine"]


@pytest.fixture
def store(open_engine: Opener, clock: ManualClock) -> Iterator[Store]:
    """An open, empty store."""
    with Store(open_engine(), clock=clock) as store:
        yield store


@pytest.fixture
def table(store: Store) -> Table:
    """An empty table."""
    return store.create_table("bank.accounts")
