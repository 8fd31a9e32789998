"""Includes between the layers of the C core point downwards only, and one layer alone knows LMDB."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSRC = Path(__file__).resolve().parents[2] / "csrc"

# Each layer and what it may include, by folder.
MAY_INCLUDE = {
    "base": {"base"},
    "sst": {"base", "sst"},
    "lmdb": {"base", "lmdb"},
    "mvcc": {"base", "sst", "lmdb", "mvcc"},
}
# The layer from which on a public header may be included.
PUBLIC = {"mv_base.h": "base", "mv_sst.h": "sst", "mv_engine.h": "lmdb"}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
LMDB_NAME = re.compile(r"\b(mdb_\w+|MDB_\w+)")


def violations(layer: str, text: str) -> list[str]:
    """What the text of a file of `layer` includes or names against the table."""
    found = []
    for name in INCLUDE.findall(text):
        target = PUBLIC.get(name) or name.split("/")[0]
        if target not in MAY_INCLUDE[layer]:
            found.append(f"includes {name}")
    if layer != "lmdb":
        found += [f"names {name}" for name in LMDB_NAME.findall(COMMENT.sub("", text))]
    return found


def test_includes_point_downwards() -> None:
    """No C file includes from a layer that its own may not see, and LMDB is called in one layer."""
    found = {}
    for path in sorted(CSRC.glob("*/*.[ch]")):
        texts = violations(path.parent.name, path.read_text(encoding="utf-8"))
        if texts:
            found[str(path.relative_to(CSRC))] = texts
    assert {} == found


def test_every_folder_is_a_layer() -> None:
    """Each folder of csrc/ stands in the table."""
    assert set(MAY_INCLUDE) >= {path.parent.name for path in CSRC.glob("*/*.[ch]")}


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        ("base", '#include "sst/mv_block.h"'),
        ("sst", '#include "lmdb/mv_substrate.h"'),
        ("sst", '#include "mv_engine.h"'),
        ("lmdb", '#include "mvcc/mv_key.h"'),
        ("mvcc", "return mdb_get(txn, dbi, key, out);"),
        ("base", '#include "unknown/mv_thing.h"'),
    ],
)
def test_a_line_against_the_layers_is_seen(layer: str, text: str) -> None:
    """The check itself: one planted line each."""
    assert [] != violations(layer, text)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        ("mvcc", '#include "sst/mv_block.h"\n#include "lmdb/mv_substrate.h"'),
        ("sst", "/* as mdb_cursor_get does */"),
        ("lmdb", '#include "mv_base.h"\nreturn api->mdb_get(txn);'),
    ],
)
def test_a_line_that_is_allowed_passes(layer: str, text: str) -> None:
    """The check itself: lines that obey."""
    assert [] == violations(layer, text)
