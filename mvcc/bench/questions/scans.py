"""How fast all rows are read: as Python tuples, and as batches of columns."""

from __future__ import annotations

import mvcc
from mvcc.bench.peers import OURS, Peer
from mvcc.bench.peers.ours import Ours
from mvcc.bench.questions.common import question, read_all, reading
from mvcc.bench.stock import Stock
from mvcc.bench.turns import Question, timed
from mvcc.bench.workload import key

BATCHES = f"{OURS} batches"
BATCH_METHOD = "scan_batches"


def scan(stock: Stock) -> Question:
    """Everything, once."""
    asked = question(stock, "scan", "rows/s")
    count = stock.scale.rows
    with_batches = hasattr(mvcc.Table, BATCH_METHOD)
    if not with_batches:
        asked.not_built[BATCHES] = "Table.scan_batches is not there"

    def measure(peer: Peer) -> dict[str, float]:
        found = {peer.name: scan_rate(peer, count)}
        if isinstance(peer, Ours) and with_batches:
            with timed() as watch:
                read = sum(len(batch) for batch in getattr(peer.table, BATCH_METHOD)())
            if read != count:
                raise AssertionError(f"{read:,} rows in batches, not {count:,}")
            found[BATCHES] = count / watch.seconds
        return found

    for name in stock.kinds:
        asked.turns.append(reading(stock, name, measure, lambda peer: read_through(peer, count)))
    return asked


def scan_rate(peer: Peer, count: int) -> float:
    """Rows a second of one scan."""
    with timed() as watch:
        read_through(peer, count)
    return count / watch.seconds


def read_through(peer: Peer, count: int) -> None:
    """Reads every row of a loaded store."""
    with peer.scan() as rows:
        read_all(rows, key(count - 1))
