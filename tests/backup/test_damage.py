"""A damaged collection is refused, and nothing is left at the target."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import mvcc
from mvcc.backup import Level, restore_job
from mvcc.errors import BackupCorruptedError, MVCCError
from tests.backup.mutations import MANIFEST, Mutation, Target, refused
from tests.backup.world import World


def test_every_damage_to_a_file_or_layer_is_refused(chain: World) -> None:
    """Removed, cut, extended, doubled, swapped, renamed, replaced."""
    target = Target(chain.destination)
    mutations = list(target.structural())
    assert len(mutations) > 300
    assert [] == [found for each in mutations if (found := refused(chain, target, each))]


def test_flips_and_blocks_are_refused(chain: World) -> None:
    """A bit of every 61st byte, and every 512 bytes zeroed or doubled."""
    target = Target(chain.destination)
    mutations = [*target.flips(61), *target.blocks()]
    assert len(mutations) > 200
    assert [] == [found for each in mutations if (found := refused(chain, target, each))]


def test_two_damages_at_once_are_refused(chain: World, rng: random.Random) -> None:
    """Unless one undoes the other."""
    target = Target(chain.destination)
    found = [refused(chain, target, *pair) for pair in target.pairs(rng, 300)]
    assert [] == [each for each in found if each]


def test_a_damage_that_is_undone_leaves_nothing_to_the_next(chain: World) -> None:
    """The same flip twice is none: the restore is good, and is gone when the next damage is tried."""
    target = Target(chain.destination)
    flip = next(iter(target.flips(61)))
    assert [None, None] == [refused(chain, target, flip, flip), refused(chain, target, flip)]


def test_an_undamaged_chain_is_accepted(chain: World) -> None:
    """Else the tests above would prove nothing."""
    target = Target(chain.destination)
    with target.damaged():
        assert not target.is_damaged()
        assert chain.restored() == chain.state()


def test_files_of_an_older_backup_are_refused(chain: World) -> None:
    """Each in the place of the same file of a newer one, though it was right there once."""
    chain.backup(name="older", file_size=4096)
    chain.write("bank.accounts", {b"001": b"changed"})
    chain.write("shop.orders", {b"b": b"changed"})
    chain.backup(name="newer", file_size=4096)
    older, newer = chain.destination / "older", chain.destination / "newer"
    target = Target(newer)
    tried = 0
    for path in sorted(target.before):
        old = older / path.relative_to(newer)
        if not old.exists() or old.read_bytes() == target.before[path]:
            continue
        tried += 1
        replaced = Mutation(path.name, partial(shutil.copyfile, old, path))
        with target.damaged(replaced), pytest.raises(MVCCError):
            mvcc.restore(chain.destination, chain.folder / "target", backup="newer")
    assert tried >= 3
    assert chain.left_over() == []


def test_a_layer_behind_the_chosen_one_may_be_damaged(chain: World) -> None:
    """What is not read does no harm; what is asked of the damaged layer is refused."""
    (info,) = chain.collection.backups()
    last = chain.destination / info.layers[2].folder
    with Target(chain.destination).damaged(Mutation("cut", lambda: _cut(last / MANIFEST))):
        assert chain.restored(as_of=info.layers[1].end) == chain.state(info.layers[1].end)
        for as_of in (None, info.layers[2].end):
            with pytest.raises(BackupCorruptedError):
                chain.restored(as_of=as_of)


def test_a_table_that_is_not_restored_may_be_damaged(chain: World) -> None:
    """What is not read does no harm; its size and name are looked at all the same."""
    (info,) = chain.collection.backups()
    data = chain.destination / info.name / "data"
    bank = min(data.iterdir())
    with Target(chain.destination).damaged(Mutation("flip", lambda: _flip_middle(bank))):
        assert chain.restored(targets="shop") == {"shop.orders": chain.state()["shop.orders"]}
        with pytest.raises(BackupCorruptedError, match="SHA-256"):
            chain.restored(targets="bank")
    with (
        Target(chain.destination).damaged(Mutation("cut", lambda: _cut(bank))),
        pytest.raises(BackupCorruptedError, match="bytes instead of"),
    ):
        chain.restored(targets="shop")


def test_links_in_place_of_files_are_refused(chain: World) -> None:
    """Though they lead to the right bytes."""
    for path in sorted(chain.destination.rglob("*")):
        if path.is_file() and not path.is_symlink():
            moved = path.rename(chain.folder / "moved")
            path.symlink_to(moved)
            with pytest.raises(MVCCError):
                mvcc.restore(chain.destination, chain.folder / "target")
            path.unlink()
            moved.rename(path)
    assert (chain.left_over(), chain.restored()) == ([], chain.state())


FOREIGN: dict[str, Callable[[Path], object]] = {
    "a note": lambda root: (root / "README").write_text("hello"),
    "a hidden file": lambda root: (root / ".DS_Store").write_bytes(b""),
    "a folder": lambda root: (root / "lost+found").mkdir(),
    "a file of our kind of name": lambda root: (root / "weekly").write_bytes(b""),
    "an empty folder of our kind of name": lambda root: (root / "weekly").mkdir(),
    "a folder of another program": lambda root: (root / "2026").mkdir(exist_ok=True),
}


@pytest.mark.parametrize("put", FOREIGN.values(), ids=FOREIGN)
def test_foreign_files_in_a_collection_do_no_harm(
    chain: World, put: Callable[[Path], object]
) -> None:
    """They are no backup."""
    put(chain.destination)
    assert chain.restored() == chain.state()
    chain.backup(incremental=True)
    assert len(chain.collection.backups()) == 1


@pytest.mark.parametrize("name", ["../x", "/etc", "a/../b", "2026", "", ".", "a\0", "incrementals"])
def test_a_crafted_name_of_a_backup_is_refused(chain: World, name: str) -> None:
    """Wherever a name is taken."""
    with pytest.raises(mvcc.InvalidNameError):
        mvcc.restore(chain.destination, chain.folder / "target", backup=name)
    with pytest.raises(mvcc.InvalidNameError):
        chain.backup(name=name)
    with pytest.raises(mvcc.InvalidNameError):
        chain.backup(incremental=name)
    with pytest.raises(mvcc.InvalidNameError):
        chain.collection.verify(name)
    assert chain.left_over() == []


def test_a_file_changed_between_check_and_load_is_refused(
    chain: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each block has its own checksum, and what was built so far goes."""
    path = next(path for path in sorted(chain.destination.rglob("*.sst")))
    real = restore_job.check_files

    def check_then_flip(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        _flip_middle(path)

    monkeypatch.setattr(restore_job, "check_files", check_then_flip)
    with pytest.raises(mvcc.SSTCorruptedError):
        mvcc.restore(chain.destination, chain.folder / "target")
    assert chain.left_over() == []


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def test_damage_at_any_level_is_named_by_verify(chain: World) -> None:
    """With the file, and with what can still be restored."""
    (info,) = chain.collection.backups()
    looks: list[tuple[Level, bool]] = [("manifest", False), ("files", True), ("data", True)]
    for number, layer in enumerate(info.layers):
        path = min((chain.destination / layer.folder / "data").iterdir())
        with Target(chain.destination).damaged(Mutation("flip", partial(_flip_middle, path))):
            for level, bad in looks:
                report = chain.collection.verify(level=level)
                assert (report.ok, len(report.restorable)) == (not bad, number if bad else 3)
                assert not bad or path.name in report.problems[0]
    for level, _ in looks:
        report = chain.collection.verify(level=level)
        assert (report.problems, report.restorable) == ((), info.restorable)
