"""How fast all rows are read."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.question("scan")
def test_scan(answer: Answer) -> None:
    """As tuples, and as batches of columns."""
    answer("scan")
