"""How much memory a full backup needs beside the pages of the map: it streams, whatever the store's size.

The backup runs in a process of its own, once to be watched and once under a limit of its data segment
that leaves it no more than the figure.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import mvcc
from mvcc.demo.workload import TABLE, commits

ROWS = int(os.environ.get("MVCC_BENCH_ROWS", "2000000"))
LIMIT_BYTES = 256 << 20
SAMPLE_SECONDS = 0.01


def anonymous_bytes() -> int:
    """RssAnon of this process: what it has allocated and touched, without files and maps of files."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not report RssAnon")


def data_bytes() -> int:
    """The size of this process's data segment, as RLIMIT_DATA counts it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("the kernel does not report VmData")


def back_up(store_path: str, target: str, limited: bool) -> dict[str, int]:
    """A full backup in this process; its highest RssAnon, sampled, and where it began."""
    with mvcc.open(store_path) as store:
        if limited:
            limit = data_bytes() + LIMIT_BYTES
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        start = peak = anonymous_bytes()
        done = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(SAMPLE_SECONDS):
                peak = max(peak, anonymous_bytes())

        watcher = threading.Thread(target=watch)
        watcher.start()
        job = store.backup(target, compression="lz4")
        done.set()
        watcher.join()
    return {"start": start, "peak": peak, "rows": job.rows}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the workload."""
    folder = tmp_path_factory.mktemp("memory") / "store"
    with mvcc.open(folder) as store:
        table = store.create_table(TABLE)
        for rows in commits(ROWS):
            table.put_many(rows)
    return folder


@pytest.mark.parametrize("limited", [False, True], ids=["watched", "limited"])
def test_a_full_backup_needs_at_most_256_mib(loaded: Path, tmp_path: Path, limited: bool) -> None:
    """Above what the process had when it began."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.test_backup_memory",
            str(loaded),
            str(tmp_path / "backups"),
            str(int(limited)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    above = found["peak"] - found["start"]
    print(f"\n{found['rows']:,} rows, peak RssAnon {above / (1 << 20):.1f} MiB above the start")
    assert (ROWS, True) == (found["rows"], above <= LIMIT_BYTES)


if __name__ == "__main__":
    print(json.dumps(back_up(sys.argv[1], sys.argv[2], sys.argv[3] == "1")))
