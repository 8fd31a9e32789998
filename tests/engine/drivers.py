"""Building and running the drivers of tests/c: C programs around a part of the core, without Python."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEMTABLE = (
    *sorted((ROOT / "csrc/mvcc").glob("mv_mem*.c")),
    ROOT / "csrc/mvcc/mv_key.c",
    ROOT / "csrc/base/mv_error.c",
)
STRESS = sorted((ROOT / "tests/c/stress").glob("*.c"))


def build(program: Path, sources: Sequence[Path], *flags: str) -> Path:
    """Compiles a driver and the part of the core that it drives; returns the program."""
    command = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-g", *flags]
    command += ["-I", str(ROOT / "csrc"), "-I", str(ROOT / "tests/c"), "-o", str(program)]
    command += [*map(str, sources), "-lpthread"]
    subprocess.run(command, check=True)
    return program


def run(program: Path, *arguments: object) -> tuple[int, str, str]:
    """Exit status of a driver, its figures, and what it said, as the arguments that run it again."""
    command = [str(program), *map(str, arguments)]
    # A sanitizer that is preloaded into Python has no business in a driver with another one.
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    environment["TSAN_OPTIONS"] = "halt_on_error=1"
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr
