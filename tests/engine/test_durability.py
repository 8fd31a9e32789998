"""What a commit waits for, counted at the C library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mvcc.engine.lmdb import open_engine
from mvcc.errors import InvalidArgumentError
from tests.engine.history import T, rows_at

ROOT = Path(__file__).resolve().parents[2]
COMMITS = 20
COUNTS = f"""
import ctypes, sys
from mvcc.engine.lmdb import open_engine
engine = open_engine(sys.argv[1], **({{"durability": sys.argv[2]}} if sys.argv[2:] else {{}}))
engine.put({T}, b"first", b"")
counts = [getattr(ctypes.CDLL(None), name) for name in ("count_syncs", "count_synced_writes")]
before = [count() for count in counts]
for number in range({COMMITS}):
    engine.put({T}, b"%d" % number, b"")
print(*(count() - b for count, b in zip(counts, before)))
"""


@pytest.fixture(scope="session")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that counts."""
    library = tmp_path_factory.mktemp("count") / "count_syncs.so"
    command = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([*command, str(ROOT / "tests/engine/count_syncs.c"), "-ldl"], check=True)
    return library


def counted(counter: Path, store: Path, *durability: str) -> tuple[int, int]:
    """Syncs, and writes that are synced, of some commits of one row."""
    preload = " ".join(filter(None, [os.environ.get("LD_PRELOAD"), str(counter)]))
    run = subprocess.run(
        [sys.executable, "-c", COUNTS, store, *durability],
        env={**os.environ, "LD_PRELOAD": preload, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    syncs, writes = map(int, run.stdout.split())
    return syncs, writes


@pytest.mark.parametrize("durability", [(), ("full",)], ids=["by default", "full"])
def test_a_commit_syncs_its_pages_then_its_meta_page(
    counter: Path, tmp_path: Path, durability: tuple[str, ...]
) -> None:
    """Both are on disk when it returns."""
    assert (COMMITS, COMMITS) == counted(counter, tmp_path / "store", *durability)


def test_a_relaxed_commit_does_not_wait_for_its_meta_page(counter: Path, tmp_path: Path) -> None:
    """Its pages are synced first, so that the store is sound whichever meta page is on disk."""
    assert (COMMITS, 0) == counted(counter, tmp_path / "store", "relaxed")
    engine = open_engine(tmp_path / "store", create=False)
    assert COMMITS + 1 == len(rows_at(engine))
    engine.close()


@pytest.mark.parametrize("durability", ["none", "", None, "FULL"])
def test_another_durability_is_refused(tmp_path: Path, durability: Any) -> None:
    """With the two that there are; nothing is made."""
    with pytest.raises(InvalidArgumentError, match="relaxed"):
        open_engine(tmp_path / "store", durability=durability)
    assert [] == list(tmp_path.iterdir())
