"""How fast random keys are put, durably: 1,000 a commit, one a commit, and one a commit from 8 threads."""

from __future__ import annotations

from mvcc.bench.peers import Peer
from mvcc.bench.questions.common import in_threads, question, writing
from mvcc.bench.stock import Stock
from mvcc.bench.turns import Question, timed
from mvcc.bench.workload import Rows, batches, updates

PER_COMMIT = 1000
THREADS = 8


def batch_put(stock: Stock) -> Question:
    """1,000 random existing keys a commit."""
    asked = question(stock, "batch_put", "puts/s")
    count = stock.scale.batch_commits
    commits = list(batches(count, PER_COMMIT, stock.scale.rows, seed=11))
    for name in stock.kinds:

        def measure(peer: Peer, name: str = name) -> dict[str, float]:
            put = peer.put_many
            with timed() as watch:
                for rows in commits:
                    put(rows)
            return {name: count * PER_COMMIT / watch.seconds}

        asked.turns.append(writing(stock, name, measure))
    return asked


def single_put(stock: Stock) -> Question:
    """One random existing key a commit."""
    asked = question(stock, "single_put", "commits/s")
    rows = updates(stock.scale.single_commits, stock.scale.rows, seed=12)
    for name in stock.kinds:

        def measure(peer: Peer, name: str = name) -> dict[str, float]:
            with timed() as watch:
                _put_all(peer, rows)
            return {name: len(rows) / watch.seconds}

        asked.turns.append(writing(stock, name, measure))
    return asked


def single_put_in_threads(stock: Stock) -> Question:
    """The same from 8 threads at once, through one handle."""
    asked = question(stock, "single_put 8", "commits/s")
    count = stock.scale.single_commits
    shares = [updates(count, stock.scale.rows, seed=20 + number) for number in range(THREADS)]
    for name, kind in stock.kinds.items():
        if not kind.threads:
            asked.skipped[name] = f"{name}: one thread a connection"
            continue

        def measure(peer: Peer, name: str = name) -> dict[str, float]:
            with timed() as watch:
                in_threads(THREADS, lambda number: _put_all(peer, shares[number]))
            return {name: THREADS * count / watch.seconds}

        asked.turns.append(writing(stock, name, measure))
    return asked


def _put_all(peer: Peer, rows: Rows) -> None:
    put = peer.put
    for key, value in rows:
        put(key, value)
