"""The bytes of the store's rows: golden, and found as such in a data file."""

from __future__ import annotations

from pathlib import Path

from mvcc.engine.interface import WriteBatch
from mvcc.engine.lmdb import open_engine
from tests.engine.records import TOMBSTONE, VALUE, changes_row, data_row, seal, version_key

GOLDEN_VERSION_KEY = "00000064" + "6b6579" + "0807060504030201"
GOLDEN_VALUE_RECORD = "01" + "0fc4cc43" + "76616c7565"
GOLDEN_TOMBSTONE_RECORD = "00" + "bc90bd9e"
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


def test_the_documented_examples_are_the_golden_bytes() -> None:
    """docs/format shows these very bytes."""
    keys = (DOCS / "keys.md").read_text(encoding="utf-8").replace(" ", "")
    values = (DOCS / "values.md").read_text(encoding="utf-8").replace(" ", "")
    shown = [GOLDEN_VERSION_KEY in keys, GOLDEN_VALUE_RECORD in values]
    assert [True, True, True] == [*shown, GOLDEN_TOMBSTONE_RECORD in values]


def test_the_data_file_holds_the_rows_that_the_twin_makes(tmp_path: Path) -> None:
    """Puts and deletes stand in `data` and `changes` byte for byte as documented."""
    engine = open_engine(tmp_path / "s")
    batch = WriteBatch()
    batch.add(100, b"present", b"some value")
    batch.add(100, b"removed", None)
    timestamp = engine.commit(batch)
    engine.close()
    content = (tmp_path / "s" / "data.mdb").read_bytes()
    rows = [
        data_row(100, b"present", timestamp, b"some value"),
        data_row(100, b"removed", timestamp, None),
        changes_row(timestamp, 0, VALUE, 100, b"present"),
        changes_row(timestamp, 1, TOMBSTONE, 100, b"removed"),
    ]
    assert [True] * 4 == [row in content for row in rows]
