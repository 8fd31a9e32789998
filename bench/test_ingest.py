"""How fast sorted rows are taken in by one call."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.question("ingest")
def test_ingest(answer: Answer) -> None:
    """N sorted keys."""
    answer("ingest")
