"""Jobs: who may run beside whom, what is refused, progress, and callers that change their mind."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import mvcc
from mvcc.errors import (
    BackupExistsError,
    BackupNotFoundError,
    CollectionMismatchError,
    DestinationLockedError,
    EmptyWindowError,
    InvalidArgumentError,
    MVCCError,
    NoFullBackupError,
    StoreExistsError,
    TableNotFoundError,
    TimestampInFutureError,
)
from tests.backup.world import World, contents, files_under

BANK = "bank.accounts"


class Held:
    """A job that stands still in its first progress call until it is let go."""

    def __init__(self, world: World, **options: Any) -> None:
        self.inside, self.go = threading.Event(), threading.Event()
        self.job: mvcc.Job | None = None
        world.clock.advance("10ms")
        self.thread = threading.Thread(target=self._run, args=(world, options))
        self.thread.start()
        assert self.inside.wait(60)

    def _run(self, world: World, options: dict[str, Any]) -> None:
        self.job = world.store.backup(world.destination, progress=self._hold, **options)

    def _hold(self, _: mvcc.JobProgress) -> None:
        self.inside.set()
        assert self.go.wait(60)

    def finish(self) -> mvcc.Job:
        """Lets the job end."""
        self.go.set()
        self.thread.join()
        assert self.job is not None
        return self.job


def test_two_increments_on_one_chain_are_refused(chain: World) -> None:
    """The later one, with the job that holds it; afterwards it may."""
    held = Held(chain, incremental=True)
    with pytest.raises(DestinationLockedError) as caught:
        chain.backup(incremental=True)
    job = held.finish()
    assert caught.value.owner == f"job {job.id}"
    chain.backup(incremental=True)
    assert len(chain.collection.backups()[0].layers) == 5
    assert chain.restored() == chain.state()


def test_two_full_backups_of_one_name_are_refused(chain: World) -> None:
    """While the first runs; afterwards the name is taken."""
    held = Held(chain, name="weekly")
    with pytest.raises(DestinationLockedError):
        chain.backup(name="weekly")
    held.finish()
    with pytest.raises(BackupExistsError):
        chain.backup(name="weekly")


def test_a_full_backup_and_an_increment_on_another_run_side_by_side(chain: World) -> None:
    """So do two full ones, each under its own name."""
    held = Held(chain, name="weekly")
    chain.backup(incremental=True)
    chain.store.backup(chain.destination)
    held.finish()
    infos = chain.collection.backups()
    assert sorted(len(each.layers) for each in infos) == [1, 1, 4]
    assert all(not each.problems for each in infos)


def test_a_running_backup_is_no_backup_yet(chain: World) -> None:
    """Neither listed nor restored, and the chain under it is whole."""
    before = chain.collection.backups()
    held = Held(chain, incremental=True)
    also = Held(chain, name="weekly")
    assert chain.collection.backups() == before
    assert chain.collection.verify(level="data").ok
    with pytest.raises(BackupNotFoundError):
        chain.restored(backup="weekly")
    held.finish()
    also.finish()
    assert len(chain.collection.backups()) == 2


def test_the_same_instant_twice_gets_two_names(world: World) -> None:
    """The second full backup takes the next hundredth of a second."""
    world.create(BANK)
    at = world.store.now()
    names = [world.store.backup(world.destination, as_of=at).name for _ in range(3)]
    assert [each[-2:] for each in names] == ["00", "01", "02"]


def test_refusals_come_before_anything_is_written(world: World) -> None:
    """Each its own error, and no destination."""
    world.create(BANK)
    future = mvcc.Timestamp(int(world.store.now()) + (1 << 40))
    refusals: list[tuple[type[MVCCError], dict[str, Any]]] = [
        (NoFullBackupError, {"incremental": True}),
        (BackupNotFoundError, {"incremental": "weekly"}),
        (InvalidArgumentError, {"incremental": True, "name": "weekly"}),
        (InvalidArgumentError, {"compression": "zip"}),
        (InvalidArgumentError, {"file_size": "many"}),
        (InvalidArgumentError, {"file_size": 100}),
        (InvalidArgumentError, {"targets": []}),
        (mvcc.InvalidNameError, {"targets": "bank/accounts"}),
        (mvcc.InvalidNameError, {"targets": ["bank.accounts.x"]}),
        (TableNotFoundError, {"targets": "bank.other"}),
        (TableNotFoundError, {"targets": ["bank", "shop"]}),
        (TimestampInFutureError, {"as_of": future}),
        (mvcc.InvalidTimestampError, {"as_of": 5}),
        (EmptyWindowError, {"as_of": mvcc.Timestamp(0)}),
    ]
    for error, options in refusals:
        with pytest.raises(error):
            world.backup(**options)
        assert not files_under(world.destination), options
    with pytest.raises(InvalidArgumentError):
        world.store.backup("s3://bucket/backups")


def test_an_empty_window_is_refused(chain: World) -> None:
    """At the parent's end, and before it."""
    (info,) = chain.collection.backups()
    assert info.end is not None
    for as_of in (info.end, mvcc.Timestamp(int(info.end) - 1)):
        with pytest.raises(EmptyWindowError) as caught:
            chain.backup(incremental=True, as_of=as_of)
        assert (caught.value.start, caught.value.end) == (info.end, as_of)


def test_an_increment_has_the_targets_of_its_chain(chain: World) -> None:
    """Nothing else would be the chain's next state."""
    chain.backup(name="bank", targets="bank")
    for targets in (None, "shop", ["bank", "shop"]):
        with pytest.raises(InvalidArgumentError, match="targets"):
            chain.backup(incremental="bank", targets=targets)
    chain.backup(incremental="bank", targets=["bank"])
    assert chain.restored(backup="bank") == {BANK: chain.state()[BANK]}


def test_an_increment_goes_on_the_latest_or_the_named_chain(chain: World) -> None:
    """Whatever their names."""
    chain.backup(name="a-first-name")
    assert chain.backup(incremental=True).name.startswith("incrementals/a-first-name/")
    older = chain.collection.backups()[0].name
    assert chain.backup(incremental=older).name.startswith(f"incrementals/{older}/")


def test_a_collection_belongs_to_one_store(chain: World, tmp_path: Path) -> None:
    """Another store, and a restored one, are refused, in full and on top."""
    with mvcc.open(tmp_path / "other") as other:
        for incremental in (False, True):
            with pytest.raises(CollectionMismatchError) as caught:
                other.backup(chain.destination, incremental=incremental)
            assert caught.value.found == other.stats().store_id


def test_a_damaged_chain_takes_no_increment(chain: World) -> None:
    """A full backup is the cure."""
    (info,) = chain.collection.backups()
    path = chain.destination / info.layers[1].folder / "BACKUP_MANIFEST"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(mvcc.BackupCorruptedError):
        chain.backup(incremental=True)
    chain.backup()
    chain.backup(incremental=True)
    assert chain.restored() == chain.state()


@pytest.mark.parametrize("kind", ["backup", "restore"])
def test_progress_goes_up_to_one_in_the_callers_thread(chain: World, kind: str) -> None:
    """The fraction never goes back, and the last call has everything."""
    seen: list[mvcc.JobProgress] = []
    threads: set[int] = set()

    def watch(progress: mvcc.JobProgress) -> None:
        seen.append(progress)
        threads.add(threading.get_ident())

    if kind == "backup":
        chain.backup(progress=watch)
    else:
        chain.restored(progress=watch)
    fractions = [each.fraction_completed for each in seen]
    assert threads == {threading.get_ident()}
    assert fractions == sorted(fractions)
    assert (fractions[-1], seen[-1].rows > 0) == (1.0, True)


class UnwantedError(Exception):
    """What a caller's own callback raises."""


@pytest.mark.parametrize("error", [UnwantedError, KeyboardInterrupt, SystemExit])
def test_an_error_of_the_callback_cancels_a_backup(
    chain: World, error: type[BaseException]
) -> None:
    """It is raised as it is, and nothing is left."""
    before = files_under(chain.destination)

    def stop(_: mvcc.JobProgress) -> None:
        raise error

    for options in ({}, {"incremental": True}, {"name": "weekly"}):
        with pytest.raises(error):
            chain.backup(progress=stop, **options)
        assert files_under(chain.destination) == before
    chain.backup(incremental=True)
    assert chain.restored() == chain.state()


def test_an_error_of_the_callback_cancels_a_restore(chain: World) -> None:
    """Nothing is left."""

    def stop(_: mvcc.JobProgress) -> None:
        raise UnwantedError

    with pytest.raises(UnwantedError):
        mvcc.restore(chain.destination, chain.folder / "target", progress=stop)
    assert chain.left_over() == []


@pytest.mark.parametrize("what", ["file", "folder", "empty folder", "dangling link", "store"])
def test_a_restore_onto_something_is_refused(chain: World, what: str) -> None:
    """Whatever it is, it stays as it was."""
    path = chain.folder / "target"
    if what == "file":
        path.write_bytes(b"x")
    elif what == "dangling link":
        path.symlink_to("nowhere")
    elif what == "store":
        mvcc.open(path).close()
    else:
        path.mkdir()
        if what == "folder":
            (path / "x").write_bytes(b"")
    before = files_under(chain.folder / "target")
    with pytest.raises(StoreExistsError):
        mvcc.restore(chain.destination, path)
    assert (files_under(path), chain.left_over()) == (before, ["target"])


def test_a_restore_into_a_folder_that_is_not_there_makes_it(chain: World) -> None:
    """With those above it."""
    mvcc.restore(chain.destination, chain.folder / "a" / "b" / "store")
    with mvcc.open(chain.folder / "a" / "b" / "store", create=False) as store:
        assert contents(store) == chain.state()
    assert [path.name for path in (chain.folder / "a" / "b").iterdir()] == ["store"]


def test_what_appears_at_the_target_meanwhile_stays(chain: World) -> None:
    """The restore is refused at its end, then."""

    def appear(_: mvcc.JobProgress) -> None:
        (chain.folder / "target").mkdir(exist_ok=True)

    with pytest.raises(StoreExistsError):
        mvcc.restore(chain.destination, chain.folder / "target", progress=appear)
    assert chain.left_over() == ["target"]


def test_an_error_tells_the_job(chain: World) -> None:
    """So that it can be found again."""
    with pytest.raises(EmptyWindowError) as caught:
        chain.backup(incremental=True, as_of=mvcc.Timestamp(5))
    assert caught.value.job_id is not None
    with pytest.raises(BackupNotFoundError) as not_found:
        chain.restored(backup="weekly")
    assert not_found.value.job_id is not None


def test_of_many_increments_at_once_one_wins(chain: World) -> None:
    """The chain never forks."""
    barrier = threading.Barrier(4)
    outcomes: list[str] = []

    def contend() -> None:
        barrier.wait()
        try:
            chain.store.backup(chain.destination, incremental=True)
            outcomes.append("done")
        except (DestinationLockedError, EmptyWindowError) as error:
            outcomes.append(error.code)

    for _ in range(5):
        chain.clock.advance("1s")
        threads = [threading.Thread(target=contend) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    (info,) = chain.collection.backups()
    assert info.problems == ()
    assert len(info.layers) == 3 + outcomes.count("done") >= 8
    assert len(outcomes) == 20
