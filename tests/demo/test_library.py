"""The demo over files, on a small tree; one wrong byte in what comes back is seen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import mvcc
from mvcc.cli.exit_codes import ExitCode
from mvcc.cli.main import main
from mvcc.demo import library
from mvcc.demo.library import TABLE, Sources
from mvcc.demo.report import Report
from tests.demo.planting import DAMAGES, Damage, lose_a_key, plant_in_restore

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "# comment\nx = (1 +\n     {n})\n"


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Sources, tests, other files, and packages."""
    base = tmp_path / "lib"
    for n in range(300):
        write(base / "pkg" / f"module{n:03}.py", SOURCE.format(n=n).encode())
    for n in range(100):
        write(base / "test" / f"test_{n:03}.py", b"assert True\n")
    write(base / "data.bin", bytes(range(256)) * 40)
    write(base / "broken.py", b"def")
    write(base / "empty.py", b"")
    write(base / "__pycache__" / "x.pyc", b"cache")
    write(base / "site-packages" / "not" / "twice.py", b"x=1")
    for n in range(50):
        write(base / "site-packages" / "dist" / f"added{n}.py", b"y = %d\n" % n)
    return Sources(base, (base / "site-packages",))


def write(path: Path, content: bytes) -> None:
    """Makes a file and the folders to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def run(tmp_path: Path, sources: Sources) -> Report:
    """Runs the demo in a folder of its own."""
    folder = tmp_path / "work"
    folder.mkdir()
    return library.run(folder, sources, lambda _: None)


def test_everything_comes_back_equal(tmp_path: Path, sources: Sources) -> None:
    """AS OF, by diff, and restored: each instant with the keys that it should have."""
    report = run(tmp_path, sources)
    assert report.passed
    compared = {each.name: each.keys for each in report.comparisons}
    assert {
        "AS OF before round 1": 403,
        "AS OF after round 1": 303,
        "AS OF after round 2": 354,
        "diff to after round 1": 400,
        "restored before round 1": 403,
        "restored after round 1": 303,
        "restored after round 2": 354,
    } == compared
    steps = {each.name: each.rows for each in report.steps}
    assert (403, 100, 300, 51) == tuple(
        steps[name] for name in ("load", "round 1, remove", "round 1, rewrite", "round 2, add")
    )
    assert (403, 400, 51) == tuple(
        steps[name] for name in ("full backup", "incremental 1", "incremental 2")
    )
    assert all(size > 0 for size in report.disk_bytes.values())


def test_history_and_diff_of_one_file_are_told(tmp_path: Path, sources: Sources) -> None:
    """Two versions, and the lines that the rewrite took away and put in."""
    notes = run(tmp_path, sources).notes
    assert notes[0].startswith("history of pkg/module")
    assert "  -# comment" in notes
    assert any(line.startswith("  +x = 1 + ") for line in notes)


@pytest.mark.parametrize(("damage", "nth"), list(zip(DAMAGES, (0, 1, 2), strict=True)))
def test_one_wrong_byte_in_a_restored_store_is_seen(
    tmp_path: Path,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
    damage: Damage,
    nth: int,
) -> None:
    """In each of the three restored stores."""
    plant_in_restore(monkeypatch, TABLE, damage, nth)
    report = run(tmp_path, sources)
    wrong = [each.name for each in report.comparisons if each.differences]
    assert (1, False) == (report.differences, report.passed)
    assert [f"restored {('before round 1', 'after round 1', 'after round 2')[nth]}"] == wrong


def test_one_wrong_byte_in_the_loaded_store_is_seen(
    tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every later comparison knows what was read from the file."""
    put_many = mvcc.Table.put_many

    def and_damage(table: mvcc.Table, rows: list[tuple[bytes, bytes]]) -> mvcc.Timestamp:
        return put_many(
            table, [(key, value[:-1] if key == b"data.bin" else value) for key, value in rows]
        )

    monkeypatch.setattr(mvcc.Table, "put_many", and_damage)
    report = run(tmp_path, sources)
    assert 6 == report.differences
    assert {"data.bin holds other bytes than the input"} == {
        line for each in report.comparisons for line in each.examples
    }


@pytest.mark.parametrize("fault", ["lost", "extra", "wrong"])
def test_a_wrong_difference_is_seen(
    tmp_path: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """What the store says has changed is compared with what has."""
    diff = mvcc.Store.diff

    def and_damage(store: mvcc.Store, *arguments: Any) -> list[mvcc.Difference]:
        first, *rest = diff(store, *arguments)
        faulty = {
            "lost": [],
            "extra": [first, replace(first, key=b"data.bin")],
            "wrong": [replace(first, before=(first.before or b"") + b"!")],
        }
        return [*faulty[fault], *rest]

    monkeypatch.setattr(mvcc.Store, "diff", and_damage)
    report = run(tmp_path, sources)
    wrong = [(each.name, each.differences) for each in report.comparisons if each.differences]
    assert [("diff to after round 1", 1)] == wrong


def test_too_little_to_compare_is_a_failure(tmp_path: Path) -> None:
    """A handful of files shows nothing."""
    write(tmp_path / "lib" / "a.py", b"x=1")
    report = run(tmp_path, Sources(tmp_path / "lib", ()))
    assert (0, False) == (report.differences, report.passed)


def test_without_test_folders_every_tenth_file_goes(tmp_path: Path, sources: Sources) -> None:
    """As on a Python that is shipped without its tests."""
    for path in (sources.library / "test").iterdir():
        path.unlink()
    report = run(tmp_path, sources)
    assert report.passed
    assert [31] == [each.rows for each in report.steps if each.name == "round 1, remove"]


@pytest.fixture
def as_this_python(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """The small tree in place of the running Python's files."""
    paths = {"stdlib": sources.library, "purelib": sources.packages[0]}
    found = {**paths, "platlib": sources.packages[0]}
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {k: str(v) for k, v in found.items()})
    return sources


@pytest.mark.usefixtures("as_this_python")
def test_the_command_prints_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the parallel export, and nothing left in the temporary folder."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    assert ExitCode.OK == main(["demo", "--rows", "20000"])
    printed = capsys.readouterr().out
    assert "lz4 export of 20,000 rows by 2 workers" in printed
    assert "\nall equal: 2,520 keys, " in printed
    assert [] == list((tmp_path / "tmp").iterdir())


@pytest.mark.usefixtures("as_this_python")
def test_the_command_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole report, and the kept store can be read."""
    kept = tmp_path / "kept"
    assert ExitCode.OK == main(["demo", "--rows", "0", "--keep", str(kept), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (True, 2520, 0) == (found["passed"], found["keys_compared"], found["differences"])
    with mvcc.open(kept / "store", create=False) as store:
        assert 354 == store[TABLE].count()
    assert [] != list((kept / "backups").rglob("*.sst"))


@pytest.mark.usefixtures("as_this_python")
def test_a_difference_is_code_4(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the key in the last lines."""
    plant_in_restore(monkeypatch, TABLE, lose_a_key, 1)
    assert ExitCode.DAMAGED == main(["demo", "--rows", "0"])
    *_, fault, verdict = capsys.readouterr().out.splitlines()
    assert "DIFFERENT: broken.py is missing" == fault
    assert "FAILED: 1 differences" == verdict


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """In a process of its own, in the middle of the load. A background job inherits an ignored SIGINT."""
    command = ["env", "--default-signal=INT", sys.executable, "-m", "mvcc", "demo"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"loading ")
        process.send_signal(signal.SIGINT)
        assert b"Traceback" not in process.stderr.read()
    assert ExitCode.INTERRUPTED == process.returncode
    assert [] == list(tmp_path.iterdir())


@pytest.mark.usefixtures("as_this_python")
def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(mvcc, "restore", interrupted)
    assert ExitCode.INTERRUPTED == main(["demo", "--rows", "0"])
    assert [] == list((tmp_path / "tmp").iterdir())
