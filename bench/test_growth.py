"""How the cost grows with rows, changes, cores, the size of values, and versions a key."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mvcc.bench.questions import grid
from mvcc.bench.results import GrowthPoint
from mvcc.bench.stock import Stock

Keep = Callable[[list[GrowthPoint]], None]

pytestmark = pytest.mark.large


def test_rows_and_changes(stock: Stock, keep_grid: Keep) -> None:
    """N, 3 N and 10 N rows, each with N/1000, N/100 and N/10 changes."""
    keep_grid(list(grid.sizes_and_changes(stock, [stock.scale.rows * each for each in (1, 3, 10)])))


def test_cores(stock: Stock, keep_grid: Keep) -> None:
    """One core and two."""
    keep_grid(list(grid.cores(stock)))


def test_value_sizes(stock: Stock, keep_grid: Keep) -> None:
    """10 B to 100 KiB."""
    keep_grid(list(grid.value_sizes(stock)))


def test_versions(stock: Stock, keep_grid: Keep) -> None:
    """1, 10 and 100 versions a key."""
    keep_grid(list(grid.versions(stock)))
