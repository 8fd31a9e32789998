"""SST files out of a window and into a table: what went in comes out."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mvcc.engine.interface import (
    ChangesRequest,
    ExportRequest,
    ExportSummary,
    ReadSet,
    ScanRequest,
    Span,
    WriteBatch,
)
from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.errors import (
    SSTCorruptedError,
    StorageError,
    TimestampBelowGCError,
    TransactionRetryError,
    ValueTooLargeError,
)

TABLE = 100
NEW = 200


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LMDBEngine]:
    """An empty engine."""
    with closing(open_engine(tmp_path / "s")) as opened:
        yield opened


def write(engine: LMDBEngine, rows: dict[bytes, bytes | None]) -> int:
    """One commit."""
    batch = WriteBatch()
    for key, value in rows.items():
        batch.add(TABLE, key, value)
    return engine.commit(batch)


def export(
    engine: LMDBEngine, path: Path, request: ExportRequest, at: int | None = None
) -> ExportSummary:
    """One file."""
    view = engine.view(at)
    written = engine.export(request, view=view)
    path.write_bytes(b"".join(bytes(chunk) for chunk in written))
    view.close()
    return written.summary


def rows(engine: LMDBEngine, table: int, at: int | None = None) -> dict[bytes, bytes | None]:
    """All rows of a table."""
    view = engine.view(at)
    page = engine.scan(ScanRequest(Span(table)), view=view)
    view.close()
    return dict(zip(page.keys, page.values, strict=True))


def history(engine: LMDBEngine, tmp_path: Path) -> tuple[list[str], list[int]]:
    """A full and two incrementals, newest first; and the timestamps, oldest first."""
    first = write(engine, {b"a": b"1", b"b": b"1", b"c": b"1"})
    second = write(engine, {b"a": b"2", b"b": None})
    third = write(engine, {b"b": b"3", b"c": None, b"d": b""})
    windows = [(0, first), (first, second), (second, third)]
    paths: list[str] = []
    for number, (since, until) in enumerate(windows):
        paths.append(str(tmp_path / f"{number}.sst"))
        export(engine, Path(paths[-1]), ExportRequest(Span(TABLE), since=since), until)
    return paths[::-1], [first, second, third]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_layers_give_the_rows_at_their_end(engine: LMDBEngine, tmp_path: Path, layers: int) -> None:
    """The newest layer wins, and its tombstones hide what is below."""
    paths, stamps = history(engine, tmp_path)
    newest_first = [[path] for path in paths[3 - layers :]]
    at = engine.now()
    loaded = list(engine.ingest(newest_first, TABLE, NEW, at=at, until=stamps[layers - 1]))
    batch = WriteBatch(ingested=[Span(NEW)])
    batch.add(1, b"catalog", b"entry")
    engine.commit(batch)
    wanted = rows(engine, TABLE, stamps[layers - 1])
    assert (wanted, len(wanted)) == (rows(engine, NEW), sum(count for count, _ in loaded))


def test_an_instant_inside_a_layer_with_revisions_can_be_loaded(
    engine: LMDBEngine, tmp_path: Path
) -> None:
    """`until` picks the newest version at or below it."""
    _, stamps = history(engine, tmp_path)
    path = tmp_path / "all.sst"
    export(engine, path, ExportRequest(Span(TABLE), revisions=True))
    list(engine.ingest([[str(path)]], TABLE, NEW, at=engine.now(), until=stamps[1]))
    assert rows(engine, TABLE, stamps[1]) == rows(engine, NEW, engine.now())


def test_an_ingested_span_is_a_change_at_its_commit(engine: LMDBEngine, tmp_path: Path) -> None:
    """Whoever follows `changes` sees each row once, also in pages of one row."""
    paths, stamps = history(engine, tmp_path)
    list(engine.ingest([[p] for p in paths], TABLE, NEW, at=engine.now(), until=stamps[2]))
    visible = engine.commit(WriteBatch(ingested=[Span(NEW)]))
    seen: list[tuple[int, int, bytes, bytes | None]] = []
    request: ChangesRequest | None = ChangesRequest(since=stamps[2], max_rows=1)
    while request is not None:
        page = engine.changes(request)
        seen += zip(page.timestamps, page.table_ids, page.keys, page.values, strict=True)
        request = page.resume
    wanted = [(visible, NEW, key, value) for key, value in rows(engine, NEW).items()]
    assert wanted == seen


def test_an_ingested_span_conflicts_with_an_older_read(engine: LMDBEngine, tmp_path: Path) -> None:
    """A transaction that had read the table before must run again."""
    paths, stamps = history(engine, tmp_path)
    read_ts = engine.last_commit()
    list(engine.ingest([[p] for p in paths], TABLE, NEW, at=engine.now(), until=stamps[2]))
    engine.commit(WriteBatch(ingested=[Span(NEW)]))
    batch = WriteBatch()
    batch.add(TABLE, b"x", b"y")
    with pytest.raises(TransactionRetryError):
        engine.commit(batch, reads=ReadSet(read_ts, points=[(NEW, b"a")]))


def test_a_damaged_file_is_refused(engine: LMDBEngine, tmp_path: Path) -> None:
    """A flipped byte in a data block."""
    paths, stamps = history(engine, tmp_path)
    content = bytearray(Path(paths[0]).read_bytes())
    content[3] ^= 1
    Path(paths[0]).write_bytes(content)
    with pytest.raises(SSTCorruptedError):
        list(engine.ingest([[p] for p in paths], TABLE, NEW, at=engine.now(), until=stamps[2]))


def test_pages_by_target_size_concatenate_to_the_whole(engine: LMDBEngine, tmp_path: Path) -> None:
    """Each page is a file of its own and ends at a key."""
    wanted = {b"%04d" % n: bytes(n) for n in range(300)}
    write(engine, dict(wanted))
    paths: list[str] = []
    request: ExportRequest | None = ExportRequest(Span(TABLE), target_size=2000)
    while request is not None:
        paths.append(str(tmp_path / f"{len(paths)}.sst"))
        request = export(engine, Path(paths[-1]), request).resume
    list(engine.ingest([paths], TABLE, NEW, at=engine.now(), until=engine.now()))
    assert (wanted, True) == (rows(engine, NEW, engine.now()), len(paths) > 10)


def test_a_maximum_cuts_between_the_versions_of_a_key(engine: LMDBEngine, tmp_path: Path) -> None:
    """The next page goes on at the version that did not fit."""
    stamps = [write(engine, {b"key": bytes([n]) * 100}) for n in range(10)]
    sizes, seen = [], 0
    request: ExportRequest | None = ExportRequest(Span(TABLE), revisions=True, max_size=350)
    while request is not None:
        summary = export(engine, tmp_path / "page.sst", request)
        sizes.append(summary.bytes)
        seen += summary.rows
        request = summary.resume
    assert (len(stamps), True) == (seen, max(sizes) <= 350)


def test_one_row_above_the_maximum_is_an_error(engine: LMDBEngine, tmp_path: Path) -> None:
    """It cannot be cut any further."""
    write(engine, {b"key": bytes(1000)})
    with pytest.raises(ValueTooLargeError):
        export(engine, tmp_path / "x.sst", ExportRequest(Span(TABLE), max_size=500))


def test_a_window_by_changes_and_by_scan_give_the_same_bytes(
    engine: LMDBEngine, tmp_path: Path
) -> None:
    """Once `changes` are trimmed the window is found by a plain scan."""
    start = write(engine, {b"%05d" % n: b"old" for n in range(5000)})
    write(engine, {b"%05d" % n: None if n % 20 == 0 else b"new" for n in range(0, 5000, 10)})
    request = ExportRequest(Span(TABLE), since=start)
    by_changes = export(engine, tmp_path / "changes.sst", request)
    view = engine.view(start)
    engine.gc(engine.last_commit())  # trims `changes`; the view keeps the versions
    by_scan = export(engine, tmp_path / "scan.sst", request)
    view.close()
    same = (tmp_path / "changes.sst").read_bytes() == (tmp_path / "scan.sst").read_bytes()
    assert (500, 500, True) == (by_changes.rows, by_scan.rows, same)


def test_a_window_below_the_threshold_is_refused(engine: LMDBEngine, tmp_path: Path) -> None:
    """The deletion in it has been collected: a file without it would bring the key back."""
    start = write(engine, {b"key": b"value"})
    engine.gc(write(engine, {b"key": None}))
    with pytest.raises(TimestampBelowGCError):
        export(engine, tmp_path / "x.sst", ExportRequest(Span(TABLE), since=start))


def test_a_window_without_rows_has_no_bytes(engine: LMDBEngine, tmp_path: Path) -> None:
    """No file is made of nothing."""
    end = write(engine, {b"key": b"value"})
    summary = export(engine, tmp_path / "x.sst", ExportRequest(Span(TABLE), since=end))
    assert (0, b"") == (summary.rows, (tmp_path / "x.sst").read_bytes())


def test_the_chunks_do_not_depend_on_their_size(
    engine: LMDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many short reads and one long one make the same file."""
    for round_ in range(3):
        write(engine, {b"%05d" % n: bytes([round_]) * 200 for n in range(2000)})
    request = ExportRequest(Span(TABLE), revisions=True, target_size=300_000)
    whole = export(engine, tmp_path / "whole.sst", request)
    monkeypatch.setattr("mvcc.engine.lmdb.EXPORT_CHUNK_BYTES", 1000)
    short = export(engine, tmp_path / "short.sst", request)
    same = (tmp_path / "whole.sst").read_bytes() == (tmp_path / "short.sst").read_bytes()
    assert (True, whole.resume) == (same, short.resume)


def test_a_file_that_cannot_be_opened_is_an_error_of_ours(
    engine: LMDBEngine, tmp_path: Path
) -> None:
    """It names the path and the reason."""
    absent = str(tmp_path / "absent.sst")
    with pytest.raises(StorageError) as raised:
        list(engine.ingest([[absent]], TABLE, NEW, at=engine.now(), until=engine.now()))
    assert (absent, errno.ENOENT) == (raised.value.path, raised.value.errno)
