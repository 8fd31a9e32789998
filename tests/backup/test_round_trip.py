"""What is backed up comes back: every layer's end, compared with the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

import mvcc
from mvcc.backup import take_backup
from tests.backup.world import World, contents, files_under

BANK = "bank.accounts"


def test_every_layer_of_a_chain_comes_back(chain: World) -> None:
    """AS OF its end; without a time, the newest."""
    (info,) = chain.collection.backups()
    for layer in info.layers:
        assert chain.restored(as_of=layer.end) == chain.state(layer.end)
    assert chain.restored() == chain.state()


def test_a_full_backup_alone_comes_back(world: World) -> None:
    """Keys and values of every shape."""
    world.create(BANK)
    rows: dict[bytes, bytes | None] = {b"": b"empty key", b"\0": b"", b"\xff" * 490: b"\0" * 5000}
    world.write(BANK, rows)
    job = world.backup()
    assert world.restored() == world.state()
    assert (job.status, job.rows, job.kind) == ("succeeded", 3, "backup")


def test_an_ingest_between_layers_comes_back(world: World) -> None:
    """With what was written before, between and after it, of the layer's window alone."""
    world.create(BANK)
    world.write(BANK, {b"%03d" % number: b"old" for number in range(100)})
    world.backup()
    world.write(BANK, {b"050": None, b"051": b"new"})
    world.ingest(BANK, {b"%03d" % number: b"bulk" for number in range(0, 120, 9)})
    world.write(BANK, {b"009": None, b"010": b"new"})
    job = world.backup(incremental=True)
    assert (world.restored(), job.rows) == (world.state(), 14 + 3)


def test_an_empty_store_comes_back_empty(world: World) -> None:
    """A backup of nothing is a backup."""
    job = world.backup()
    assert (world.restored(), job.rows, job.file_bytes) == ({}, 0, 0)


def test_an_empty_table_comes_back_empty(world: World) -> None:
    """It has no file."""
    world.create(BANK)
    job = world.backup()
    assert (world.restored(), job.file_bytes) == ({BANK: {}}, 0)


def test_a_table_that_was_emptied_comes_back_empty(world: World) -> None:
    """The increment holds tombstones alone."""
    world.create(BANK)
    world.write(BANK, {b"a": b"1", b"b": b"2"})
    world.backup()
    world.write(BANK, {b"a": None, b"b": None})
    world.backup(incremental=True)
    assert world.restored() == {BANK: {}}


def test_a_table_made_between_layers_comes_back(world: World) -> None:
    """It is not in the earlier layer."""
    world.create(BANK)
    full = world.backup()
    world.create("shop.orders")
    world.write("shop.orders", {b"a": b"1"})
    world.backup(incremental=True)
    assert world.restored() == world.state()
    assert world.restored(as_of=full.timestamp) == {BANK: {}}


def test_a_table_dropped_between_layers_is_gone(world: World) -> None:
    """And comes back AS OF the earlier layer."""
    world.create(BANK)
    world.create("shop.orders")
    world.write(BANK, {b"a": b"1"})
    full = world.backup()
    world.drop(BANK)
    world.backup(incremental=True)
    assert world.restored() == {"shop.orders": {}}
    assert world.restored(as_of=full.timestamp) == world.state(full.timestamp)


def test_a_table_made_anew_holds_nothing_of_the_old_one(world: World) -> None:
    """The same name is another table."""
    world.create(BANK)
    world.write(BANK, {b"a": b"old", b"b": b"old"})
    full = world.backup()
    world.drop(BANK)
    world.create(BANK)
    world.write(BANK, {b"a": b"new"})
    world.backup(incremental=True)
    world.write(BANK, {b"a": None, b"c": b"newer"})
    world.backup(incremental=True)
    assert world.restored() == {BANK: {b"c": b"newer"}}
    assert world.restored(as_of=full.timestamp) == {BANK: {b"a": b"old", b"b": b"old"}}


def test_a_table_made_and_dropped_between_two_layers_leaves_nothing(world: World) -> None:
    """No layer shows it."""
    world.backup()
    world.create(BANK)
    world.write(BANK, {b"a": b"1"})
    world.drop(BANK)
    job = world.backup(incremental=True)
    assert (world.restored(), job.rows) == ({}, 0)


def test_a_key_deleted_and_set_again_comes_back_with_its_last_value(world: World) -> None:
    """Across layers."""
    world.create(BANK)
    for value in (b"1", None, b"2", None, b"3"):
        world.write(BANK, {b"a": value})
        world.backup(incremental=bool(world.collection.backups()))
        assert world.restored() == world.state()


def test_what_nothing_changed_since_makes_an_empty_layer(world: World) -> None:
    """Which is a layer all the same: its end can be restored."""
    world.create(BANK)
    world.write(BANK, {b"a": b"1"})
    world.backup()
    job = world.backup(incremental=True)
    assert (job.rows, world.restored(as_of=job.timestamp)) == (0, world.state())


def test_large_values_come_back(world: World) -> None:
    """Larger than a chunk of an export, and than the size at which files are cut."""
    world.create(BANK)
    world.write(BANK, {b"%d" % size: b"x" * size for size in (1 << 20, 3_000_000, 9_999_999)})
    world.backup(file_size="1MiB")
    assert world.restored() == world.state()


def test_many_small_tables_come_back(world: World) -> None:
    """Each with one row, some with none."""
    for number in range(60):
        world.create(f"db{number % 7}.t{number}")
        if number % 5:
            world.write(f"db{number % 7}.t{number}", {b"k": b"%d" % number})
    world.backup()
    world.write("db1.t1", {b"k": None})
    world.backup(incremental=True)
    assert world.restored() == world.state()


def test_a_backup_as_of_an_instant_holds_that_instant(world: World) -> None:
    """What came after is not in it, and an increment goes on from there."""
    world.create(BANK)
    past = world.write(BANK, {b"a": b"1"})
    world.clock.advance("1s")
    world.write(BANK, {b"a": b"2", b"b": b"2"})
    job = world.backup(as_of=past)
    assert (job.timestamp, world.restored()) == (past, world.state(past))
    world.backup(incremental=True)
    assert world.restored() == world.state()


def test_a_commit_that_returned_is_in_a_backup_that_begins_then(world: World) -> None:
    """Though the clock stands still, and even steps back."""
    world.create(BANK)
    for number in range(5):
        if number == 3:
            world.clock.set(0)
        world.write(BANK, {b"%d" % number: b"x"})
        world.store.backup(world.destination, name=f"full-{number}")
        assert world.restored(backup=f"full-{number}") == world.state()


def test_no_later_commit_slips_under_the_end(world: World) -> None:
    """A commit after a backup is above its end, also with a clock behind."""
    world.create(BANK)
    job = world.backup()
    world.clock.set(0)
    assert world.write(BANK, {b"a": b"1"}) > job.timestamp


@pytest.mark.parametrize("targets", ["bank", "bank.accounts", ["shop", "bank.accounts"]])
def test_targets_alone_are_backed_up(chain: World, targets: str | list[str]) -> None:
    """A database, a table, or a list."""
    chain.backup(name="part", targets=targets)
    chosen = [targets] if isinstance(targets, str) else targets
    expected = {
        name: rows
        for name, rows in chain.state().items()
        if name in chosen or name.split(".")[0] in chosen
    }
    assert chain.restored(backup="part") == expected


def test_targets_alone_are_restored(chain: World) -> None:
    """Out of a backup of everything."""
    assert chain.restored(targets="shop") == {"shop.orders": chain.state()["shop.orders"]}


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_every_compression_comes_back(world: World, compression: str) -> None:
    """And a chain may mix them."""
    world.create(BANK)
    world.write(BANK, {b"%04d" % each: b"value " * 20 for each in range(300)})
    world.backup(compression=compression)
    world.write(BANK, {b"0001": b"other"})
    world.backup(incremental=True, compression="lz4")
    assert world.restored() == world.state()


def test_files_are_the_same_whatever_the_number_of_workers(chain: World, tmp_path: Path) -> None:
    """Their bytes, names, and the manifest but for the job's id."""
    context = chain.store._context
    end = chain.store.now()
    made = []
    for workers in (1, 2, 7):
        uri = tmp_path / "store" / f"{workers}-workers"
        job = take_backup(context, uri, as_of=end, file_size=4096, workers=workers)
        files = files_under(uri)
        made.append({name: data for name, data in files.items() if name.endswith(".sst")})
        assert job.file_bytes == sum(map(len, made[-1].values()))
    assert len(made[0]) > 2
    assert made[0] == made[1] == made[2]


def test_a_restored_store_is_an_ordinary_one(chain: World, tmp_path: Path) -> None:
    """It takes writes and has backups of its own, under an id of its own."""
    mvcc.restore(chain.destination, tmp_path / "again")
    with mvcc.open(tmp_path / "again") as store:
        assert store.stats().store_id != chain.store.stats().store_id
        store["bank.accounts"][b"more"] = b"1"
        expected = contents(store)
        store.backup(tmp_path / "its backups")
        store["bank.accounts"][b"more"] = b"2"
        store.backup(tmp_path / "its backups", incremental=True)
    mvcc.restore(tmp_path / "its backups", tmp_path / "third")
    with mvcc.open(tmp_path / "third") as store:
        expected["bank.accounts"][b"more"] = b"2"
        assert contents(store) == expected


def test_a_store_that_was_restored_into_is_exported_whole_by_its_first_increment(
    chain: World, tmp_path: Path
) -> None:
    """Its rows are older than its tables: what decides is whether the parent has the table."""
    path = tmp_path / "again"
    with mvcc.open(tmp_path / "empty") as store:
        store_id = store.stats().store_id
    mvcc.restore(chain.destination, path)
    with mvcc.open(path) as store:
        assert store_id != store.stats().store_id
        first = store.tables()[0].created
        store.backup(tmp_path / "b", as_of=mvcc.Timestamp(int(first) - 1))
        store.backup(tmp_path / "b", incremental=True)
    mvcc.restore(tmp_path / "b", tmp_path / "third")
    with mvcc.open(tmp_path / "third") as store:
        assert contents(store) == chain.state()


def test_a_job_tells_what_it_did(chain: World) -> None:
    """The columns of CockroachDB's statements, and more."""
    chain.write(BANK, {b"050": b"12345", b"051": None})
    job = chain.backup(incremental=True)
    size = sum(
        len(data)
        for name, data in files_under(chain.destination / job.name).items()
        if name.endswith(".sst")
    )
    assert (job.status, job.fraction_completed, job.rows, job.bytes) == ("succeeded", 1.0, 2, 11)
    assert (job.index_entries, job.error, job.file_bytes) == (0, None, size)
    assert job.cpu_seconds > 0


def test_a_read_only_store_can_be_backed_up_in_full(world: World) -> None:
    """At its last commit."""
    world.create(BANK)
    world.write(BANK, {b"a": b"1"})
    world.store.close()
    with mvcc.open(world.store.path, readonly=True) as store:
        store.backup(world.destination)
    assert world.restored() == world.state()
