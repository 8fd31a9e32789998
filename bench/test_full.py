"""How fast a consistent full backup is, files synced."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.question("full")
def test_full(answer: Answer) -> None:
    """Of N rows."""
    answer("full")


@pytest.mark.large
@pytest.mark.question("full at 10 N")
def test_full_at_ten_n(answer: Answer) -> None:
    """Of ten times the rows."""
    answer("full at 10 N")
