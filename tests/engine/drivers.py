"""Building and running the drivers of tests/c: C programs around a part of the core, without Python."""

from __future__ import annotations

import ctypes.util
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
STRESS_MAIN = ROOT / "tests/c/stress/main.c"
MEMTABLE_STRESS = (STRESS_MAIN, ROOT / "tests/c/stress/memtable.c", *MEMTABLE)
ENGINE_STRESS = (STRESS_MAIN, ROOT / "tests/c/stress/engine.c", ROOT / "tests/c/stress/bank.c")
CORE = tuple(sorted((ROOT / "csrc").glob("*/*.c")))
CORE_LIBRARIES = ("libzstd", "liblz4", "snappy", "zlib")


def build(program: Path, sources: Sequence[Path], *flags: str) -> Path:
    """Compiles a driver and the part of the core that it drives; returns the program.

    A source may be an archive of build_core.
    """
    command = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-g", *flags]
    command += ["-I", str(ROOT / "csrc"), "-I", str(ROOT / "tests/c"), "-o", str(program)]
    command += [*map(str, sources), "-lpthread", "-ldl"]
    if any(source.suffix == ".a" for source in sources):
        command += _pkg_config("--libs")
    subprocess.run(command, check=True)
    return program


def _pkg_config(question: str) -> list[str]:
    command = ["pkg-config", question, *CORE_LIBRARIES, "libxxhash"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def build_core(folder: Path, sources: Sequence[Path], *flags: str) -> Path:
    """Compiles parts of the core once, for several programs; returns their archive."""
    command = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-g", *flags, *_pkg_config("--cflags")]
    command += ["-I", str(ROOT / "csrc"), "-c", *map(str, sources)]
    subprocess.run(command, cwd=folder, check=True)
    objects = sorted(path.name for path in folder.glob("*.o"))
    subprocess.run(["ar", "rcs", "core.a", *objects], cwd=folder, check=True)
    return folder / "core.a"


def run(program: Path, *arguments: object, **variables: str) -> tuple[int, str, str]:
    """Exit status of a driver, its figures, and what it said, as the arguments that run it again.

    `variables` are set in its environment.
    """
    command = [str(program), *map(str, arguments)]
    # A sanitizer that is preloaded into Python has no business in a driver with another one.
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    environment |= {"TSAN_OPTIONS": "halt_on_error=1", **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def run_engine_stress(program: Path, folder: Path, seconds: int) -> tuple[int, str, str]:
    """Runs the stress of the engine on a store that it makes in a folder.

    With the system's LMDB: the wheel's cannot be loaded without a Python around it.
    """
    lmdb = ctypes.util.find_library("lmdb")
    assert lmdb is not None, "install liblmdb0"
    return run(program, seconds, MVCC_LIBLMDB=lmdb, MVCC_STRESS_FOLDER=str(folder))
