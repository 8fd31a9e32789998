"""How fast random keys are read."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.question("get")
def test_get(answer: Answer) -> None:
    """A call each, and many a call."""
    answer("get")
