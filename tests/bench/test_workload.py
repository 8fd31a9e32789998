"""The keys and values that everybody gets."""

from __future__ import annotations

import pytest

from mvcc.bench.workload import batches, key, random_keys, sized_commits, updates, values


def test_equal_arguments_give_equal_rows() -> None:
    """So that the peers of a pair, and of the next one, get the same."""
    assert list(batches(3, 10, 100, seed=1)) == list(batches(3, 10, 100, seed=1))
    assert updates(50, 100, seed=1) == updates(50, 100, seed=1)
    assert updates(50, 100, seed=1) != updates(50, 100, seed=2)


def test_updates_hit_existing_keys() -> None:
    """Of rows below the total."""
    existing = {key(each) for each in range(100)}
    assert existing >= set(random_keys(1000, 100, seed=3))
    assert existing >= {name for rows in batches(5, 100, 100, seed=3) for name, _ in rows}


@pytest.mark.parametrize("size", [10, 100, 1024])
def test_half_of_a_value_is_random(size: int) -> None:
    """And the rest zeros, whatever the size."""
    found = values(20, 1, size)
    assert ({size}, {bytes(size - size // 2)}) == (
        {len(each) for each in found},
        {each[size // 2 :] for each in found},
    )
    assert 20 == len({each[: size // 2] for each in found})


def test_sized_rows_come_in_order() -> None:
    """The last commit takes what is left."""
    cut = list(sized_commits(25, 10, 10, seed=1))
    assert [10, 10, 5] == [len(rows) for rows in cut]
    assert [key(each) for each in range(25)] == [name for rows in cut for name, _ in rows]
