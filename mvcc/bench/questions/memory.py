"""What memory a backup and a restore take: the highest RssAnon of a process of its own.

RssAnon is the kernel's count of what a process has allocated and touched, without files and maps of files;
the process's own Python and numpy are part of it. It is read from outside.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from mvcc.bench.child import environment
from mvcc.bench.peers import OURS
from mvcc.bench.questions.backups import make_chain
from mvcc.bench.questions.common import question
from mvcc.bench.stock import Stock, remove
from mvcc.bench.turns import Question, Turn

SAMPLE_S = 0.002
MIB = 1 << 20

BACKUP = """
import sys, mvcc
with mvcc.open(sys.argv[1]) as store:
    store.backup(sys.argv[2], compression="lz4")
"""
RESTORE = """
import sys, mvcc
mvcc.restore(sys.argv[1], sys.argv[2])
"""


def memory(stock: Stock) -> Question:
    """A full backup of N rows, and a restore of a full and an incremental."""
    return _memory(stock, "memory", stock.scale.rows)


def memory_at_10n(stock: Stock) -> Question:
    """The same of ten times the rows."""
    return _memory(stock, "memory at 10 N", stock.scale.large * stock.scale.rows)


def anonymous_bytes(process: int) -> int | None:
    """RssAnon of a process; None: it has ended, or the kernel does not say."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return None


def peak_of(code: str, *arguments: str | Path) -> int:
    """The highest RssAnon, in bytes, of a Python that runs this code. RuntimeError where it fails."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    peak = 0
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as child:
        while child.poll() is None:
            peak = max(peak, anonymous_bytes(child.pid) or 0)
            time.sleep(SAMPLE_S)
        assert child.stderr is not None
        if child.returncode != 0:
            raise RuntimeError(child.stderr.read())
    return peak


def _memory(stock: Stock, title: str, count: int) -> Question:
    asked = question(stock, title, "MiB", count)
    if anonymous_bytes(os.getpid()) is None:
        asked.skipped["backup"] = asked.skipped["restore"] = "this kernel does not report RssAnon"
        return asked
    chain: list[Path] = []
    target = stock.fresh("memory")

    def prepare() -> None:
        if not chain:
            chain.append(make_chain(stock, count))

    def run() -> dict[str, float]:
        backup = peak_of(BACKUP, stock.loaded(OURS, count), target)
        remove(target)
        return {"backup": backup / MIB, "restore": peak_of(RESTORE, chain[0], target) / MIB}

    asked.turns.append(Turn(OURS, run, prepare, lambda: remove(target)))
    return asked
