"""How fast random keys are put, one a commit."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.question("single_put")
def test_single_put(answer: Answer) -> None:
    """From one thread, durably."""
    answer("single_put")


@pytest.mark.question("single_put 8")
def test_single_put_in_8_threads(answer: Answer) -> None:
    """From 8 threads."""
    answer("single_put 8")
