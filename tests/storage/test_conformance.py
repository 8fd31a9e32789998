"""What every destination does: the contract of `mvcc.storage.interface`, one fact a test."""

from __future__ import annotations

import errno
import threading

import pytest

from mvcc.errors import DestinationError, InvalidNameError
from mvcc.storage import Entry, Lock, Storage, read_all
from tests.storage.conftest import Open, get, put

CRAFTED = [
    "",
    ".",
    "..",
    "/",
    "//",
    "/etc/passwd",
    "../outside",
    "../../outside",
    "data/../../outside",
    "data/..",
    "data/.",
    "data//000001.sst",
    "data/",
    "/data",
    "./data",
    "..\\outside",
    "data\\..\\outside",
    "C:\\outside",
    "C:outside",
    "C:/outside",
    "\\\\host\\share",
    "a\0b",
    "\0",
    "a\n",
    "a\nb",
    "a b",
    " a",
    "a ",
    "~",
    "~root",
    "$HOME",
    "%2e%2e/outside",
    "%2e%2e%2foutside",
    "\uff0e\uff0e/outside",
    "\u2024\u2024/outside",
    "\u2025/outside",
    "a\u2215b",
    "a\u2044b",
    "é",
    "e\u0301",
    "\uff41",
    "\u202ea",
    "a\u200b",
    "\ud800",
    ".hidden",
    "-rf",
    "_",
    "*",
    "?",
    "a*",
    "a:b",
    "a|b",
    "a;b",
    "<a>",
    '"a"',
    "'a'",
    "a" * 101,
    "a/" * 16 + "a",
    "a" * 255,
    "a" * 256,
    "a" * 4096,
    ".../...//outside",
    "....//outside",
]


def test_a_file_reads_back_as_it_was_written(storage: Storage) -> None:
    """Bytes and memoryviews, in several writes."""
    writer = storage.open_write("data/000001.sst")
    writer.write(b"one ")
    writer.write(memoryview(b"-two-")[1:4])
    writer.commit()
    assert get(storage, "data/000001.sst") == b"one two"


def test_a_file_can_be_empty(storage: Storage) -> None:
    """Nothing written is a file of no bytes."""
    put(storage, "empty", b"")
    assert (storage.size("empty"), get(storage, "empty")) == (0, b"")


def test_the_writer_does_not_keep_the_callers_buffer(storage: Storage) -> None:
    """A buffer may be reused as soon as write returns."""
    buffer = bytearray(b"first")
    writer = storage.open_write("file")
    writer.write(memoryview(buffer))
    buffer[:] = b"after"
    writer.commit()
    assert get(storage, "file") == b"first"


def test_a_file_is_invisible_until_commit(storage: Storage) -> None:
    """No read, no size, under its name."""
    writer = storage.open_write("file")
    writer.write(b"half")
    assert storage.size("file") is None
    writer.commit()
    assert storage.size("file") == 4


def test_an_aborted_file_leaves_nothing(storage: Storage) -> None:
    """Neither a file nor its folder is left."""
    writer = storage.open_write("folder/file")
    writer.write(b"half")
    writer.abort()
    assert storage.list("") == []


def test_abort_after_commit_changes_nothing(storage: Storage) -> None:
    """A clean-up path may call abort always."""
    writer = storage.open_write("file")
    writer.commit()
    writer.abort()
    assert storage.size("file") == 0


def test_abort_is_idempotent(storage: Storage) -> None:
    """A second abort has nothing to do."""
    writer = storage.open_write("file")
    writer.abort()
    writer.abort()
    assert storage.list("") == []


def test_a_taken_name_is_refused(storage: Storage) -> None:
    """Files are written once."""
    put(storage, "file", b"first")
    writer = storage.open_write("file")
    writer.write(b"second")
    with pytest.raises(DestinationError) as caught:
        writer.commit()
    writer.abort()
    assert (caught.value.errno, get(storage, "file")) == (errno.EEXIST, b"first")


def test_reading_what_is_not_there_says_so(storage: Storage) -> None:
    """ENOENT, in a folder that is there and in one that is not."""
    put(storage, "folder/file", b"")
    for name in ("folder/other", "nowhere/file"):
        with pytest.raises(DestinationError) as caught:
            storage.open_read(name)
        assert caught.value.errno == errno.ENOENT


def test_a_local_path_reads_the_same_bytes(storage: Storage) -> None:
    """What the C core opens is what was written."""
    put(storage, "data/000001.sst", b"bytes")
    with open(storage.local_path("data/000001.sst"), "rb") as file:  # noqa: PTH123
        assert file.read() == b"bytes"


def test_a_local_path_of_nothing_is_refused(storage: Storage) -> None:
    """As opening is."""
    with pytest.raises(DestinationError) as caught:
        storage.local_path("data/000001.sst")
    assert caught.value.errno == errno.ENOENT


def test_the_size_of_nothing_is_none(storage: Storage) -> None:
    """In a folder that is there and in one that is not."""
    put(storage, "folder/file", b"12345")
    sizes = [storage.size(name) for name in ("folder/file", "folder/other", "nowhere/file")]
    assert sizes == [5, None, None]


def test_a_listing_names_files_and_folders(storage: Storage) -> None:
    """Direct ones alone, sorted, under their whole names."""
    for name in ("b/c/deep", "b/file", "a", "b/a-file"):
        put(storage, name, b"12")
    assert storage.list("") == [Entry("a", 2), Entry("b", None)]
    assert storage.list("b") == [Entry("b/a-file", 2), Entry("b/c", None), Entry("b/file", 2)]


def test_a_folder_that_is_not_there_lists_nothing(storage: Storage) -> None:
    """Nor does a destination that nothing was written to."""
    assert (storage.list(""), storage.list("nowhere")) == ([], [])


def test_delete_removes_a_file_and_the_folders_it_empties(storage: Storage) -> None:
    """Folders that hold more stay."""
    put(storage, "a/b/one", b"")
    put(storage, "a/two", b"")
    storage.delete("a/b/one")
    assert storage.list("a") == [Entry("a/two", 0)]
    storage.delete("a/two")
    assert storage.list("") == []


def test_deleting_what_is_not_there_does_nothing(storage: Storage) -> None:
    """A clean-up may run twice."""
    put(storage, "a/one", b"")
    storage.delete("a/two")
    storage.delete("b/two")
    assert storage.list("a") == [Entry("a/one", 0)]


def test_a_folder_that_holds_something_is_not_deleted(storage: Storage) -> None:
    """ENOTEMPTY, and it stays."""
    put(storage, "a/b/one", b"")
    with pytest.raises(DestinationError) as caught:
        storage.delete("a/b")
    assert (caught.value.errno, storage.size("a/b/one")) == (errno.ENOTEMPTY, 0)


def test_a_locked_folder_is_refused_to_everybody_else(open_again: Open) -> None:
    """Also in the same process, and until it is released."""
    lock = open_again().try_lock("backup")
    assert lock is not None
    assert open_again().try_lock("backup") is None
    lock.release()
    again = open_again().try_lock("backup")
    assert again is not None
    again.release()
    again.release()


def test_locks_of_two_folders_are_independent(storage: Storage) -> None:
    """A folder's lock says nothing about its neighbour."""
    locks = [storage.try_lock("one"), storage.try_lock("two")]
    assert None not in locks
    for lock in locks:
        assert lock is not None
        lock.release()


def test_a_lock_survives_the_folders_removal_by_its_owner(open_again: Open) -> None:
    """Whoever locks the name after it was emptied gets a lock that counts."""
    storage = open_again()
    lock = storage.try_lock("backup")
    assert lock is not None
    put(storage, "backup/file", b"")
    storage.delete("backup/file")
    lock.release()
    again = storage.try_lock("backup")
    assert again is not None
    assert open_again().try_lock("backup") is None
    again.release()


def test_a_released_lock_leaves_no_empty_folder(storage: Storage) -> None:
    """A folder that files came into stays."""
    empty, used = storage.try_lock("a/empty"), storage.try_lock("a/used")
    assert empty is not None
    assert used is not None
    put(storage, "a/used/file", b"")
    empty.release()
    used.release()
    assert storage.list("a") == [Entry("a/used", None)]


def test_of_many_that_lock_at_once_one_wins(open_again: Open) -> None:
    """Each round, eight threads meet at a barrier."""
    for each in range(20):
        folder = f"round-{each}"
        barrier = threading.Barrier(8)
        locks: list[Lock | None] = []

        def contend(barrier: threading.Barrier, folder: str, locks: list[Lock | None]) -> None:
            storage = open_again()
            barrier.wait()
            locks.append(storage.try_lock(folder))

        threads = [
            threading.Thread(target=contend, args=(barrier, folder, locks)) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        winners = [lock for lock in locks if lock is not None]
        for lock in winners:
            lock.release()
        assert (len(locks), len(winners)) == (8, 1)


def test_threads_that_make_and_empty_one_folder_do_not_disturb_each_other(
    storage: Storage,
) -> None:
    """A folder pruned between two calls is made again."""
    failures: list[Exception] = []

    def work(name: str) -> None:
        try:
            for _ in range(50):
                put(storage, name, b"x")
                storage.delete(name)
        except DestinationError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"a/b/{each}",)) for each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, storage.list("")) == ([], [])


def test_read_all_gives_a_file_up_to_the_cap(storage: Storage) -> None:
    """One byte more is refused."""
    put(storage, "file", b"12345")
    assert (read_all(storage, "file", 5), read_all(storage, "file", 4)) == (b"12345", None)


@pytest.mark.parametrize("name", CRAFTED, ids=ascii)
def test_a_crafted_name_reaches_nothing(storage: Storage, name: str) -> None:
    """Every call that takes a name refuses it, and nothing is written."""
    calls = [storage.open_write, storage.open_read, storage.local_path, storage.size]
    for call in [*calls, storage.delete, storage.try_lock]:
        with pytest.raises(InvalidNameError):
            call(name)
    if name:
        with pytest.raises(InvalidNameError):
            storage.list(name)
    assert storage.list("") == []
