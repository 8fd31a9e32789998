"""What an export costs a row, on one core."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.question("export")
def test_export(answer: Answer) -> None:
    """Into memory, without and with compression."""
    answer("export")
