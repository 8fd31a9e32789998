"""Every question on few rows: it gives a number for each lane that its rows name."""

from __future__ import annotations

from pathlib import Path

import pytest

import mvcc
from mvcc.bench import suite
from mvcc.bench.figures import Judgement
from mvcc.bench.peers.ours import Ours
from mvcc.bench.questions import grid, memory, sustained
from mvcc.bench.questions.common import in_threads, read_all
from mvcc.bench.questions.load import as_columns
from mvcc.bench.rows import ROWS, rows_of
from mvcc.bench.stock import Scale, Stock
from mvcc.bench.turns import measure
from mvcc.bench.workload import commits
from mvcc.types import StoreStats

ASKED = {**suite.QUESTIONS, **suite.LARGE_QUESTIONS}


@pytest.mark.parametrize("name", ASKED)
def test_a_question_answers_its_rows(stock: Stock, name: str) -> None:
    """With a figure for each, or by saying that ours is not built."""
    outcome = measure(ASKED[name](stock), pairs=1)
    assert name == outcome.question
    found = {judged.row.name: _state(judged) for judged in map(outcome.judge, rows_of(name))}
    assert set(found.values()) <= {"not built", "judged"}, found
    if not outcome.not_built:
        assert {"judged"} == set(found.values())


def _state(judged: Judgement) -> str:
    return judged.verdict if judged.figure is None else "judged"


def test_every_lane_is_above_zero(stock: Stock) -> None:
    """Of a question with all contenders."""
    outcome = measure(suite.QUESTIONS["get"](stock), pairs=2)
    assert all(value > 0 for pair in outcome.pairs for value in pair.values())
    lanes = {"mvcc", "mvcc get_many", "lmdb", "lmdb own transaction"}
    lanes |= {name for name in stock.kinds if name not in ("mvcc", "lmdb")}
    assert lanes == set(outcome.pairs[0])


def test_what_is_not_built_is_said_and_not_measured(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version without the call."""
    monkeypatch.delattr(mvcc.Table, "ingest", raising=False)
    outcome = measure(suite.QUESTIONS["ingest"](stock), pairs=1)
    reasons = dict.fromkeys(("mvcc", "mvcc columns"), "Table.ingest is not there")
    assert ([], reasons) == (outcome.pairs, outcome.not_built)


def test_columns_hold_the_rows() -> None:
    """Key by key and value by value."""
    [rows] = commits(100)
    keys, values = as_columns(rows)
    assert rows == [
        (each.tobytes(), value.tobytes()) for each, value in zip(keys, values, strict=True)
    ]


def test_a_version_without_a_log_has_no_merges_to_measure(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither throughput nor the longest commit."""
    monkeypatch.setattr(sustained, "LOG_FIELD", "no such counter")
    outcome = measure(suite.QUESTIONS["sustained"](stock), pairs=1)
    assert [] == outcome.pairs
    assert {"not built"} == {outcome.judge(row).verdict for row in rows_of("sustained")}


def test_sustained_tells_the_longest_commit_and_the_log(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a counter of today standing for the log's, where there is no log yet."""
    if not sustained.has_log():
        monkeypatch.setattr(sustained, "LOG_FIELD", "free_bytes")
    asked = suite.QUESTIONS["sustained"](stock)
    outcome = measure(asked, pairs=1)
    assert {"mvcc", "mvcc longest commit"} <= set(outcome.pairs[0])
    assert outcome.latencies["mvcc"][-1] == outcome.pairs[0]["mvcc longest commit"]
    assert any("log at the start" in note and "pages" in note for note in outcome.notes)


def test_a_limit_of_the_log_follows_the_size(tmp_path: Path) -> None:
    """Where the store does not tell its own: 64 MiB for a small one."""
    with Ours(tmp_path / "store") as peer:
        assert 64 << 20 == sustained.log_limit(peer)
        assert "file_bytes" in StoreStats.__dataclass_fields__


def test_the_grid_varies_one_thing_at_a_time(stock: Stock) -> None:
    """Each point with the operations that it measured."""
    found = [
        *grid.sizes_and_changes(stock, [2000, 4000]),
        *grid.cores(stock, [1]),
        *grid.value_sizes(stock, [10, 1024]),
        *grid.versions(stock, [1, 2]),
    ]
    assert [("rows", 2000), ("rows", 4000)] == [
        (each.varied, each.at["rows"]) for each in found if each.varied == "rows"
    ]
    assert 6 == sum(each.varied == "changes" and set(each.seconds) == {"incr"} for each in found)
    assert {"cores", "value_bytes", "versions"} <= {each.varied for each in found}
    everything = {"load", "full", "scan", "incr", "restore"}
    assert all(set(each.seconds) == everything for each in found if each.varied == "versions")


def test_a_question_leaves_nothing_but_loaded_stores(stock: Stock) -> None:
    """Copies and backups go, so that a run's disk does not fill up."""
    suite.ask(stock, suite.QUESTIONS["single_put"](stock), 1, "none")
    assert all(path.name.startswith("loaded-") for path in stock.folder.iterdir())


def test_a_scan_that_ends_early_is_noticed() -> None:
    """A figure of half the rows would be twice as good."""
    with pytest.raises(AssertionError, match="ended at"):
        read_all(iter([(b"a", b"")]), b"b")


def test_an_error_in_a_thread_is_raised() -> None:
    """The figure would be too good."""

    def fail(number: int) -> None:
        if number == 3:
            raise ValueError("three")

    with pytest.raises(ValueError, match="three"):
        in_threads(8, fail)


def test_memory_is_the_peak_of_the_process() -> None:
    """A child that touches 50 MiB and lets go of them."""
    small = memory.peak_of("pass")
    held = "data = bytearray(b'x') * (50 << 20)\nfor _ in range(20): data.count(b'y')\n"
    assert 50 << 20 <= memory.peak_of(held) - small + (2 << 20)
    with pytest.raises(RuntimeError, match="no_such"):
        memory.peak_of("no_such()")


def test_the_workload_shrinks_with_its_rows() -> None:
    """And is the specified one at its own size."""
    assert Scale() == Scale.of(2_000_000)
    small = Scale.of(20_000)
    assert (2000, 5, 20, 200_000) == (
        small.gets,
        small.batch_commits,
        small.single_commits,
        small.sustained_puts,
    )
    assert 20_000 == small.with_few_puts().sustained_puts


def test_every_limit_is_told() -> None:
    """Of each row that is judged."""
    assert [] == [row.name for row in ROWS if row.at_least is not None and not row.limit]
