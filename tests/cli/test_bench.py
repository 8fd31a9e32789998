"""The command that measures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mvcc.bench import suite
from mvcc.bench.results import Results
from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at these figures: no waiting for the disk, and no strace."""
    monkeypatch.setattr(os, "sync", lambda: None)
    monkeypatch.setattr(suite, "count_syncs", lambda *_: {})


def test_bench_prints_a_table_and_writes_a_page(run: Command, tmp_path: Path) -> None:
    """And leaves nothing in the folder it measured in."""
    work, page = tmp_path / "work", tmp_path / "page.html"
    work.mkdir()
    done = run("bench", "--rows", 1000, "--quick", "--folder", work, "--html", page)
    assert 0 == done.code, done.err
    assert "batch_put" in done.out
    assert " reached; " in done.out.splitlines()[-1]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [] == list(work.iterdir())


def test_bench_answers_in_json(run: Command, tmp_path: Path) -> None:
    """The results as they are kept in files."""
    done = run("bench", "--rows", 1000, "--quick", "--folder", tmp_path, "--json")
    found = Results.of_json(done.json)
    assert 3 == len(found.outcomes["get"].pairs)
    assert 1000 == found.outcomes["get"].rows
    assert {"rows", "changes"} == {point.varied for point in found.grid}


def test_a_page_that_cannot_be_written_is_told_before_measuring(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which takes minutes."""
    measured: list[object] = []
    monkeypatch.setattr(suite, "ask", lambda *args: measured.append(args))
    done = run(
        "bench", "--rows", 1000, "--quick", "--folder", tmp_path, "--html", tmp_path / "no" / "page"
    )
    assert (3, []) == (done.code, measured)
    assert "No such file or directory" in done.err
