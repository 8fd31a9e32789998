"""What reading AS OF the first of many versions costs beside reading now."""

from __future__ import annotations

from pathlib import Path

import mvcc
from mvcc.bench.peers import OURS
from mvcc.bench.peers.ours import Ours
from mvcc.bench.questions.common import question, read_all
from mvcc.bench.stock import Stock, remove, rest
from mvcc.bench.turns import Question, Turn, timed
from mvcc.bench.workload import TABLE, commits, key, random_keys

VERSIONS = 10


def history(stock: Stock) -> Question:
    """Get, scan and full backup, with ten versions of every key."""
    asked = question(stock, "history", "s")
    count = stock.scale.rows
    keys = random_keys(stock.scale.gets, count, seed=61)
    made: list[tuple[Path, mvcc.Timestamp]] = []
    target = stock.fresh("history-backup")

    def prepare() -> None:
        if not made:
            made.append(_build(stock, count))
        _measure(made[0], "now", keys, count, target)  # warm
        remove(target)

    def run() -> dict[str, float]:
        found = {}
        for instant in ("now", "first"):
            found.update(_measure(made[0], instant, keys, count, target))
            remove(target)
        return found

    asked.turns.append(Turn(OURS, run, prepare, lambda: remove(target)))
    return asked


def _build(stock: Stock, count: int) -> tuple[Path, mvcc.Timestamp]:
    """A store with all versions, and the instant when each key had its first."""
    stock.announce(f"loading {count:,} rows {VERSIONS} times")
    path = stock.fresh("history")
    with Ours(path) as peer:
        for version in range(VERSIONS):
            for rows in commits(count, seed=version + 1):
                peer.put_many(rows)
            if version == 0:
                first = peer.store.now()
        rest(peer)
    return path, first


def _measure(
    made: tuple[Path, mvcc.Timestamp], instant: str, keys: list[bytes], count: int, target: Path
) -> dict[str, float]:
    """Seconds of get, scan and full backup at one instant."""
    path, first = made
    with mvcc.open(path) as store:
        when = store.now() if instant == "now" else first
        with store.as_of(when) as snapshot:
            table = snapshot[TABLE]
            with timed() as getting:
                for each in keys:
                    table.get(each)
            with timed() as scanning, table.scan() as rows:
                read_all(rows, key(count - 1))
        with timed() as copying:
            store.backup(target, as_of=when, compression="lz4")
    return {
        f"get, {instant}": getting.seconds,
        f"scan, {instant}": scanning.seconds,
        f"full, {instant}": copying.seconds,
    }
