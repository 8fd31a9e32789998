"""How fast a backup is restored."""

from __future__ import annotations

import pytest

from bench.conftest import Answer


@pytest.mark.question("restore")
def test_restore(answer: Answer) -> None:
    """A full and an incremental, into a new store."""
    answer("restore")
