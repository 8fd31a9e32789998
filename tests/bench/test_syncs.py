"""Durability, as the kernel sees it."""

from __future__ import annotations

import pytest

from mvcc.bench import syncs
from mvcc.bench.peers import contenders

MARKED = (
    f'access("{syncs.BEGIN}", F_OK) = -1 ENOENT (No such file or directory)',
    f'access("{syncs.END}", F_OK) = -1 ENOENT (No such file or directory)',
)


def between_marks(*lines: str, before: tuple[str, ...] = ()) -> int:
    """What is counted of a trace with these lines between the marks."""
    return syncs.count([*before, MARKED[0], *lines, MARKED[1], "fsync(3) = 0"])


@pytest.mark.parametrize("per", [1, 1000])
@pytest.mark.parametrize("kind", contenders()[0])
def test_every_commit_of_every_contender_is_synced(kind: str, per: int) -> None:
    """At least once, whether it has one row or a thousand."""
    assert syncs.per_commit(kind, per) >= 1


def test_an_adapter_that_is_not_durable_is_caught() -> None:
    """LMDB without its syncs, planted."""
    assert 0 == syncs.per_commit("tests.bench.planted:Careless", 1)


@pytest.mark.parametrize(
    ("line", "counted"),
    [
        ("fsync(5) = 0", 1),
        ("1234  fdatasync(5) = 0", 1),
        ("sync_file_range(5, 0, 0, SYNC_FILE_RANGE_WRITE) = 0", 1),
        ("msync(0x7f0, 4096, MS_SYNC) = 0", 1),
        ("msync(0x7f0, 4096, MS_ASYNC) = 0", 0),
        ('pwrite64(7, "abc"..., 3, 0) = 3', 1),
        ('pwrite64(8, "abc"..., 3, 0) = 3', 0),
        ("close(7) = 0", 0),
        ("--- SIGCHLD {si_signo=SIGCHLD} ---", 0),
    ],
)
def test_what_counts_is_what_reaches_the_disk(line: str, counted: int) -> None:
    """Syncs, and writes to a file that was opened with O_DSYNC (7 here)."""
    opened = 'openat(AT_FDCWD, "x", O_RDWR|O_DSYNC|O_CLOEXEC) = 7'
    assert counted == between_marks(line, before=(opened,))


def test_a_number_that_is_used_again_is_another_file() -> None:
    """Closed, and opened without O_DSYNC."""
    before = ('open("x", O_WRONLY|O_SYNC) = 7', "close(7) = 0", 'open("y", O_RDWR) = 7')
    assert 0 == between_marks('write(7, "abc", 3) = 3', before=before)


def test_a_file_is_followed_through_its_numbers() -> None:
    """Closed, the number may be a socket's; duplicated, there are two."""
    opened = 'open("x", O_WRONLY|O_SYNC) = 7'
    assert 0 == between_marks('write(7, "abc", 3) = 3', before=(opened, "close(7) = 0"))
    assert 1 == between_marks('write(9, "abc", 3) = 3', before=(opened, "dup(7) = 9"))


def test_calls_that_threads_cut_in_two_are_put_together() -> None:
    """As strace writes them."""
    lines = ["11 fsync(5 <unfinished ...>", "12 close(9) = 0", "11 <... fsync resumed>) = 0"]
    assert ["12 close(9) = 0", "11 fsync(5) = 0"] == list(syncs.whole_calls(lines))


def test_a_child_that_fails_says_why() -> None:
    """Rather than count nothing."""
    with pytest.raises(RuntimeError, match="no_such"):
        syncs.per_commit("tests.bench.no_such:Peer", 1)
