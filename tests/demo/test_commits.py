"""The demo over git repositories; one wrong byte in what comes back is seen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mvcc
from mvcc.cli.exit_codes import ExitCode
from mvcc.cli.main import main
from mvcc.demo import commits
from mvcc.demo.commits import backup_positions, sampled
from mvcc.demo.git import Repository
from mvcc.demo.report import Report
from mvcc.demo.trees import COMMITS, FILES
from tests.demo.planting import DAMAGES, Damage, damage_value, plant_in_restore
from tests.demo.repositories import LONG, NOT_UTF8, Builder, eventful, git

COMMITS_ON_MAIN = 33


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An eventful repository without a work tree."""
    return eventful(tmp_path_factory.mktemp("git") / "bare.git")


@dataclass(frozen=True, slots=True)
class Ran:
    """A demo that has ended well."""

    report: Report
    store: Path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, bare: Path) -> Ran:
    """The demo over the eventful repository."""
    folder = tmp_path_factory.mktemp("ran")
    return Ran(run(folder, bare), folder / "work" / "store")


def run(tmp_path: Path, repository: Path, branch: str = "main") -> Report:
    """Runs the demo in a folder of its own."""
    folder = tmp_path / "work"
    folder.mkdir()
    return commits.run(folder, Repository(repository), branch, lambda _: None)


def test_every_commit_comes_back_equal(ran: Ran) -> None:
    """AS OF samples, and restored from each backup."""
    assert ran.report.passed
    names = [each.name.split(" (")[0] for each in ran.report.comparisons]
    positions = sorted({*sampled(COMMITS_ON_MAIN, 20), *backup_positions(COMMITS_ON_MAIN)})
    assert [
        *(f"AS OF {position + 1}" for position in positions),
        *(f"restored {position + 1}" for position in backup_positions(COMMITS_ON_MAIN)),
    ] == names
    assert {"commits": COMMITS_ON_MAIN, "submodules": 2, "long_paths": 1} == ran.report.counts


def test_the_steps_are_timed(ran: Ran) -> None:
    """The load, a full backup, incrementals, and a restore to the end of each."""
    names = [each.name.split(" (")[0] for each in ran.report.steps]
    ends = [position + 1 for position in backup_positions(COMMITS_ON_MAIN)]
    backups = ["full backup", "incremental 1", "incremental 2", "incremental 3"]
    assert ["load", *backups, *(f"restore {end}" for end in ends)] == names


def test_the_store_holds_the_repository_and_its_commits(ran: Ran, bare: Path) -> None:
    """What the files are as of each commit, and the commit's own record."""
    ids = git("-C", str(bare), "log", "--first-parent", "--reverse", "--format=%H", "main").split()
    with mvcc.open(ran.store, create=False) as store:
        records = list(store[COMMITS].items())
        assert [(b"%08d" % n, oid) for n, oid in enumerate(ids)] == [
            (key, value.split(b"\n")[0]) for key, value in records
        ]
        assert records[1][1].endswith("\n\nAdd odd paths\n\nOf all kinds: é".encode())
        assert b"renamed" in store[FILES]
        assert b"src/file00" not in store[FILES]
        assert LONG + b"0" not in set(store[FILES].keys())
        [deleted, added] = store[FILES].history(NOT_UTF8)
        assert (None, b"caf\xe9") == (deleted.value, added.value)
        with store.as_of(added.timestamp) as then:
            assert ids[1] == next(iter(then[COMMITS].scan(reverse=True)))[1].split(b"\n")[0]


def test_links_are_their_target(ran: Ran) -> None:
    """And submodules are not there."""
    with mvcc.open(ran.store, create=False) as store:
        assert [b"a file in place of a link", b"src/file02"] == [
            version.value for version in store[FILES].history(b"link")
        ]
        assert [b"a file in place of a submodule"] == [
            version.value for version in store[FILES].history(b"vendor")
        ]
        assert None is store[FILES].get(b"src/file04")


@pytest.mark.parametrize(("damage", "nth"), list(zip(DAMAGES, (0, 3, 0), strict=True)))
def test_one_wrong_byte_in_a_restored_store_is_seen(
    tmp_path: Path, bare: Path, monkeypatch: pytest.MonkeyPatch, damage: Damage, nth: int
) -> None:
    """Of the full backup's end, and of the last incremental's."""
    plant_in_restore(monkeypatch, FILES, damage, nth)
    report = run(tmp_path, bare)
    position = backup_positions(COMMITS_ON_MAIN)[nth]
    wrong = [each.name.split(" (")[0] for each in report.comparisons if each.differences]
    assert (1, False, [f"restored {position + 1}"]) == (
        report.differences,
        report.passed,
        wrong,
    )


def test_a_wrong_commit_record_is_seen(
    tmp_path: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest one says which commit the files belong to."""

    def damage(table: mvcc.Table) -> None:
        key, value = next(table.scan(reverse=True))
        table.put(key, value + b"!")

    plant_in_restore(monkeypatch, COMMITS, damage, 0)
    assert 1 == run(tmp_path, bare).differences


def test_a_store_without_records_is_seen(
    tmp_path: Path, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing says which commit the files belong to."""
    plant_in_restore(monkeypatch, COMMITS, lambda table: table.delete_range(None, None), 0)
    assert 1 == run(tmp_path, bare).differences


def test_a_work_tree_and_another_branch(tmp_path: Path) -> None:
    """The line of the branch that was named."""
    path = eventful(tmp_path / "work tree", bare=False)
    report = run(tmp_path, path, "side")
    assert (4, 0) == (report.counts["commits"], report.differences)


def test_a_single_commit_is_enough(tmp_path: Path) -> None:
    """Of more than a thousand files: the backup after it is the full one."""
    builder = Builder()
    tree = {b"%04d" % n: ("100644", b"file %d" % n) for n in range(600)}
    builder.commit(tree, "All at once")
    report = run(tmp_path, builder.write(tmp_path / "single"))
    assert (True, 2 * 601) == (report.passed, report.keys_compared)


def test_an_empty_commit_first(tmp_path: Path) -> None:
    """A tree without a file can be compared, and shows too little."""
    builder = Builder()
    builder.commit({}, "Nothing yet")
    report = run(tmp_path, builder.write(tmp_path / "empty"))
    assert (0, False) == (report.differences, report.passed)


def test_an_absent_blob_ends_the_demo(
    tmp_path: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the commit in the message, and nothing left behind."""
    git("-C", str(bare), "config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    git("clone", "-q", "--bare", "--filter=blob:none", f"file://{bare}", str(partial))
    assert ExitCode.FAILED == main(["demo", "--git", str(partial)])
    first = git("-C", str(bare), "rev-list", "--max-parents=0", "main").decode().strip()
    error, hint = capsys.readouterr().err.splitlines()[-2:]
    assert first in error
    assert hint.startswith("hint: ")


def test_the_command_prints_json(
    tmp_path: Path, bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole report, and the kept store can be read."""
    kept = tmp_path / "kept"
    command = ["demo", "--git", str(bare), "--branch", "main", "--keep", str(kept), "--json"]
    assert ExitCode.OK == main(command)
    found = json.loads(capsys.readouterr().out)
    assert (True, 0) == (found["passed"], found["differences"])
    assert [] != list((kept / "backups").rglob("*.sst"))


def test_a_difference_is_code_4(
    tmp_path: Path,
    bare: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing stays in the temporary folder."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    plant_in_restore(monkeypatch, FILES, damage_value, 1)
    assert ExitCode.DAMAGED == main(["demo", "--git", str(bare)])
    assert "FAILED: 1 differences" == capsys.readouterr().out.splitlines()[-1]
    assert [] == list((tmp_path / "tmp").iterdir())


@given(st.integers(1, 10_000), st.integers(1, 50))
def test_samples_are_spread_from_the_first_to_the_last(positions: int, wanted: int) -> None:
    """Not more than wanted, but for the last one, and no gap is much larger than another."""
    found = sampled(positions, wanted)
    gaps = {after - before for before, after in pairwise(found)}
    assert (0, positions - 1) == (found[0], found[-1])
    assert len(found) <= max(2, wanted)
    assert not gaps or max(gaps) - min(gaps) <= 1


@given(st.integers(1, 10_000))
def test_backups_begin_half_way_and_end_with_the_last(positions: int) -> None:
    """Each after a commit of the line."""
    found = backup_positions(positions)
    assert max(0, positions // 2 - 1) == found[0]
    assert positions - 1 == found[-1]
    assert 1 <= len(found) <= 4
