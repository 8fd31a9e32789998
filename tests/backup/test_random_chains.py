"""Restores of random chains equal the truth; more of them in `make reliability`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.backup.random_chains import RandomChain


@pytest.mark.parametrize("number", range(4))
def test_a_random_chain_comes_back(number: int, rng: random.Random, tmp_path: Path) -> None:
    """Up to eight layers, five instants of it."""
    layers = rng.randrange(1, 9)
    compared = RandomChain(rng, tmp_path / str(number)).run(layers, restores=5)
    assert compared >= 0
