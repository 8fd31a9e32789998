"""Which questions a run asks, and in which order: those that only read the loaded stores come first."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from mvcc.bench import syncs
from mvcc.bench.peers import contenders
from mvcc.bench.questions import backups, gets, history, load, memory, puts, scans, sustained
from mvcc.bench.results import Outcome, machine
from mvcc.bench.stock import Announce, Scale, Stock
from mvcc.bench.turns import Question, measure

Ask: TypeAlias = Callable[[Stock], Question]

QUESTIONS: Mapping[str, Ask] = {
    "load": load.load,
    "ingest": load.ingest,
    "get": gets.get,
    "scan": scans.scan,
    "full": backups.full,
    "export": backups.export,
    "batch_put": puts.batch_put,
    "single_put": puts.single_put,
    "single_put 8": puts.single_put_in_threads,
    "sustained": sustained.sustained,
    "incr": backups.incr,
    "restore": backups.restore,
    "memory": memory.memory,
}
LARGE_QUESTIONS: Mapping[str, Ask] = {
    "history": history.history,
    "full at 10 N": backups.full_at_10n,
    "incr at 10 N": backups.incr_at_10n,
    "sustained at 10 N": sustained.sustained_at_10n,
    "memory at 10 N": memory.memory_at_10n,
}

LONG = ("full at 10 N", "sustained at 10 N", "memory at 10 N")
"""What a quick run leaves out."""

ROWS_A_COMMIT = {"load": 10_000, "batch_put": 1000, "single_put": 1, "sustained": 1000}
"""The questions that are asked of commits: how many rows each has."""


@contextmanager
def stocked(scale: Scale, parent: Path, announce: Announce = lambda _: None) -> Iterator[Stock]:
    """A stock in a temporary folder below `parent`, which goes at the end."""
    kinds, left_out = contenders()
    with tempfile.TemporaryDirectory(prefix="mvcc-bench-", dir=parent) as folder:
        yield Stock(Path(folder), scale, kinds, left_out, announce)


def ask(stock: Stock, asked: Question, pairs: int, commit: str) -> Outcome:
    """Measures a question, and counts the syncs of its commits."""
    stock.announce(f"{asked.name}: {pairs} pairs")
    return complete(stock, measure(asked, pairs), commit)


def complete(stock: Stock, outcome: Outcome, commit: str) -> Outcome:
    """Adds what does not come of a pair: syncs, the machine, the commit that was measured; clears up."""
    stock.clear()
    outcome.commit = commit
    outcome.machine = machine(stock.folder)
    per = ROWS_A_COMMIT.get(outcome.question)
    if per is not None and outcome.pairs:
        outcome.syncs = count_syncs(sorted(stock.kinds), per)
    return outcome


def count_syncs(kinds: Sequence[str], per: int) -> dict[str, float]:
    """Syncs a commit by contender; nothing where they cannot be counted."""
    if syncs.available() is not None:
        return {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(
            zip(kinds, pool.map(lambda kind: syncs.per_commit(kind, per), kinds), strict=True)
        )
