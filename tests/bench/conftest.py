"""A stock of small stores, for all tests of questions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mvcc.bench import suite
from mvcc.bench.stock import Scale, Stock

ROWS = 2000


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at these figures: no waiting for the disk."""
    monkeypatch.setattr(os, "sync", lambda: None)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stock]:
    """Every contender that is installed, with few rows; ten times as many are three times as many."""
    scale = replace(Scale.of(ROWS), gets=100, batch_commits=2, single_commits=2, large=3)
    with suite.stocked(scale, tmp_path_factory.mktemp("stock")) as made:
        yield made
