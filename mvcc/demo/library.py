"""The demo over Python's own files: load, two rounds of change, three backups, three restores, compared."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import mvcc
from mvcc.demo.changes import Row, batches, removals, rewritten, up_to
from mvcc.demo.compare import Digest, compare_digests
from mvcc.demo.files import LeftOut, find, read
from mvcc.demo.report import Announce, Report, Step, Stopwatch
from mvcc.demo.story import Instant, compare_diff, history_of_one
from mvcc.demo.workspace import folder_bytes, remove_folder

TABLE = "python.files"
COMMIT_BYTES = 8 << 20
REWRITE_BYTES = 32 << 20
PACKAGES_BYTES = 256_000_000


@dataclass(frozen=True, slots=True)
class Sources:
    """The folders whose files go in."""

    library: Path
    packages: tuple[Path, ...]

    @classmethod
    def of_this_python(cls) -> Sources:
        """The standard library and the site-packages of the interpreter that runs."""
        paths = sysconfig.get_paths()
        packages = dict.fromkeys((paths["purelib"], paths["platlib"]))
        return cls(Path(paths["stdlib"]), tuple(map(Path, packages)))


def run(folder: Path, sources: Sources, announce: Announce) -> Report:
    """Runs the demo in an empty folder; leaves `store` and `backups` there."""
    demo = _LibraryDemo(folder, sources, announce)
    with mvcc.open(folder / "store") as store:
        table = _Table(store, demo.report)
        instants = demo.write(store, table)
        demo.look_back(store, instants)
    demo.restore(instants)
    return demo.report


class _Table:
    """The table that is written, and beside it the digests of what it should hold."""

    def __init__(self, store: mvcc.Store, report: Report) -> None:
        self._store = store
        self._table = store.create_table(TABLE)
        self._report = report
        self.expected: dict[bytes, Digest] = {}

    def put(self, name: str, rows: Iterable[Row]) -> None:
        """Writes rows in commits of some MB; only the commits are timed, not the reading of files."""
        watch, count, size = Stopwatch(), 0, 0
        for batch in batches(rows, COMMIT_BYTES):
            self.expected.update((key, Digest.of(value)) for key, value in batch)
            with watch.running():
                self._table.put_many(batch)
            count += len(batch)
            size += sum(len(key) + len(value) for key, value in batch)
        self._report.steps.append(Step(name, count, size, watch.seconds))

    def delete(self, name: str, keys: list[bytes]) -> None:
        """Deletes keys in one commit."""
        watch = Stopwatch()
        with watch.running():
            self._table.delete_many(keys)
        for key in keys:
            del self.expected[key]
        self._report.steps.append(Step(name, len(keys), sum(map(len, keys)), watch.seconds))

    def instant(self, name: str) -> Instant:
        """Now, with what the table holds now."""
        return Instant(name, self._store.now(), dict(self.expected))


class _LibraryDemo:
    """The steps of the demo, in the order in which they are called."""

    def __init__(self, folder: Path, sources: Sources, announce: Announce) -> None:
        self.report = Report("the files of this Python")
        self._folder = folder
        self._uri = str(folder / "backups")
        self._sources = sources
        self._announce = announce

    def write(self, store: mvcc.Store, table: _Table) -> list[Instant]:
        """Loads, changes twice, backs up each instant; gives the three instants."""
        left_out = LeftOut()
        self._announce(f"loading {self._sources.library}")
        files = find(self._sources.library, left_out)
        table.put("load", read(files, left_out))
        loaded = table.instant("before round 1")

        self._announce("round 1: tests go, sources are rewritten")
        table.delete("round 1, remove", removals(sorted(table.expected)))
        kept = [file for file in files if file.key in table.expected]
        table.put("round 1, rewrite", _rewrites(read(kept, LeftOut())))
        rewritten_at = table.instant("after round 1")

        self._announce("backups: a full one AS OF before round 1, then what round 1 changed")
        self._backup(store, "full backup", loaded)
        self._backup(store, "incremental 1", rewritten_at, incremental=True)

        self._announce("round 2: site-packages come, and an incremental")
        table.put("round 2, add", up_to(self._packages(left_out), PACKAGES_BYTES))
        added = table.instant("after round 2")
        self._backup(store, "incremental 2", added, incremental=True)
        self.report.counts.update(asdict(left_out))
        return [loaded, rewritten_at, added]

    def look_back(self, store: mvcc.Store, instants: list[Instant]) -> None:
        """Reads the store AS OF each instant, and asks it what has changed."""
        loaded, rewritten_at, _ = instants
        for instant in instants:
            self._announce(f"reading AS OF {instant.name}")
            with store.as_of(instant.timestamp) as then, then[TABLE].scan() as rows:
                found = compare_digests(f"AS OF {instant.name}", rows, instant.expected)
            self.report.comparisons.append(found)
        self.report.comparisons.append(compare_diff(store, TABLE, loaded, rewritten_at))
        self.report.notes += history_of_one(store, TABLE, loaded, rewritten_at)
        self.report.disk_bytes["store"] = store.stats().file_bytes

    def restore(self, instants: list[Instant]) -> None:
        """Restores each instant into a new store and compares all of it."""
        path = self._folder / "restored"
        for instant in instants:
            self._announce(f"restoring {instant.name}")
            watch = Stopwatch()
            with watch.running():
                job = mvcc.restore(self._uri, path, as_of=instant.timestamp)
            self._step(f"restore {instant.name}", job, watch)
            with mvcc.open(path, create=False) as store, store[TABLE].scan() as rows:
                found = compare_digests(f"restored {instant.name}", rows, instant.expected)
            self.report.comparisons.append(found)
            remove_folder(path)
        self.report.disk_bytes["backups"] = folder_bytes(self._folder / "backups")

    def _backup(
        self, store: mvcc.Store, name: str, instant: Instant, incremental: bool = False
    ) -> None:
        watch = Stopwatch()
        with watch.running():
            job = store.backup(self._uri, as_of=instant.timestamp, incremental=incremental)
        self._step(name, job, watch)

    def _step(self, name: str, job: mvcc.Job, watch: Stopwatch) -> None:
        self.report.steps.append(Step(name, job.rows, job.bytes, watch.seconds))

    def _packages(self, left_out: LeftOut) -> Iterator[Row]:
        for folder in self._sources.packages:
            yield from read(find(folder, left_out, b"site-packages/"), left_out)


def _rewrites(rows: Iterable[Row]) -> Iterator[Row]:
    """The Python sources among the rows, as `ast.unparse` writes them, where that differs."""
    sources = ((key, value) for key, value in rows if key.endswith(b".py"))
    for key, value in up_to(sources, REWRITE_BYTES):
        new = rewritten(value)
        if new is not None and new != value:
            yield key, new
