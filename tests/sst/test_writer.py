"""What the writer makes: the golden bytes, the rows that an independent reader finds, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mvcc._native.sst import TOMBSTONE, VALUE, Compression, SSTReader, SSTRow, SSTWriter
from mvcc.errors import InvalidArgumentError
from tests.sst.build import COMPRESSIONS, TESTDATA, Row, build, golden_files, in_order
from tests.sst.pyreader import PyReader

KEYS = st.binary(max_size=6) | st.sampled_from([b"", b"a", b"a\0", b"ab", b"prefix" * 5])
VALUES = st.none() | st.binary(max_size=40) | st.sampled_from([b"", bytes(3000)])
TIMESTAMPS = st.integers(0, 3) | st.integers(0, 2**64 - 1)
ROWS = st.dictionaries(st.tuples(KEYS, TIMESTAMPS), VALUES, max_size=120).map(
    lambda rows: in_order((key, ts, value) for (key, ts), value in rows.items())
)


def as_read(rows: list[Row]) -> list[SSTRow]:
    """The rows that a reader is to give."""
    return [
        SSTRow(key, ts, 0, TOMBSTONE if value is None else VALUE, value or b"")
        for key, ts, value in rows
    ]


@pytest.mark.parametrize("name", sorted(golden_files()))
def test_todays_writer_makes_the_golden_bytes(name: str) -> None:
    """The committed files are what the writer makes of the same rows and options."""
    assert (TESTDATA / name).read_bytes() == golden_files()[name]


@settings(max_examples=150)
@given(ROWS, st.sampled_from(COMPRESSIONS), st.sampled_from([1, 64, 512, 32768]))
def test_every_row_comes_back(rows: list[Row], compression: Compression, block: int) -> None:
    """Our reader and the independent one find the rows that went in, whatever the blocks."""
    data = build(rows, compression=compression, block_bytes=block)
    with SSTReader(data) as reader:
        assert as_read(rows) == list(reader.rows())
        assert len(rows) == reader.verify().rows
    theirs = [
        (key[:-8], int.from_bytes(key[-8:], "little"), *rest)
        for key, *rest in PyReader(data).rows()
    ]
    assert [(r.key, r.timestamp, r.sequence, r.type, r.value) for r in as_read(rows)] == theirs


@settings(max_examples=60)
@given(ROWS, st.tuples(KEYS, TIMESTAMPS), st.sampled_from([1, 512]))
def test_a_seek_finds_the_first_row_at_or_above(
    rows: list[Row], target: tuple[bytes, int], block: int
) -> None:
    """From any user key on, rows are the ones that the order puts there."""
    with SSTReader(build(rows, block_bytes=block)) as reader:
        wanted = [r for r in as_read(rows) if (r.key, -r.timestamp) >= (target[0], -target[1])]
        assert wanted == list(reader.rows(*target))


def test_the_same_rows_give_the_same_bytes_however_they_are_taken() -> None:
    """Taking the output between rows changes nothing, and size never goes below what was made."""
    rows: list[Row] = [(b"key%04d" % n, 5, b"value" * 20) for n in range(500)]
    whole, parts, made = build(rows, block_bytes=1024), [], 0
    with SSTWriter(block_bytes=1024) as writer:
        for row in rows:
            writer.add(*row)
            parts.append(writer.take())
            made += len(parts[-1])
            assert made <= writer.size
        parts.append(writer.finish())
        assert len(whole) == writer.size
    assert whole == b"".join(parts)
    assert sum(1 for part in parts if part) > 10


def test_a_value_of_many_blocks_comes_back() -> None:
    """A value far above the block size is one block; its neighbours are not touched."""
    rows: list[Row] = [(b"a", 1, b"x"), (b"b", 1, bytes(range(256)) * 20000), (b"c", 1, b"y")]
    for compression in COMPRESSIONS:
        with SSTReader(build(rows, compression=compression)) as reader:
            assert as_read(rows) == list(reader.rows())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((b"b", 1), (b"a", 1)),
        ((b"a", 1), (b"a", 1)),
        ((b"a", 1), (b"a", 2)),
        ((b"ab", 1), (b"a", 1)),
        ((b"a", 256), (b"a", 257)),
    ],
)
def test_a_row_that_is_not_above_the_last_is_refused(
    first: tuple[bytes, int], second: tuple[bytes, int]
) -> None:
    """Keys ascend, and versions of one key descend; after a refusal the writer goes on."""
    with SSTWriter() as writer:
        writer.add(*first, b"")
        with pytest.raises(InvalidArgumentError):
            writer.add(*second, b"")
        writer.add(b"z", 1, b"")
        data = writer.finish()
    with SSTReader(data) as reader:
        assert [(first[0], first[1]), (b"z", 1)] == [(r.key, r.timestamp) for r in reader.rows()]


@pytest.mark.parametrize(
    "options",
    [
        {"session": "short"},
        {"session": "MVCC000000000000000a"},
        {"session": "MVCC00000000000000000"},
        {"level": 1000},
        {"properties": {"rocksdb.num.entries": b"1"}},
        {"properties": {"mvcc.rows": b"1"}},
    ],
)
def test_a_wrong_option_is_refused(options: dict[str, object]) -> None:
    """Sessions that RocksDB could not tell apart, levels out of range, properties that are not ours."""
    with pytest.raises(InvalidArgumentError):
        SSTWriter(**options)  # type: ignore[arg-type]


def test_nothing_follows_finish() -> None:
    """A finished writer takes neither rows nor properties nor a second finish."""
    with SSTWriter() as writer:
        writer.add(b"a", 1, b"")
        writer.finish()
        for call in (lambda: writer.add(b"b", 1, b""), writer.finish):
            with pytest.raises(InvalidArgumentError):
                call()


def test_the_writer_counts_what_it_wrote() -> None:
    """Rows, tombstones, sizes and the window of timestamps stand in stats and in the properties."""
    rows: list[Row] = [(b"a", 9, None), (b"a", 4, b"1234"), (b"bb", 7, b"")]
    with SSTWriter(properties={"mvcc.end": b"9"}) as writer:
        for row in rows:
            writer.add(*row)
        data = writer.finish()
        stats = writer.stats()
    assert (3, 1, 4 + 24 + 24, 4) == (
        stats.rows, stats.tombstones, stats.raw_key_bytes, stats.raw_value_bytes
    )  # fmt: skip
    assert (4, 9, len(data)) == (stats.min_timestamp, stats.max_timestamp, stats.file_bytes)
    with SSTReader(data) as reader:
        own = {name: v for name, v in reader.properties().items() if name.startswith("mvcc.")}
        assert stats == reader.verify()
    expected = {"end": b"9", "max_timestamp": b"9", "min_timestamp": b"4", "rows": b"3"}
    assert {f"mvcc.{name}": value for name, value in expected.items()} == own
