"""Builds the one native extension, `mvcc._native._core` (cffi API mode, abi3).

csrc/build_cffi.py says what is compiled; this file says how. Flags come from the environment: MVCC_CFLAGS and
MVCC_LDFLAGS are added last, MVCC_WERROR=1 turns warnings into errors. Nothing but a build of the extension
asks for the libraries, so that a source archive can be made on a machine without them.
"""

import os
import shlex
import subprocess

from setuptools import setup
from setuptools.command.build_ext import build_ext

CFLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", "-g0", "-fvisibility=hidden"]
LDFLAGS = ["-ldl", "-lpthread"]
# pkg-config's name of a library -> the Debian package that brings it
LIBRARIES = {
    "libzstd": "libzstd-dev",
    "liblz4": "liblz4-dev",
    "snappy": "libsnappy-dev",
    "zlib": "zlib1g-dev",
}
# The same for what is headers alone to us: compiled in, never linked.
HEADERS = {"libxxhash": "libxxhash-dev"}
# Some Pythons put run paths and library folders of their own build into every link command.
FOREIGN_FLAGS = ("-Wl,-rpath", "-Wl,--rpath", "-Wl,-R", "-L")


class BuildExt(build_ext):
    """build_ext with the flags of this project and without the folders of Python's own build."""

    def build_extensions(self) -> None:
        wanted = LIBRARIES | HEADERS
        missing = [package for name, package in wanted.items() if not is_known(name)]
        if missing:
            raise SystemExit(
                f"mvcc: headers are missing (Debian: apt-get install {' '.join(missing)})"
            )
        for command in ("linker_so", "compiler_so"):
            words = getattr(self.compiler, command)
            kept = [word for word in words if not word.startswith(FOREIGN_FLAGS)]
            setattr(self.compiler, command, kept)
        for extension in self.extensions:
            extension.extra_compile_args = compile_flags()
            extension.extra_link_args = link_flags()
        super().build_extensions()


def pkg_config(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs pkg-config; stops the build with one line where there is none."""
    try:
        return subprocess.run(
            ["pkg-config", *arguments], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise SystemExit(
            "mvcc: pkg-config is missing (Debian: apt-get install pkg-config)"
        ) from None


def is_known(library: str) -> bool:
    """Whether pkg-config knows a library, which it does from the package that has its headers."""
    return pkg_config("--exists", library).returncode == 0


def compile_flags() -> list[str]:
    """Flags of the C compiler."""
    flags = [*CFLAGS, *shlex.split(pkg_config("--cflags", *LIBRARIES, *HEADERS).stdout)]
    if os.environ.get("MVCC_WERROR") == "1":
        flags.append("-Werror")
    return flags + shlex.split(os.environ.get("MVCC_CFLAGS", ""))


def link_flags() -> list[str]:
    """Flags of the linker."""
    flags = [*LDFLAGS, *shlex.split(pkg_config("--libs", *LIBRARIES).stdout)]
    return flags + shlex.split(os.environ.get("MVCC_LDFLAGS", ""))


setup(
    cffi_modules=["csrc/build_cffi.py:ffi"],
    cmdclass={"build_ext": BuildExt},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
