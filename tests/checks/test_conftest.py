"""The suite's own conftest: forbidden skips fail a run, and a printed seed replays it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"

SKIPS = """\
import pytest

def test_skipped():
    pytest.skip("no reason")

def test_passed():
    pass

@pytest.mark.xfail
def test_expected_failure():
    assert False
"""

RANDOM = """\
from hypothesis import given, strategies

def test_random(rng):
    print("drawn", rng.random())

@given(strategies.integers())
def test_drawn(number):
    print("drawn", number)
"""


def run_pytest(folder: Path, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs one file of tests under a copy of the conftest."""
    shutil.copy(CONFTEST, folder)
    (folder / "test_it.py").write_text(source, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:benchmark",
        "-p",
        "no:cacheprovider",
        "-rs",
        *arguments,
    ]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def with_allowed(folder: Path, source: str, allowed: str) -> subprocess.CompletedProcess[str]:
    """Runs tests with a list of allowed skips."""
    listing = folder / "allowed"
    listing.write_text(allowed, encoding="utf-8")
    return run_pytest(folder, source, f"--allowed-skips={listing}")


def test_a_skip_outside_the_list_fails(tmp_path: Path) -> None:
    """The test is named; an expected failure is no skip."""
    done = with_allowed(tmp_path, SKIPS, "# nothing\n")
    assert 1 == done.returncode
    named = [line for line in done.stdout.splitlines() if line.startswith("FORBIDDEN SKIP")]
    assert ["FORBIDDEN SKIP test_it.py::test_skipped"] == named


def test_a_skip_of_the_list_passes(tmp_path: Path) -> None:
    """The list names the test by its node id."""
    done = with_allowed(tmp_path, SKIPS, "test_it.py::test_skipped\n")
    assert 0 == done.returncode, done.stdout


def test_a_skipped_module_fails(tmp_path: Path) -> None:
    """A module that skips itself, for example by importorskip, counts too."""
    source = f'import pytest\n\npytest.importorskip("absent")\n\n{SKIPS}'
    done = with_allowed(tmp_path, source, "test_it.py::test_skipped\n")
    assert "FORBIDDEN SKIP test_it.py" in done.stdout
    assert 0 != done.returncode


def test_a_skip_passes_where_no_list_is_given(tmp_path: Path) -> None:
    """On a developer's machine a skip says why, and no more."""
    done = run_pytest(tmp_path, SKIPS)
    assert 0 == done.returncode, done.stdout
    assert "no reason" in done.stdout


def test_the_printed_seed_replays_the_run(tmp_path: Path) -> None:
    """The same seed draws the same numbers for the fixture and for hypothesis, another one others."""
    first = run_pytest(tmp_path, RANDOM, "-s")
    (header,) = [line for line in first.stdout.splitlines() if line.startswith("seed: ")]
    seed = header.split()[1]
    drawn = [line for line in first.stdout.splitlines() if "drawn" in line]
    assert 100 < len(drawn)
    for given, same in ((seed, True), (str(int(seed) ^ 1), False)):
        shutil.rmtree(tmp_path / ".hypothesis", ignore_errors=True)
        again = run_pytest(tmp_path, RANDOM, "-s", f"--hypothesis-seed={given}")
        assert same == (drawn == [line for line in again.stdout.splitlines() if "drawn" in line])
