"""Only the history that a layer was taken from builds on it, though file copies of a store share its id."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mvcc
from mvcc.backup import ancestry, backup_job
from mvcc.backup.chain import load_chain, read_layer
from mvcc.backup.layout import manifest_name
from mvcc.backup.manifest import encode
from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.errors import HistoryMismatchError
from mvcc.storage import open_storage
from mvcc.testing import ManualClock
from tests.backup.world import World, contents, files_under

BANK = "bank.accounts"


class Copies:
    """A store, and file copies of it: one id, histories that part at the copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.destination = folder / "backups"
        self.clock = ManualClock()
        with self.open("original") as store:
            store.create_table(BANK).put(b"all", b"share this")

    def open(self, name: str, *, readonly: bool = False) -> mvcc.Store:
        """One of them."""
        self.clock.advance("1s")
        return mvcc.open(self.folder / name, clock=self.clock, readonly=readonly)

    def copy(self, source: str, target: str) -> None:
        """Makes a target what the source is, file for file."""
        shutil.rmtree(self.folder / target, ignore_errors=True)
        shutil.copytree(self.folder / source, self.folder / target)

    def write(self, name: str, value: bytes) -> None:
        """A row of its own, and one that all write."""
        with self.open(name) as store, store.transaction() as txn:
            txn[BANK].put(name.encode(), value)
            txn[BANK].put(b"last", value)

    def back_up(self, name: str, *, incremental: bool | str = True) -> str:
        """Gives the layer's name."""
        with self.open(name) as store:
            return store.backup(self.destination, incremental=incremental).name

    def newest_is_what(self, name: str) -> bool:
        """Whether the newest layer restores to what a store holds."""
        with self.open(name) as store:
            held = contents(store)
        mvcc.restore(self.destination, self.folder / "restored")
        with self.open("restored") as store:
            found = contents(store)
        shutil.rmtree(self.folder / "restored")
        return held == found


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    """One store."""
    return Copies(tmp_path)


def test_a_copy_cannot_build_on_what_the_original_went_on_with(copies: Copies) -> None:
    """The layer is named, and nothing is written."""
    copies.back_up("original", incremental=False)
    copies.copy("original", "copy")
    copies.write("original", b"1")
    name = copies.back_up("original")
    copies.write("copy", b"2")
    before = files_under(copies.destination)
    with pytest.raises(HistoryMismatchError) as caught:
        copies.back_up("copy")
    assert f"file://{copies.destination}/{name}" == caught.value.path
    assert before == files_under(copies.destination)
    assert copies.newest_is_what("original")


def test_what_both_share_belongs_to_the_one_that_builds_on_it_first(copies: Copies) -> None:
    """The copy may; then the original may not."""
    copies.back_up("original", incremental=False)
    copies.copy("original", "copy")
    copies.write("copy", b"1")
    copies.back_up("copy")
    with pytest.raises(HistoryMismatchError):
        copies.back_up("original")
    assert copies.newest_is_what("copy")


def test_a_full_backup_begins_a_chain_of_its_own(copies: Copies) -> None:
    """Also in the same collection, as the hint says; each history goes on with its chain."""
    first = copies.back_up("original", incremental=False)
    copies.copy("original", "copy")
    copies.back_up("original")
    copies.write("copy", b"2")
    copies.back_up("copy", incremental=False)
    copies.write("copy", b"3")
    copies.back_up("copy")
    assert copies.newest_is_what("copy")
    copies.back_up("original", incremental=first)
    with pytest.raises(HistoryMismatchError):
        copies.back_up("original")


def test_a_store_put_back_to_an_earlier_state_cannot_build_on_what_it_forgot(
    copies: Copies,
) -> None:
    """Its files were exchanged for older ones of itself."""
    copies.back_up("original", incremental=False)
    copies.copy("original", "kept aside")
    copies.write("original", b"1")
    copies.back_up("original")
    copies.copy("kept aside", "original")
    with pytest.raises(HistoryMismatchError):
        copies.back_up("original")


def test_a_copy_made_after_the_newest_layer_may_go_on(copies: Copies) -> None:
    """It has everything that the layer holds: a store that moved to another disk."""
    copies.back_up("original", incremental=False)
    copies.back_up("original")
    copies.copy("original", "copy")
    copies.write("copy", b"1")
    copies.back_up("copy")
    assert copies.newest_is_what("copy")


def test_a_job_that_dies_before_its_manifest_blocks_nobody(
    copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is there, the layer is not: the next one stands on the layer before."""
    copies.back_up("original", incremental=False)
    copies.write("original", b"1")
    recorded: list[bytes] = []

    class Died(BaseException):
        """As a kill."""

    def die(self: object, place: object, digest: bytes) -> None:
        record(self, place, digest)  # type: ignore[arg-type]
        recorded.append(digest)
        raise Died

    record = backup_job._Run._record
    for _ in range(ancestry.KEPT_LAYERS + 1):
        with monkeypatch.context() as patch:
            patch.setattr(backup_job._Run, "_record", die)
            with pytest.raises(Died):
                copies.back_up("original")
    copies.back_up("original")
    assert ancestry.KEPT_LAYERS + 1 == len(set(recorded))
    assert copies.newest_is_what("original")


def test_a_failed_record_leaves_no_layer(copies: Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a manifest that the store does not know."""
    copies.back_up("original", incremental=False)
    before = files_under(copies.destination)

    def fail(*_: object) -> None:
        raise mvcc.StorageError(what="writing", errno=5, path="store")

    monkeypatch.setattr(ancestry, "record", fail)
    with pytest.raises(mvcc.StorageError):
        copies.back_up("original")
    assert before == files_under(copies.destination)


def test_a_layer_of_a_read_only_store_says_that_it_is_not_recorded(copies: Copies) -> None:
    """And can be built on; that increment is recorded again."""
    with copies.open("original", readonly=True) as store:
        full = store.backup(copies.destination).name
    copies.copy("original", "copy")
    copies.write("original", b"1")
    copies.back_up("original")
    layers = load_chain(open_storage(copies.destination), full).layers
    assert [False, True] == [layer.manifest.recorded for layer in layers]
    with pytest.raises(HistoryMismatchError):
        copies.back_up("copy")


def test_a_layer_from_before_records_can_be_built_on(copies: Copies) -> None:
    """Nobody is locked out of an old chain; the first increment on it decides whose it is."""
    full = copies.back_up("original", incremental=False)
    manifest = read_layer(open_storage(copies.destination), full).manifest
    old = encode(replace(manifest, recorded=None))
    (copies.destination / manifest_name(full)).write_bytes(old)
    copies.copy("original", "copy")
    copies.write("original", b"1")
    copies.back_up("original")
    with pytest.raises(HistoryMismatchError):
        copies.back_up("copy")
    assert copies.newest_is_what("original")


def test_records_are_not_seen_by_programs(world: World) -> None:
    """No table, no change."""
    world.create(BANK)
    at = world.write(BANK, {b"a": b"1"})
    world.backup()
    assert [] == list(world.store.changes(since=at))
    assert [BANK] == [info.name for info in world.store.tables()]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LMDBEngine]:
    """An empty engine."""
    with closing(open_engine(tmp_path / "store")) as opened:
        yield opened


def digest(number: int) -> bytes:
    """Any digest."""
    return number.to_bytes(32, "big")


def test_the_newest_layers_of_a_chain_are_kept(engine: LMDBEngine) -> None:
    """So many, in the order in which they were recorded."""
    chain = digest(1)
    ancestry.record(engine, chain, None, chain)
    for number in range(2, 30):
        ancestry.record(engine, chain, digest(number - 1), digest(number))
    kept = [number for number in range(30) if ancestry.is_recorded(engine, chain, digest(number))]
    assert list(range(30 - ancestry.KEPT_LAYERS, 30)) == kept


def test_a_parent_that_is_built_on_again_stays(engine: LMDBEngine) -> None:
    """Jobs that fail, or chains that were copied, do not push it out."""
    chain = digest(1)
    for number in range(2, 30):
        ancestry.record(engine, chain, chain, digest(number))
    assert ancestry.is_recorded(engine, chain, chain)


def test_the_chains_with_the_newest_layers_are_kept(
    engine: LMDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chain of old age that goes on is not forgotten."""
    monkeypatch.setattr(ancestry, "KEPT_CHAINS", 3)
    for number in range(1, 4):
        ancestry.record(engine, digest(number), None, digest(number))
    ancestry.record(engine, digest(1), digest(1), digest(101))
    ancestry.record(engine, digest(4), None, digest(4))
    kept = [each for each in range(6) if ancestry.is_recorded(engine, digest(each), digest(each))]
    assert [1, 3, 4] == kept


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["original", "copy"]), st.sampled_from(["full", "increment", "copy over"])
    ),
    min_size=2,
    max_size=7,
)


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_no_order_of_backups_mixes_two_histories(steps: list[tuple[str, str]]) -> None:
    """Whatever is accepted restores to what its own store held, and to nothing of the other's."""
    with TemporaryDirectory() as folder:
        copies = Copies(Path(folder))
        copies.back_up("original", incremental=False)
        copies.copy("original", "copy")
        for number, (name, step) in enumerate(steps):
            if step == "copy over":
                copies.copy(name, "copy" if name == "original" else "original")
                continue
            copies.write(name, b"%d" % number)
            try:
                copies.back_up(name, incremental=step == "increment")
            except HistoryMismatchError:
                assert "increment" == step
            else:
                assert copies.newest_is_what(name)
