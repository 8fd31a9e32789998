"""The virtual environment is made once, and anew when the packages or the Python change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "venv"
PROJECT = """\
[build-system]
requires = []
[project]
dependencies = []
[project.optional-dependencies]
test = []
dev = ["{}"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that needs nothing but pip."""
    (tmp_path / "pyproject.toml").write_text(PROJECT.format("pip"))
    return tmp_path


def make_venv(
    project: Path, python: str | Path = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Runs the script in the project."""
    return subprocess.run(
        [SCRIPT, python, "venv"], cwd=project, capture_output=True, text=True, check=False
    )


def test_environment_is_made_once_for_each_list_of_packages(project: Path) -> None:
    """A second call leaves it alone; a changed list makes it again, from nothing."""
    assert make_venv(project).stdout.startswith("making venv with Python 3.")
    (project / "venv" / "mark").touch()
    again = make_venv(project)
    assert (0, "") == (again.returncode, again.stdout)
    (project / "pyproject.toml").write_text(PROJECT.format("pip>=20.1"))
    assert "making venv" in make_venv(project).stdout
    assert not (project / "venv" / "mark").exists()


def test_failed_installation_is_not_taken_for_an_environment(project: Path) -> None:
    """After a failure the next call will try again."""
    (project / "pyproject.toml").write_text(PROJECT.format("./absent"))
    assert 0 != make_venv(project).returncode
    assert not (project / "venv" / "made-of").exists()


def test_an_old_python_is_refused(project: Path) -> None:
    """One line says what is needed."""
    old = project / "python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make_venv(project, old)
    assert 1 == done.returncode
    assert done.stderr.startswith("Python 3.11 or newer is needed: make PYTHON=")
