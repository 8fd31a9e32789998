"""What memory backups and restores take, and that a limit on it holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.conftest import Answer
from mvcc.bench.child import environment
from mvcc.bench.peers import OURS
from mvcc.bench.questions.memory import BACKUP
from mvcc.bench.stock import Stock

LIMIT_BYTES = 256 << 20

LIMITED = f"""
import pathlib, resource
import mvcc
lines = pathlib.Path("/proc/self/status").read_text().splitlines()
[data] = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:")]
resource.setrlimit(resource.RLIMIT_DATA, (data + {LIMIT_BYTES},) * 2)
{BACKUP}
"""


@pytest.mark.question("memory")
def test_memory(answer: Answer) -> None:
    """Of N rows, as the kernel counts it."""
    answer("memory")


@pytest.mark.large
@pytest.mark.question("memory at 10 N")
def test_memory_at_ten_n(answer: Answer) -> None:
    """Of ten times the rows."""
    answer("memory at 10 N")


def test_a_backup_lives_within_256_mib(stock: Stock, tmp_path: Path) -> None:
    """Its data segment may not grow by more than that after the import."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(stock.loaded(OURS)), str(tmp_path / "backups")],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
