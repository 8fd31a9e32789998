"""How fast random keys are read: a call each, and many a call."""

from __future__ import annotations

from mvcc.bench.peers import Peer
from mvcc.bench.peers.interface import Get
from mvcc.bench.peers.lmdb import LMDB
from mvcc.bench.peers.ours import Ours
from mvcc.bench.questions.common import question, reading
from mvcc.bench.stock import Stock
from mvcc.bench.turns import Question, timed
from mvcc.bench.workload import random_keys

PER_CALL = 1000


def get(stock: Stock) -> Question:
    """Random keys; LMDB with a transaction each, and within one transaction."""
    asked = question(stock, "get", "keys/s")
    keys = random_keys(stock.scale.gets, stock.scale.rows, seed=31)
    parts = [keys[first : first + PER_CALL] for first in range(0, len(keys), PER_CALL)]

    def warm(peer: Peer) -> None:
        with peer.getter() as call:
            _each(call, keys)

    def measure(peer: Peer) -> dict[str, float]:
        lane = "lmdb own transaction" if peer.name == "lmdb" else peer.name
        with peer.getter() as call, timed() as watch:
            _each(call, keys)
        found = {lane: len(keys) / watch.seconds}
        if isinstance(peer, LMDB):
            with peer.getter_in_one() as call, timed() as watch:
                _each(call, keys)
            found[peer.name] = len(keys) / watch.seconds
        if isinstance(peer, Ours):
            get_many = peer.table.get_many
            with timed() as watch:
                for part in parts:
                    get_many(part)
            found[f"{peer.name} get_many"] = len(keys) / watch.seconds
        return found

    for name in stock.kinds:
        asked.turns.append(reading(stock, name, measure, warm))
    return asked


def _each(call: Get, keys: list[bytes]) -> None:
    for key in keys:
        call(key)
