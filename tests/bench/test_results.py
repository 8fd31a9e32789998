"""Outcomes in a file: the newest of each question."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvcc.bench.results import (
    QUANTILES,
    GrowthPoint,
    Outcome,
    Results,
    latencies_of,
    machine,
    read,
    write,
)


def outcome(ours: float, *, commit: str = "abc", rows: int = 10, question: str = "get") -> Outcome:
    """An outcome with one pair."""
    pair = {"mvcc": ours, "lmdb own transaction": 1.0}
    return Outcome(question, "keys/s", rows, [pair], commit=commit, machine="this one")


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    """All of them, and nothing is left beside it."""
    results = Results(grid=[GrowthPoint("rows", {"rows": 1.0}, {"full": 2.0})], grid_date="today")
    results.add(outcome(1.0))
    write(tmp_path / "found" / "results.json", results)
    assert results == read(tmp_path / "found" / "results.json")
    assert ["results.json"] == [each.name for each in (tmp_path / "found").iterdir()]


def test_no_file_is_no_results(tmp_path: Path) -> None:
    """As in a first run."""
    assert Results() == read(tmp_path / "none.json")


def test_another_format_is_refused() -> None:
    """Rather than read as something else."""
    with pytest.raises(ValueError, match="format 99"):
        Results.of_json({"format": 99})


def test_the_newest_outcome_of_a_question_stands() -> None:
    """Other questions stay."""
    results = Results()
    for each in (outcome(1.0), outcome(5.0, question="scan"), outcome(2.0)):
        results.add(each)
    assert {"get": 2.0, "scan": 5.0} == {
        name: each.pairs[0]["mvcc"] for name, each in results.outcomes.items()
    }


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (outcome(1.0), outcome(2.0), 1),
        (outcome(1.0, commit="old"), outcome(2.0), 0),
        (outcome(1.0, rows=20), outcome(2.0), 0),
        (outcome(1.0, commit="abc+"), outcome(2.0, commit="abc+"), 0),
    ],
)
def test_a_run_is_compared_with_one_of_the_same_commit(
    before: Outcome, after: Outcome, kept: int
) -> None:
    """And size; files that differ from the commit may differ between the runs too."""
    results = Results()
    results.add(before)
    results.add(after)
    assert kept == len(results.outcomes["get"].earlier)


def test_a_row_without_an_outcome_is_not_measured() -> None:
    """Every row has a verdict."""
    results = Results()
    results.add(outcome(0.9))
    found = {judged.row.name: judged.verdict for judged in results.judgements()}
    assert "reached" == found.pop("get")
    assert {"not measured", "no peer"} == set(found.values())


def test_latencies_are_kept_at_quantiles() -> None:
    """In milliseconds, the shortest first and the longest last."""
    found = latencies_of([each / 1000 for each in range(1001)][::-1])
    assert len(QUANTILES) == len(found)
    assert pytest.approx([0.0, 500.0, 1000.0]) == [found[0], found[50], found[-1]]


def test_the_machine_is_told_without_its_name(tmp_path: Path) -> None:
    """Processor, cores, memory, kernel, file system, Python."""
    assert "cores, " in machine(tmp_path)
    assert "Python 3." in machine(tmp_path)
