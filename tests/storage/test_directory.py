"""What a folder does beyond the contract: links, pipes, foreign files, errors, dead processes."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mvcc.errors import DestinationError
from mvcc.storage import Entry
from mvcc.storage.directory import Directory
from tests.storage.conftest import get, put


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder that is there."""
    root = tmp_path / "destination"
    root.mkdir()
    return root


def test_a_link_in_place_of_a_file_is_not_read(root: Path, tmp_path: Path) -> None:
    """Neither through a reader nor through a path."""
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "file").symlink_to(tmp_path / "secret")
    storage = Directory(str(root))
    for call in (storage.open_read, storage.local_path):
        with pytest.raises(DestinationError) as caught:
            call("file")
        assert caught.value.errno == errno.ELOOP


def test_a_link_in_place_of_a_folder_is_not_followed(root: Path, tmp_path: Path) -> None:
    """Not for reading, writing, deleting, listing or locking."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"secret")
    (root / "data").symlink_to(outside)
    storage = Directory(str(root))
    calls = [storage.open_read, storage.open_write, storage.size, storage.delete]
    for call in calls:
        with pytest.raises(DestinationError):
            call("data/file")
    for refuses in (storage.list, storage.try_lock):
        with pytest.raises(DestinationError):
            refuses("data")
    assert [each.name for each in outside.iterdir()] == ["file"]


def test_a_link_is_not_written_through(root: Path, tmp_path: Path) -> None:
    """The name counts as taken, and what it points to stays."""
    (tmp_path / "target").write_bytes(b"before")
    (root / "file").symlink_to(tmp_path / "target")
    writer = Directory(str(root)).open_write("file")
    writer.write(b"after")
    with pytest.raises(DestinationError) as caught:
        writer.commit()
    writer.abort()
    assert caught.value.errno == errno.EEXIST
    assert (tmp_path / "target").read_bytes() == b"before"


def test_a_hard_link_is_not_written_through(root: Path, tmp_path: Path) -> None:
    """Deleting and writing anew leaves the other name's bytes alone."""
    (tmp_path / "target").write_bytes(b"before")
    os.link(tmp_path / "target", root / "file")
    storage = Directory(str(root))
    storage.delete("file")
    put(storage, "file", b"after")
    assert (tmp_path / "target").read_bytes() == b"before"


def test_deleting_a_link_leaves_its_target(root: Path, tmp_path: Path) -> None:
    """What is removed is the name."""
    (tmp_path / "target").write_bytes(b"stays")
    (root / "file").symlink_to(tmp_path / "target")
    Directory(str(root)).delete("file")
    assert ((tmp_path / "target").read_bytes(), list(root.iterdir())) == (b"stays", [])


def test_a_pipe_is_refused_without_waiting(root: Path) -> None:
    """Opening one for reading would wait for a writer for ever."""
    os.mkfifo(root / "file")
    storage = Directory(str(root))
    for call in (storage.open_read, storage.size):
        with pytest.raises(DestinationError) as caught:
            call("file")
        assert caught.value.errno == errno.EINVAL


def test_a_folder_in_place_of_a_file_is_refused(root: Path) -> None:
    """For reading and sizing it."""
    (root / "file").mkdir()
    storage = Directory(str(root))
    for call in (storage.open_read, storage.size):
        with pytest.raises(DestinationError):
            call("file")
    assert (root / "file").is_dir()


def test_an_empty_folder_can_be_deleted(root: Path) -> None:
    """A killed process may leave one; deleting it empties those above, too."""
    (root / "a" / "b").mkdir(parents=True)
    Directory(str(root)).delete("a/b")
    assert list(root.iterdir()) == []


def test_the_root_may_be_a_link(root: Path, tmp_path: Path) -> None:
    """Its owner chose it."""
    (tmp_path / "link").symlink_to(root)
    put(Directory(str(tmp_path / "link")), "data/file", b"x")
    assert (root / "data" / "file").read_bytes() == b"x"


def test_what_breaks_the_rule_for_names_is_not_listed(root: Path) -> None:
    """Files that others put there do not disturb."""
    for name in (".DS_Store", "Thumbs db", "été", "ok"):
        (root / name).write_bytes(b"")
    assert Directory(str(root)).list("") == [Entry("ok", 0)]


def test_a_file_that_is_not_utf8_is_not_listed(root: Path) -> None:
    """Its name cannot be one of ours."""
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).write_bytes(b"")
    assert Directory(str(root)).list("") == []


def test_an_unwritable_place_is_an_error_with_its_errno(tmp_path: Path) -> None:
    """Here, a file stands where the root should be."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DestinationError) as caught:
        Directory(str(tmp_path / "file" / "root")).open_write("name")
    assert (caught.value.errno, caught.value.code) == (errno.ENOTDIR, "destination")


def test_a_relative_path_does_not_follow_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is resolved once, when the destination is opened."""
    monkeypatch.chdir(tmp_path)
    storage = Directory("destination")
    monkeypatch.chdir("/")
    put(storage, "file", b"x")
    assert (tmp_path / "destination" / "file").read_bytes() == b"x"


def test_the_uri_is_the_folders(tmp_path: Path) -> None:
    """Escaped where it must be."""
    assert Directory("/a b/c").uri == "file:///a%20b/c"
    assert Directory(str(tmp_path)).uri == tmp_path.as_uri()


def test_a_killed_process_leaves_no_lock(root: Path) -> None:
    """The kernel's lock ends with its holder; the file on its way stays invisible."""
    program = (
        "import sys, time\n"
        "from mvcc.storage.directory import Directory\n"
        "storage = Directory(sys.argv[1])\n"
        "lock = storage.try_lock('backup')\n"
        "writer = storage.open_write('backup/file')\n"
        "writer.write(b'half')\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    storage = Directory(str(root))
    with subprocess.Popen(
        [sys.executable, "-c", program, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"locked\n"
        assert storage.try_lock("backup") is None
        child.send_signal(signal.SIGKILL)
        child.wait()
    lock = storage.try_lock("backup")
    assert lock is not None
    assert storage.size("backup/file") is None
    lock.release()


def test_every_folder_on_the_way_is_synced(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is durable once its folder is: the file, its three folders and the root's own name."""
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    put(Directory(str(root)), "a/b/file", b"x")
    file, *folders = synced
    assert Path(file).name.startswith("file.tmp-")
    assert folders == [str(each) for each in (root / "a/b", root / "a", root, root.parent)]


def test_known_folders_are_synced_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second file syncs itself and its folder, until a folder was removed in between."""
    storage = Directory(str(root))
    counts: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        counts[-1] += 1
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    for name in ("a/b/1", "a/b/2", "a/c/1", "a/b/3"):
        counts.append(0)
        put(storage, name, b"x")
        if name == "a/c/1":
            storage.delete(name)
    assert (counts[0], counts[1], counts[3]) == (5, 2, 5)


def test_a_failed_sync_leaves_nothing_under_the_name(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose bytes may not be on the disk never becomes visible."""

    def fsync(descriptor: int) -> None:  # noqa: ARG001
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    writer = Directory(str(root)).open_write("a/file")
    writer.write(b"x")
    with pytest.raises(DestinationError) as caught:
        writer.commit()
    writer.abort()
    assert (caught.value.errno, list(root.iterdir())) == (errno.EIO, [])


def test_short_writes_are_continued(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may take less than it is given."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, bytes(data[:3])))
    storage = Directory(str(root))
    put(storage, "file", b"0123456789")
    assert get(storage, "file") == b"0123456789"


def test_a_lock_on_a_folder_that_was_replaced_meanwhile_is_taken_anew(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two jobs could each lock a folder of the same name."""
    real = fcntl.flock
    replaced: list[str] = []

    def flock(descriptor: int, operation: int) -> None:
        if not replaced:
            replaced.append("backup")
            (root / "backup").rename(root / "old")
            (root / "backup").mkdir()
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    storage = Directory(str(root))
    lock = storage.try_lock("backup")
    assert lock is not None
    assert storage.try_lock("backup") is None
    lock.release()
