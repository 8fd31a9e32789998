"""What every engine must do with rows of one table: a single put, and many in columns."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mvcc._native._core import ffi, lib
from mvcc.engine.interface import CATALOG_TABLE, MAX_KEY_BYTES, ChangesRequest, Engine
from mvcc.engine.lmdb import LMDBEngine
from mvcc.errors import (
    InvalidArgumentError,
    KeyTooLongError,
    ReadOnlyError,
    TransactionRetryError,
    ValueTooLargeError,
)
from mvcc.packed import Column, PackedRows
from mvcc.rows import pack
from tests.engine.engines import Opener
from tests.engine.history import T, put, rows_at


class Write(Protocol):
    """A way to commit rows of table T."""

    def __call__(
        self, engine: Engine, rows: list[tuple[bytes, bytes]], catalog_ts: int | None = None
    ) -> int:
        """Gives the timestamp."""
        ...


def put_rows(engine: Engine, rows: list[tuple[bytes, bytes]], catalog_ts: int | None = None) -> int:
    """As a commit."""
    return engine.put_rows(T, pack(rows), catalog_ts=catalog_ts)


def load_rows(
    engine: Engine, rows: list[tuple[bytes, bytes]], catalog_ts: int | None = None
) -> int:
    """Straight into the tree, in two parts."""
    parts = [*pack(rows[:1]).parts, *pack(rows[1:]).parts]
    return engine.load_rows(T, PackedRows(parts), catalog_ts=catalog_ts)


WRITES: dict[str, Write] = {"put_rows": put_rows, "load_rows": load_rows}
each_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())

KEYS = st.binary(max_size=3) | st.binary(max_size=MAX_KEY_BYTES)
ROWS = st.lists(st.tuples(KEYS, st.binary(max_size=9)), min_size=1, max_size=60)


def test_a_put_is_a_commit(engine: Engine) -> None:
    """Of one row, above the last."""
    first = engine.put(T, b"a", b"1")
    second = engine.put(T, b"a", b"")
    assert (first, {b"a": b""}, {b"a": b"1"}) == (
        second - 1,
        rows_at(engine),
        rows_at(engine, first),
    )
    assert second == engine.last_commit()


def test_changes_of_rows_come_in_their_order(engine: Engine) -> None:
    """A key that comes twice stands where it came first."""
    since = engine.put(T, b"", b"")
    engine.put_rows(T, pack([(b"c", b"1"), (b"b", b"2"), (b"c", b"3"), (b"a", b"4")]))
    page = engine.changes(ChangesRequest(since))
    assert ([b"c", b"b", b"a"], [b"3", b"2", b"4"]) == (page.keys, page.values)


def test_a_put_of_a_key_over_the_limit_writes_nothing(engine: Engine) -> None:
    """Nor moves the time."""
    with pytest.raises(KeyTooLongError):
        engine.put(T, b"x" * (MAX_KEY_BYTES + 1), b"")
    assert (0, 0) == (engine.info().versions, engine.last_commit())


@each_write
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_rows_are_as_in_a_dict(
    engine: Engine, write: Write, rows: list[tuple[bytes, bytes]]
) -> None:
    """In any order, some keys twice: the later value counts, and all are of one commit."""
    before = rows_at(engine)
    stamp = write(engine, rows)
    assert before | dict(rows) == rows_at(engine)
    assert (before, stamp) == (rows_at(engine, stamp - 1), engine.last_commit())


@each_write
def test_many_rows_are_as_in_a_dict(engine: Engine, write: Write) -> None:
    """Ten thousand of them, each key twice."""
    rows = [(b"%d" % (number * 7919 % 5000), b"%d" % number) for number in range(10_000)]
    write(engine, rows)
    assert dict(rows) == rows_at(engine)


@each_write
def test_keys_made_to_collide_are_told_apart(engine: Engine, write: Write) -> None:
    """Where a table of their checksums is of no use: all are kept, and of a repeat the later value."""
    keys = [key for key in (b"%05d" % n for n in range(50_000)) if slot_of(key) == 77][:120]
    rows = [(key, b"1") for key in reversed(keys)]
    write(engine, rows)
    assert dict(rows) == rows_at(engine)
    write(engine, [*rows, (keys[60], b"2")])
    assert {**dict(rows), keys[60]: b"2"} == rows_at(engine)


def slot_of(key: bytes) -> int:
    """Where the native engine begins to look for one of 65 to 128 keys."""
    checksum: int = lib.mv_crc32c(0, ffi.from_buffer(key), len(key))
    return checksum & 255


@each_write
def test_a_stale_catalog_is_refused(engine: Engine, write: Write) -> None:
    """As by any commit."""
    known = engine.put(T, b"a", b"1")
    put(engine, {b"db.t": b""}, table=CATALOG_TABLE)
    calls: list[Callable[[], int]] = [
        lambda: engine.put(T, b"a", b"2", catalog_ts=known),
        lambda: write(engine, [(b"a", b"2")], known),
    ]
    for call in calls:
        with pytest.raises(TransactionRetryError) as caught:
            call()
        assert "catalog" == caught.value.reason
    assert b"1" == engine.get(T, b"a")


@each_write
def test_a_reader_cannot_write(open_engine: Opener, engine: Engine, write: Write) -> None:
    """Not a row, not many."""
    engine.put(T, b"a", b"1")
    engine.close()
    reader = open_engine(readonly=True)
    calls: list[Callable[[], int]] = [
        lambda: reader.put(T, b"a", b"2"),
        lambda: write(reader, [(b"a", b"2")]),
    ]
    for call in calls:
        with pytest.raises(ReadOnlyError):
            call()
    assert b"1" == reader.get(T, b"a")


@each_write
def test_a_long_key_among_rows_writes_nothing(engine: Engine, write: Write) -> None:
    """Wherever it stands."""
    with pytest.raises(KeyTooLongError) as caught:
        write(engine, [(b"a", b"1"), (b"x" * 491, b""), (b"b", b"")])
    assert ((491, MAX_KEY_BYTES), {}) == (
        (caught.value.length, caught.value.limit),
        rows_at(engine),
    )


def test_a_value_over_the_limit_is_named_by_its_key(lmdb_engine: LMDBEngine) -> None:
    """1 GiB and a byte, which nobody needs to copy to see it."""
    values = Column(bytes((1 << 30) + 3), lengths(2, (1 << 30) + 1))
    rows = PackedRows([(Column(b"abc", lengths(1, 2)), values)])
    calls: list[Callable[[], int]] = [
        lambda: lmdb_engine.put_rows(T, rows),
        lambda: lmdb_engine.load_rows(T, rows),
    ]
    for call in calls:
        with pytest.raises(ValueTooLargeError, match="of key b'bc'") as caught:
            call()
        assert (b"bc", (1 << 30) + 1) == (caught.value.key, caught.value.length)
    assert {} == rows_at(lmdb_engine)


def test_columns_that_do_not_add_up_are_refused(lmdb_engine: LMDBEngine) -> None:
    """C would read past their end."""
    good, bad = Column(b"ab", lengths(1, 1)), Column(b"ab", lengths(1, 2))
    for part in ((bad, good), (good, bad), (good, Column(b"1", lengths(1)))):
        for call in (lmdb_engine.put_rows, lmdb_engine.load_rows):
            with pytest.raises(InvalidArgumentError):
                call(T, PackedRows([part]))
    assert {} == rows_at(lmdb_engine)


def lengths(*values: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint32]]:
    """A column of lengths."""
    return np.array(values, np.uint32)


def test_an_allocation_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Wherever memory is out while rows are arranged."""
    program, root = tmp_path / "batch", Path(__file__).resolve().parents[2]
    sources = [
        "tests/c/oom/batch.c",
        *(f"csrc/mvcc/mv_{name}.c" for name in ("batch", "ops", "key")),
    ]
    sources += [f"csrc/base/mv_{name}.c" for name in ("buf", "crc32c", "error")]
    command = [
        "gcc",
        "-std=c11",
        "-D_GNU_SOURCE",
        "-DMVCC_OOM",
        "-g",
        "-fsanitize=address,undefined",
    ]
    command += ["-I", str(root / "csrc"), "-I", str(root / "tests/c"), "-o", str(program)]
    subprocess.run([*command, *(str(root / source) for source in sources)], check=True)
    subprocess.run([program], check=True)
