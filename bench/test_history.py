"""What reading AS OF the first of ten versions costs."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.large
@pytest.mark.question("history")
def test_history(answer: Answer) -> None:
    """Get, scan and full backup."""
    answer("history")
