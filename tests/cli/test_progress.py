"""Progress is shown on a terminal, and nowhere else."""

from __future__ import annotations

import pytest

import mvcc
from mvcc.cli.progress import announcements, job_progress


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes rich take standard error for a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")


def test_no_bar_is_drawn_into_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """The job is not even asked for its progress."""
    with job_progress("backup") as progress:
        assert None is progress
    assert ("", "") == capsys.readouterr()


@pytest.mark.usefixtures("terminal")
def test_a_bar_is_drawn_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, so that answers stay clean."""
    with job_progress("backup") as progress:
        assert progress is not None
        progress(mvcc.JobProgress(1, 0.5, rows=10, bytes=100, file_bytes=50))
    out, err = capsys.readouterr()
    assert "" == out
    assert "backup" in err
    assert "50 %" in err


def test_what_is_done_is_said_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Brackets are text."""
    with announcements() as announce:
        announce("loading [a]")
        announce("done")
    assert ("", "loading [a]\ndone\n") == capsys.readouterr()


@pytest.mark.usefixtures("terminal")
def test_a_spinner_says_it_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error."""
    with announcements() as announce:
        announce("loading")
    out, _ = capsys.readouterr()
    assert "" == out
