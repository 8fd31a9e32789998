"""Workload W: which keys and values, in which order, equal for everybody.

Keys are 16 bytes, values 100 unless said otherwise, half of them random. Equal arguments give equal rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mvcc.demo.workload import ROW_BYTES, ROWS_PER_COMMIT, TABLE, VALUE_BYTES, commits, key

__all__ = [
    "ROWS_PER_COMMIT",
    "ROW_BYTES",
    "TABLE",
    "Rows",
    "batches",
    "commits",
    "key",
    "random_keys",
    "sized_commits",
    "updates",
    "values",
]

Rows = list[tuple[bytes, bytes]]

_POOL = 4096
"""Values of updates are taken from so many in turn."""


def values(count: int, seed: int, size: int = VALUE_BYTES) -> list[bytes]:
    """Values, the first half of each random."""
    data = np.zeros((count, size), dtype=np.uint8)
    half = max(1, size // 2)
    data[:, :half] = np.random.default_rng(seed).integers(0, 256, (count, half), dtype=np.uint8)
    taken = data.tobytes()
    return [taken[size * each : size * (each + 1)] for each in range(count)]


def random_keys(count: int, total: int, seed: int) -> list[bytes]:
    """Keys of rows below `total`, drawn with repetition."""
    return [key(each) for each in np.random.default_rng(seed).integers(0, total, count).tolist()]


def updates(count: int, total: int, seed: int) -> Rows:
    """Random existing keys with new values."""
    pool = values(_POOL, seed)
    return [(each, pool[i % _POOL]) for i, each in enumerate(random_keys(count, total, seed))]


def batches(count: int, per_commit: int, total: int, seed: int) -> Iterator[Rows]:
    """So many commits of updates, made one by one."""
    pool = values(_POOL, seed)
    random = np.random.default_rng(seed)
    for number in range(count):
        drawn = random.integers(0, total, per_commit).tolist()
        yield [(key(each), pool[(number * per_commit + i) % _POOL]) for i, each in enumerate(drawn)]


def sized_commits(total: int, size: int, per_commit: int, seed: int) -> Iterator[Rows]:
    """All rows in order, with values of a size, cut into commits."""
    for first in range(0, total, per_commit):
        count = min(per_commit, total - first)
        made = values(count, seed + first, size)
        yield [(key(first + each), value) for each, value in enumerate(made)]
