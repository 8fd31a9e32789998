"""The shim sees what a program does to its files, and says so where it does not."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.crash.plan import PlanSpec
from tests.crash.program import Job
from tests.crash.recorder import (
    ROOT,
    check_complete,
    check_probe,
    record,
    run_recorded,
    shim_environment,
)
from tests.crash.recording import Kind, Recording, VacuousError, read_log

JOB = Job((PlanSpec(seed=1, steps=20),))
CALL = re.compile(r"\b(\w+)\(\d+<([^>]*)>.*\) = (\d+)")
COUNTED = {
    Kind.WRITE: {"write", "pwrite64", "writev", "pwritev", "pwritev2"},
    Kind.SYNC: {"fsync", "fdatasync"},
}

EVERY_CALL = """
import os, shutil, sys
from pathlib import Path
from tests.crash.recording import acknowledge, write_probe

root = Path(sys.argv[1])
write_probe(root)
acknowledge("one")
(root / "a" / "b").mkdir(parents=True)
(root / "a" / "source").write_bytes(bytes(range(256)) * 40)
source = os.open(root / "a" / "source", os.O_RDWR)
copy = os.open(root / "a" / "copy", os.O_RDWR | os.O_CREAT)
os.sendfile(copy, source, 100, 5000)
os.copy_file_range(source, copy, 3000, 0, 4000)
os.pwritev(copy, [b"x" * 10, b"y" * 20], 5)
os.writev(copy, [b"at", b" the position"])
os.lseek(copy, 20000, os.SEEK_SET)
os.write(copy, b"behind a hole")
os.posix_fallocate(copy, 0, 30000)
os.ftruncate(source, 700)
os.ftruncate(source, 900)
with open(root / "a" / "log", "ab") as file:
    file.write(b"first")
with open(root / "a" / "log", "ab") as file:
    file.write(b"second")
(root / "a" / "log").write_bytes(b"anew")
os.link(root / "a" / "log", root / "a" / "b" / "link")
os.rename(root / "a" / "log", root / "a" / "renamed")
os.rename(root / "a", root / "moved")
folder = os.open(root / "moved", os.O_RDONLY)
os.close(os.open("relative", os.O_WRONLY | os.O_CREAT, dir_fd=folder))
os.rename("relative", "replaced", src_dir_fd=folder, dst_dir_fd=folder)
os.rename("replaced", "source", src_dir_fd=folder, dst_dir_fd=folder)
os.mkdir("made", dir_fd=folder)
os.rmdir("made", dir_fd=folder)
os.chdir(root / "moved")
os.mkdir("here/")
os.unlink("b/link")
os.fsync(folder)
acknowledge("two")
"""


def run_calls(tmp_path: Path) -> tuple[Recording, Path]:
    """What the shim records of one of each call."""
    root, log = tmp_path / "root", tmp_path / "log"
    root.mkdir()
    run_recorded([sys.executable, "-c", EVERY_CALL, str(root)], shim_environment(root, log))
    return Recording(root.stat().st_ino, tuple(read_log(log))), root


def test_the_records_of_every_call_lead_to_what_is_there(tmp_path: Path) -> None:
    """Writes of all kinds, copies, sizes, and names below a folder that moves."""
    recording, root = run_calls(tmp_path)
    check_probe(recording)
    check_complete(recording, root)
    assert [b"one", b"two"] == recording.acks


def test_the_shim_counts_what_strace_counts(tmp_path: Path) -> None:
    """Every write and sync of a store's run: no call goes past it."""
    root, log, trace = tmp_path / "root", tmp_path / "log", tmp_path / "trace"
    root.mkdir()
    environment = shim_environment(root, log)
    settings = [f"{name}={environment[name]}" for name in environment if name.startswith("MVCC_")]
    calls = ",".join(sorted(set().union(*COUNTED.values())))
    subprocess.run(
        [
            *("strace", "-f", "-y", "-s", "0", "-e", f"trace={calls}", "-o", str(trace)),
            *("env", f"LD_PRELOAD={environment['LD_PRELOAD']}", *settings),
            *(sys.executable, "-m", "tests.crash.program", str(root), JOB.text()),
        ],
        cwd=ROOT,
        check=True,
    )
    seen = [
        found.group(1, 2) for found in map(CALL.search, trace.read_text().splitlines()) if found
    ]
    counted = {
        kind: sum(call in calls and Path(path).is_relative_to(root) for call, path in seen)
        for kind, calls in COUNTED.items()
    }
    kinds = [each.kind for each in read_log(log)]
    assert counted == {kind: kinds.count(kind) for kind in COUNTED}
    assert counted[Kind.WRITE] > 50 and counted[Kind.SYNC] > 20


def test_a_store_writes_through_a_synced_descriptor(tmp_path: Path) -> None:
    """LMDB's commit is the write of its meta page: a recorder blind to O_DSYNC would miss it."""
    recording = record(
        "tests.crash.program",
        [str(tmp_path / "root"), JOB.text()],
        tmp_path / "root",
        tmp_path / "log",
    )
    synced = [each for each in recording.records if each.kind is Kind.SYNC_RANGE]
    assert len(synced) >= 20
    assert {120} == {each.length for each in synced}


def test_a_shim_that_sees_nothing_is_noticed() -> None:
    """The probe is missing."""
    with pytest.raises(VacuousError):
        check_probe(Recording(1, ()))


def test_a_shim_that_misses_a_write_is_noticed(tmp_path: Path) -> None:
    """Any one write, size or name, left out."""
    recording, root = run_calls(tmp_path)
    essential = {Kind.WRITE, Kind.RENAME, Kind.UNLINK, Kind.CREATE, Kind.MKDIR}
    unnoticed = []
    for number, each in enumerate(recording.records):
        rest = (*recording.records[:number], *recording.records[number + 1 :])
        try:
            check_complete(replace(recording, records=rest), root)
        except (VacuousError, KeyError, ValueError):
            continue
        if each.kind in essential:
            unnoticed.append(each)
    # Of what a later call undoes nothing is left.
    assert {"moved/made", "a/log", "a/source"} >= {each.path for each in unnoticed}
