"""One damaged byte of any kind of record: every read path that meets it raises, none answers."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import lmdb
import pytest

from mvcc.engine.interface import ChangesRequest, ExportRequest, ScanRequest, Span, WriteBatch
from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.errors import StoreCorruptedError
from tests.engine.records import HEAD_BYTES, VALUE, changes_row, damage, data_row, seal, version_key

TABLE = 100
KEY_BYTES = 4 + len(b"victim") + 8
VALUE_BYTES = b"the value of the victim"


def read_get(engine: LMDBEngine) -> object:
    """Reads the one key."""
    return engine.get(TABLE, b"victim")


def read_get_many(engine: LMDBEngine) -> object:
    """Reads the key among others."""
    return engine.get_many(TABLE, [b"before", b"victim"])


def read_scan(engine: LMDBEngine) -> object:
    """Reads the table forwards."""
    return engine.scan(ScanRequest(Span(TABLE)), view=engine.view())


def read_scan_reverse(engine: LMDBEngine) -> object:
    """Reads the table backwards."""
    return engine.scan(ScanRequest(Span(TABLE), reverse=True), view=engine.view())


def read_scan_keys(engine: LMDBEngine) -> object:
    """Counts the table."""
    return engine.scan(ScanRequest(Span(TABLE), keys_only=True), view=engine.view())


def read_history(engine: LMDBEngine) -> object:
    """Reads every version of the key."""
    span = Span(TABLE, b"victim", b"victim\0")
    return engine.scan(ScanRequest(span, revisions=True), view=engine.view())


def read_history_of_all(engine: LMDBEngine) -> object:
    """Reads every version of every key."""
    return engine.scan(ScanRequest(Span(TABLE), revisions=True), view=engine.view())


def read_split(engine: LMDBEngine) -> object:
    """Cuts the table."""
    return list(engine.split(Span(TABLE), view=engine.view(), span_bytes=1))


def collect(engine: LMDBEngine) -> object:
    """Collects garbage."""
    return engine.gc(engine.last_commit())


def read_export(engine: LMDBEngine) -> object:
    """Exports the table."""
    return list(engine.export(ExportRequest(Span(TABLE)), view=engine.view()))


def read_export_window(engine: LMDBEngine) -> object:
    """Exports what changed."""
    return list(engine.export(ExportRequest(Span(TABLE), since=1), view=engine.view()))


def read_changes(engine: LMDBEngine) -> object:
    """Reads what was committed."""
    return engine.changes(ChangesRequest(since=0))


def read_verify(engine: LMDBEngine) -> object:
    """Verifies, and raises what it found as the store does."""
    problems = engine.verify().problems
    if problems:
        raise StoreCorruptedError(path=engine.path, what=problems[0], problems=problems)
    return None


DATA_READS = [
    read_get,
    read_get_many,
    read_scan,
    read_scan_reverse,
    read_scan_keys,
    read_history,
    read_export,
    read_export_window,
    read_changes,
    read_verify,
]
CHANGES_READS = [read_changes, read_export_window, read_verify]


def make_store(folder: Path) -> int:
    """A store with three keys, committed one by one; gives the timestamp of the victim."""
    engine = open_engine(folder)
    stamps = []
    for key, value in ((b"before", b"b"), (b"victim", VALUE_BYTES), (b"zafter", b"z")):
        batch = WriteBatch()
        batch.add(TABLE, key, value)
        stamps.append(engine.commit(batch))
    engine.close()
    return stamps[1]


@pytest.mark.parametrize("read", DATA_READS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("offset", [0, 1, 4, HEAD_BYTES, HEAD_BYTES + len(VALUE_BYTES) - 1])
def test_a_damaged_value_record_is_never_answered(
    tmp_path: Path, read: Callable[[LMDBEngine], object], offset: int
) -> None:
    """Kind, checksum and payload of a row of `data`, by every path."""
    timestamp = make_store(tmp_path / "s")
    row = data_row(TABLE, b"victim", timestamp, VALUE_BYTES)
    damage(tmp_path / "s" / "data.mdb", row, KEY_BYTES + offset)
    engine = open_engine(tmp_path / "s")
    with pytest.raises(StoreCorruptedError):
        read(engine)
    engine.close()


@pytest.mark.parametrize("read", CHANGES_READS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("offset", range(12 + HEAD_BYTES + 4 + len(b"victim")))
def test_a_damaged_row_of_changes_is_never_answered(
    tmp_path: Path, read: Callable[[LMDBEngine], object], offset: int
) -> None:
    """Every byte of the row, its key included, by every path that reads `changes`."""
    timestamp = make_store(tmp_path / "s")
    row = changes_row(timestamp, 0, VALUE, TABLE, b"victim")
    damage(tmp_path / "s" / "data.mdb", row, offset)
    engine = open_engine(tmp_path / "s")
    with pytest.raises(StoreCorruptedError):
        read(engine)
    engine.close()


def test_an_error_of_damage_names_table_key_and_timestamp(tmp_path: Path) -> None:
    """Whoever reads the error can find the row."""
    timestamp = make_store(tmp_path / "s")
    row = data_row(TABLE, b"victim", timestamp, VALUE_BYTES)
    damage(tmp_path / "s" / "data.mdb", row, KEY_BYTES + HEAD_BYTES)
    engine = open_engine(tmp_path / "s")
    with pytest.raises(StoreCorruptedError) as raised:
        engine.get(TABLE, b"victim")
    engine.close()
    found = raised.value
    assert (TABLE, b"victim", timestamp) == (found.table_id, found.key, int(found.timestamp or 0))


LONG_KEY_READS = [
    read_scan,
    read_scan_reverse,
    read_scan_keys,
    read_history_of_all,
    read_export,
    read_split,
    read_verify,
    collect,
]


@pytest.mark.parametrize("read", LONG_KEY_READS, ids=lambda read: read.__name__)
def test_a_row_whose_key_is_longer_than_any_is_damage(
    tmp_path: Path, read: Callable[[LMDBEngine], object]
) -> None:
    """LMDB's keys hold 511 bytes, ours 490 and 12; a longer one must not be copied as if it were ours."""
    make_store(tmp_path / "s")
    row_key = version_key(TABLE, b"w" * 499, 2**64 - 1)
    with lmdb.open(str(tmp_path / "s"), max_dbs=8) as env, env.begin(write=True) as txn:
        txn.put(row_key, seal(row_key, VALUE, b""), db=env.open_db(b"data", txn=txn))
    with closing(open_engine(tmp_path / "s")) as engine, pytest.raises(StoreCorruptedError):
        read(engine)


def test_verify_goes_on_behind_a_damaged_row(tmp_path: Path) -> None:
    """Two damaged rows are two problems, and the third row is counted."""
    make_store(tmp_path / "s")
    path = tmp_path / "s" / "data.mdb"
    engine = open_engine(tmp_path / "s")
    stamps = engine.changes(ChangesRequest(since=0)).timestamps
    engine.close()
    damage(
        path,
        data_row(TABLE, b"before", stamps[0], b"b"),
        -1 + len(data_row(TABLE, b"before", 1, b"b")),
    )
    damage(path, data_row(TABLE, b"victim", stamps[1], VALUE_BYTES), KEY_BYTES + 1)
    engine = open_engine(tmp_path / "s")
    result = engine.verify()
    engine.close()
    assert (1, 4) == (result.versions, len(result.problems))


def open_and_read(folder: Path) -> None:
    """Opens a store and asks where it stands."""
    with closing(open_engine(folder)) as engine:
        engine.last_commit()


@pytest.mark.parametrize("name", [b"state", b"format"])
def test_a_damaged_row_of_meta_stops_the_opening_or_the_first_read(
    tmp_path: Path, name: bytes
) -> None:
    """What kind of store it is, and where it stands in time."""
    make_store(tmp_path / "s")
    path = tmp_path / "s" / "data.mdb"
    content = bytearray(path.read_bytes())
    at = content.find(name)
    while at >= 0:
        content[at + len(name) + 2] ^= 1
        at = content.find(name, at + 1)
    path.write_bytes(content)
    with pytest.raises(StoreCorruptedError):
        open_and_read(tmp_path / "s")


def test_a_damaged_row_of_protected_is_found(tmp_path: Path) -> None:
    """By verification, and by the collection that would have to trust it."""
    engine = open_engine(tmp_path / "s")
    batch = WriteBatch()
    batch.add(TABLE, b"key", b"value")
    timestamp = engine.commit(batch)
    record = engine.protect(timestamp, "a label", durable=True)
    engine.close()
    row_key = struct.pack(">Q", record)
    path = tmp_path / "s" / "data.mdb"
    payload_at = path.read_bytes().find(b"a label")
    payload = path.read_bytes()[payload_at - 24 : payload_at + len(b"a label")]
    damage(path, row_key + seal(row_key, 1, payload), 8 + HEAD_BYTES)
    engine = open_engine(tmp_path / "s")
    with pytest.raises(StoreCorruptedError):
        engine.gc(timestamp)
    assert 1 == len(engine.verify().problems)
    engine.close()
