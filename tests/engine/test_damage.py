"""One damaged byte of any kind of record: every read path that meets it raises, none answers."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

import lmdb
import pytest

from mvcc.engine.interface import ChangesRequest, ExportRequest, ScanRequest, Span, WriteBatch
from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.errors import StoreCorruptedError
from tests.engine.history import put
from tests.engine.records import (
    HEAD_BYTES,
    VALUE,
    changes_row,
    damage,
    data_row,
    log_row,
    seal,
    version_key,
)

TABLE = 100
KEY_BYTES = 4 + len(b"victim") + 8
LOG_HEAD_BYTES = 12 + 2
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
    return b"".join(engine.export(ExportRequest(Span(TABLE)), view=engine.view()))


def read_export_window(engine: LMDBEngine) -> object:
    """Exports what changed."""
    return b"".join(engine.export(ExportRequest(Span(TABLE), since=1), view=engine.view()))


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
PLACES = ["log", "data"]


def make_store(folder: Path, place: str = "log") -> int:
    """A store with three keys, committed one by one; gives the timestamp of the victim.

    They are in the log behind an earlier merge, or in `data`.
    """
    engine = open_engine(folder)
    batch = WriteBatch()
    batch.add(TABLE, b"earlier", b"e")
    engine.commit(batch)
    engine.merge()
    stamps = []
    for key, value in ((b"before", b"b"), (b"victim", VALUE_BYTES), (b"zafter", b"z")):
        batch = WriteBatch()
        batch.add(TABLE, key, value)
        stamps.append(engine.commit(batch))
    if place == "data":
        engine.merge()
    engine.close()
    return stamps[1]


def make_run(folder: Path) -> tuple[Path, int]:
    """A store with the same keys in a run, beside much else; gives its folder and the timestamp."""
    for number in count():
        path = folder / f"run{number}"
        with closing(open_engine(path, log_limit=1)) as engine:
            put(engine, {b"%d" % each: bytes(70_000) for each in range(10)}, TABLE + 1)
            timestamp = put(
                engine,
                {b"before": b"b", b"earlier": b"e", b"victim": VALUE_BYTES, b"zafter": b"z"},
            )
            while engine.info().frozen:
                pass  # the log was full, and is being sorted
            if engine.info().runs == 1:  # it rests until the store has rested for a second
                return path, timestamp
    raise AssertionError


Templates = dict[str, tuple[Path, int]]


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The store of each place, made once, and the timestamp of its victim."""
    folder = tmp_path_factory.mktemp("templates")
    made = {place: (folder / place, make_store(folder / place, place)) for place in PLACES}
    return made | {"run": make_run(folder)}


def take(templates: Templates, place: str, folder: Path) -> int:
    """A copy of a store; gives the timestamp of the victim."""
    source, timestamp = templates[place]
    shutil.copytree(source, folder)
    return timestamp


@pytest.mark.parametrize("place", [*PLACES, "run"])
@pytest.mark.parametrize("read", DATA_READS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("offset", [0, 1, 4, HEAD_BYTES, HEAD_BYTES + len(VALUE_BYTES) - 1])
def test_a_damaged_value_record_is_never_answered(
    templates: Templates,
    tmp_path: Path,
    read: Callable[[LMDBEngine], object],
    offset: int,
    place: str,
) -> None:
    """Kind, checksum and payload of a row of the log, of `data` and of a run, by every path."""
    timestamp = take(templates, place, tmp_path / "s")
    row = data_row(TABLE, b"victim", timestamp, VALUE_BYTES)
    damage(tmp_path / "s" / "data.mdb", row, KEY_BYTES + offset)
    engine = open_engine(tmp_path / "s")
    with pytest.raises(StoreCorruptedError):
        read(engine)
    engine.close()


LOG_OFFSETS = [*range(LOG_HEAD_BYTES), *range(LOG_HEAD_BYTES, LOG_HEAD_BYTES + KEY_BYTES, 3)]


@pytest.mark.parametrize("read", DATA_READS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("offset", LOG_OFFSETS)
def test_a_damaged_field_of_a_log_s_row_changes_no_answer(
    templates: Templates, tmp_path: Path, read: Callable[[LMDBEngine], object], offset: int
) -> None:
    """Its key, its length, the version key in it: the answer is the right one, or there is none."""
    timestamp = take(templates, "log", tmp_path / "s")
    with closing(open_engine(tmp_path / "s")) as engine:
        expected = read(engine)
    row = log_row(timestamp, 0, TABLE, b"victim", VALUE_BYTES)
    damage(tmp_path / "s" / "data.mdb", row, offset)
    with closing(open_engine(tmp_path / "s")) as engine:
        with suppress(StoreCorruptedError):
            assert expected == read(engine)
        assert () != engine.verify().problems


@pytest.mark.parametrize("read", CHANGES_READS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("offset", range(12 + HEAD_BYTES + 4 + len(b"victim")))
def test_a_damaged_row_of_changes_is_never_answered(
    templates: Templates, tmp_path: Path, read: Callable[[LMDBEngine], object], offset: int
) -> None:
    """Every byte of the row, its key included, by every path that reads `changes`."""
    timestamp = take(templates, "log", tmp_path / "s")
    row = changes_row(timestamp, 0, VALUE, TABLE, b"victim")
    damage(tmp_path / "s" / "data.mdb", row, offset)
    engine = open_engine(tmp_path / "s")
    with pytest.raises(StoreCorruptedError):
        read(engine)
    engine.close()


@pytest.mark.parametrize("place", [*PLACES, "run"])
def test_an_error_of_damage_names_table_key_and_timestamp(
    templates: Templates, tmp_path: Path, place: str
) -> None:
    """Whoever reads the error can find the row."""
    timestamp = take(templates, place, tmp_path / "s")
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


@pytest.mark.parametrize("place", PLACES)
def test_verify_goes_on_behind_a_damaged_row(tmp_path: Path, place: str) -> None:
    """Two damaged rows and their changes are four problems, and the other rows are counted."""
    make_store(tmp_path / "s", place)
    path = tmp_path / "s" / "data.mdb"
    engine = open_engine(tmp_path / "s")
    stamps = engine.changes(ChangesRequest(since=0)).timestamps[1:]
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
    assert (2, 4) == (result.versions, len(result.problems))


@pytest.mark.parametrize("key", [b"before", b"zafter", b"earlier"])
def test_a_damaged_record_of_the_log_leaves_the_other_keys_alone(
    tmp_path: Path, key: bytes
) -> None:
    """It is known from `changes` which key it has."""
    timestamp = make_store(tmp_path / "s")
    row = data_row(TABLE, b"victim", timestamp, VALUE_BYTES)
    damage(tmp_path / "s" / "data.mdb", row, KEY_BYTES + HEAD_BYTES)
    with closing(open_engine(tmp_path / "s")) as engine:
        assert key[:1] == engine.get(TABLE, key)


def test_a_damaged_record_of_the_log_leaves_the_commit_before_alone(tmp_path: Path) -> None:
    """A large value stands in `data`, and where its row of the log would be is that of the next commit."""
    with closing(open_engine(tmp_path / "s")) as engine:
        first = put(engine, {b"large": bytes(70_000)}, TABLE)
        timestamp = put(engine, {b"victim": VALUE_BYTES}, TABLE)
    row = data_row(TABLE, b"victim", timestamp, VALUE_BYTES)
    damage(tmp_path / "s" / "data.mdb", row, KEY_BYTES + HEAD_BYTES)
    with closing(open_engine(tmp_path / "s")) as engine:
        assert [b"large"] == engine.changes(ChangesRequest(since=0, until=first)).keys


def test_a_damaged_record_of_the_log_stays_damaged_in_data(tmp_path: Path) -> None:
    """A merge moves it as what it is, so that no key is without its damage."""
    timestamp = make_store(tmp_path / "s")
    row = data_row(TABLE, b"victim", timestamp, VALUE_BYTES)
    damage(tmp_path / "s" / "data.mdb", row, KEY_BYTES + HEAD_BYTES)
    with closing(open_engine(tmp_path / "s")) as engine:
        engine.merge()
        assert 0 == engine.info().log_rows
        with pytest.raises(StoreCorruptedError):
            engine.get(TABLE, b"victim")
        assert b"b" == engine.get(TABLE, b"before")


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
