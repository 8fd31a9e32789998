"""Many keys at once: the same answers as one by one, whatever their rows look like in the tree."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mvcc.engine.interface import WriteBatch
from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.errors import KeyTooLongError
from tests.engine.history import T, put

ROWS = 6000
OTHER = T + 1

History = dict[int, dict[bytes, bytes | None]]


@pytest.fixture(scope="module", params=[1, 2, 3])
def seed(request: pytest.FixtureRequest) -> int:
    """Printed with a failure, as a part of the test's name: run that name again."""
    value: int = request.param
    return value


def random_key(rnd: random.Random) -> bytes:
    """Short ones, which are each other's beginnings, and some of the full length."""
    return rnd.randbytes(rnd.choice([1, 2, 3, 3, 8, 16, 16, 60, 490]))


def random_value(rnd: random.Random) -> bytes | None:
    """Some are deletions, some too large for a leaf, some too large for the log."""
    length = rnd.choice(
        [None, 0, 10, 100, 100, 100, 1500, 2500, 70_000 if rnd.random() < 0.02 else 9]
    )
    return None if length is None else rnd.randbytes(length)


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> Iterator[tuple[LMDBEngine, History]]:
    """Four commits over one set of keys, the last of them in the log, and what each instant shows."""
    rnd = random.Random(seed)
    folder: Path = tmp_path_factory.mktemp("many")
    keys = sorted({random_key(rnd) for _ in range(ROWS)})
    shown: dict[bytes, bytes | None] = {}
    history: History = {}
    with closing(open_engine(folder / "s")) as engine:
        for part in (1.0, 0.5, 0.5, 0.1):
            batch = {key: random_value(rnd) for key in keys if rnd.random() < part}
            engine.commit(WriteBatch([OTHER] * len(batch), list(batch), [b"other"] * len(batch)))
            shown |= batch
            engine.merge()
            history[put(engine, batch)] = dict(shown)
        yield engine, history


def test_many_keys_are_answered_as_an_oracle_does_at_every_instant(
    world: tuple[LMDBEngine, History], seed: int
) -> None:
    """In any order, some twice, with keys that are absent between those that are there."""
    engine, history = world
    rnd = random.Random(seed)
    for at, shown in history.items():
        asked = [*shown, *(key[:-1] for key in shown), *(key[:489] + b"\0" for key in shown)]
        rnd.shuffle(asked)
        with closing(engine.view(at)) as view:
            assert [shown.get(key) for key in asked] == engine.get_many(T, asked, view=view)
            assert [shown.get(key) for key in asked[:500]] == [
                engine.get(T, key, view=view) for key in asked[:500]
            ]


def test_many_keys_before_the_first_commit_are_absent(tmp_path: Path) -> None:
    """In a tree without a page."""
    with closing(open_engine(tmp_path / "s")) as engine:
        assert [None] * 3 == engine.get_many(T, [b"a", b"b", b""])


def test_a_key_of_the_next_table_is_not_taken_for_one_s_own(tmp_path: Path) -> None:
    """Where a table's last key stands in front of it."""
    with closing(open_engine(tmp_path / "s")) as engine:
        put(engine, {b"a": b"1"})
        put(engine, {b"z": b"2"}, table=OTHER)
        engine.merge()
        assert [None, b"1"] == engine.get_many(T, [b"z", b"a"])


def test_a_key_over_the_limit_is_refused_among_others(tmp_path: Path) -> None:
    """Behind those that fit into one group."""
    with closing(open_engine(tmp_path / "s")) as engine, pytest.raises(KeyTooLongError):
        engine.get_many(T, [b"a"] * 40 + [b"x" * 491])
