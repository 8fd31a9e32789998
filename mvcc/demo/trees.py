"""How a commit stands in the store, and the comparison of a snapshot with the repository itself."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import mvcc
from mvcc.demo.compare import Tally
from mvcc.demo.git import SUBMODULE_MODE, ObjectReader, Repository
from mvcc.demo.report import Comparison
from mvcc.engine.interface import MAX_KEY_BYTES

FILES = "git.files"
"""path -> the blob's bytes (of a symbolic link: its target)"""
COMMITS = "git.commits"
"""position on the line, 8 digits -> the commit's id, a line feed, the commit object with its message"""
BATCH_ROWS = 256


@dataclass(frozen=True, slots=True)
class Loaded:
    """A commit that went in: its position on the line, and the timestamp that it got."""

    position: int
    id: str
    timestamp: mvcc.Timestamp

    @property
    def name(self) -> str:
        """How a report calls it."""
        return f"{self.position + 1} ({self.id[:10]})"


def commit_key(position: int) -> bytes:
    """The key of a commit's record."""
    return f"{position:08}".encode()


def commit_record(oid: str, commit: bytes) -> bytes:
    """The value of a commit's record."""
    return oid.encode() + b"\n" + commit


def compare_with_tree(
    name: str, snapshot: mvcc.Snapshot, repository: Repository, commit: Loaded
) -> Comparison:
    """Compares a snapshot with `git ls-tree` and `git cat-file` of one commit, read anew."""
    tally = Tally(name)
    blobs = {
        entry.path: entry.blob
        for entry in repository.tree(commit.id)
        if entry.mode != SUBMODULE_MODE and len(entry.path) <= MAX_KEY_BYTES
    }
    with repository.objects() as objects, snapshot[FILES].scan() as rows:
        _compare_record(tally, snapshot, objects, commit)
        while batch := list(islice(rows, BATCH_ROWS)):
            known = [(key, value, blobs.pop(key)) for key, value in batch if key in blobs]
            for key in {key for key, _ in batch} - {key for key, _, _ in known}:
                tally.unexpected(key)
            contents = objects.read_many((blob for _, _, blob in known), commit.id)
            for (key, value, _), content in zip(known, contents, strict=True):
                tally.compare(key, value, value == content)
    for key in sorted(blobs):
        tally.missing(key)
    return tally.result()


def _compare_record(
    tally: Tally, snapshot: mvcc.Snapshot, objects: ObjectReader, commit: Loaded
) -> None:
    """Compares the newest record of a commit: it has to be this commit's."""
    with snapshot[COMMITS].scan(reverse=True, limit=1) as newest:
        for key, value in newest:
            [content] = objects.read_many([commit.id], commit.id)
            equal = (key, value) == (commit_key(commit.position), commit_record(commit.id, content))
            tally.compare(key, value, equal)
            return
    tally.missing(commit_key(commit.position))
