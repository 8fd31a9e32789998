"""What random puts come to with merges, and the longest commit meanwhile."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.always
@pytest.mark.question("sustained")
def test_sustained(answer: Answer) -> None:
    """Into N rows."""
    answer("sustained")


@pytest.mark.large
@pytest.mark.question("sustained at 10 N")
def test_sustained_at_ten_n(answer: Answer) -> None:
    """Into ten times the rows."""
    answer("sustained at 10 N")
