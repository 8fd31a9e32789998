"""Revision history: any instant of the window comes back, with the tables of that instant."""

from __future__ import annotations

import pytest

import mvcc
from mvcc.errors import NotRestorableError, TimestampBelowGCError
from tests.backup.world import World

BANK = "bank.accounts"


def eventful(world: World) -> list[mvcc.Timestamp]:
    """Commits of every kind; gives an instant after each."""
    instants = [world.store.now()]
    for step in (
        lambda: world.create(BANK),
        lambda: world.write(BANK, {b"a": b"1", b"b": b"1"}),
        lambda: world.write(BANK, {b"a": b"2"}),
        lambda: world.write(BANK, {b"a": None}),
        lambda: world.create("shop.orders"),
        lambda: world.write("shop.orders", {b"x": b"1"}),
        lambda: world.drop(BANK),
        lambda: world.create(BANK),
        lambda: world.write(BANK, {b"c": b"3"}),
        lambda: world.write("shop.orders", {b"x": None, b"y": b"2"}),
    ):
        world.clock.advance("1s")
        step()
        instants.append(world.store.stats().last_commit)
    return instants


def test_a_full_one_restores_any_instant_since_the_beginning(world: World) -> None:
    """Without garbage collection, that is all there ever was."""
    instants = eventful(world)
    world.backup(revision_history=True)
    for instant in instants[1:]:
        assert world.restored(as_of=instant) == world.state(instant)
    between = mvcc.Timestamp(int(instants[3]) + 1)
    assert world.restored(as_of=between) == world.state(between)


def test_an_increment_restores_any_instant_of_its_window(world: World) -> None:
    """On a full backup without history: its own end, and all after it."""
    world.create("shop.older")
    world.write("shop.older", {b"k": b"v"})
    full = world.backup()
    before = mvcc.Timestamp(int(full.timestamp) - 1)
    instants = eventful(world)
    last = world.backup(incremental=True, revision_history=True)
    for instant in instants:
        assert world.restored(as_of=instant) == world.state(instant)
    with pytest.raises(NotRestorableError) as caught:
        world.restored(as_of=before)
    assert caught.value.ranges == ((full.timestamp, last.timestamp),)


def test_layers_with_and_without_history_mix(world: World) -> None:
    """A layer without it has one instant, between those that have all."""
    first = eventful(world)
    world.backup(revision_history=True)
    world.write(BANK, {b"m": b"1"})
    hidden = world.write(BANK, {b"m": b"2"})
    plain = world.backup(incremental=True)
    shown = world.write(BANK, {b"m": b"3"})
    world.write(BANK, {b"m": b"4"})
    world.backup(incremental=True, revision_history=True)
    for instant in (first[4], plain.timestamp, shown):
        assert world.restored(as_of=instant) == world.state(instant)
    for instant in (hidden, mvcc.Timestamp(int(plain.timestamp) - 1)):
        with pytest.raises(NotRestorableError):
            world.restored(as_of=instant)


def test_it_begins_at_the_threshold_of_garbage_collection(world: World) -> None:
    """Earlier instants are gone from the store as well."""
    world.create(BANK)
    for value in (b"1", b"2", b"3"):
        world.clock.advance("1s")
        last = world.write(BANK, {b"a": value, b"b" + value: b"x"})
    threshold = world.store.gc(before=last).threshold
    later = world.write(BANK, {b"a": b"4", b"b1": None})
    world.backup(revision_history=True)
    assert world.restored(as_of=threshold) == world.state(threshold)
    assert world.restored(as_of=later) == world.state(later)
    with pytest.raises(NotRestorableError) as caught:
        world.restored(as_of=mvcc.Timestamp(int(threshold) - 1))
    assert caught.value.ranges[0][0] == threshold


def test_a_chain_goes_on_over_garbage_collection_up_to_its_end(world: World) -> None:
    """Versions under the parent's end may go, what came since may not."""
    world.create(BANK)
    world.write(BANK, {b"a": b"1", b"b": b"1"})
    full = world.backup()
    world.write(BANK, {b"a": None})
    world.store.gc(before=full.timestamp)
    world.backup(incremental=True)
    assert world.restored() == world.state()


def test_an_increment_over_collected_versions_is_refused(world: World) -> None:
    """With the cure, and nothing is written."""
    world.create(BANK)
    world.backup()
    world.clock.advance("1s")
    world.store.gc(before=world.write(BANK, {b"a": b"1"}))
    with pytest.raises(TimestampBelowGCError, match="Take a full backup"):
        world.backup(incremental=True)
    (info,) = world.collection.backups()
    assert len(info.layers) == 1
    world.backup(name="again")
    assert world.restored() == world.state()


def test_a_backup_protects_what_it_reads(world: World) -> None:
    """Garbage collection in the middle of a job stops below its window."""
    world.create(BANK)
    world.write(BANK, {b"a": b"1"})
    full = world.backup()
    world.write(BANK, {b"a": None})
    thresholds = []

    def collect(_: mvcc.JobProgress) -> None:
        thresholds.append(world.store.gc(before=world.store.now()).threshold)

    world.backup(incremental=True, progress=collect)
    assert thresholds
    assert max(thresholds) <= full.timestamp
    assert world.store.gc(before=world.store.now()).threshold > full.timestamp
    assert world.restored() == world.state()
