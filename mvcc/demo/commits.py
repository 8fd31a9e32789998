"""The demo over a git repository: every commit of the first-parent line becomes one transaction.

Afterwards the store AS OF sampled commits, and restores of the backups taken on the way, are compared
with the trees and blobs of the repository, read anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import mvcc
from mvcc.demo.git import (
    ABSENT_MODE,
    SUBMODULE_MODE,
    CommitChanges,
    ObjectReader,
    PathChange,
    Repository,
)
from mvcc.demo.report import Announce, Report, Step, Stopwatch
from mvcc.demo.trees import COMMITS, FILES, Loaded, commit_key, commit_record, compare_with_tree
from mvcc.demo.workspace import folder_bytes, remove_folder
from mvcc.engine.interface import MAX_KEY_BYTES

SAMPLES = 20
BACKUPS_AT = (0.5, 0.7, 0.85, 1.0)
"""Shares of the line: a full backup after the first, incrementals after the others."""


def run(folder: Path, repository: Repository, branch: str, announce: Announce) -> Report:
    """Runs the demo in an empty folder; leaves `store` and `backups` there."""
    demo = _CommitsDemo(folder, repository, announce)
    with mvcc.open(folder / "store") as store:
        demo.load(store, branch)
        demo.look_back(store)
    demo.restore()
    return demo.report


def sampled(positions: int, wanted: int) -> list[int]:
    """About so many positions, evenly spread, with the first and the last."""
    steps = max(1, wanted - 1)
    return sorted({step * (positions - 1) // steps for step in range(steps + 1)})


def backup_positions(positions: int) -> list[int]:
    """After which commits to take a backup."""
    return sorted({max(0, int(share * positions) - 1) for share in BACKUPS_AT})


class _CommitsDemo:
    """The steps of the demo, in the order in which they are called."""

    def __init__(self, folder: Path, repository: Repository, announce: Announce) -> None:
        self.report = Report(f"the commits of {repository.path}")
        self._folder = folder
        self._uri = str(folder / "backups")
        self._repository = repository
        self._announce = announce
        self._loaded: list[Loaded] = []
        self._backed_up: dict[mvcc.Timestamp, Loaded] = {}
        """End of a backup -> the newest commit in it."""

    def load(self, store: mvcc.Store, branch: str) -> None:
        """Writes every commit, and takes the backups on the way."""
        line = self._repository.first_parent_line(branch)
        self._announce(f"loading {len(line):,} commits")
        store.create_table(FILES)
        store.create_table(COMMITS)
        stops = backup_positions(len(line))
        with self._repository.objects() as objects:
            writer = _Writer(store, objects)
            for position, changes in enumerate(self._repository.changes(line)):
                timestamp = writer.write(position, changes)
                self._loaded.append(Loaded(position, changes.id, timestamp))
                if position in stops:
                    self._backup(store)
        self.report.steps.insert(0, writer.step())
        self.report.counts.update(commits=len(self._loaded), **asdict(writer.skipped))

    def look_back(self, store: mvcc.Store) -> None:
        """Compares the store AS OF sampled commits with the repository."""
        sample = {self._loaded[position] for position in sampled(len(self._loaded), SAMPLES)}
        sample.update(self._backed_up.values())
        for commit in sorted(sample, key=lambda each: each.position):
            self._announce(f"comparing AS OF commit {commit.name}")
            with store.as_of(commit.timestamp) as then:
                self._compare(f"AS OF {commit.name}", then, commit)
        self.report.disk_bytes["store"] = store.stats().file_bytes

    def restore(self) -> None:
        """Restores to the end of each backup and compares with the repository."""
        path = self._folder / "restored"
        for end, commit in self._backed_up.items():
            self._announce(f"restoring commit {commit.name}")
            watch = Stopwatch()
            with watch.running():
                job = mvcc.restore(self._uri, path, as_of=end)
            self._step(f"restore {commit.name}", job, watch)
            with mvcc.open(path, create=False) as store, store.snapshot() as now:
                self._compare(f"restored {commit.name}", now, commit)
            remove_folder(path)
        self.report.disk_bytes["backups"] = folder_bytes(self._folder / "backups")

    def _backup(self, store: mvcc.Store) -> None:
        earlier = len(self._backed_up)
        self._announce(f"incremental {earlier}" if earlier else "full backup half-way")
        watch = Stopwatch()
        with watch.running():
            job = store.backup(self._uri, incremental=earlier > 0)
        self._step(f"incremental {earlier}" if earlier else "full backup", job, watch)
        self._backed_up[job.timestamp] = self._loaded[-1]

    def _step(self, name: str, job: mvcc.Job, watch: Stopwatch) -> None:
        self.report.steps.append(Step(name, job.rows, job.bytes, watch.seconds))

    def _compare(self, name: str, snapshot: mvcc.Snapshot, commit: Loaded) -> None:
        found = compare_with_tree(name, snapshot, self._repository, commit)
        self.report.comparisons.append(found)


@dataclass(slots=True)
class Skipped:
    """Changes of paths that did not go in."""

    submodules: int = 0
    long_paths: int = 0


class _Writer:
    """Writes commits into the store, one transaction each."""

    def __init__(self, store: mvcc.Store, objects: ObjectReader) -> None:
        self._store = store
        self._objects = objects
        self._watch = Stopwatch()
        self._rows = 0
        self._bytes = 0
        self.skipped = Skipped()

    def write(self, position: int, changes: CommitChanges) -> mvcc.Timestamp:
        """Writes one commit; gives its timestamp. Only the transaction is timed, not git."""
        paths = [change for change in changes.paths if len(change.path) <= MAX_KEY_BYTES]
        self.skipped.long_paths += len(changes.paths) - len(paths)
        puts = [change for change in paths if change.mode not in (ABSENT_MODE, SUBMODULE_MODE)]
        self.skipped.submodules += sum(change.mode == SUBMODULE_MODE for change in paths)
        ids = [changes.id, *(change.blob for change in puts)]
        commit, *blobs = self._objects.read_many(ids, changes.id)
        with self._watch.running(), self._store.transaction() as transaction:
            files = transaction[FILES]
            files.delete_many([change.path for change in paths if _goes(change)])
            files.put_many(zip((change.path for change in puts), blobs, strict=True))
            transaction[COMMITS].put(commit_key(position), commit_record(changes.id, commit))
            timestamp = transaction.commit()
        self._count(paths, blobs)
        return timestamp

    def _count(self, paths: Sequence[PathChange], blobs: Sequence[bytes]) -> None:
        self._rows += len(paths) + 1
        self._bytes += sum(len(change.path) for change in paths) + sum(map(len, blobs))

    def step(self) -> Step:
        """All commits so far."""
        return Step("load", self._rows, self._bytes, self._watch.seconds)


def _goes(change: PathChange) -> bool:
    """Whether a path that was in the store is no longer, or not as a file."""
    was_there = change.old_mode not in (ABSENT_MODE, SUBMODULE_MODE)
    return was_there and change.mode in (ABSENT_MODE, SUBMODULE_MODE)
