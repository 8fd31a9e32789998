"""Manifests for tests: one that shows every kind of field, and a strategy for valid ones."""

from __future__ import annotations

import hashlib
import struct

from hypothesis import strategies as st

from mvcc.backup.manifest import COMPRESSIONS, VERSION, FileEntry, Manifest, TableEntry

STORE_ID = bytes(range(16))

EXAMPLE = Manifest(
    folder="incrementals/2026/11/22-201530.12/20261123/101500.00",
    job_id=7,
    library="0.1.0",
    store_id=STORE_ID,
    parent=bytes(range(32)),
    start=1_000,
    end=2_000,
    history_from=1_000,
    targets=("bank", "shop.orders"),
    compression="zstd",
    file_size=128 << 20,
    recorded=True,
    tables=(
        TableEntry(table_id=100, name="bank.accounts", created=900, dropped=None),
        TableEntry(table_id=101, name="bank.old", created=950, dropped=1_500),
        TableEntry(table_id=102, name="shop.orders", created=1_200, dropped=None),
    ),
    files=(
        FileEntry(
            number=1,
            table_id=100,
            since=1_000,
            start=b"",
            end=b"m",
            size=4_096,
            sha256=bytes(32),
            min_ts=1_001,
            max_ts=2_000,
            rows=10,
            tombstones=3,
            bytes=500,
        ),
        FileEntry(
            number=2,
            table_id=100,
            since=1_000,
            start=b"m",
            end=None,
            size=2_048,
            sha256=bytes(range(32)),
            min_ts=1_100,
            max_ts=1_100,
            rows=1,
            tombstones=0,
            bytes=50,
        ),
        FileEntry(
            number=4,
            table_id=102,
            since=0,
            start=b"",
            end=None,
            size=1 << 40,
            sha256=b"\xff" * 32,
            min_ts=1,
            max_ts=1_999,
            rows=1 << 33,
            tombstones=1 << 32,
            bytes=1 << 45,
        ),
    ),
)
"""An increment with revision history, of two targets."""


def framed(body: bytes, version: int = VERSION, kind: bytes = b"MANI") -> bytes:
    """A file with this body and a right digest, made without the code under test."""
    whole = b"MVCCBKUP" + struct.pack("<I4sQ", version, kind, len(body)) + body
    return whole + hashlib.sha256(whole).digest()


_U63 = (1 << 63) - 1


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Any valid manifest of few tables and files."""
    start = draw(st.just(0) | st.integers(1, 1 << 50))
    end = start + draw(st.integers(10, 1 << 50))
    history = draw(st.sampled_from([None, start]))
    ids = sorted(draw(st.sets(st.integers(1, (1 << 32) - 1), max_size=4)))
    tables = tuple(draw(_tables(table_id, start, end, history)) for table_id in ids)
    numbers = iter(draw(st.permutations(range(1, 30))))
    files = [
        draw(_files(next(numbers), table, span, since, end, history))
        for table in tables
        for since in [draw(st.sampled_from([0, start]))]
        for span in draw(_spans())
    ]
    names = st.sampled_from(["bank", "bank.accounts", "shop", "_.x9"])
    targets = draw(st.none() | st.sets(names, min_size=1))
    return Manifest(
        folder=draw(st.sampled_from(["2026/11/22-201530.12", "weekly", "x" * 100])),
        job_id=draw(st.integers(0, _U63)),
        library=draw(st.sampled_from(["0.1.0", "12.0.3rc1", ""])),
        store_id=draw(st.binary(min_size=16, max_size=16)),
        parent=None if start == 0 else draw(st.binary(min_size=32, max_size=32)),
        start=start,
        end=end,
        history_from=history,
        targets=None if targets is None else tuple(sorted(targets)),
        compression=draw(st.sampled_from(COMPRESSIONS)),
        file_size=draw(st.integers(1, _U63)),
        recorded=draw(st.sampled_from([None, False, True])),
        tables=tables,
        files=tuple(files),
    )


@st.composite
def _tables(
    draw: st.DrawFn, table_id: int, start: int, end: int, history: int | None
) -> TableEntry:
    dropped = None
    if history is not None:
        dropped = draw(st.none() | st.integers(start + 2, end))
    created = draw(st.integers(1, end if dropped is None else dropped - 1))
    return TableEntry(table_id, f"db.t{table_id}", created, dropped)


@st.composite
def _spans(draw: st.DrawFn) -> list[tuple[bytes, bytes | None]]:
    cuts = sorted(draw(st.sets(st.binary(min_size=1, max_size=4), max_size=3)))
    return list(zip([b"", *cuts], [*cuts, None], strict=True))


@st.composite
def _files(
    draw: st.DrawFn,
    number: int,
    table: TableEntry,
    span: tuple[bytes, bytes | None],
    since: int,
    end: int,
    history: int | None,
) -> FileEntry:
    rows = draw(st.integers(1, 1 << 40))
    min_ts = draw(st.integers(since + 1, end))
    return FileEntry(
        number=number,
        table_id=table.table_id,
        since=since,
        start=span[0],
        end=span[1],
        size=draw(st.integers(53, 1 << 50)),
        sha256=draw(st.binary(min_size=32, max_size=32)),
        min_ts=min_ts,
        max_ts=draw(st.integers(min_ts, end)),
        rows=rows,
        tombstones=0 if since == 0 and history is None else draw(st.integers(0, rows)),
        bytes=draw(st.integers(0, 1 << 50)),
    )
