"""Many rows in one call: mappings and pairs, numpy arrays, Arrow; all are the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvcc import rows as rows_module
from mvcc.errors import InvalidArgumentError, KeyTooLongError
from mvcc.rows import as_rows, pack
from mvcc.store import Store
from mvcc.table import Table

PAIRS = [(b"key1", b"value-of-1"), (b"key2", b"value-of-2"), (b"key0", b"value-of-\x00")]
Rows = list[tuple[bytes, bytes]]


def two_dimensions(rows: Rows) -> tuple[Any, Any]:
    """Columns as uint8 in two dimensions; fields of one column have one length."""
    keys, values = (np.frombuffer(b"".join(column), np.uint8) for column in zip(*rows, strict=True))
    return keys.reshape(len(rows), -1), values.reshape(len(rows), -1)


def table_of(rows: Rows, kind: pa.DataType) -> pa.Table:
    """Columns as an Arrow table."""
    return pa.table({"k": [key for key, _ in rows], "v": [v for _, v in rows]}).cast(
        pa.schema([("k", kind), ("v", kind)])
    )


class Batch:
    """A record batch that speaks the array interface alone."""

    def __init__(self, table: pa.Table) -> None:
        self.batch = table.combine_chunks().to_batches()[0]

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """As the batch does it."""
        capsules: tuple[object, object] = self.batch.__arrow_c_array__(requested_schema)
        return capsules


FORMS: dict[str, Callable[[Rows], Any]] = {
    "a list": list,
    "a tuple": tuple,
    "an iterator": iter,
    "a dict": dict,
    "lists in a list": lambda rows: [list(row) for row in rows],
    "views": lambda rows: [(memoryview(key), bytearray(value)) for key, value in rows],
    "uint8 arrays": two_dimensions,
    "a slice of arrays": lambda rows: tuple(
        np.repeat(array, 2, axis=0)[::2] for array in two_dimensions(rows)
    ),
    "V arrays": lambda rows: tuple(
        array.view(f"V{array.shape[1]}").ravel() for array in two_dimensions(rows)
    ),
    "binary": lambda rows: table_of(rows, pa.binary()),
    "large binary": lambda rows: table_of(rows, pa.large_binary()),
    "fixed-size binary": lambda rows: pa.table(
        {
            "k": pa.array([key for key, _ in rows], pa.binary(4)),
            "v": pa.array([value for _, value in rows], pa.binary(10)),
        }
    ),
    "binary view": lambda rows: table_of(rows, pa.binary_view()),
    "a record batch": lambda rows: table_of(rows, pa.binary()).to_batches()[0],
    "an array alone": lambda rows: Batch(table_of(rows, pa.binary())),
    "chunks": lambda rows: pa.concat_tables(table_of([row], pa.binary()) for row in rows),
    "a slice": lambda rows: table_of([*rows, *rows], pa.binary()).slice(1, len(rows)),
    "polars": lambda rows: pl.DataFrame(rows, ["k", "v"], orient="row"),
}
each_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())


@each_form
def test_every_form_gives_the_same_rows(table: Table, form: Callable[[Rows], Any]) -> None:
    """In a live table and in a transaction."""
    assert dict(PAIRS) == as_rows(form(PAIRS))
    stamp = table.put_many(form(PAIRS))
    assert sorted(PAIRS) == list(table.items())
    assert {stamp} == {table.history(key)[0].timestamp for key, _ in PAIRS}


@given(st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=30))
def test_packed_rows_are_the_rows(rows: Rows) -> None:
    """As pairs, and through each type of Arrow."""
    assert rows == list(pack(rows))
    for kind in (pa.binary(), pa.large_binary(), pa.binary_view()):
        assert rows == list(pack(table_of(rows, kind)))


@given(st.lists(st.tuples(st.binary(max_size=3), st.binary(max_size=3)), min_size=3), st.data())
def test_slices_of_slices_are_read_from_their_start(rows: Rows, data: st.DataObject) -> None:
    """A record batch and its columns may both have an offset."""
    start = data.draw(st.integers(0, len(rows)))
    count = data.draw(st.integers(0, len(rows) - start))
    keys, values = (pa.array(list(c), pa.binary()) for c in zip((b"", b""), *rows, strict=True))
    struct = pa.StructArray.from_arrays([keys[1:], values[1:]], ["k", "v"]).slice(start, count)
    assert rows[start : start + count] == list(pack(pa.RecordBatch.from_struct_array(struct)))
    assert rows[start : start + count] == list(pack(struct))


def test_rows_are_packed_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an iterator, however many come."""
    monkeypatch.setattr(rows_module, "PART_ROWS", 7)
    monkeypatch.setattr(rows_module, "COMMIT_ROWS", 8)
    rows = [(b"%d" % number, b"v" * number) for number in range(30)]
    assert rows == list(zip(*pack(rows).joined(), strict=True))
    assert rows == list(pack(iter(rows))) == list(pack(rows)) == list(as_rows(rows).items())


def test_an_element_of_dtype_s_is_what_numpy_reads(table: Table) -> None:
    """Without the NULs at its end, so that the element finds its row again."""
    keys = np.array([b"a", b"b\x00", b"\x00c", b""])
    values = np.array([b"1", b"22", b"\x003\x00", b"\x00"], "S3")
    table.put_many((keys, values))
    assert {b"a": b"1", b"b": b"22", b"\x00c": b"\x003", b"": b""} == dict(table.items())
    assert values.tolist() == [table[key] for key in keys]


@pytest.mark.parametrize(
    "items",
    [
        b"abc",
        "abc",
        [b"ab", "ab"],
        [(b"a", b"b", b"c")],
        [(b"a",)],
        [(b"a", b"b"), (b"c", None)],
        [("a", b"")],
        [(b"a", 1)],
        5,
        (np.zeros(3, np.uint8), np.zeros((3, 1), np.uint8)),
        (np.zeros((3, 1), np.uint8), [b"", b"", b""]),
        (np.zeros((3, 1), np.int8), np.zeros((3, 1), np.uint8)),
        (np.array(["a"]), np.array([b"a"])),
        (np.zeros((1, 1, 1), np.uint8), np.zeros((1, 1), np.uint8)),
        pa.table({"k": [b"a"]}),
        pa.table({"k": [b"a"], "v": [b"a"], "w": [b"a"]}),
        pa.table({"k": ["a"], "v": [b"a"]}),
        pa.table({"k": [b"a"], "v": pa.array([b"a"]).dictionary_encode()}),
        pa.array([b"a"]),
    ],
    ids=repr,
)
def test_what_is_no_rows_is_refused(store: Store, table: Table, items: Any) -> None:
    """With a TypeError, in a live table and in a transaction; nothing is written."""
    with pytest.raises(TypeError):
        table.put_many(items)
    with store.transaction() as txn:
        with pytest.raises(TypeError):
            txn[table.name].put_many(items)
        txn.rollback()
    assert 0 == table.count()


def test_keys_are_copied_at_the_call() -> None:
    """Another thread may change an array of keys while they are written: that once damaged the store."""
    keys, values = two_dimensions(PAIRS)
    keys, values = keys.copy(), values.copy()
    for given_keys in (keys, keys.view("V4").ravel(), keys.view("S4").ravel()):
        packed = pack((given_keys, values))
        kept, keys[:] = keys.copy(), 0
        assert [key for key, _ in PAIRS] == [key for key, _ in packed]
        keys[:] = kept


def test_masked_elements_are_refused(table: Table) -> None:
    """As nulls are; a mask that hides nothing does no harm."""
    full = np.array([b"a", b"b"])
    for mask in ([False, True], True):
        holed = np.ma.array(full, mask=mask)
        for items in ((holed, full), (full, holed)):
            with pytest.raises(InvalidArgumentError, match="masked"):
                table.put_many(items)
    table.put_many((np.ma.array(full, mask=False), full))
    assert {b"a": b"a", b"b": b"b"} == dict(table.items())


def test_columns_of_two_lengths_are_refused(table: Table) -> None:
    """Which rows were meant is not clear."""
    with pytest.raises(InvalidArgumentError):
        table.put_many((np.zeros((2, 1), np.uint8), np.zeros((3, 1), np.uint8)))


def test_a_field_of_wider_elements_is_taken_by_its_bytes(table: Table) -> None:
    """A view of integers is the bytes of all of them."""
    table.put_many([(b"a", memoryview(b"12345678").cast("Q")), (b"b", b"")])
    assert [b"12345678", b""] == table.get_many([b"a", b"b"])


def test_a_buffer_with_gaps_is_refused(table: Table) -> None:
    """As by put."""
    with pytest.raises(InvalidArgumentError):
        table.put_many([(b"a", memoryview(b"1234")[::2])])


@pytest.mark.parametrize("kind", [pa.binary(), pa.binary_view(), pa.binary(1)])
def test_nulls_of_arrow_are_refused(table: Table, kind: pa.DataType) -> None:
    """In keys and in values; one outside of a slice does no harm."""
    full, holed = pa.array([b"a", b"b"], kind), pa.array([b"a", None], kind)
    for keys, values in ((full, holed), (holed, full)):
        with pytest.raises(InvalidArgumentError, match="null"):
            table.put_many(pa.table({"k": keys, "v": values}))
    table.put_many(pa.table({"k": full, "v": holed}).slice(0, 1))
    assert {b"a": b"a"} == dict(table.items())


def test_a_stream_that_fails_says_why(table: Table) -> None:
    """What was read before is not written."""

    def batches() -> Iterator[pa.RecordBatch]:
        yield table_of(PAIRS, pa.binary()).to_batches()[0]
        raise ValueError("out of paper")

    schema = table_of(PAIRS, pa.binary()).schema
    with pytest.raises(OSError, match="out of paper"):
        table.put_many(pa.RecordBatchReader.from_batches(schema, batches()))
    assert 0 == table.count()


def test_what_a_producer_gives_is_given_back() -> None:
    """Each batch and each schema, also where one is refused."""
    before = pa.total_allocated_bytes()
    data = table_of([(b"k" * 100, b"v" * 100)] * 1000, pa.binary())
    pack(data)
    with pytest.raises(InvalidArgumentError):
        pack(pa.concat_tables([data, pa.table({"k": [b"a"], "v": pa.array([None], pa.binary())})]))
    del data
    assert before == pa.total_allocated_bytes()


def test_a_long_key_in_columns_is_refused_in_a_transaction_at_once(
    store: Store, table: Table
) -> None:
    """As every other write of a transaction."""
    with store.transaction() as txn:
        with pytest.raises(KeyTooLongError):
            txn[table.name].put_many((np.zeros((1, 491), np.uint8), np.zeros((1, 1), np.uint8)))
        txn.rollback()
    assert 0 == table.count()
