"""Describes the native extension to cffi: its declarations come from the headers the C code includes.

Everything between the two marks of a public header is the cdef, word for word, so that a declaration
exists once. Flags come from the environment: MVCC_CFLAGS, MVCC_LDFLAGS (added last), MVCC_WERROR=1.
"""

import os
import shlex
import subprocess
from pathlib import Path

from cffi import FFI

ROOT = Path(__file__).resolve().parent
PUBLIC_HEADERS = ("mv_base.h", "mv_sst.h", "mv_engine.h")
CDEF_BEGIN = "/* cdef: begin */"
CDEF_END = "/* cdef: end */"
# pkg-config name -> the Debian package that brings it
LIBRARIES = {"libzstd": "libzstd-dev", "liblz4": "liblz4-dev"}


def public_declarations() -> str:
    """The declarations of every public header, in the order in which they build on each other."""
    parts = []
    for name in PUBLIC_HEADERS:
        text = (ROOT / name).read_text(encoding="utf-8")
        parts.append(text[text.index(CDEF_BEGIN) + len(CDEF_BEGIN) : text.index(CDEF_END)])
    return "\n".join(parts)


def pkg_config(option: str, name: str) -> list[str]:
    """What pkg-config says of a library; stops the build with the package's name where it is absent."""
    try:
        done = subprocess.run(
            ["pkg-config", option, name], capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        raise SystemExit("mvcc: pkg-config is missing (Debian: apt-get install pkg-config)") from None
    except subprocess.CalledProcessError:
        package = LIBRARIES[name]
        raise SystemExit(f"mvcc: {name} is missing (Debian: apt-get install {package})") from None
    return shlex.split(done.stdout)


def compile_flags() -> list[str]:
    """Flags of the C compiler."""
    flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", "-g0", "-fvisibility=hidden"]
    flags += [word for name in LIBRARIES for word in pkg_config("--cflags", name)]
    if os.environ.get("MVCC_WERROR") == "1":
        flags.append("-Werror")
    return flags + shlex.split(os.environ.get("MVCC_CFLAGS", ""))


def link_flags() -> list[str]:
    """Flags of the linker."""
    flags = [word for name in LIBRARIES for word in pkg_config("--libs", name)]
    return [*flags, "-ldl", "-lpthread", *shlex.split(os.environ.get("MVCC_LDFLAGS", ""))]


ffi = FFI()
ffi.cdef(public_declarations())
ffi.set_source(
    "mvcc._native._core",
    "\n".join(f'#include "{name}"' for name in PUBLIC_HEADERS),
    sources=sorted(str(path.relative_to(ROOT.parent)) for path in ROOT.glob("*/*.c")),
    depends=sorted(str(path.relative_to(ROOT.parent)) for path in ROOT.glob("**/*.h")),
    include_dirs=["csrc"],
    extra_compile_args=compile_flags(),
    extra_link_args=link_flags(),
    py_limited_api=True,
)
