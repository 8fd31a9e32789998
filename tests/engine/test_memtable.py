"""The memtable of the core, by C drivers that know its order and its rows from elsewhere."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    *sorted((ROOT / "csrc/mvcc").glob("mv_mem*.c")),
    ROOT / "csrc/mvcc/mv_key.c",
    ROOT / "csrc/base/mv_error.c",
)


def build(folder: Path, driver: str, *flags: str) -> Path:
    """Compiles a driver of tests/c with the memtable alone; returns the program."""
    program = folder / Path(driver).stem
    command = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-g", *flags]
    command += ["-I", str(ROOT / "csrc"), "-I", str(ROOT / "tests/c"), "-o", str(program)]
    command += [str(ROOT / "tests/c" / driver), *map(str, SOURCES), "-lpthread"]
    subprocess.run(command, check=True)
    return program


def run(program: Path, *arguments: object) -> tuple[int, str]:
    """Exit status of a driver, and what it said: with a seed, the arguments that run it again."""
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver of random rows."""
    return build(tmp_path_factory.mktemp("memtable"), "memtable.c")


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), rows=st.integers(1, 700))
def test_rows_come_back_as_from_a_sorted_array(driver: Path, seed: int, rows: int) -> None:
    """Seeks, finds and scans of both directions agree with a sorted array, for any keys in any order."""
    status, said = run(driver, seed, rows)
    assert 0 == status, said


def test_an_allocation_that_fails_leaves_no_row(tmp_path: Path) -> None:
    """Wherever memory is out, the row is missing, the rest is whole, and the row can be added again."""
    program = build(tmp_path, "oom/memtable.c", "-DMVCC_OOM")
    assert (0, "") == run(program)
