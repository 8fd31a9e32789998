"""Backups that main has written once stay readable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import mvcc
from tests.backup.golden import COLLECTIONS, content

NUMBERS = sorted(path.name for path in COLLECTIONS.iterdir())


def copied(number: str, folder: Path) -> Path:
    """A collection to work on: a look at it takes locks beside it."""
    shutil.copytree(COLLECTIONS / number / "collection", folder / "collection")
    return folder / "collection"


@pytest.mark.parametrize("number", NUMBERS)
def test_a_golden_collection_restores_to_the_end_of_each_layer(number: str, tmp_path: Path) -> None:
    """Byte for byte what was in the store then."""
    uri = copied(number, tmp_path)
    expected = json.loads((COLLECTIONS / number / "expected.json").read_text())
    found = {}
    for end in expected:
        mvcc.restore(uri, tmp_path / end, as_of=mvcc.Timestamp(int(end)))
        with mvcc.open(tmp_path / end, create=False) as store:
            found[end] = content(store)
    assert expected == found


@pytest.mark.parametrize("number", NUMBERS)
def test_a_golden_collection_verifies(number: str, tmp_path: Path) -> None:
    """At the deepest level."""
    report = mvcc.BackupCollection(copied(number, tmp_path)).verify("LATEST", level="data")
    assert () == report.problems


@pytest.mark.parametrize("number", NUMBERS)
def test_an_instant_inside_a_golden_revision_history_can_be_restored(
    number: str, tmp_path: Path
) -> None:
    """Each of the three rounds of the last layer is one."""
    uri = copied(number, tmp_path)
    ends = sorted(
        int(end) for end in json.loads((COLLECTIONS / number / "expected.json").read_text())
    )
    mvcc.restore(uri, tmp_path / "last", as_of=mvcc.Timestamp(ends[-1]))
    seen = set()
    for tick in range(4):
        at = mvcc.Timestamp(((ends[1] >> 12) + 1_000_000 << 12) + tick)
        mvcc.restore(uri, tmp_path / str(tick), as_of=at)
        with mvcc.open(tmp_path / str(tick), create=False) as store:
            seen.add(store["bank.accounts"][b"0000"])
    assert {b"round 0", b"round 1", b"round 2"} <= seen
