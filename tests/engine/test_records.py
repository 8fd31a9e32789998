"""The bytes of the store's rows: golden, and found as such in a data file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvcc.engine.interface import WriteBatch
from mvcc.engine.lmdb import open_engine
from tests.engine.history import put
from tests.engine.records import (
    TOMBSTONE,
    VALUE,
    changes_row,
    data_row,
    log_row,
    seal,
    version_key,
)
from tests.engine.steps import merge_step

GOLDEN_VERSION_KEY = "00000064" + "6b6579" + "0807060504030201"
GOLDEN_VALUE_RECORD = "01" + "0fc4cc43" + "76616c7565"
GOLDEN_TOMBSTONE_RECORD = "00" + "bc90bd9e"
GOLDEN_LOG_ROW = "0102030405060708" + "00000002" + "0f00" + GOLDEN_VERSION_KEY + GOLDEN_VALUE_RECORD
GOLDEN_PLACES = {
    b"sort": "00" + "9c0690d5" + GOLDEN_VERSION_KEY,
    b"merge": "00" + "9f89379f" + GOLDEN_VERSION_KEY,
}
DOCS = Path(__file__).resolve().parents[2] / "docs" / "format"
TS = 0x0102030405060708


def test_a_version_key_has_its_golden_bytes() -> None:
    """Table big-endian, key, timestamp little-endian."""
    assert GOLDEN_VERSION_KEY == version_key(100, b"key", TS).hex()


def test_a_value_record_has_its_golden_bytes() -> None:
    """Kind 1, CRC-32C little-endian, payload."""
    assert GOLDEN_VALUE_RECORD == seal(version_key(100, b"key", TS), VALUE, b"value").hex()


def test_a_tombstone_record_has_its_golden_bytes() -> None:
    """Kind 0, CRC-32C, nothing."""
    assert GOLDEN_TOMBSTONE_RECORD == seal(version_key(100, b"key", TS), TOMBSTONE, b"").hex()


def test_a_row_of_a_log_has_its_golden_bytes() -> None:
    """Key and value: as in `changes`; the version key with its length, and the record of `data`."""
    assert GOLDEN_LOG_ROW == log_row(TS, 2, 100, b"key", b"value").hex()


@pytest.mark.parametrize("name", GOLDEN_PLACES)
def test_the_place_where_a_merge_goes_on_has_its_golden_bytes(name: bytes) -> None:
    """Kind 0, CRC-32C, the version key."""
    assert GOLDEN_PLACES[name] == seal(name, 0, version_key(100, b"key", TS)).hex()


def test_the_documented_examples_are_the_golden_bytes() -> None:
    """docs/format shows these very bytes."""
    keys = (DOCS / "keys.md").read_text(encoding="utf-8").replace(" ", "")
    values = (DOCS / "values.md").read_text(encoding="utf-8").replace(" ", "")
    shown = [GOLDEN_VERSION_KEY in keys, GOLDEN_VALUE_RECORD in values]
    assert [True, True, True] == [*shown, GOLDEN_TOMBSTONE_RECORD in values]
    store = (DOCS / "store.md").read_text(encoding="utf-8").replace(" ", "")
    assert [True, True] == [part in store for part in (GOLDEN_LOG_ROW[:24], GOLDEN_LOG_ROW[24:])]
    assert [True, True] == [place in store for place in GOLDEN_PLACES.values()]


def test_the_data_file_holds_the_rows_that_the_twin_makes(tmp_path: Path) -> None:
    """Puts and deletes stand in the log and `changes` byte for byte as documented."""
    engine = open_engine(tmp_path / "s")
    batch = WriteBatch()
    batch.add(100, b"present", b"some value")
    batch.add(100, b"removed", None)
    timestamp = engine.commit(batch)
    engine.close()
    content = (tmp_path / "s" / "data.mdb").read_bytes()
    rows = [
        log_row(timestamp, 0, 100, b"present", b"some value"),
        log_row(timestamp, 1, 100, b"removed", None),
        changes_row(timestamp, 0, VALUE, 100, b"present"),
        changes_row(timestamp, 1, TOMBSTONE, 100, b"removed"),
    ]
    assert [True] * 4 == [row in content for row in rows]


def test_a_merge_brings_the_rows_of_the_log_to_data(tmp_path: Path) -> None:
    """Byte for byte; on the way `meta` holds the place where it goes on."""
    engine = open_engine(tmp_path / "s")
    timestamp = put(engine, {b"a": b"some value", b"b": None})
    assert merge_step(engine)  # freezes
    assert merge_step(engine, rows=1)
    engine.close()
    content = (tmp_path / "s" / "data.mdb").read_bytes()
    place = b"sort" + seal(b"sort", 0, version_key(100, b"b", timestamp))
    moved, left = (
        data_row(100, b"a", timestamp, b"some value"),
        data_row(100, b"b", timestamp, None),
    )
    assert [True, 2, 1] == [place in content, content.count(moved), content.count(left)]
