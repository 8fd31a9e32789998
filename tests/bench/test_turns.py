"""In which order contenders are measured."""

from __future__ import annotations

import gc

import pytest

from mvcc.bench.turns import Question, Turn, measure, timed


def test_contenders_take_turns() -> None:
    """A B, then A B again."""
    seen: list[str] = []

    def turn(name: str) -> Turn:
        def run() -> dict[str, float]:
            seen.append(name)
            return {name: float(len(seen))}

        return Turn(name, run)

    outcome = measure(Question("q", "s", 1, [turn("a"), turn("b")]), pairs=2)
    assert ["a", "b", "a", "b"] == seen
    assert [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}] == outcome.pairs


def test_a_turn_is_finished_whatever_happens() -> None:
    """Else a store would stay open."""
    seen: list[str] = []

    def fail() -> dict[str, float]:
        raise ValueError("no")

    turn = Turn("a", fail, lambda: seen.append("prepared"), lambda: seen.append("finished"))
    with pytest.raises(ValueError, match="no"):
        turn.take()
    assert ["prepared", "finished"] == seen


def test_a_question_that_is_not_built_has_no_pairs() -> None:
    """It is not asked."""
    outcome = measure(Question("q", "s", 1, not_built={"mvcc": "not there"}), pairs=3)
    assert ([], {"mvcc": "not there"}) == (outcome.pairs, outcome.not_built)


def test_a_timed_block_is_without_garbage_collection() -> None:
    """Which goes on afterwards."""
    with timed() as watch:
        assert not gc.isenabled()
    assert gc.isenabled()
    assert watch.seconds > 0
