"""Each decoder of the C core takes any bytes at all, under libFuzzer with both sanitizers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.reliability

ROOT = Path(__file__).resolve().parents[2]
TARGETS = sorted(path.stem.removeprefix("fuzz_") for path in (ROOT / "tests/fuzz").glob("fuzz_*.c"))
SECONDS = 20
EXECUTIONS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")


@pytest.mark.parametrize("target", TARGETS)
def test_a_decoder_survives_any_bytes(
    target: str, record_property: Callable[[str, object], None]
) -> None:
    """The corpus and what grows from it in a fixed time bring no report."""
    command = ["bash", "tests/fuzz/run.sh", target, str(SECONDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr[-20_000:]
    (executions,) = EXECUTIONS.findall(done.stderr)
    assert int(executions) > 1000
    record_property("figure", f"{target}: {executions} inputs in {SECONDS} s, no finding")
