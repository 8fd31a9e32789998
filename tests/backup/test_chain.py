"""Chains out of manifests alone: what fits together, and what is said of what does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvcc.backup.chain import Chain, Layer, load_chain
from mvcc.backup.codec import digest_of
from mvcc.backup.layout import increment_folder, manifest_name
from mvcc.backup.manifest import FileEntry, Manifest, TableEntry, encode
from mvcc.errors import (
    BackupCorruptedError,
    BackupNotFoundError,
    ChainGapError,
    FormatVersionError,
    NotRestorableError,
)
from mvcc.storage.directory import Directory
from mvcc.timestamp import Timestamp
from tests.backup.manifests import EXAMPLE, STORE_ID, framed

FULL = "2026/11/22-201530.12"
TABLE = TableEntry(100, "bank.accounts", created=50, dropped=None)


def full(end: int = 1_000, **changes: object) -> Manifest:
    """A full backup."""
    made = replace(
        EXAMPLE,
        folder=FULL,
        store_id=STORE_ID,
        parent=None,
        start=0,
        end=end,
        history_from=None,
        targets=None,
        tables=(TABLE,),
        files=(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def on(parent: Manifest, end: int, **changes: object) -> Manifest:
    """An increment on a layer."""
    made = replace(
        parent,
        folder=increment_folder(FULL, end << 30),
        parent=digest_of(encode(parent)),
        start=parent.end,
        end=end,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def write(root: Path, *manifests: Manifest) -> None:
    """Puts manifests where they belong."""
    for each in manifests:
        path = root / manifest_name(each.folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(each))


def load(root: Path) -> Chain:
    """The chain of the one full backup."""
    return load_chain(Directory(str(root)), FULL)


@pytest.fixture
def three(tmp_path: Path) -> list[Manifest]:
    """A full backup and two increments, written."""
    one = full()
    two = on(one, 2_000)
    chain = [one, two, on(two, 3_000)]
    write(tmp_path, *chain)
    return chain


def test_layers_are_joined_by_digest_and_window(tmp_path: Path, three: list[Manifest]) -> None:
    """Oldest first."""
    chain = load(tmp_path)
    assert [each.manifest for each in chain.layers] == three
    assert chain.problems == ()


def test_a_missing_layer_is_a_gap(tmp_path: Path, three: list[Manifest]) -> None:
    """With where it begins and ends; what stands before it is of use."""
    (tmp_path / manifest_name(three[1].folder)).unlink()
    chain = load(tmp_path)
    assert len(chain.layers) == 1
    with pytest.raises(ChainGapError) as caught:
        chain.select(None)
    assert (int(caught.value.expected), int(caught.value.found)) == (1_000, 2_000)
    assert three[2].folder in caught.value.path
    assert chain.select(1_000).until == 1_000
    with pytest.raises(ChainGapError):
        chain.select(3_000)


def test_an_overlap_is_refused(tmp_path: Path) -> None:
    """Though it names the right parent."""
    one = full()
    write(tmp_path, one, on(one, 2_000, start=900))
    with pytest.raises(BackupCorruptedError, match="before the end"):
        load(tmp_path).select(None)


def test_a_fork_is_refused(tmp_path: Path, three: list[Manifest]) -> None:
    """Two layers cannot stand on one."""
    write(tmp_path, on(three[0], 2_500))
    chain = load(tmp_path)
    with pytest.raises(BackupCorruptedError, match="both stand on"):
        chain.check()
    assert len(chain.layers) == 1


def test_another_parent_is_refused(tmp_path: Path) -> None:
    """A manifest that was put back, or exchanged for one that is equal but for its job."""
    one = full()
    other = full(job_id=8)
    write(tmp_path, one, on(other, 2_000))
    with pytest.raises(BackupCorruptedError, match="SHA-256 of the parent"):
        load(tmp_path).check()


def test_a_parent_replaced_by_an_older_one_is_refused(
    tmp_path: Path, three: list[Manifest]
) -> None:
    """Rolling back a layer under others shows."""
    write(tmp_path, replace(three[1], job_id=99))
    chain = load(tmp_path)
    with pytest.raises(BackupCorruptedError):
        chain.check()
    assert len(chain.layers) == 2


def test_a_loop_of_parents_cannot_be(tmp_path: Path) -> None:
    """A layer that names itself or a later one as its parent stands on nothing."""
    one = full()
    two = on(one, 2_000)
    write(tmp_path, one, replace(two, parent=digest_of(encode(on(two, 3_000)))))
    with pytest.raises(BackupCorruptedError, match="SHA-256 of the parent"):
        load(tmp_path).check()


@pytest.mark.parametrize("changes", [{"store_id": bytes(16)}, {"targets": ("bank",)}])
def test_a_layer_of_another_store_or_other_targets_is_refused(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    """Whoever wrote it."""
    one = full()
    write(tmp_path, one, on(one, 2_000, **changes))
    with pytest.raises(BackupCorruptedError, match="another store"):
        load(tmp_path).check()


def a_file(since: int) -> FileEntry:
    """A file of the table."""
    return replace(
        EXAMPLE.files[0], since=since, tombstones=0, min_ts=since + 1, max_ts=since + 1, rows=1
    )


def test_a_file_must_begin_where_the_parent_ends(tmp_path: Path) -> None:
    """For a table that the parent has; at 0 for any other."""
    one = full()
    new = TableEntry(101, "bank.new", created=1_500, dropped=None)
    right = on(
        one,
        2_000,
        tables=(TABLE, new),
        files=(a_file(1_000), replace(a_file(0), number=2, table_id=101)),
    )
    write(tmp_path, one, right)
    assert load(tmp_path).problems == ()
    for wrong in (
        replace(right, files=(a_file(0),)),
        replace(right, files=(replace(a_file(1_000), table_id=101),)),
    ):
        write(tmp_path, wrong)
        with pytest.raises(BackupCorruptedError, match="does not begin where"):
            load(tmp_path).check()


def test_a_table_cannot_change_its_creation(tmp_path: Path) -> None:
    """An id is one table for ever."""
    one = full()
    write(tmp_path, one, on(one, 2_000, tables=(replace(TABLE, created=60),)))
    with pytest.raises(BackupCorruptedError, match="created at another time"):
        load(tmp_path).check()


def test_a_manifest_found_elsewhere_is_refused(tmp_path: Path) -> None:
    """A layer belongs to its folder."""
    moved = tmp_path / "weekly"
    write(tmp_path, full())
    (tmp_path / FULL).rename(moved)
    with pytest.raises(BackupCorruptedError, match=f"belongs to {FULL}"):
        load_chain(Directory(str(tmp_path)), "weekly")


def test_a_damaged_layer_is_reported_and_what_stands_before_it_is_used(
    tmp_path: Path, three: list[Manifest]
) -> None:
    """Its own fault comes before the gap that it leaves."""
    path = tmp_path / manifest_name(three[1].folder)
    path.write_bytes(path.read_bytes()[:-1])
    chain = load(tmp_path)
    assert [type(each) for each in chain.problems] == [BackupCorruptedError, ChainGapError]
    assert chain.select(1_000).layers == chain.layers


def test_a_layer_of_a_newer_format_is_reported_as_such(
    tmp_path: Path, three: list[Manifest]
) -> None:
    """It is not damage."""
    path = tmp_path / manifest_name(three[2].folder)
    path.write_bytes(framed(b"", version=3))
    chain = load(tmp_path)
    assert chain.select(2_000).until == 2_000
    with pytest.raises(FormatVersionError):
        chain.select(None)


@pytest.mark.usefixtures("three")
def test_an_unfinished_layer_does_not_count(tmp_path: Path) -> None:
    """A job is at work, or died: its lock says so."""
    folder = tmp_path / increment_folder(FULL, 4_000 << 30)
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "000001.sst").write_bytes(b"half")
    (folder / "BACKUP-LOCK-9").write_bytes(b"")
    chain = load(tmp_path)
    assert (len(chain.layers), chain.problems) == (3, ())


@pytest.mark.usefixtures("three")
def test_data_without_manifest_or_lock_is_damage(tmp_path: Path) -> None:
    """A manifest was lost."""
    folder = tmp_path / increment_folder(FULL, 4_000 << 30)
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "000001.sst").write_bytes(b"whole")
    with pytest.raises(BackupCorruptedError, match="missing"):
        load(tmp_path).check()


def test_an_absent_or_unfinished_full_backup_is_not_found(tmp_path: Path) -> None:
    """An empty folder is none either."""
    with pytest.raises(BackupNotFoundError):
        load(tmp_path)
    (tmp_path / FULL).mkdir(parents=True)
    with pytest.raises(BackupNotFoundError):
        load(tmp_path)


def test_a_manifest_that_is_a_folder_or_too_large_is_refused(tmp_path: Path) -> None:
    """Without reading more than the cap."""
    path = tmp_path / manifest_name(FULL)
    path.mkdir(parents=True)
    with pytest.raises(BackupCorruptedError, match="regular file"):
        load(tmp_path)
    path.rmdir()
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(BackupCorruptedError, match="over 67108864 bytes"):
        load(tmp_path)


def chain_of(*layers: tuple[int, int | None]) -> Chain:
    """A chain in memory, by (end, history_from)."""
    manifests = []
    start = 0
    for end, first in layers:
        manifests.append(
            Layer(replace(full(), start=start, end=end, history_from=first, tables=()), b"")
        )
        start = end
    return Chain(FULL, tuple(manifests), ())


def test_ranges_that_meet_are_one() -> None:
    """An end without history is a range of one instant."""
    chain = chain_of((10, None), (20, None), (30, 20), (40, 30), (50, None))
    expected = [(10, 10), (20, 40), (50, 50)]
    assert [(int(first), int(last)) for first, last in chain.restorable()] == expected


@given(
    st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=6),
    st.integers(0, 60),
)
def test_what_is_restorable_can_be_selected_and_nothing_else(
    steps: list[tuple[int, bool]], as_of: int
) -> None:
    """The ranges and the selection say the same."""
    layers = []
    start = 0
    for step, history in steps:
        layers.append((start + step, start if history else None))
        start += step
    chain = chain_of(*layers)
    instant = Timestamp(as_of)
    inside = any(first <= instant <= last for first, last in chain.restorable())
    try:
        selection = chain.select(as_of)
    except NotRestorableError as error:
        assert not inside
        assert error.ranges == chain.restorable()
    else:
        assert inside
        manifests = [each.manifest for each in selection.layers]
        assert manifests[-1].start <= as_of <= manifests[-1].end
        assert all(each.end <= as_of for each in manifests[:-1])


def test_the_tables_of_an_instant_are_those_that_lived() -> None:
    """Created at or before it, and not yet dropped."""
    made = replace(EXAMPLE, start=0, parent=None, history_from=0)
    layer = Layer(made, b"")
    chain = Chain(FULL, (layer,), ())
    names = {at: [each.name for each in chain.select(at).tables] for at in (899, 900, 950, 1_200)}
    assert names == {
        899: [],
        900: ["bank.accounts"],
        950: ["bank.accounts", "bank.old"],
        1_200: ["bank.accounts", "bank.old", "shop.orders"],
    }
    assert [each.name for each in chain.select(1_500).tables] == ["bank.accounts", "shop.orders"]
