"""How a store's files are opened: which LMDB, once a process, never after a fork, never damaged ones."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
from pathlib import Path

import lmdb
import lmdb.cpython
import pytest

from mvcc._native import library, pages
from mvcc.engine.interface import ExportRequest, ScanRequest, Span, WriteBatch
from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.errors import (
    ForkedStoreError,
    FormatVersionError,
    NotAStoreError,
    ReadOnlyError,
    StorageFullError,
    StoreAlreadyOpenError,
    StoreBusyError,
    StoreClosedError,
    StoreCorruptedError,
    StoreNotFoundError,
    TimestampInFutureError,
)
from tests.engine.records import seal

USES_A_STORE = """
import sys
from mvcc._native import library
from mvcc.engine.interface import WriteBatch
from mvcc.engine.lmdb import open_engine
engine = open_engine(sys.argv[1])
batch = WriteBatch()
batch.add(100, b"key", b"value")
engine.commit(batch)
print(library.version(), engine.get(100, b"key"))
"""


SHOWS_READERS = """
import lmdb, sys
print(lmdb.open(sys.argv[1], max_dbs=8, readonly=True).readers())
"""

PLACES_FOR_SNAPSHOTS = 8192


def write(engine: LMDBEngine, key: bytes = b"key", value: bytes = b"value") -> int:
    """One commit."""
    batch = WriteBatch()
    batch.add(100, key, value)
    return engine.commit(batch)


def fill(engine: LMDBEngine) -> None:
    """100 MB, which a small map cannot take."""
    for n in range(1000):
        write(engine, b"%d" % n, bytes(100_000))


def run(folder: Path, liblmdb: str | None) -> subprocess.CompletedProcess[str]:
    """A store used in a process of its own, with MVCC_LIBLMDB set or not."""
    env = {name: value for name, value in os.environ.items() if name != "MVCC_LIBLMDB"}
    if liblmdb is not None:
        env["MVCC_LIBLMDB"] = liblmdb
    return subprocess.run(
        [sys.executable, "-c", USES_A_STORE, str(folder)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


# -- which LMDB ----------------------------------------------------------------------------------


def test_the_wheel_is_the_first_choice() -> None:
    """Its extension module, by the prefix of LMDB 0.9."""
    assert (lmdb.cpython.__file__, "mdb09_") == library.candidates()[0]


def test_a_store_works_with_the_wheel(tmp_path: Path) -> None:
    """LMDB 0.9.36 as the wheel brings it."""
    done = run(tmp_path / "s", None)
    assert ("LMDB 0.9.36", "b'value'\n") == (done.stdout[:11], done.stdout.split()[-1] + "\n")


def test_a_store_works_with_a_named_library(tmp_path: Path) -> None:
    """MVCC_LIBLMDB may name the wheel's module or any liblmdb 0.9."""
    done = run(tmp_path / "s", lmdb.cpython.__file__)
    assert (0, True) == (done.returncode, "b'value'" in done.stdout)


def test_a_store_works_with_the_system_s_library(tmp_path: Path) -> None:
    """The unprefixed functions of Debian's liblmdb0."""
    found = ctypes.util.find_library("lmdb")
    assert found is not None, "install liblmdb0"
    done = run(tmp_path / "s", found)
    assert (0, True) == (done.returncode, "b'value'" in done.stdout)


def test_a_library_without_the_functions_is_refused(tmp_path: Path) -> None:
    """The error names the file and the symbol."""
    done = run(tmp_path / "s", "libm.so.6")
    assert "LibraryError: LMDB cannot be loaded from libm.so.6" in done.stderr
    assert "has no function mdb_" in done.stderr


def test_a_library_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The error carries the loader's words."""
    done = run(tmp_path / "s", "/nonexistent/liblmdb.so")
    assert "LibraryError: LMDB cannot be loaded from /nonexistent/liblmdb.so" in done.stderr


# -- once a process, and only in that process ----------------------------------------------------


def test_a_second_open_names_the_first(tmp_path: Path) -> None:
    """By file and line."""
    engine = open_engine(tmp_path / "s")
    with pytest.raises(StoreAlreadyOpenError) as raised:
        open_engine(tmp_path / "s")
    engine.close()
    assert Path(__file__).name == Path(raised.value.opened_at.rsplit(":", 1)[0]).name


def test_a_second_open_by_a_symlink_is_refused(tmp_path: Path) -> None:
    """Device and inode are compared, not names."""
    engine = open_engine(tmp_path / "s")
    (tmp_path / "link").symlink_to(tmp_path / "s")
    with pytest.raises(StoreAlreadyOpenError):
        open_engine(tmp_path / "link")
    engine.close()


def test_a_closed_store_can_be_opened_again(tmp_path: Path) -> None:
    """The registry forgets what is closed."""
    for _ in range(3):
        engine = open_engine(tmp_path / "s")
        write(engine)
        engine.close()


def test_a_forked_child_is_refused_and_may_open_anew(tmp_path: Path) -> None:
    """Inherited handles raise; a new one reads and writes; the parent goes on."""
    engine = open_engine(tmp_path / "s")
    write(engine)
    view = engine.view()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with pytest.raises(ForkedStoreError):
                engine.get(100, b"key")
            with pytest.raises(ForkedStoreError):
                write(engine)
            view.close()
            engine.close()
            own = open_engine(tmp_path / "s")
            write(own, b"child", b"wrote")
            own.close()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    found = (os.waitstatus_to_exitcode(status), engine.get(100, b"child"), engine.info().pins)
    engine.close()
    assert (0, b"wrote", 1) == found


def test_a_pin_ends_with_its_process(tmp_path: Path) -> None:
    """A child that is killed with a view open holds nothing back."""
    engine = open_engine(tmp_path / "s")
    write(engine, value=b"old")
    ready, opened = os.pipe()
    never, _ = os.pipe()
    child = os.fork()
    if child == 0:
        own = open_engine(tmp_path / "s")
        pinned = own.view()
        os.write(opened, b"x")
        os.read(never, 1)
        os._exit(pinned.timestamp > 0)
    os.read(ready, 1)
    last = write(engine, value=b"new")
    held = engine.gc(last).versions, engine.info().pins
    os.kill(child, 9)
    os.waitpid(child, 0)
    freed = engine.gc(last).versions, engine.info().pins
    engine.close()
    assert ((0, 1), (1, 0)) == (held, freed)


def test_places_of_killed_processes_are_free_for_new_snapshots(tmp_path: Path) -> None:
    """Somebody takes every place and is killed: the next snapshot is not one too many."""
    engine = open_engine(tmp_path / "s")
    child = os.fork()
    if child == 0:
        own = open_engine(tmp_path / "s")
        views = [own.view() for _ in range(PLACES_FOR_SNAPSHOTS)]
        with pytest.raises(StoreBusyError):
            own.view()
        os._exit(views[-1].timestamp != 0)
    _, status = os.waitpid(child, 0)
    view = engine.view()
    found = (os.waitstatus_to_exitcode(status), engine.info().pins)
    view.close()
    engine.close()
    assert (0, 1) == found


def test_a_killed_reader_of_the_file_does_not_keep_its_pages(tmp_path: Path) -> None:
    """LMDB itself would keep what the reader saw until the slots run out."""
    engine = open_engine(tmp_path / "s")
    write(engine)
    ready, opened = os.pipe()
    never, _ = os.pipe()
    child = os.fork()
    if child == 0:
        raw = lmdb.open(str(tmp_path / "s"), max_dbs=8, readonly=True)
        with raw.begin():
            os.write(opened, b"x")
            os.read(never, 1)
        os._exit(1)
    os.read(ready, 1)
    os.kill(child, 9)
    os.waitpid(child, 0)
    before = readers_seen(tmp_path / "s")
    engine.gc(engine.last_commit())
    after = readers_seen(tmp_path / "s")
    engine.close()
    assert (True, False) == (f"{child} " in before, f"{child} " in after)


def readers_seen(folder: Path) -> str:
    """LMDB's table of readers, as a process of its own sees it."""
    done = subprocess.run(
        [sys.executable, "-c", SHOWS_READERS, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


# -- what is at the path -------------------------------------------------------------------------


def test_nothing_is_made_where_create_is_false(tmp_path: Path) -> None:
    """No folder is left behind."""
    with pytest.raises(StoreNotFoundError):
        open_engine(tmp_path / "s", create=False)
    assert not (tmp_path / "s").exists()


def test_reading_only_makes_nothing(tmp_path: Path) -> None:
    """readonly=True on nothing is an error, whatever create says."""
    with pytest.raises(StoreNotFoundError):
        open_engine(tmp_path / "s", readonly=True)
    assert not (tmp_path / "s").exists()


def test_a_file_is_not_a_store(tmp_path: Path) -> None:
    """The file is left as it was."""
    (tmp_path / "s").write_text("mine")
    with pytest.raises(NotAStoreError):
        open_engine(tmp_path / "s")
    assert (tmp_path / "s").read_text() == "mine"


def test_a_folder_of_other_files_is_not_a_store(tmp_path: Path) -> None:
    """Nothing is put beside somebody's files."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(NotAStoreError):
        open_engine(tmp_path)
    assert [tmp_path / "notes.txt"] == list(tmp_path.iterdir())


def test_an_lmdb_file_of_another_program_is_not_a_store(tmp_path: Path) -> None:
    """Its databases are not ours."""
    with lmdb.open(str(tmp_path / "s"), max_dbs=1) as env:
        env.open_db(b"theirs")
    with pytest.raises(NotAStoreError):
        open_engine(tmp_path / "s")


def test_a_data_file_that_is_no_lmdb_file_is_not_a_store(tmp_path: Path) -> None:
    """Any bytes under the name of the data file."""
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "data.mdb").write_bytes(b"not LMDB" * 4096)
    with pytest.raises(NotAStoreError):
        open_engine(tmp_path / "s")


def test_opening_beside_a_writer_never_sees_a_short_file(tmp_path: Path) -> None:
    """Header and size are read one after the other, while another process makes the file grow."""
    folder = tmp_path / "s"
    open_engine(folder).close()
    ready, began = os.pipe()
    child = os.fork()
    if child == 0:
        own = open_engine(folder)
        for n in range(1_000_000):
            write(own, b"%d" % n, bytes(60_000))
            os.write(began, b"x" if n == 0 else b"")
        os._exit(0)
    os.read(ready, 1)
    try:
        for _ in range(3000):
            open_engine(folder, readonly=True).close()
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_every_name_that_a_new_store_needs_is_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its files, of its folder, and of each folder above that had to be made."""
    synced: list[str] = []
    sync = os.fsync

    def note(fd: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
        sync(fd)

    monkeypatch.setattr(os, "fsync", note)
    open_engine(tmp_path / "a" / "b" / "s").close()
    assert {str(tmp_path / each) for each in ("a/b/s", "a/b", "a", "")} == {*synced}


def test_the_names_of_a_store_are_made_durable_by_whoever_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its maker may have been killed before that."""
    open_engine(tmp_path / "s").close()
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    open_engine(tmp_path / "s").close()
    assert 1 == len(synced)


@pytest.mark.parametrize("name", ["shared-*", "lock.mdb"])
def test_room_for_files_that_are_mapped_is_taken_when_a_store_is_opened(
    tmp_path: Path, name: str
) -> None:
    """A page that finds no room when it is first written to would end the process by a signal."""
    open_engine(tmp_path / "s").close()
    (mapped,) = (tmp_path / "s").glob(name)
    assert mapped.stat().st_blocks * 512 >= mapped.stat().st_size >= 128 << 10


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_data_file_is_refused_before_it_is_mapped(tmp_path: Path, kept: float) -> None:
    """LMDB would die of SIGBUS at the first page that is not there."""
    engine = open_engine(tmp_path / "s")
    for n in range(100):
        write(engine, b"%d" % n, bytes(4000))
    engine.close()
    path = tmp_path / "s" / "data.mdb"
    os.truncate(path, int(path.stat().st_size * kept))
    with pytest.raises(StoreCorruptedError):
        open_engine(tmp_path / "s")


def test_a_store_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    """The error names both versions."""
    open_engine(tmp_path / "s").close()
    with lmdb.open(str(tmp_path / "s"), max_dbs=8) as env:
        meta = env.open_db(b"meta")
        with env.begin(write=True) as txn:
            payload = b"mvccstor" + (9).to_bytes(4, "little") + bytes(16)
            txn.put(b"format", seal(b"format", 0, payload), db=meta)
    with pytest.raises(FormatVersionError) as raised:
        open_engine(tmp_path / "s")
    assert (9, 2) == (raised.value.found, raised.value.known)


# -- reading only, and limits --------------------------------------------------------------------


def test_a_reader_refuses_writes(tmp_path: Path) -> None:
    """Every call that would write."""
    engine = open_engine(tmp_path / "s")
    timestamp = write(engine)
    engine.close()
    engine = open_engine(tmp_path / "s", readonly=True)
    for call in (
        lambda: write(engine),
        lambda: engine.gc(timestamp),
        lambda: engine.advance(timestamp + 1),
        lambda: engine.protect(timestamp, "x"),
    ):
        with pytest.raises(ReadOnlyError):
            call()
    engine.close()


def test_a_reader_cannot_promise_an_instant_above_the_last_commit(tmp_path: Path) -> None:
    """It cannot pass the write lock, so a commit could still slip below."""
    engine = open_engine(tmp_path / "s")
    timestamp = write(engine)
    engine.close()
    engine = open_engine(tmp_path / "s", readonly=True)
    with pytest.raises(TimestampInFutureError):
        engine.view(timestamp + 1)
    assert timestamp == engine.now()
    engine.close()


def test_a_small_map_that_is_full_is_an_error_and_nothing_is_lost(tmp_path: Path) -> None:
    """What was committed stays readable."""
    engine = open_engine(tmp_path / "s", map_size=1 << 20)
    write(engine)
    with pytest.raises(StorageFullError, match="larger map_size"):
        fill(engine)
    assert engine.get(100, b"key") == b"value"
    engine.close()


def test_after_a_write_that_was_cut_short_the_store_goes_on(tmp_path: Path) -> None:
    """As a device does it that becomes full: LMDB calls it an I/O error, but nothing is in doubt."""
    code = (
        "import resource, sys\n"
        "from mvcc.engine.interface import WriteBatch\n"
        "from mvcc.engine.lmdb import open_engine\n"
        "from mvcc.errors import StorageFullError\n"
        "engine = open_engine(sys.argv[1])\n"
        "engine.commit(WriteBatch([100], [b'small'], [b'before']))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))\n"
        "try:\n"
        "    engine.commit(WriteBatch([100], [b'large'], [bytes(4 << 20)]))\n"
        "except StorageFullError:\n"
        "    print('full')\n"
        "engine.commit(WriteBatch([100], [b'small'], [b'after']))\n"
        "print(engine.get_many(100, [b'small', b'large']))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "s")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "full\n[b'after', None]\n", "") == (run.returncode, run.stdout, run.stderr)


def test_a_read_inside_another_read_s_unpacking_disturbs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a finalizer or a signal handler does it, which may run between any two steps of Python."""
    engine = open_engine(tmp_path / "s")
    write(engine, b"a", b"1")
    write(engine, b"b", b"2")
    view = engine.view()
    take_keys = pages.take_keys

    def interrupted(page: object) -> list[bytes]:
        monkeypatch.setattr(pages, "take_keys", take_keys)
        engine.scan(ScanRequest(Span(100, b"b")), view=view)
        return take_keys(page)

    monkeypatch.setattr(pages, "take_keys", interrupted)
    page = engine.scan(ScanRequest(Span(100)), view=view)
    engine.close()
    assert ([b"a", b"b"], [b"1", b"2"]) == (page.keys, page.values)


def test_an_export_keeps_its_view_s_rows_or_says_that_it_is_closed(tmp_path: Path) -> None:
    """Closing a view under an export never gives a short file."""
    engine = open_engine(tmp_path / "s")
    for n in range(3):
        write(engine, b"%d" % n, bytes(1 << 20))
    view = engine.view()
    export = engine.export(ExportRequest(Span(100), compression="none"), view=view)
    next(iter(export))
    view.close()
    with pytest.raises(StoreClosedError):
        list(export)
    engine.close()
