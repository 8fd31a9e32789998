"""What an incremental backup costs."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.question("incr")
def test_incr(answer: Answer) -> None:
    """After N/100 random changes."""
    answer("incr")


@pytest.mark.large
@pytest.mark.question("incr at 10 N")
def test_incr_at_ten_n(answer: Answer) -> None:
    """As many changes, in N rows and in ten times as many."""
    answer("incr at 10 N")
