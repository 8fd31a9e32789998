"""`BackupCollection`: what there is, for people and programs to look at."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import mvcc
from mvcc.errors import (
    BackupCorruptedError,
    BackupNotFoundError,
    InvalidArgumentError,
    NoFullBackupError,
)
from tests.backup.world import World, files_under

BANK = "bank.accounts"


def test_an_absent_destination_holds_nothing(world: World) -> None:
    """And looking does not make it."""
    assert (world.collection.backups(), world.collection.latest) == ([], None)
    for call in (world.collection.show, world.collection.verify):
        with pytest.raises(BackupNotFoundError):
            call()
    with pytest.raises(BackupNotFoundError):
        world.restored()
    assert not world.destination.exists()


def test_backups_are_listed_oldest_first(chain: World) -> None:
    """With their layers and totals."""
    chain.backup(name="a-name", targets="shop")
    first, second = chain.collection.backups()
    assert (len(first.layers), second.name, len(second.layers)) == (3, "a-name", 1)
    assert [each.start for each in first.layers] == [None, *(x.end for x in first.layers[:2])]
    assert first.rows == sum(each.rows for each in first.layers) == 100 + 2 + 15 + 4
    size = sum(
        len(data)
        for name, data in files_under(chain.destination).items()
        if name.endswith(".sst") and not name.startswith("a-name/")
    )
    assert first.file_bytes == size
    assert first.restorable == tuple((each.end, each.end) for each in first.layers)
    assert (first.start, first.end) == (first.layers[0].end, first.layers[2].end)
    assert pickle.loads(pickle.dumps(first)) == first


def test_show_has_a_row_for_each_table_and_layer(chain: World) -> None:
    """With the columns that CockroachDB has."""
    rows = chain.collection.show()
    assert [(row.backup_type, row.database_name, row.object_name, row.rows) for row in rows] == [
        ("full", "bank", "accounts", 100),
        ("full", "shop", "orders", 2),
        ("incremental", "bank", "accounts", 15),
        ("incremental", "shop", "orders", 0),
        ("incremental", "bank", "accounts", 2),
        ("incremental", "shop", "orders", 2),
    ]
    full, last = rows[0], rows[-1]
    assert (full.start_time, last.start_time) == (None, rows[2].end_time)
    assert (full.size_bytes, full.is_full_cluster, full.object_type) == (10_300, True, "table")
    chain.backup(name="part", targets="shop")
    assert [row.is_full_cluster for row in chain.collection.show("part")] == [False]


def test_latest_is_the_highest_end_whatever_the_name(chain: World) -> None:
    """Not the last one taken, nor the last by name."""
    first = chain.collection.backups()[0].layers[0].end
    chain.backup(name="zzz", as_of=mvcc.Timestamp(int(first) - 1))
    assert chain.collection.latest == chain.collection.backups()[1].name != "zzz"
    chain.backup(name="000")
    assert chain.collection.latest == "000"


def test_latest_is_not_guessed_past_a_damaged_backup(chain: World) -> None:
    """That may be newer: its name is to be given then."""
    good = chain.collection.backups()[0].name
    for name in ("weekly", None):
        job = chain.backup(name=name)
        manifest = chain.destination / job.name / "BACKUP_MANIFEST"
        whole = manifest.read_bytes()
        manifest.write_bytes(whole[:-1])
        with pytest.raises(BackupCorruptedError, match="name the one"):
            chain.restored()
        with pytest.raises(BackupCorruptedError):
            chain.backup(incremental=True)
        assert chain.restored(backup=good) == chain.state()
        manifest.write_bytes(whole)


def test_an_older_damaged_backup_is_not_in_the_way_of_latest(chain: World) -> None:
    """Its name tells that it is older."""
    old = chain.collection.backups()[0].name
    chain.backup(name="new")
    manifest = chain.destination / old / "BACKUP_MANIFEST"
    manifest.write_bytes(manifest.read_bytes()[:-1])
    assert chain.restored() == chain.state()


def test_a_damaged_backup_is_listed_with_its_problem(chain: World) -> None:
    """And the others as ever."""
    old = chain.collection.backups()[0].name
    chain.backup(name="new")
    manifest = chain.destination / old / "BACKUP_MANIFEST"
    manifest.write_bytes(b"")
    found = {each.name: each for each in chain.collection.backups()}
    assert (found[old].layers, found[old].end, found[old].restorable) == ((), None, ())
    assert "BACKUP_MANIFEST" in found[old].problems[0]
    assert found["new"].problems == ()
    report = chain.collection.verify(old)
    assert (report.ok, report.restorable) == (False, ())
    with pytest.raises(BackupCorruptedError):
        chain.collection.show(old)


def test_a_lost_collection_file_stops_latest_alone(chain: World) -> None:
    """Each chain stands by itself."""
    name = chain.collection.backups()[0].name
    (chain.destination / "COLLECTION").unlink()
    with pytest.raises(BackupCorruptedError, match="COLLECTION"):
        chain.restored()
    assert chain.restored(backup=name) == chain.state()


def test_verify_counts_what_it_read(chain: World) -> None:
    """Versions, tombstones, files."""
    report = chain.collection.verify(level="data")
    (info,) = chain.collection.backups()
    files = [name for name in files_under(chain.destination) if name.endswith(".sst")]
    assert (report.versions, report.tombstones, report.files) == (info.rows, 16, len(files))
    assert (report.bytes, report.restorable) == (info.bytes, info.restorable)


def test_verify_names_every_problem_at_once(chain: World) -> None:
    """One fault does not hide the next."""
    (info,) = chain.collection.backups()
    data = sorted((chain.destination / info.name / "data").iterdir())
    assert len(data) >= 3
    data[0].unlink()
    data[1].write_bytes(data[1].read_bytes()[:-1] + b"x")
    last = chain.destination / info.layers[2].folder / "data" / "000001.sst"
    last.write_bytes(b"")
    problems = "\n".join(chain.collection.verify().problems)
    assert all(path.name in problems for path in (data[0], data[1]))
    assert info.layers[2].folder in problems
    assert chain.collection.verify().restorable == ()


def test_an_unknown_level_is_refused(chain: World) -> None:
    """With those that there are."""
    with pytest.raises(InvalidArgumentError, match="'manifest', 'files' or 'data'"):
        chain.collection.verify(level="deep")  # type: ignore[arg-type]


def test_a_collection_may_be_moved(chain: World, tmp_path: Path) -> None:
    """As a whole: nothing in it says where it stands."""
    chain.destination.rename(tmp_path / "elsewhere")
    chain.destination = tmp_path / "elsewhere"
    assert chain.restored() == chain.state()
    chain.backup(incremental=True)
    assert chain.collection.verify(level="data").ok


def test_a_uri_and_a_path_mean_the_same_collection(chain: World) -> None:
    """As every destination."""
    collection = mvcc.BackupCollection(chain.destination.as_uri())
    assert collection.backups() == chain.collection.backups()
    assert repr(collection) == f"<BackupCollection {chain.destination.as_uri()}>"
    assert collection.uri == chain.collection.uri


def test_no_full_backup_to_build_on_is_said(world: World) -> None:
    """Also where only an unfinished one stands."""
    (world.destination / "weekly" / "data").mkdir(parents=True)
    (world.destination / "weekly" / "BACKUP-LOCK-1").write_bytes(b"")
    with pytest.raises(NoFullBackupError):
        world.backup(incremental=True)
    assert not (world.destination / "weekly").exists()
