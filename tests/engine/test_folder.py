"""A new store comes to its folder as a whole, whoever was killed while making it, however many make it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mvcc
from mvcc.engine import folder
from mvcc.engine.lmdb import open_engine
from mvcc.errors import StorageError, StoreNotFoundError

ROOT = Path(__file__).resolve().parents[2]
MAKERS = 5
MAKE = """
import sys, mvcc
print("ready", flush=True)
sys.stdin.readline()
with mvcc.open(sys.argv[1]) as store:
    print(store.stats().store_id)
"""


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A store's folder as a killed maker has left it."""
    making = tmp_path / "store" / "making"
    making.mkdir(parents=True)
    (making / "data.mdb").write_bytes(bytes(8192))
    (making / "lock.mdb").write_bytes(b"")
    return making.parent


def names(folder: Path) -> set[str]:
    """What is in a folder, but for the file of this boot."""
    return {each.name for each in folder.iterdir() if not each.name.startswith("shared-")}


def test_a_store_whose_maker_was_killed_is_made_by_the_next(left: Path) -> None:
    """Nothing of the first attempt stays."""
    with mvcc.open(left) as store:
        store.create_table("bank.accounts")[b"k"] = b"v"
        assert b"v" == store["bank.accounts"][b"k"]
    assert {"data.mdb", "lock.mdb"} == names(left)


def test_a_store_whose_maker_was_killed_is_not_there_yet(left: Path) -> None:
    """For who does not want to make one."""
    with pytest.raises(StoreNotFoundError):
        mvcc.open(left, create=False)


def test_what_a_killed_maker_left_beside_a_store_goes(tmp_path: Path) -> None:
    """It was killed after the data file had its name."""
    path = tmp_path / "store"
    mvcc.open(path).close()
    (path / "making").mkdir()
    (path / "making" / "lock.mdb").write_bytes(b"")
    mvcc.open(path, create=False).close()
    assert {"data.mdb", "lock.mdb"} == names(path)


def test_processes_that_make_a_store_at_once_find_the_same(tmp_path: Path) -> None:
    """One makes it."""
    path = tmp_path / "store"
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(MAKERS)
    ]
    for maker in makers:
        assert maker.stdout is not None
        assert "ready\n" == maker.stdout.readline()
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("go\n")
        maker.stdin.flush()
    printed = [maker.communicate()[0].strip() for maker in makers]
    assert [0] * MAKERS == [maker.returncode for maker in makers]
    assert 32 == len(printed[0])
    assert 1 == len(set(printed))
    assert {"data.mdb", "lock.mdb"} == names(path)


def test_a_store_whose_name_cannot_be_made_durable_is_not_left_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where no descriptor is free for its folder: an error of ours, and the path can be opened again."""

    def fail(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    open_engine(tmp_path / "s").close()
    with monkeypatch.context() as patch:
        patch.setattr(folder, "sync", fail)
        with pytest.raises(StorageError) as caught:
            open_engine(tmp_path / "s")
    open_engine(tmp_path / "s").close()
    assert errno.EMFILE == caught.value.errno
