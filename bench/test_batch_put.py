"""How fast random keys are put, 1,000 a commit."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.question("batch_put")
def test_batch_put(answer: Answer) -> None:
    """Existing keys, durably."""
    answer("batch_put")
