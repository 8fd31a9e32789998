"""The manifest of one layer: what it holds, what it stands on, and what its files must be.

Owns the records, their bytes and every rule that one manifest alone must keep; `chain` owns the rules
between two. Timestamps are u64 integers here. See docs/format/manifest.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

from mvcc.backup.codec import (
    DIGEST_BYTES,
    MAX_FILE_BYTES,
    U32_MAX,
    Fields,
    Record,
    seal,
    unseal,
    version_of,
)
from mvcc.backup.layout import MAX_FILES
from mvcc.errors import BackupCorruptedError, InvalidArgumentError, InvalidNameError
from mvcc.names import check_table_name

KIND = b"MANI"
VERSION = 2
VERSION_UNRECORDED = 1  # before stores recorded their layers
STORE_ID_BYTES = 16
MAX_TARGETS = 1000
MAX_BOUND_BYTES = 512
COMPRESSIONS = ("none", "lz4", "zstd")
_SMALLEST_SST = 53


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A table that the layer holds."""

    table_id: int
    name: str
    created: int
    dropped: int | None
    """The commit that dropped it, with revision history alone; None: it is there at the end."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A data file: one span of one table, with the versions in (since, end of the layer]."""

    number: int
    table_id: int
    since: int
    """The layer's start, or 0 for a table that was not there at the start."""
    start: bytes
    end: bytes | None
    """Keys `start <= key < end`; None: unbounded."""
    size: int
    """Of the file."""
    sha256: bytes
    min_ts: int
    max_ts: int
    rows: int
    """Versions, tombstones included."""
    tombstones: int
    bytes: int
    """Of keys and values, before compression."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One layer of a chain: a full backup, or an increment on the layer that `parent` names."""

    folder: str
    """Where in the collection it stands."""
    job_id: int
    library: str
    """The version of mvcc that wrote it."""
    store_id: bytes
    parent: bytes | None
    """The SHA-256 that the parent's manifest ends with; None: a full backup."""
    start: int
    """The parent's end; 0 for a full backup."""
    end: int
    history_from: int | None
    """With revision history, the first instant that can be restored; None: the end alone can be."""
    targets: tuple[str, ...] | None
    """Databases and tables, sorted; None: everything."""
    compression: str
    file_size: int
    """The size of keys and values at which spans were cut."""
    recorded: bool | None
    """Whether the store recorded the layer; None: written before stores did (format version 1)."""
    tables: tuple[TableEntry, ...]
    """By id."""
    files: tuple[FileEntry, ...]
    """By table and key."""

    @property
    def rows(self) -> int:
        """Of all files."""
        return sum(each.rows for each in self.files)

    @property
    def tombstones(self) -> int:
        """Of all files."""
        return sum(each.tombstones for each in self.files)

    @property
    def bytes(self) -> int:
        """Of all files' keys and values."""
        return sum(each.bytes for each in self.files)

    @property
    def file_bytes(self) -> int:
        """Of all files."""
        return sum(each.size for each in self.files)

    def live(self, at: int) -> dict[int, TableEntry]:
        """The tables, by id, that the catalog shows at an instant that the layer covers."""
        return {
            each.table_id: each
            for each in self.tables
            if each.created <= at and (each.dropped is None or at < each.dropped)
        }


def encode(manifest: Manifest) -> bytes:
    """The bytes of a manifest: the same for equal ones. InvalidArgumentError where they are too many."""
    data = _seal(manifest)
    if len(data) > MAX_FILE_BYTES:
        raise InvalidArgumentError(
            f"a manifest of {len(manifest.files)} files is too large",
            argument="file_size",
            given=str(manifest.file_size),
            hint="Take a larger file_size, so that the backup has fewer files.",
        )
    return data


def decode(data: bytes, path: str) -> Manifest:
    """The manifest that stands in these bytes, if they follow every rule.

    `path` is for messages. BackupCorruptedError, FormatVersionError.
    """
    records = unseal(KIND, data, path)
    head = next(records, None)
    if head is None:
        raise BackupCorruptedError(path=path, what="it is empty")
    counts = head.number("tables", 0, U32_MAX), head.number("files", 0, MAX_FILES)
    totals = [head.number(name) for name in ("rows", "tombstones", "bytes", "file_bytes")]
    unrecorded = version_of(data) == VERSION_UNRECORDED
    recorded = None if unrecorded else head.flag("recorded")
    manifest = _read_manifest(head, recorded, records, *counts)
    if next(records, None) is not None:
        raise BackupCorruptedError(path=path, what="it has more records than it states")
    if totals != [manifest.rows, manifest.tombstones, manifest.bytes, manifest.file_bytes]:
        raise BackupCorruptedError(path=path, what="its totals are not those of its files")
    if counts != (len(manifest.tables), len(manifest.files)):
        raise BackupCorruptedError(path=path, what="it has fewer records than it states")
    for problem in _problems(manifest):
        raise BackupCorruptedError(path=path, what=problem)
    if _seal(manifest) != data:
        raise BackupCorruptedError(path=path, what="it is not in canonical form")
    return manifest


def _seal(manifest: Manifest) -> bytes:
    """The bytes, in the format version that has the manifest's fields."""
    version = VERSION_UNRECORDED if manifest.recorded is None else VERSION
    return seal(KIND, version, _records(manifest))


def _records(manifest: Manifest) -> Iterator[Record]:
    """The head, then the tables, then the files."""
    yield _head(manifest)
    yield from _entries(manifest)


def _head(manifest: Manifest) -> Record:
    """The head's fields in their order."""
    recorded = {} if manifest.recorded is None else {"recorded": manifest.recorded}
    return {
        "folder": manifest.folder,
        "job_id": manifest.job_id,
        "library": manifest.library,
        "store_id": manifest.store_id,
        "parent": manifest.parent,
        "start": manifest.start,
        "end": manifest.end,
        "history_from": manifest.history_from,
        "targets": manifest.targets,
        "compression": manifest.compression,
        "file_size": manifest.file_size,
        **recorded,
        "tables": len(manifest.tables),
        "files": len(manifest.files),
        "rows": manifest.rows,
        "tombstones": manifest.tombstones,
        "bytes": manifest.bytes,
        "file_bytes": manifest.file_bytes,
    }


def _entries(manifest: Manifest) -> Iterator[Record]:
    """The tables, then the files."""
    for table in manifest.tables:
        yield {
            "table_id": table.table_id,
            "name": table.name,
            "created": table.created,
            "dropped": table.dropped,
        }
    for file in manifest.files:
        yield {
            "number": file.number,
            "table_id": file.table_id,
            "since": file.since,
            "start": file.start,
            "end": file.end,
            "size": file.size,
            "sha256": file.sha256,
            "min_ts": file.min_ts,
            "max_ts": file.max_ts,
            "rows": file.rows,
            "tombstones": file.tombstones,
            "bytes": file.bytes,
        }


def _read_manifest(
    head: Fields, recorded: bool | None, records: Iterator[Fields], tables: int, files: int
) -> Manifest:
    """The manifest of a head and the records after it: one at a time, so that the first wrong one ends it."""
    manifest = Manifest(
        folder=head.text("folder"),
        job_id=head.number("job_id"),
        library=head.text("library"),
        store_id=head.blob("store_id", STORE_ID_BYTES, STORE_ID_BYTES),
        parent=None if head.is_nil("parent") else head.blob("parent", DIGEST_BYTES, DIGEST_BYTES),
        start=head.number("start"),
        end=head.number("end", 1),
        history_from=None if head.is_nil("history_from") else head.number("history_from"),
        targets=None if head.is_nil("targets") else head.texts("targets"),
        compression=head.text("compression"),
        file_size=head.number("file_size", 1),
        recorded=recorded,
        tables=tuple(map(_read_table, islice(records, tables))),
        files=tuple(map(_read_file, islice(records, files))),
    )
    head.end()
    return manifest


def _read_table(fields: Fields) -> TableEntry:
    table = TableEntry(
        table_id=fields.number("table_id", 1, U32_MAX),
        name=fields.text("name"),
        created=fields.number("created", 1),
        dropped=None if fields.is_nil("dropped") else fields.number("dropped", 1),
    )
    fields.end()
    return table


def _read_file(fields: Fields) -> FileEntry:
    file = FileEntry(
        number=fields.number("number", 1, MAX_FILES),
        table_id=fields.number("table_id", 1, U32_MAX),
        since=fields.number("since"),
        start=fields.blob("start", 0, MAX_BOUND_BYTES),
        end=None if fields.is_nil("end") else fields.blob("end", 1, MAX_BOUND_BYTES),
        size=fields.number("size", _SMALLEST_SST),
        sha256=fields.blob("sha256", DIGEST_BYTES, DIGEST_BYTES),
        min_ts=fields.number("min_ts", 1),
        max_ts=fields.number("max_ts", 1),
        rows=fields.number("rows", 1),
        tombstones=fields.number("tombstones"),
        bytes=fields.number("bytes"),
    )
    fields.end()
    return file


def _problems(manifest: Manifest) -> Iterator[str]:
    """Every rule that the manifest breaks, in words."""
    yield from _head_problems(manifest)
    yield from _table_problems(manifest)
    yield from _file_problems(manifest)


def _head_problems(manifest: Manifest) -> Iterator[str]:
    """The rules of the head."""
    if (manifest.parent is None) != (manifest.start == 0):
        yield "a full backup starts at 0 and has no parent; any other has both"
    if manifest.start >= manifest.end:
        yield "its window ends before it starts"
    first = manifest.history_from
    if first is not None and not manifest.start <= first <= manifest.end:
        yield "its history begins outside of its window"
    if first is not None and manifest.parent is not None and first != manifest.start:
        yield "the history of an increment begins at its start"
    if manifest.compression not in COMPRESSIONS:
        yield "its compression is unknown"
    targets = manifest.targets
    if targets is not None and not (
        0 < len(targets) <= MAX_TARGETS and targets == tuple(sorted(set(targets)))
    ):
        yield "its targets are not sorted, or not between 1 and 1000"


def _table_problems(manifest: Manifest) -> Iterator[str]:
    """The rules of tables."""
    for one, next_one in pairwise(manifest.tables):
        if one.table_id >= next_one.table_id:
            yield "its tables are not in the order of their ids"
    names = [each.name for each in manifest.tables if each.dropped is None]
    if len(set(names)) != len(names):
        yield "two tables have the same name"
    for table in manifest.tables:
        try:
            check_table_name(table.name)
        except InvalidNameError:
            yield f"{table.name[:130]!r} cannot name a table"
        if not _was_there(manifest, table):
            yield f"table {table.table_id} was not there in the layer's window"


def _was_there(manifest: Manifest, table: TableEntry) -> bool:
    """Whether a table lived at the end, or with revision history in the window."""
    if table.dropped is None:
        return table.created <= manifest.end
    return (
        manifest.history_from is not None
        and table.created < table.dropped
        and manifest.start < table.dropped <= manifest.end
    )


def _file_problems(manifest: Manifest) -> Iterator[str]:
    """The rules of files, and of their order."""
    tables = {each.table_id for each in manifest.tables}
    numbers = {each.number for each in manifest.files}
    if len(numbers) != len(manifest.files):
        yield "it lists a file twice"
    for file in manifest.files:
        if file.table_id not in tables or not _holds(manifest, file):
            yield f"file {file.number} is described against the rules"
    for one, next_one in pairwise(manifest.files):
        if not _follows(one, next_one):
            yield f"the spans of files {one.number} and {next_one.number} overlap"


def _holds(manifest: Manifest, file: FileEntry) -> bool:
    """Whether a file's figures are possible."""
    latest_of_all = file.since == 0 and manifest.history_from is None
    return (
        file.since in (0, manifest.start)
        and file.since < file.min_ts <= file.max_ts <= manifest.end
        and file.tombstones <= (0 if latest_of_all else file.rows)
        and (file.end is None or file.start < file.end)
    )


def _follows(one: FileEntry, next_one: FileEntry) -> bool:
    """Whether a file may stand after another."""
    if one.table_id != next_one.table_id:
        return one.table_id < next_one.table_id
    return one.end is not None and one.end <= next_one.start and one.since == next_one.since
