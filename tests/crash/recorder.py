"""Runs programs under the shim, and checks that it saw everything: less would prove nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.crash.disk import Disk, File, walk
from tests.crash.recording import PROBE, PROBE_BYTES, Kind, Recording, VacuousError, read_log

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(Path(__file__).parent.glob("shim*.[ch]"))
BUILD = ROOT / "build" / "crash"


def build_shim() -> Path:
    """The shim's library, built anew where a source is newer."""
    library = BUILD / "shim.so"
    if not library.exists() or any(
        source.stat().st_mtime >= library.stat().st_mtime for source in SOURCES
    ):
        BUILD.mkdir(parents=True, exist_ok=True)
        made = BUILD / f"shim-{os.getpid()}.so"
        flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", "-fPIC", "-shared"]
        units = [str(source) for source in SOURCES if source.suffix == ".c"]
        subprocess.run(["gcc", *flags, "-o", str(made), *units, "-lpthread"], check=True)
        made.replace(library)
    return library


def shim_environment(root: Path, log: Path) -> dict[str, str]:
    """The environment of a program that is to be recorded. The sanitizers' libraries stay before the shim."""
    preload = [os.environ.get("LD_PRELOAD", ""), str(build_shim())]
    return dict(os.environ) | {
        "LD_PRELOAD": " ".join(filter(None, preload)),
        "MVCC_CRASH_ROOT": str(root),
        "MVCC_CRASH_LOG": str(log),
    }


def record(module: str, arguments: Sequence[str], root: Path, log: Path) -> Recording:
    """Runs a module of Python on an empty folder, to its end, and reads what it did.

    It has to begin with `write_probe`. VacuousError where the shim did not see that, or not everything.
    """
    root.mkdir()
    run_recorded([sys.executable, "-m", module, *arguments], shim_environment(root, log))
    recording = Recording(root.stat().st_ino, tuple(read_log(log)))
    check_probe(recording)
    check_complete(recording, root)
    return recording


def run_recorded(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Runs a program from the project's folder; its output is in the error where it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command} exited with {done.returncode}:\n{done.stdout}{done.stderr}")


def check_probe(recording: Recording) -> None:
    """That the probe is among the records. VacuousError."""
    seen = [(each.kind, each.data) for each in recording.records if each.path == PROBE]
    if [(Kind.CREATE, b""), (Kind.WRITE, PROBE_BYTES)] != seen:
        raise VacuousError(f"the shim has seen of the probe: {seen}")


def check_complete(recording: Recording, root: Path) -> None:
    """That the records make the folder what it is. Mapped files are left out. VacuousError."""
    disk = Disk.empty(recording.inode)
    for each in recording.records:
        disk.apply(each)
    nodes = dict(walk(disk.root.current))
    found = {str(path.relative_to(root)): path for path in root.rglob("*")}
    if nodes.keys() != found.keys():
        raise VacuousError(f"the records lead to {sorted(nodes)}, not to {sorted(found)}")
    for name, node in nodes.items():
        if isinstance(node, File) and not node.mapped and node.current != found[name].read_bytes():
            raise VacuousError(f"the records do not lead to what is in {name}")
