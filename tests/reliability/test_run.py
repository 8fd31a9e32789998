"""The table of promises: a row counts as proved only where its tests ran and passed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability import run
from tests.reliability.promises import PROMISES, ROWS, Row

PASSING = """
def test_a(record_property):
    record_property("figure", "20 of 20")
"""


def outcome_of(folder: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> run.Outcome:
    """Runs one file of tests as a row does."""
    path = folder / "test_row.py"
    path.write_text(source, encoding="utf-8")
    monkeypatch.setattr(run, "REPORTS", folder)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return run.run(Row(("R1",), "planted", "all", (str(path),)), 0)


def test_a_row_that_passes_is_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its figure is the one that its test records."""
    outcome = outcome_of(tmp_path, PASSING, monkeypatch)
    assert ("proved", ("20 of 20",)) == (outcome.result, outcome.figures)


@pytest.mark.parametrize(
    "source",
    [
        "def test_a(): assert False",
        "def test_a(absent): pass",
        "import pytest\ndef test_a(): pytest.skip('no')",
        "no python",
        "",
    ],
    ids=["failed", "error", "skipped", "uncollected", "empty"],
)
def test_a_row_that_does_not_pass_is_not_proved(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed, skipped or missing test proves nothing."""
    assert "FAILED" == outcome_of(tmp_path, source, monkeypatch).result


def test_every_promise_stands_in_the_table() -> None:
    """A promise with a row shows its result, one without says so."""
    row = Row(("R2",), "aspect", "all", ("tests/a.py",))
    outcomes = {row: run.Outcome(3, 0, ("7 of 7",), 1.0)}
    text = {promise: "\n".join(run.lines_of(promise, outcomes)) for promise in PROMISES}
    assert "no test yet" in text["R1"]
    for part in ("proved: aspect", "tests/a.py", "demanded: all", "reached:  7 of 7"):
        assert part in text["R2"]


def test_every_row_names_a_promise_and_tests_that_exist() -> None:
    """A row whose files are gone would fail only when it is run."""
    root = Path(__file__).resolve().parents[2]
    for row in ROWS:
        assert row.promises
        assert set(row.promises) <= set(PROMISES)
        assert all((root / test.partition("::")[0]).exists() for test in row.tests)
