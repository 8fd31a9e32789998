"""The arithmetic of the table and its verdicts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mvcc.bench.figures import Row, Spread, judge, ratios

ROW = Row("row", "what", "question", "ours", ("a", "b"), at_least=0.8, aim=1.0)
TIME = replace(ROW, better="lower", at_least=0.5, aim=0.25)
ALONE = replace(ROW, peers=(), better="lower", at_least=100, aim=30)


def test_a_ratio_is_taken_within_its_pair() -> None:
    """A machine that is half as fast in the second pair changes no ratio."""
    assert [2.0, 2.0] == ratios(
        replace(ROW, peers=("a",)), [{"ours": 8, "a": 4}, {"ours": 4, "a": 2}]
    )


def test_the_best_peer_of_each_pair_counts() -> None:
    """The highest rate, or the shortest time."""
    pairs = [{"ours": 6.0, "a": 2.0, "b": 3.0}, {"ours": 6.0, "a": 12.0, "b": 3.0}]
    assert [2.0, 0.5] == ratios(ROW, pairs)
    assert [3.0, 2.0] == ratios(TIME, pairs)


def test_an_incomplete_pair_does_not_count() -> None:
    """Without ours, or without any of the peers."""
    assert [0.5] == ratios(ROW, [{"a": 1.0}, {"ours": 1.0}, {"ours": 1.0, "b": 2.0}])


def test_a_row_without_peers_is_judged_by_its_own_figure() -> None:
    """As a limit in milliseconds is."""
    assert [40.0] == ratios(ALONE, [{"ours": 40.0}])
    assert ("reached", False) == _verdict(ALONE, 40.0)


@pytest.mark.parametrize(
    ("row", "ours", "expected"),
    [
        (ROW, 0.79, ("not reached", False)),
        (ROW, 0.8, ("reached", False)),
        (ROW, 1.0, ("reached", True)),
        (TIME, 0.51, ("not reached", False)),
        (TIME, 0.5, ("reached", False)),
        (TIME, 0.25, ("reached", True)),
        (replace(ROW, at_least=None, aim=None), 0.1, ("-", False)),
    ],
)
def test_a_figure_reaches_what_is_wanted(row: Row, ours: float, expected: object) -> None:
    """From the right side, and the bound itself counts."""
    assert expected == _verdict(row, ours)


def _verdict(row: Row, ours: float) -> tuple[str, bool]:
    found = judge(row, [{"ours": ours, "a": 1.0}])
    return found.verdict, found.aim_reached


def test_the_median_decides_and_the_ends_are_told() -> None:
    """Of ratios, not of medians."""
    pairs = [{"ours": each, "a": 1.0} for each in (0.7, 0.9, 0.8)]
    found = judge(ROW, pairs)
    assert ("reached", Spread(0.8, 0.7, 0.9)) == (found.verdict, found.figure)
    assert (Spread(0.8, 0.7, 0.9), "a", Spread(1.0, 1.0, 1.0)) == (
        found.ours,
        found.peer,
        found.theirs,
    )


def test_what_is_not_built_has_no_figure() -> None:
    """Not even where a pair holds one."""
    found = judge(ROW, [{"ours": 9.0, "a": 1.0}], not_built={"ours": "no log"})
    assert ("not built", "no log", None, None) == (
        found.verdict,
        found.why,
        found.figure,
        found.ours,
    )


def test_a_missing_peer_is_named_and_is_no_success() -> None:
    """Our figure is told without a ratio."""
    found = judge(ROW, [{"ours": 9.0}], skipped={"a": "a is not installed"})
    assert ("no peer", "a is not installed", None, Spread(9.0, 9.0, 9.0)) == (
        found.verdict,
        found.why,
        found.figure,
        found.ours,
    )


def test_nothing_measured_is_no_success() -> None:
    """Without pairs."""
    assert "not measured" == judge(ROW, []).verdict


@pytest.mark.parametrize(("bound", "high", "noise"), [("disk", 1.25, None), ("cpu", 1.25, 0.25)])
def test_pairs_that_lie_apart_are_noisy(bound: str, high: float, noise: float | None) -> None:
    """By more than 15 % where the processor bounds the row, 30 % where the disk does."""
    row = replace(ROW, bound=bound)  # type: ignore[arg-type]
    assert noise == judge(row, [{"ours": each, "a": 1.0} for each in (1.0, high)]).noise


def test_two_runs_that_lie_apart_are_noisy() -> None:
    """Though the pairs of each agree."""
    pairs, earlier = [{"ours": 1.0, "a": 1.0}] * 3, [{"ours": 1.0, "a": 2.0}] * 3
    assert 1.0 == judge(ROW, pairs, earlier=earlier).noise
    assert 1.0 == judge(ROW, earlier, earlier=pairs).noise
    assert None is judge(ROW, pairs, earlier=pairs).noise
