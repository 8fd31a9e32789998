"""Reads git repositories: the first-parent line, what each commit changed, trees and blobs.

Knows git and nothing of stores. Only plumbing commands are used, whose output no configuration changes.
Nothing is fetched: what a shallow or partial clone lacks is an error that names the commit.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from mvcc.errors import GitError

ABSENT_MODE = "000000"
SUBMODULE_MODE = "160000"
CHUNK_BYTES = 1 << 16
# Ids in flight to cat-file: they have to fit a pipe, so that neither side waits for the other.
REQUESTS = 256


@dataclass(frozen=True, slots=True)
class CommitName:
    """A commit and the one before it on the first-parent line."""

    id: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class PathChange:
    """What a commit did to one path; a mode of zeros means that nothing is there."""

    path: bytes
    old_mode: str
    mode: str
    blob: str


@dataclass(frozen=True, slots=True)
class CommitChanges:
    """A commit and the paths in which it differs from its first parent."""

    id: str
    paths: tuple[PathChange, ...]


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One path of a commit's tree."""

    path: bytes
    mode: str
    blob: str


class Repository:
    """A git repository, bare or not, at a path in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._environment = _environment()
        found = self._run("-C", os.fspath(path), "rev-parse", "--absolute-git-dir")
        self._git_dir = "--git-dir=" + os.fsdecode(found.removesuffix(b"\n"))

    def first_parent_line(self, branch: str) -> list[CommitName]:
        """The commits from the first one to the branch's tip, merges as one commit each."""
        tip = self._run(
            self._git_dir, "rev-parse", "--verify", "--end-of-options", f"{branch}^{{commit}}"
        )
        lines = self._run(
            self._git_dir,
            *("rev-list", "--first-parent", "--reverse", "--parents", tip.decode().strip()),
        )
        words = (line.split() for line in lines.decode().splitlines())
        return [CommitName(oid, parents[0] if parents else None) for oid, *parents in words]

    def changes(self, line: Iterable[CommitName]) -> Iterator[CommitChanges]:
        """What each commit of a line changed, in the order given; renames are a deletion and an addition."""
        options = (
            "--stdin",
            "--always",
            "--root",
            "-r",
            "-z",
            "--raw",
            "--no-renames",
            "--no-abbrev",
        )
        with tempfile.TemporaryFile() as requests:
            for commit in line:
                requests.write(f"{commit.id} {commit.parent or ''}".rstrip().encode() + b"\n")
            requests.seek(0)
            with self._reading("diff-tree", *options, stdin=requests) as words:
                yield from _commits(words)

    def tree(self, commit: str) -> Iterator[TreeEntry]:
        """Every path of a commit's tree, submodules too, in git's order."""
        with self._reading("ls-tree", "--full-tree", "-r", "-z", commit) as entries:
            for entry in entries:
                what, _, path = entry.partition(b"\t")
                mode, _kind, oid = what.decode().split()
                yield TreeEntry(path, mode, oid)

    def objects(self) -> ObjectReader:
        """A reader of objects; to be closed."""
        command = ["git", self._git_dir, "cat-file", "--batch"]
        return ObjectReader(self.path, command, self._environment)

    def _run(self, *arguments: str) -> bytes:
        """The output of a git command."""
        command = ["git", *arguments]
        done = subprocess.run(command, capture_output=True, env=self._environment, check=False)
        if done.returncode:
            raise GitError(path=str(self.path), what=_reason(done.stderr))
        return done.stdout

    @contextmanager
    def _reading(
        self, *arguments: str, stdin: IO[bytes] | None = None
    ) -> Iterator[Iterator[bytes]]:
        """The words, each ended by NUL, that a git command writes."""
        with tempfile.TemporaryFile() as complaints:
            process = subprocess.Popen(
                ["git", self._git_dir, *arguments],
                stdin=stdin or subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=self._environment,
            )
            try:
                assert process.stdout is not None
                yield _words(process.stdout)
                process.stdout.close()
                if process.wait():
                    complaints.seek(0)
                    raise GitError(path=str(self.path), what=_reason(complaints.read()))
            finally:
                _end(process)


class ObjectReader:
    """One `git cat-file --batch`, which gives the bytes of objects."""

    def __init__(self, path: Path, command: list[str], environment: dict[str, str]) -> None:
        self._path = path
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout

    def read_many(self, ids: Iterable[str], commit: str) -> Iterator[bytes]:
        """The bytes of each object, in order. GitError, naming the commit, where one is absent."""
        rest = iter(ids)
        while batch := list(islice(rest, REQUESTS)):
            try:
                self._requests.write("".join(f"{oid}\n" for oid in batch).encode())
                self._requests.flush()
            except BrokenPipeError:
                raise self._absent(batch[0], commit) from None
            for oid in batch:
                yield self._answer(oid, commit)

    def _answer(self, oid: str, commit: str) -> bytes:
        header = self._answers.readline().split()
        if len(header) != 3:  # "<id> missing"; or git has ended, since it may not fetch
            raise self._absent(oid, commit)
        size = int(header[2])
        data = self._answers.read(size + 1)
        if len(data) != size + 1:
            raise self._absent(oid, commit)
        return data[:-1]

    def _absent(self, oid: str, commit: str) -> GitError:
        return GitError(
            path=str(self._path),
            what=f"object {oid}, which commit {commit} needs, is absent",
            hint="The clone is partial or damaged: take a full clone, or run git fsck.",
            commit=commit,
        )

    def close(self) -> None:
        """Ends git."""
        _end(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _environment() -> dict[str, str]:
    """An environment in which git reads the repository that it is told to, as it is."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")
    }
    never_fetch = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
    return {**kept, **never_fetch, "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}


def _words(stream: IO[bytes]) -> Iterator[bytes]:
    """Splits a stream at NULs."""
    rest = b""
    while chunk := stream.read(CHUNK_BYTES):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole


def _commits(words: Iterator[bytes]) -> Iterator[CommitChanges]:
    """Groups diff-tree's words: an id, then for each path `:modes ids status` and the path."""
    commit = ""
    paths: list[PathChange] = []
    for word in words:
        if not word.startswith(b":"):
            if commit:
                yield CommitChanges(commit, tuple(paths))
            commit, paths = word.decode(), []
            continue
        old_mode, mode, _old, blob, _status = word[1:].decode().split()
        paths.append(PathChange(next(words), old_mode, mode, blob))
    if commit:
        yield CommitChanges(commit, tuple(paths))


def _reason(complaint: bytes) -> str:
    """The last line that git had to say."""
    lines = complaint.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("fatal: ") if lines else "git failed"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Makes sure that a process has ended and its pipes are closed."""
    if process.poll() is None:
        process.terminate()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
    process.wait()
