"""A run of bench/ under pytest, as `make bench` starts it, on few rows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mvcc.bench.results import read

ROOT = Path(__file__).parents[2]


def run(results: Path, *arguments: str) -> str:
    """What a run prints; it has to succeed."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "bench", "--rows", "1000"]
    done = subprocess.run(
        [*command, "--pairs", "1", "--results", str(results), *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the results of two short runs, one after the other."""
    path = tmp_path_factory.mktemp("run") / "results.json"
    printed = run(path, "-k", "test_scan or test_ingest")
    assert "reached; " in printed
    assert "not built" in printed or "ingest is not there" not in printed
    run(path, "--large", "-k", "test_incr_at_ten_n or test_cores")
    return path


def test_both_runs_fill_one_table(results: Path) -> None:
    """And the grid beside it."""
    found = read(results)
    assert {"ingest", "scan", "incr at 10 N"} == set(found.outcomes)
    assert {"cores"} == {point.varied for point in found.grid}


def test_what_was_measured_says_when_where_and_of_what(results: Path) -> None:
    """Date, commit, machine and size, of each question by itself."""
    for outcome in read(results).outcomes.values():
        assert outcome.date.startswith("20")
        assert "cores" in outcome.machine
    assert 1000 == read(results).outcomes["scan"].rows
    assert 10_000 == read(results).outcomes["incr at 10 N"].rows


def test_the_pairs_hold_ours_and_the_peers(results: Path) -> None:
    """Of what pytest-benchmark timed, and of what it did not."""
    [pair] = read(results).outcomes["scan"].pairs
    assert {"mvcc", "lmdb", "rocksdict", "sqlite3"} <= set(pair)
