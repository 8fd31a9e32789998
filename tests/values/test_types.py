"""The records: frozen, slotted, picklable."""

import copy
import pickle
from dataclasses import FrozenInstanceError, fields
from typing import TYPE_CHECKING

import pytest

from mvcc.timestamp import Timestamp
from mvcc.types import (
    ANY,
    Change,
    Difference,
    GCReport,
    Progress,
    StoreStats,
    TableInfo,
    VerifyReport,
    Version,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NOW = Timestamp(7 << 12)
RECORDS = [
    Version(NOW, b"value"),
    Version(NOW, None),
    Change(NOW, "bank.accounts", b"key", None, "delete"),
    Progress(NOW),
    Difference("bank.accounts", b"key", None, b"after"),
    TableInfo("bank.accounts", 17, NOW),
    StoreStats(
        path="/data",
        store_id="00ff",
        format_version=2,
        last_commit=NOW,
        gc_threshold=Timestamp.MIN,
        oldest_snapshot=None,
        open_snapshots=0,
        versions=1,
        changes=1,
        merged=Timestamp.MIN,
        merging=False,
        unmerged_versions=1,
        runs=0,
        run_bytes=0,
        log_bytes=4096,
        log_limit_bytes=1 << 26,
        memtable_bytes=0,
        file_bytes=8192,
        free_bytes=0,
        map_bytes=2**40,
        readers=1,
    ),
    GCReport(NOW, 3, 1, 3, 99),
    VerifyReport(3, 1, 3, 99, ()),
]
each_record = pytest.mark.parametrize("record", RECORDS, ids=lambda r: type(r).__name__)


@each_record
def test_a_record_survives_pickling(record: object) -> None:
    """It comes back equal and of its class."""
    back = pickle.loads(pickle.dumps(record))
    assert (type(record), record) == (type(back), back)


@each_record
def test_a_record_is_frozen_and_slotted(record: "DataclassInstance") -> None:
    """Nothing can be changed in it or added to it."""
    with pytest.raises(FrozenInstanceError):
        setattr(record, fields(record)[0].name, None)
    assert not hasattr(record, "__dict__")


def test_a_table_knows_its_database() -> None:
    """The database is what stands before the dot."""
    assert "bank" == TableInfo("bank.accounts", 17, NOW).database


def test_a_report_without_problems_is_ok() -> None:
    """One problem is enough for not ok."""
    assert VerifyReport(3, 1, 3, 99, ()).ok
    assert not VerifyReport(3, 1, 3, 99, ("a CRC differs",)).ok


def test_any_is_one_object_and_prints_as_what_is_written() -> None:
    """`is ANY` holds after pickling and copying too."""
    assert ANY is pickle.loads(pickle.dumps(ANY)) is copy.deepcopy(ANY)
    assert "mvcc.ANY" == repr(ANY)
