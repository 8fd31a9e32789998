"""Test builds of the core: with places to stop at, and with one planted bug or none.

What does not name the bug is compiled once for all of them.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sysconfig
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from csrc.build_cffi import ffi

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("libzstd", "liblz4", "snappy", "zlib")
CFLAGS = ("-std=c11", "-D_GNU_SOURCE", "-O1", "-g0", "-fPIC", "-fvisibility=hidden")
NONE = "none"


def _pkg_config(option: str, *names: str) -> list[str]:
    found = subprocess.run(
        ["pkg-config", option, *names], capture_output=True, text=True, check=True
    )
    return shlex.split(found.stdout)


def _sources() -> list[Path]:
    """All of the core, and what test builds add."""
    return [*sorted((ROOT / "csrc").glob("*/*.c")), ROOT / "tests/planted/pause.c"]


def _names(source: Path, bug: str) -> bool:
    """Whether a source plants a bug."""
    text = source.read_text(encoding="utf-8")
    return re.search(rf"mv_planted\({bug.upper()}\)", text) is not None


class Builds:
    """The builds of one run, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._flags = [
            *CFLAGS,
            *_pkg_config("--cflags", *LIBRARIES, "libxxhash"),
            f"-I{ROOT / 'csrc'}",
            f"-I{sysconfig.get_path('include')}",
        ]
        self._libraries = [*_pkg_config("--libs", *LIBRARIES), "-ldl", "-lpthread"]
        boundary = folder / "_core.c"
        ffi.emit_c_code(str(boundary))
        self._shared = self._compile([boundary, *_sources()], NONE)

    def core(self, bug: str) -> Path:
        """Builds the core with one bug, or NONE; gives its file."""
        planted = (
            {} if bug == NONE else self._compile([s for s in _sources() if _names(s, bug)], bug)
        )
        assert planted or bug == NONE, f"no source plants {bug}"
        made = self._folder / bug / "_core.abi3.so"
        objects = {**self._shared, **planted}.values()
        subprocess.run(
            ["gcc", "-shared", "-o", str(made), *map(str, objects), *self._libraries], check=True
        )
        return made

    def _compile(self, sources: Iterable[Path], bug: str) -> dict[Path, Path]:
        """The object of each source, by source."""
        folder = self._folder / bug
        folder.mkdir()

        def compile_one(source: Path) -> tuple[Path, Path]:
            made = folder / f"{source.parent.name}-{source.stem}.o"
            flags = [*self._flags, f"-DMVCC_PLANT=MV_PLANT_{bug.upper()}"]
            subprocess.run(["gcc", *flags, "-c", "-o", str(made), str(source)], check=True)
            return source, made

        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return dict(threads.map(compile_one, sources))
