"""How fast sorted rows are loaded, by commits and in one call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import mvcc
from mvcc.bench.peers import OURS, Peer
from mvcc.bench.peers.ours import Ours
from mvcc.bench.questions.common import Session, question
from mvcc.bench.stock import Stock, remove
from mvcc.bench.turns import Question, Turn, timed
from mvcc.bench.workload import Rows, commits

RATE = "rows/s"
INGEST_METHOD = "ingest"
COLUMNS = f"{OURS} columns"


class Batches:
    """All rows, cut into commits, made once and held, so that making them takes no part."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._held: list[Rows] = []

    def get(self) -> list[Rows]:
        """The commits."""
        if not self._held:
            self._held = list(commits(self.rows))
        return self._held


def load(stock: Stock) -> Question:
    """N sorted keys, 10,000 a commit. What is loaded last becomes the stock of the questions after it."""
    asked = question(stock, "load", RATE)
    held = Batches(stock.scale.rows)
    for name in stock.kinds:
        asked.turns.append(loading(stock, name, held, name))
        if name == "lmdb":
            asked.turns.append(loading(stock, name, held, "lmdb putmulti", "put_all"))
    return asked


def ingest(stock: Stock) -> Question:
    """N sorted keys in one call of ours, of pairs and of columns, against LMDB's load."""
    asked = question(stock, "ingest", RATE)
    if not hasattr(mvcc.Table, INGEST_METHOD):
        asked.not_built = dict.fromkeys((OURS, COLUMNS), "Table.ingest is not there")
        return asked
    held = Batches(stock.scale.rows)

    def measuring(lane: str, shape: Callable[[Rows], object]) -> Callable[[Peer], dict[str, float]]:
        def measure(peer: Peer) -> dict[str, float]:
            assert isinstance(peer, Ours)
            take_in = getattr(peer.table, INGEST_METHOD)
            rows = shape([row for batch in held.get() for row in batch])
            with timed() as watch:
                take_in(rows)
            return {lane: held.rows / watch.seconds}

        return measure

    for lane, shape in ((OURS, list), (COLUMNS, as_columns)):
        asked.turns.append(_into_new(stock, OURS, measuring(lane, shape), keep=False))
    if "lmdb" in stock.kinds:
        asked.turns.append(loading(stock, "lmdb", held, "lmdb"))
    return asked


def as_columns(rows: Rows) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Keys and values, each of one size, as two arrays of bytes."""
    keys, values = ([row[part] for row in rows] for part in (0, 1))
    return (
        np.frombuffer(b"".join(keys), np.uint8).reshape(len(rows), -1),
        np.frombuffer(b"".join(values), np.uint8).reshape(len(rows), -1),
    )


def loading(stock: Stock, name: str, held: Batches, lane: str, method: str = "put_many") -> Turn:
    """A turn that loads all rows into a new store; what is closed first is not timed."""

    def measure(peer: Peer) -> dict[str, float]:
        put = getattr(peer, method)
        batches = held.get()
        with timed() as watch:
            for batch in batches:
                put(batch)
        return {lane: held.rows / watch.seconds}

    return _into_new(stock, name, measure, keep=True)


def _into_new(
    stock: Stock, name: str, measure: Callable[[Peer], dict[str, float]], *, keep: bool
) -> Turn:
    """A turn on a store that is not there yet; it becomes stock, or goes."""
    places: list[Path] = []

    def place() -> Path:
        places.append(stock.fresh(name))
        return places[-1]

    inner = Session(stock, name, place, measure).turn()

    def finish() -> None:
        inner.finish()
        if keep and places and places[-1].exists() and not stock.has(name, stock.scale.rows):
            stock.adopt(name, places[-1], stock.scale.rows)
        for path in places:
            remove(path)
        places.clear()

    return Turn(name, inner.run, inner.prepare, finish)
