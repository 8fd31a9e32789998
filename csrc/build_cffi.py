"""Describes the native extension to cffi: its declarations come from the headers the C code includes.

Everything between the two marks of a public header is the cdef, word for word, so that a declaration
exists once. How the code is compiled is setup.py's matter.
"""

from pathlib import Path

from cffi import FFI

ROOT = Path(__file__).resolve().parent
PUBLIC_HEADERS = ("mv_base.h", "mv_sst.h", "mv_engine.h")
CDEF_BEGIN = "/* cdef: begin */"
CDEF_END = "/* cdef: end */"


def public_declarations() -> str:
    """The declarations of every public header, in the order in which they build on each other."""
    parts = []
    for name in PUBLIC_HEADERS:
        text = (ROOT / name).read_text(encoding="utf-8")
        parts.append(text[text.index(CDEF_BEGIN) + len(CDEF_BEGIN) : text.index(CDEF_END)])
    return "\n".join(parts)


def files(pattern: str) -> list[str]:
    """The paths that match under this folder, relative to the project and in a fixed order."""
    return sorted(str(path.relative_to(ROOT.parent)) for path in ROOT.glob(pattern))


ffi = FFI()
ffi.cdef(public_declarations())
ffi.set_source(
    "mvcc._native._core",
    "\n".join(f'#include "{name}"' for name in PUBLIC_HEADERS),
    sources=files("*/*.c"),
    depends=files("**/*.h"),
    include_dirs=["csrc"],
    py_limited_api=True,
)
