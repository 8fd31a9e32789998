""".ci/run calls every target and ends at the first failure; its last line is pytest's (make is simulated)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "run"

MAKE = """\
#!/usr/bin/env bash
echo "make $1 with $PYTEST_ADDOPTS"
[ "$1" != "$BROKEN" ] || { echo "=== 1 failed, 2 passed in 0.50s ==="; exit 2; }
case $1 in
test) echo "=== 345 passed in 1.25s ==="; echo "more" ;;
coverage) echo "=== 345 passed in 9.99s ===" ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with the script alone."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci")
    (tmp_path / "bin").mkdir()
    make = tmp_path / "bin" / "make"
    make.write_text(MAKE)
    make.chmod(0o755)
    return tmp_path


def run(project: Path, broken: str) -> tuple[int, list[str]]:
    """Runs the script with one broken target; returns its status and what it prints."""
    path = f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [project / ".ci" / "run"],
        env=os.environ | {"PATH": path, "BROKEN": broken},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def targets(lines: list[str]) -> list[str]:
    """The targets that make was called with."""
    return [line.split()[1] for line in lines if line.startswith("make ")]


def test_all_targets_run_and_the_last_line_is_pytests(project: Path) -> None:
    """Five targets in order, each with the guard on skips, then the line of `make test`."""
    status, lines = run(project, "")
    assert 0 == status
    assert ["check", "test", "coverage", "sanitize", "reliability"] == targets(lines)
    assert 5 == sum(f"--allowed-skips={project}/.ci/allowed-skips" in line for line in lines)
    assert "=== 345 passed in 1.25s ===" == lines[-1]


@pytest.mark.parametrize(
    ("broken", "last"),
    [
        ("check", "the test suite did not run"),
        ("test", "=== 1 failed, 2 passed in 0.50s ==="),
        ("sanitize", "=== 345 passed in 1.25s ==="),
    ],
)
def test_a_failed_target_fails_the_run(project: Path, broken: str, last: str) -> None:
    """Nothing runs after it, and pytest's line still ends the output."""
    status, lines = run(project, broken)
    assert 2 == status
    assert broken == targets(lines)[-1]
    assert last == lines[-1]
