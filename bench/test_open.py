"""How long it takes to open a store whose log holds 64 MiB that no merge has moved, the first read included.

The opens are processes of their own; the file is in the page cache. Half a second is allowed: of processor
time, which is all there is to it, and which a busy machine does not stretch.
"""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from statistics import median

import mvcc
from mvcc.bench.child import environment

LOG_BYTES = 64 << 20
OPENS = 5
LIMIT_S = 0.5
ROWS_A_COMMIT = 1000
NAME = "bench.rows"

OPEN_AND_READ = f"""
import sys, time
import mvcc
begun = time.perf_counter(), time.process_time()
store = mvcc.open(sys.argv[1])
value = store[{NAME!r}].get(b"%016d" % 0)
print(time.perf_counter() - begun[0], time.process_time() - begun[1])
assert value is not None and store.stats().log_bytes >= {LOG_BYTES}
"""


def fill(folder: Path) -> int:
    """A store with random keys and values of 100 bytes in a log that nobody merges; gives the rows."""
    rng = random.Random(1)
    keys = [b"%016d" % each for each in range(2_000_000)]
    rng.shuffle(keys)
    rows = 0
    with mvcc.open(folder, log_limit="1GiB") as store:
        table = store.create_table(NAME)
        table[b"%016d" % 0] = b"there"
        while store.stats().log_bytes < LOG_BYTES:
            table.put_many({key: rng.randbytes(100) for key in keys[rows : rows + ROWS_A_COMMIT]})
            rows += ROWS_A_COMMIT
    return rows


def seconds_to_open(folder: Path) -> tuple[float, float]:
    """In a process of its own, whose start does not count: by the clock, and of the processor."""
    command = [sys.executable, "-c", OPEN_AND_READ, str(folder)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    clock, processor = map(float, done.stdout.split())
    return clock, processor


def test_opening_with_a_long_log(tmp_path: Path) -> None:
    """The median of five."""
    rows = fill(tmp_path / "store")
    times = [seconds_to_open(tmp_path / "store") for _ in range(1 + OPENS)][1:]
    clock, processor = (median(each) for each in zip(*times, strict=True))
    print(
        f"\nopen and first read with {LOG_BYTES >> 20} MiB of log ({rows} rows), median of {OPENS}: "
        f"{clock:.3f} s, {processor:.3f} s of the processor"
    )
    assert processor < LIMIT_S
