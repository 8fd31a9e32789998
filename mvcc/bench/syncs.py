"""How often a contender tells the disk to keep something, a commit: counted by strace, not by its word.

What counts: fsync, fdatasync, msync with MS_SYNC, sync_file_range, and writes to a file that was opened with
O_DSYNC or O_SYNC. A child process makes the commits between two marks, system calls that nothing else makes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

from mvcc.bench.child import environment
from mvcc.bench.peers import Peer, contenders
from mvcc.bench.workload import commits, updates

BEGIN = "/mvcc-bench-commits-begin"
END = "/mvcc-bench-commits-end"
ROWS = 10_000
COMMITS = 10

_CALLS = (
    "trace=access,faccessat,faccessat2,fsync,fdatasync,msync,sync_file_range,open,openat,close,dup,"
    "dup2,dup3,write,pwrite64,writev,pwritev,pwritev2"
)
_LINE = re.compile(r"^(?:\d+\s+)?(\w+)\((.*)\)\s+=\s+(-?\d+)")
_SYNCS = {"fsync", "fdatasync", "sync_file_range"}
_WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2"}


def available() -> str | None:
    """Why syncs cannot be counted here; None: they can."""
    return None if shutil.which("strace") else "strace is not installed"


def per_commit(kind: str, per: int) -> float:
    """Syncs a commit of so many rows, by a contender: a name, or `module:class` of another adapter."""
    with tempfile.TemporaryDirectory(prefix="mvcc-bench-") as folder:
        trace = Path(folder) / "trace"
        command = [
            "strace",
            "-f",
            "--seccomp-bpf",
            "-qq",
            "-s",
            "64",
            "-e",
            _CALLS,
            "-o",
            str(trace),
        ]
        child = [sys.executable, "-m", "mvcc.bench.syncs", kind, f"{folder}/store", str(per)]
        done = subprocess.run(
            [*command, *child], env=environment(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        with trace.open(encoding="utf-8", errors="replace") as lines:
            return count(whole_calls(lines)) / COMMITS


def whole_calls(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a trace, with calls put together that another thread's have cut in two."""
    unfinished: dict[str, str] = {}
    for line in lines:
        thread = line.split(maxsplit=1)[0]
        if line.rstrip().endswith("<unfinished ...>"):
            unfinished[thread] = line[: line.rindex("<unfinished ...>")]
        elif "resumed>" in line and thread in unfinished:
            yield unfinished.pop(thread).rstrip() + line[line.index("resumed>") + len("resumed>") :]
        else:
            yield line


def count(calls: Iterable[str]) -> int:
    """The syncs between the marks."""
    synchronous: set[int] = set()
    counting = False
    found = 0
    for line in calls:
        match = _LINE.match(line)
        if match is None:
            continue
        name, arguments, result = match[1], match[2], int(match[3])
        if name in ("access", "faccessat", "faccessat2"):
            counting = BEGIN in arguments or (counting and END not in arguments)
        elif name in ("open", "openat") and result >= 0:
            synchronous.discard(result)
            if re.search(r"\bO_D?SYNC\b", arguments):
                synchronous.add(result)
        elif name in ("dup", "dup2", "dup3") and _descriptor(arguments) in synchronous:
            synchronous.add(result)
        elif name == "close":
            synchronous.discard(_descriptor(arguments))
        elif counting:
            found += _is_sync(name, arguments, synchronous)
    return found


def _is_sync(name: str, arguments: str, synchronous: set[int]) -> bool:
    if name in _SYNCS:
        return True
    if name == "msync":
        return "MS_SYNC" in arguments
    return name in _WRITES and _descriptor(arguments) in synchronous


def _descriptor(arguments: str) -> int:
    digits = re.match(r"\d+", arguments)
    return int(digits[0]) if digits else -1


def adapter(kind: str) -> Callable[[Path], Peer]:
    """A contender by its name, or any adapter by `module:class`."""
    if ":" not in kind:
        return contenders()[0][kind]
    module, name = kind.split(":")
    made: Callable[[Path], Peer] = getattr(import_module(module), name)
    return made


def main(kind: str, folder: str, per: str) -> None:
    """Loads a few rows; then so many commits between the marks."""
    with adapter(kind)(Path(folder)) as peer:
        for rows in commits(ROWS):
            peer.put_many(rows)
        count_of_each = int(per)
        changes = updates(COMMITS * count_of_each, ROWS, seed=71)
        os.access(BEGIN, os.F_OK)
        for first in range(0, len(changes), count_of_each):
            if count_of_each == 1:
                peer.put(*changes[first])
            else:
                peer.put_many(changes[first : first + count_of_each])
        os.access(END, os.F_OK)


if __name__ == "__main__":
    main(*sys.argv[1:])
