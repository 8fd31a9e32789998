"""A store's copy: everything that it holds, in a new folder, or nothing at all."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import mvcc
from mvcc.engine.folder import DATA_FILE
from mvcc.errors import StorageError, StoreClosedError, StoreExistsError
from mvcc.testing import ManualClock

NAME = "bank.accounts"


def history(store: mvcc.Store) -> dict[bytes, list[mvcc.Version]]:
    """Every version of every key of the table."""
    table = store[NAME]
    return {key: table.history(key) for key in (b"a", b"b", b"c")}


def names(folder: Path) -> list[str]:
    """What stands in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_copy_holds_every_version(tmp_path: Path) -> None:
    """Of every table, with the changes, the time and the id; it is a store of its own from then on."""
    clock = ManualClock()
    with mvcc.open(tmp_path / "store", clock=clock) as store:
        table = store.create_table(NAME)
        table.put_many({b"a": b"1", b"b": b"1"})
        table.ingest({b"a": b"2", b"c": b"1"})
        del table[b"b"]
        store.create_table("bank.dropped")[b"k"] = b"v"
        before = store.now()
        store.drop_table("bank.dropped")
        store.copy_to(tmp_path / "copy")
        with mvcc.open(tmp_path / "copy", create=False, clock=clock) as copy:
            assert copy.verify().problems == ()
            assert history(store) == history(copy)
            assert list(store.changes(mvcc.Timestamp(0))) == list(copy.changes(mvcc.Timestamp(0)))
            assert b"v" == copy.as_of(before)["bank.dropped"][b"k"]
            of_store, of_copy = store.stats(), copy.stats()
            assert (of_store.store_id, of_store.last_commit) == (
                of_copy.store_id,
                of_copy.last_commit,
            )
            assert table.put(b"a", b"mine") == copy[NAME].put(b"a", b"its own")
            assert (b"mine", b"its own") == (table[b"a"], copy[NAME][b"a"])


def test_a_copy_has_no_free_pages(tmp_path: Path) -> None:
    """What garbage collection has freed is left behind."""
    with mvcc.open(tmp_path / "store") as store:
        table = store.create_table(NAME)
        for number in range(50):
            table.put_many({b"%03d" % key: b"%d" % number * 500 for key in range(50)})
        store.gc(before=store.now())
        free = store.stats().free_bytes
        store.copy_to(tmp_path / "copy")
        sizes = [(tmp_path / name / DATA_FILE).stat().st_size for name in ("store", "copy")]
        assert sizes[0] - sizes[1] >= free > 0
        with mvcc.open(tmp_path / "copy") as copy:
            assert dict(table.items()) == dict(copy[NAME].items())
            assert 0 == copy.stats().free_bytes


def test_a_copy_is_made_while_others_write(tmp_path: Path) -> None:
    """And shows whole commits, up to one that was made during the call or before it."""
    done = threading.Event()
    with mvcc.open(tmp_path / "store") as store:
        table = store.create_table(NAME)
        table.put_many({b"%04d" % key: b"0" for key in range(2000)})

        def write() -> None:
            number = 0
            while not done.is_set():
                number += 1
                table.put_many({b"%04d" % key: b"%d" % number for key in range(0, 2000, 50)})

        writer = threading.Thread(target=write)
        writer.start()
        first = store.stats().last_commit
        store.copy_to(tmp_path / "copy")
        last = store.now()
        done.set()
        writer.join()
        with mvcc.open(tmp_path / "copy") as copy:
            until = copy.stats().last_commit
            with store.as_of(until) as then:
                assert dict(then[NAME].items()) == dict(copy[NAME].items())
            assert until <= last
            assert list(copy.changes(first, until)) == list(store.changes(first, until))


def test_a_store_that_is_open_for_reading_is_copied(tmp_path: Path) -> None:
    """A copy is made by whoever can read."""
    with mvcc.open(tmp_path / "store") as store:
        store.create_table(NAME)[b"a"] = b"1"
    with mvcc.open(tmp_path / "store", readonly=True) as store:
        store.copy_to(tmp_path / "copy")
    with mvcc.open(tmp_path / "copy", create=False) as copy:
        copy[NAME][b"b"] = b"2"
        assert {b"a": b"1", b"b": b"2"} == dict(copy[NAME].items())


def test_nothing_that_exists_is_copied_onto(tmp_path: Path) -> None:
    """No file, no folder, also an empty one, no link that leads nowhere, not the store itself."""
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with mvcc.open(tmp_path / "store") as store:
        before = names(tmp_path)
        for name in ("file", "folder", "link", "store"):
            with pytest.raises(StoreExistsError):
                store.copy_to(tmp_path / name)
        assert before == names(tmp_path)
        assert (b"mine", []) == (
            (tmp_path / "file").read_bytes(),
            names(tmp_path / "folder"),
        )


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    """Below a file there is no folder."""
    (tmp_path / "file").write_bytes(b"")
    with mvcc.open(tmp_path / "store") as store, pytest.raises(StorageError):
        store.copy_to(tmp_path / "file" / "copy")


FILLS_UP = """
import resource, signal, sys
import mvcc
store = mvcc.open(sys.argv[1], create=False)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
try:
    store.copy_to(sys.argv[2])
except mvcc.StorageError as error:
    print(type(error).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store["bank.accounts"][b"after"] = b"1"
store.copy_to(sys.argv[2])
"""


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Where the file cannot grow; the store goes on, and can be copied once there is room."""
    with mvcc.open(tmp_path / "store") as store:
        store.create_table(NAME).put_many({b"%04d" % key: bytes(1000) for key in range(3000)})
    left = names(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", FILLS_UP, tmp_path / "store", tmp_path / "copy"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (0, "StorageFullError\n", "") == (run.returncode, run.stdout, run.stderr)
    assert ["copy", *left] == names(tmp_path)
    with mvcc.open(tmp_path / "copy", create=False) as copy:
        assert (3001, b"1") == (copy[NAME].count(), copy[NAME][b"after"])


def test_what_a_killed_copy_left_is_cleared_away(tmp_path: Path) -> None:
    """By the next one to the same place."""
    (tmp_path / "copy.copying-7").mkdir()
    (tmp_path / "copy.copying-7" / DATA_FILE).write_bytes(b"half")
    with mvcc.open(tmp_path / "store") as store:
        store.copy_to(tmp_path / "copy")
    assert ["copy", "store"] == names(tmp_path)


def test_a_closed_store_is_not_copied(tmp_path: Path) -> None:
    """And nothing is made."""
    store = mvcc.open(tmp_path / "store")
    store.close()
    with pytest.raises(StoreClosedError):
        store.copy_to(tmp_path / "copy")
    assert ["store"] == names(tmp_path)


def test_a_copy_and_its_store_do_not_share_a_chain(tmp_path: Path) -> None:
    """Both know the full backup; who builds on it first goes on, the other is refused."""
    with mvcc.open(tmp_path / "store") as store:
        store.create_table(NAME)[b"a"] = b"1"
        store.backup(tmp_path / "backups")
        store.copy_to(tmp_path / "copy")
        with mvcc.open(tmp_path / "copy") as copy:
            copy[NAME][b"a"] = b"2"
            copy.backup(tmp_path / "backups", incremental=True)
        store[NAME][b"a"] = b"3"
        with pytest.raises(mvcc.HistoryMismatchError):
            store.backup(tmp_path / "backups", incremental=True)
