"""How fast sorted rows are loaded."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.question("load")
def test_load(answer: Answer) -> None:
    """N sorted keys, 10,000 a commit."""
    answer("load")
