"""Manifests: their bytes, and that nothing but a right one decodes."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvcc.backup import home, manifest
from mvcc.backup.codec import FORMAT_VERSION, MAX_FILE_BYTES, seal, unseal
from mvcc.backup.manifest import FileEntry, Manifest, TableEntry, decode, encode
from mvcc.errors import BackupCorruptedError, FormatVersionError, InvalidArgumentError
from tests.backup.manifests import EXAMPLE, framed, manifests

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/testdata/manifests"
DOCUMENT = ROOT / "docs/format/manifest.md"
PATH = "file:///backups/BACKUP_MANIFEST"

Records = list[dict[str, Any]]


def records_of(data: bytes) -> Records:
    """The maps of a body, as plain msgpack sees them."""
    unpacker = msgpack.Unpacker()
    unpacker.feed(data[24:-32])
    return list(unpacker)


def sealed(records: Records) -> bytes:
    """A manifest of these records, made without the code under test."""
    return framed(b"".join(msgpack.packb(each) for each in records))


def test_the_bytes_of_a_manifest_are_the_golden_ones() -> None:
    """A change here is a change of format: raise the version, and keep reading the old one."""
    assert (GOLDEN / "0002.bin").read_bytes() == encode(EXAMPLE)


@pytest.mark.parametrize(("number", "recorded"), [("0001", None), ("0002", True)])
def test_the_golden_manifests_decode(number: str, recorded: bool | None) -> None:
    """For ever; what a version did not say yet is None."""
    data = (GOLDEN / f"{number}.bin").read_bytes()
    assert replace(EXAMPLE, recorded=recorded) == decode(data, PATH)
    assert data == encode(decode(data, PATH))


def test_a_version_without_its_fields_is_refused() -> None:
    """And one with the next version's."""
    old = encode(replace(EXAMPLE, recorded=None))[24:-32]
    with pytest.raises(BackupCorruptedError, match="'recorded' is missing"):
        decode(framed(old, version=2), PATH)
    with pytest.raises(BackupCorruptedError, match="'recorded' is wrong"):
        decode(framed(encode(EXAMPLE)[24:-32], version=1), PATH)


@given(manifests())
def test_any_manifest_survives_its_bytes(made: Manifest) -> None:
    """And states its totals."""
    data = encode(made)
    assert decode(data, PATH) == made
    assert records_of(data)[0]["rows"] == sum(each.rows for each in made.files)


def test_every_flip_of_a_bit_is_refused() -> None:
    """As damage, also where it looks like a newer version."""
    data = encode(EXAMPLE)
    for position in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[position] ^= 1 << bit
            with pytest.raises(BackupCorruptedError):
                decode(bytes(flipped), PATH)


def test_every_truncation_and_extension_is_refused() -> None:
    """At either end."""
    data = encode(EXAMPLE)
    others = [data + b"\0", b"\0" + data, data + data, data[1:]]
    for other in [*others, *(data[:length] for length in range(len(data)))]:
        with pytest.raises(BackupCorruptedError):
            decode(other, PATH)


@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    """Bare, and as a body under a right digest."""
    for data in (noise, framed(noise)):
        with pytest.raises(BackupCorruptedError):
            decode(data, PATH)


def test_the_error_names_the_file_and_what_is_wrong() -> None:
    """So that a person can act on it."""
    with pytest.raises(BackupCorruptedError) as caught:
        decode(encode(EXAMPLE)[:-1] + b"\0", PATH)
    assert (caught.value.path, caught.value.what) == (PATH, "its SHA-256 is wrong")


def test_a_newer_version_is_refused_as_such() -> None:
    """Whatever its body looks like."""
    with pytest.raises(FormatVersionError) as caught:
        decode(framed(b"\x81\xa3new\x01", version=3), PATH)
    assert (caught.value.found, caught.value.known) == (3, FORMAT_VERSION)


@pytest.mark.parametrize(("version", "kind"), [(0, b"MANI"), (1, b"COLL"), (1, b"mani")])
def test_version_zero_and_other_kinds_are_refused(version: int, kind: bytes) -> None:
    """There is no version 0, and a collection is no manifest."""
    with pytest.raises(BackupCorruptedError, match="another kind"):
        decode(framed(encode(EXAMPLE)[24:-32], version, kind), PATH)


WRONG: list[Any] = [
    None,
    True,
    -1,
    1 << 63,
    1.5,
    "",
    "text",
    b"",
    b"bytes",
    [],
    ["text"],
    [1],
    {},
    [[]],
]


def test_every_field_refuses_every_other_type() -> None:
    """What decodes at all says exactly what its bytes say; a field that is missing is named."""
    whole = records_of(encode(EXAMPLE))
    for index, record in enumerate(whole):
        for name, right in record.items():
            for wrong in WRONG:
                changed = [*whole[:index], {**record, name: wrong}, *whole[index + 1 :]]
                try:
                    made = decode(sealed(changed), PATH)
                except BackupCorruptedError:
                    continue
                assert encode(made) == sealed(changed)
                assert right is None or wrong is None or type(right) is type(wrong)
            rest = {each: value for each, value in record.items() if each != name}
            with pytest.raises(BackupCorruptedError, match=f"{name}' is missing"):
                decode(sealed([*whole[:index], rest, *whole[index + 1 :]]), PATH)


@pytest.mark.parametrize("index", range(7))
def test_an_unknown_field_is_refused(index: int) -> None:
    """In every record."""
    records = records_of(encode(EXAMPLE))
    records[index]["colour"] = 1
    with pytest.raises(BackupCorruptedError, match="colour"):
        decode(sealed(records), PATH)


def test_fields_in_another_order_are_refused() -> None:
    """Equal manifests are equal bytes."""
    records = [dict(reversed(each.items())) for each in records_of(encode(EXAMPLE))]
    with pytest.raises(BackupCorruptedError, match="canonical"):
        decode(sealed(records), PATH)


def test_a_number_in_a_longer_form_is_refused() -> None:
    """Equal manifests are equal bytes."""
    body = encode(EXAMPLE)[24:-32]
    longer = body.replace(b"\xa6job_id\x07", b"\xa6job_id\xcc\x07")
    assert longer != body
    with pytest.raises(BackupCorruptedError, match="canonical"):
        decode(framed(longer), PATH)


def with_head(**changes: Any) -> Manifest:
    """The example with its head changed."""
    return replace(EXAMPLE, **changes)


def with_file(index: int, **changes: Any) -> Manifest:
    """The example with one file changed."""
    files = list(EXAMPLE.files)
    files[index] = replace(files[index], **changes)
    return replace(EXAMPLE, files=tuple(files))


def with_table(index: int, **changes: Any) -> Manifest:
    """The example with one table changed."""
    tables = list(EXAMPLE.tables)
    tables[index] = replace(tables[index], **changes)
    return replace(EXAMPLE, tables=tuple(tables))


AGAINST_THE_RULES: dict[str, Manifest] = {
    "a file twice": with_head(files=EXAMPLE.files + EXAMPLE.files[-1:]),
    "a number twice": with_file(1, number=1),
    "number 0": with_file(0, number=0),
    "a number of seven digits": with_file(0, number=1_000_000),
    "a file of no table": with_file(2, table_id=103),
    "files out of order": with_head(files=EXAMPLE.files[::-1]),
    "overlapping spans": with_file(1, start=b"l"),
    "a span after an unbounded one": with_file(0, end=None),
    "an empty span": with_file(0, end=b""),
    "a span backwards": with_file(1, start=b"z", end=b"m"),
    "a bound that is too long": with_file(1, end=b"n" * 513),
    "another since": with_file(0, since=999),
    "two kinds of since in a table": with_file(1, since=0),
    "no rows": with_file(1, rows=0),
    "more tombstones than rows": with_file(1, tombstones=2),
    "a size below any SST": with_file(0, size=52),
    "a short digest": with_file(0, sha256=bytes(31)),
    "versions from before the window": with_file(0, min_ts=1_000),
    "versions from after the window": with_file(0, max_ts=2_001),
    "times backwards": with_file(1, min_ts=1_101),
    "table id 0": with_table(0, table_id=0),
    "a table twice": with_head(tables=EXAMPLE.tables[:1] + EXAMPLE.tables),
    "tables out of order": with_head(tables=EXAMPLE.tables[::-1]),
    "a name twice": with_table(2, name="bank.accounts"),
    "a name of a database": with_table(0, name="bank"),
    "a name that leads elsewhere": with_table(0, name="../bank.accounts"),
    "an empty name": with_table(0, name=""),
    "a table from after the end": with_table(0, created=2_001),
    "a table dropped before its creation": with_table(1, created=1_500),
    "a table dropped before the window": with_table(1, dropped=1_000),
    "a table dropped after the end": with_table(1, dropped=2_001),
    "a dropped table without history": with_head(history_from=None),
    "an increment without a parent": with_head(parent=None),
    "a full backup with a parent": with_head(start=0, history_from=0),
    "a short parent": with_head(parent=bytes(31)),
    "a window backwards": with_head(end=1_000),
    "a history from before the window": with_head(history_from=999),
    "an increment's history from within the window": with_head(history_from=1_001),
    "a history from after the window": with_head(history_from=2_001),
    "a short store id": with_head(store_id=bytes(15)),
    "an unknown compression": with_head(compression="zip"),
    "no targets at all": with_head(targets=()),
    "targets out of order": with_head(targets=("shop.orders", "bank")),
    "a target twice": with_head(targets=("bank", "bank")),
    "too many targets": with_head(targets=tuple(f"t{n:04d}" for n in range(1001))),
    "a file size of 0": with_head(file_size=0),
}


@pytest.mark.parametrize("made", AGAINST_THE_RULES.values(), ids=AGAINST_THE_RULES)
def test_what_is_against_the_rules_is_refused(made: Manifest) -> None:
    """Though its digest is right and every field has its type."""
    with pytest.raises(BackupCorruptedError):
        decode(encode(made), PATH)


def test_tombstones_in_a_file_of_everything_are_refused() -> None:
    """Without revision history, a file since 0 holds none."""
    files = (replace(EXAMPLE.files[2], tombstones=1),)
    made = replace(EXAMPLE, tables=EXAMPLE.tables[2:], files=files, history_from=None)
    with pytest.raises(BackupCorruptedError, match="file 4"):
        decode(encode(made), PATH)
    right = replace(made, files=(replace(files[0], tombstones=0),))
    assert decode(encode(right), PATH) == right


@pytest.mark.parametrize("name", ["rows", "tombstones", "bytes", "file_bytes", "tables", "files"])
def test_wrong_totals_are_refused(name: str) -> None:
    """One more than there are."""
    records = records_of(encode(EXAMPLE))
    records[0][name] += 1
    with pytest.raises(BackupCorruptedError):
        decode(sealed(records), PATH)


BOMBS = {
    "an array of 2^32 - 1": b"\xdd\xff\xff\xff\xff",
    "a map of 2^32 - 1": b"\xdf\xff\xff\xff\xff",
    "bytes of 2^32 - 1": b"\xc6\xff\xff\xff\xff",
    "text of 2^32 - 1": b"\xdb\xff\xff\xff\xff",
    "an extension of 2^32 - 1": b"\xc9\xff\xff\xff\xff\x01",
    "a timestamp extension": b"\xd6\xff\0\0\0\0",
    "arrays in arrays": b"\x91" * 100_000 + b"\xc0",
    "wide arrays in arrays": b"\xdc\x0f\xff" * 100_000,
    "maps in maps": b"\x81\xa1a" * 100_000 + b"\xc0",
    "a key that cannot be one": b"\x81\x91\xc0\xc0",
    "text that is not UTF-8": b"\x81\xa1\xff\xc0",
    "nothing but nil": b"\xc0" * 1000,
    "a million empty maps": b"\x80" * 1_000_000,
    "a right head and a million empty maps": encode(EXAMPLE)[24:-32] + b"\x80" * 1_000_000,
    "a reserved byte": b"\xc1",
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS)
def test_a_body_that_states_too_much_is_refused_before_memory_is_taken(body: bytes) -> None:
    """Under a right digest; the peak stays below 32 MiB whatever length is stated."""
    data = framed(body)
    tracemalloc.start()
    try:
        with pytest.raises(BackupCorruptedError):
            decode(data, PATH)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 << 20


def test_a_manifest_over_the_cap_is_not_written() -> None:
    """The caller is told to take larger files."""
    file = replace(EXAMPLE.files[0], start=b"a" * 512, end=b"b" * 512)
    count = MAX_FILE_BYTES // 1_000
    with pytest.raises(InvalidArgumentError, match="file_size"):
        encode(replace(EXAMPLE, files=(file,) * count))


def test_the_collection_file_survives_its_bytes() -> None:
    """And refuses every flip."""
    made = home.Home(store_id=bytes(range(16)), created=5, library="0.1.0")
    data = home.encode(made)
    assert made == home.decode(data, PATH)
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 0xFF
        with pytest.raises(BackupCorruptedError):
            home.decode(bytes(flipped), PATH)


COLLECTIONS: dict[str, Callable[[Records], Records]] = {
    "no record": lambda _: [],
    "two records": lambda records: records * 2,
    "another field": lambda records: [{**records[0], "more": 1}],
    "another order": lambda records: [dict(reversed(records[0].items()))],
    "a short store id": lambda records: [{**records[0], "store_id": b""}],
    "no time": lambda records: [{**records[0], "created": 0}],
}


@pytest.mark.parametrize("change", COLLECTIONS.values(), ids=COLLECTIONS)
def test_a_wrong_collection_file_is_refused(change: Callable[[Records], Records]) -> None:
    """Though its digest is right."""
    records = records_of(home.encode(home.Home(bytes(16), 5, "")))
    body = b"".join(msgpack.packb(each) for each in change(records))
    with pytest.raises(BackupCorruptedError):
        home.decode(framed(body, version=1, kind=b"COLL"), PATH)


def test_the_documented_fields_are_those_that_are_written() -> None:
    """Every field of every record, in order."""
    tables = re.findall(r"\| field \|.*\n\|[ -|]*\n((?:\|.*\n)+)", DOCUMENT.read_text("utf-8"))
    documented = [
        [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]
        for table in tables
    ]
    written = records_of(encode(EXAMPLE))
    collection = records_of(home.encode(home.Home(bytes(16), 1, "")))
    assert documented == [list(each) for each in (written[0], written[1], written[4], *collection)]


def test_the_documented_envelope_is_the_one_that_is_written() -> None:
    """Offsets, lengths and literals of its byte table."""
    text = DOCUMENT.read_text("utf-8")
    rows = re.findall(r"\| (\d+|24 \+ n) \| ([\dn]+) \| (.*) \|", text)
    places = [("0", "8"), ("8", "4"), ("12", "4"), ("16", "8"), ("24", "n"), ("24 + n", "32")]
    assert [(offset, size) for offset, size, _ in rows] == places
    data = encode(EXAMPLE)
    assert f"`{data[:8].decode()}`" == rows[0][2]
    assert f"format version: {data[8]} of a manifest, 1 of a collection" == rows[1][2]
    assert rows[2][2].startswith(f"`{data[12:16].decode()}`")


def test_every_field_of_the_records_is_written() -> None:
    """None is forgotten by the encoder."""
    head, table, *_, file = records_of(encode(EXAMPLE))
    assert {each.name for each in fields(Manifest)} <= set(head)
    assert [each.name for each in fields(TableEntry)] == list(table)
    assert [each.name for each in fields(FileEntry)] == list(file)


def test_sealing_is_what_these_tests_think_it_is() -> None:
    """The tests' own writer and the code's agree."""
    data = encode(EXAMPLE)
    records = records_of(data)
    assert sealed(records) == data == seal(manifest.KIND, manifest.VERSION, records)
    assert len(list(unseal(manifest.KIND, data, PATH))) == len(records)
