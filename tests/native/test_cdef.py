"""The extension offers what the public headers declare, no more and no less."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mvcc._native._core import ffi, lib

CSRC = Path(__file__).resolve().parents[2] / "csrc"
HEADERS = sorted(CSRC.glob("mv_*.h"))
CDEF = re.compile(r"/\* cdef: begin \*/(.*)/\* cdef: end \*/", re.DOTALL)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
PROTOTYPE = re.compile(r"\b(mv_\w+)\s*\([^;{}]*\)\s*;")
CONSTANT = re.compile(r"^\s*(?:#define\s+)?(MV_[A-Z0-9_]+)\b(?:\s*=|\s+[-0-9])", re.MULTILINE)


def declarations(header: Path) -> str:
    """The part of a header that Python sees, without comments."""
    (part,) = CDEF.findall(header.read_text(encoding="utf-8"))
    return COMMENT.sub("", part)


def declared_names() -> set[str]:
    """The functions and constants of all public headers."""
    texts = [declarations(header) for header in HEADERS]
    return {name for text in texts for name in PROTOTYPE.findall(text) + CONSTANT.findall(text)}


def test_the_extension_offers_what_is_declared() -> None:
    """A difference means that the extension is older than its headers, or that they hide something."""
    assert declared_names() == set(dir(lib))


@pytest.mark.parametrize("header", HEADERS, ids=lambda path: path.name)
def test_a_public_header_declares_nothing_outside_the_marks(header: Path) -> None:
    """What C code outside could call, Python can call too."""
    text = COMMENT.sub("", CDEF.sub("", header.read_text(encoding="utf-8")))
    assert [] == PROTOTYPE.findall(text) + CONSTANT.findall(text)


def test_every_status_has_its_own_number() -> None:
    """Two results that share a number could not be told apart."""
    numbers = ffi.typeof("enum mv_status").relements
    assert len(numbers) == len(ffi.typeof("enum mv_status").elements)
