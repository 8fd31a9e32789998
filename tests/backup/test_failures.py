"""Destinations that fail and processes that die, at every call in turn."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable

import pytest

import mvcc
from mvcc.errors import DestinationError, MVCCError, StorageError
from tests.backup.traps import LOADS, WRITES, Trap
from tests.backup.world import World, contents, files_under

BANK = "bank.accounts"


def no_space() -> None:
    """What a full disk says."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def die() -> None:
    """The end of this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def in_a_child(work: Callable[[], object]) -> int:
    """Runs something in a process of its own; gives how that ended, 0 or a negative signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def leavings(world: World) -> list[str]:
    """Files of the collection that belong to no finished layer."""
    return [name for name in files_under(world.destination) if "LOCK" in name or ".tmp-" in name]


@pytest.mark.parametrize("incremental", [False, True])
def test_a_backup_that_fails_at_any_call_leaves_no_half_layer(
    small: World, incremental: bool
) -> None:
    """Its error has the errno; the layers that were there stay whole, and the next job works."""
    number, failed = 0, 0
    while True:
        number += 1
        small.write(BANK, {b"more": b"%d" % number})
        with pytest.MonkeyPatch.context() as patch:
            trap = Trap(patch, number, no_space)
            try:
                small.backup(incremental=incremental)
            except MVCCError as error:
                assert isinstance(error, DestinationError)
                assert error.errno == errno.ENOSPC
                failed += 1
        assert all(not each.problems for each in small.collection.backups())
        assert small.collection.verify(level="data").ok
        if not trap.fired:
            break
    assert failed > 15
    assert leavings(small) == []
    assert small.restored() == small.state()


@pytest.mark.parametrize("incremental", [False, True])
def test_a_backup_killed_at_any_call_leaves_nothing_that_looks_good(
    small: World, incremental: bool
) -> None:
    """What it left is no backup, disturbs nobody, and is gone after the next one."""
    path, expected = small.store.path, small.state()
    small.store.close()
    number, killed = 0, 0
    while True:
        number += 1
        small.clock.advance("10ms")
        before = small.collection.backups()

        def work(number: int = number) -> None:
            with (
                mvcc.open(path, clock=small.clock) as store,
                pytest.MonkeyPatch.context() as patch,
            ):
                Trap(patch, number, die)
                store.backup(small.destination, incremental=incremental)

        code = in_a_child(work)
        after = small.collection.backups()
        assert all(not each.problems for each in after)
        if after != before:
            assert small.collection.verify(level="data").ok
            assert small.restored() == expected
        if code == 0:
            break
        assert code == -signal.SIGKILL
        killed += 1
    assert killed > 15
    assert leavings(small) == []


def test_a_restore_killed_at_any_call_leaves_nothing_at_the_target(small: World) -> None:
    """At most a folder that says what it is, and that the next restore removes."""
    expected = small.state(small.collection.backups()[0].end)
    small.store.close()
    target = small.folder / "target"
    number = 0
    while True:
        number += 1

        def work(number: int = number) -> None:
            with pytest.MonkeyPatch.context() as patch:
                Trap(patch, number, die, WRITES + LOADS)
                mvcc.restore(small.destination, target)

        code = in_a_child(work)
        if code == 0 or target.exists():
            break
        assert code == -signal.SIGKILL
        assert len(small.left_over()) <= 1
        assert all(each.startswith("target.restoring-") for each in small.left_over())
    assert number > 10
    with mvcc.open(target, create=False) as store:
        assert contents(store) == expected
    if code != 0:  # killed between the rename and the sync of the folder
        assert small.left_over() == ["target"]


def test_a_restore_that_fails_at_any_call_leaves_nothing(small: World) -> None:
    """Neither at the target nor beside it."""
    expected = small.state(small.collection.backups()[0].end)
    target = small.folder / "target"
    number = 0
    while True:
        number += 1
        with pytest.MonkeyPatch.context() as patch:
            trap = Trap(patch, number, no_space, WRITES[:2] + LOADS)
            try:
                mvcc.restore(small.destination, target)
            except (StorageError, OSError):
                assert trap.fired
                assert small.left_over() in ([], ["target"])
                assert target.exists() == ("target" in small.left_over())
            if target.exists():
                break
    assert number > 5
    with mvcc.open(target, create=False) as store:
        assert contents(store) == expected


def test_what_dead_restores_left_goes_and_what_others_build_stays(small: World) -> None:
    """A folder that a living process locks is not touched; other names neither."""
    dead = small.folder / "target.restoring-1"
    (dead / "deep").mkdir(parents=True)
    (dead / "deep" / "data.mdb").write_bytes(b"half")
    others = [small.folder / name for name in ("target.restoring-x", "other.restoring-1", "targe")]
    for each in others:
        each.mkdir()
    beside = small.folder / "target.restoring-2"
    beside.symlink_to(others[0])
    seen: list[list[str]] = []

    def nested(_: mvcc.JobProgress) -> None:
        seen.append(small.left_over())
        mvcc.restore(small.destination, small.folder / "target2")
        mvcc.restore(small.destination, small.folder / "target")

    with pytest.raises(mvcc.StoreExistsError):
        mvcc.restore(small.destination, small.folder / "target", progress=nested)
    assert not dead.exists()
    assert beside.is_symlink()
    assert all(each.exists() for each in others)
    assert sum(name.startswith("target.restoring-") for name in seen[0]) == 3
