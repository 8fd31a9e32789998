"""How fast a full backup, an incremental and a restore are; and an export to memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Literal

import mvcc
from mvcc.bench.peers import OURS, Peer
from mvcc.bench.peers.ours import Ours
from mvcc.bench.questions.common import Session, question, reading
from mvcc.bench.questions.load import Batches, loading
from mvcc.bench.questions.scans import read_through, scan_rate
from mvcc.bench.stock import Stock, remove
from mvcc.bench.turns import Question, Turn, timed
from mvcc.bench.workload import ROW_BYTES, TABLE, Rows, updates
from mvcc.engine.interface import ExportRequest, Span
from mvcc.engine.lmdb import open_engine

Compression = Literal["none", "lz4", "zstd"]
COMPRESSIONS: tuple[Compression, ...] = ("lz4", "zstd")
CHANGES_PER_COMMIT = 1000


def full(stock: Stock) -> Question:
    """A consistent full backup to a folder, files synced."""
    return _full(stock, "full", stock.scale.rows, list(stock.kinds))


def full_at_10n(stock: Stock) -> Question:
    """The same of ten times the rows, against LMDB."""
    names = [name for name in (OURS, "lmdb") if name in stock.kinds]
    return _full(stock, "full at 10 N", stock.scale.large * stock.scale.rows, names)


def incr(stock: Stock) -> Question:
    """An incremental after N/100 random changes, beside LMDB's scan."""
    asked = question(stock, "incr", "s")
    asked.turns.append(_incremental(stock, stock.scale.rows, OURS))
    if "lmdb" in stock.kinds:
        count = stock.scale.rows
        asked.turns.append(
            reading(
                stock,
                "lmdb",
                lambda peer: {"lmdb scan": scan_rate(peer, count)},
                lambda peer: read_through(peer, count),
            )
        )
    asked.notes.append("Badger: 0.38 s times 3,504,000 rows/s over this machine's scan of LMDB")
    return asked


def incr_at_10n(stock: Stock) -> Question:
    """As many changes in N rows and in 10 N rows."""
    large = stock.scale.large * stock.scale.rows
    asked = question(stock, "incr at 10 N", "s", large)
    asked.turns.append(_incremental(stock, large, f"{OURS} at 10 N"))
    asked.turns.append(_incremental(stock, stock.scale.rows, f"{OURS} at N"))
    return asked


def restore(stock: Stock) -> Question:
    """A full and an incremental into a new store, in rows of that store, against LMDB's load."""
    asked = question(stock, "restore", "rows/s")
    count = stock.scale.rows
    chain: list[Path] = []
    target = stock.fresh("restored")

    def prepare() -> None:
        if not chain:
            chain.append(make_chain(stock, count))

    def run() -> dict[str, float]:
        with timed() as watch:
            mvcc.restore(chain[0], target)
        return {OURS: count / watch.seconds}

    asked.turns.append(Turn(OURS, run, prepare, lambda: remove(target)))
    if "lmdb" in stock.kinds:
        asked.turns.append(loading(stock, "lmdb", Batches(count), "lmdb"))
    return asked


def export(stock: Stock) -> Question:
    """Into memory, chunk by chunk: microseconds of one core a row."""
    asked = question(stock, "export", "us/row")

    def warm() -> None:
        export_cost(stock, "none")

    asked.turns.append(
        Turn(
            OURS,
            lambda: {
                f"{OURS} {each}": export_cost(stock, each) for each in ("none", *COMPRESSIONS)
            },
            warm,
        )
    )
    return asked


def export_cost(stock: Stock, compression: Compression) -> float:
    """Microseconds of processor time a row, of an export of the loaded store."""
    path = stock.loaded(OURS)
    with mvcc.open(path) as store:
        [info] = store.tables()
    with closing(open_engine(str(path))) as engine, closing(engine.view()) as view:
        request = ExportRequest(Span(info.id), compression=compression)
        with closing(engine.export(request, view=view)) as running:
            for _ in running:
                continue
            summary = running.summary
    if summary.rows != stock.scale.rows:
        raise AssertionError(f"{summary.rows:,} rows exported, not {stock.scale.rows:,}")
    return summary.cpu_seconds / summary.rows * 1e6


def make_chain(stock: Stock, count: int) -> Path:
    """A collection with a full backup and an incremental of N/100 changes."""
    target, copy = stock.fresh("chain"), stock.copy(OURS, count)
    with mvcc.open(copy) as store:
        store.backup(target, compression="lz4")
        change(store, updates(stock.scale.rows // 100, count, seed=42))
        store.backup(target, incremental=True, compression="lz4")
    remove(copy)
    return target


def change(store: mvcc.Store, rows: Rows) -> None:
    """Updates in commits of 1,000."""
    table = store[TABLE]
    for first in range(0, len(rows), CHANGES_PER_COMMIT):
        table.put_many(rows[first : first + CHANGES_PER_COMMIT])


def _full(stock: Stock, title: str, count: int, names: list[str]) -> Question:
    asked = question(stock, title, "MB/s", count)
    for name in names:
        lanes: dict[str, Callable[[Peer, Path], object]] = {name: lambda peer, to: peer.full(to)}
        if name == OURS:
            lanes = {f"{OURS} {each}": _backing_up(each) for each in COMPRESSIONS}
        elif not stock.kinds[name].copies:
            asked.skipped[name] = f"{name} has no backup in its Python API"
            continue
        for lane, call in lanes.items():
            asked.turns.append(_full_turn(stock, name, lane, count, call))
    return asked


def _backing_up(compression: Compression) -> Callable[[Peer, Path], object]:
    def call(peer: Peer, target: Path) -> object:
        assert isinstance(peer, Ours)
        return peer.store.backup(target, compression=compression)

    return call


def _full_turn(
    stock: Stock, name: str, lane: str, count: int, call: Callable[[Peer, Path], object]
) -> Turn:
    """A turn that backs up to a folder that goes afterwards; one scan before it warms the caches."""
    target = stock.fresh(f"full {lane}")

    def measure(peer: Peer) -> dict[str, float]:
        with timed() as watch:
            call(peer, target)
        return {lane: count * ROW_BYTES / watch.seconds / 1e6}

    def warm(peer: Peer) -> None:
        read_through(peer, count)

    inner = Session(stock, name, lambda: stock.loaded(name, count), measure, warm).turn()

    def finish() -> None:
        inner.finish()
        remove(target)

    return Turn(name, inner.run, inner.prepare, finish)


def _incremental(stock: Stock, count: int, lane: str) -> Turn:
    """A turn of ours: changes, then the timed incremental; each pair adds a layer to one chain."""
    places: list[tuple[Path, Path]] = []
    seeds = iter(range(43, 1000))
    changes = stock.scale.rows // 100

    def prepare() -> None:
        first = not places
        if first:
            places.append((stock.copy(OURS, count), stock.fresh("increments")))
        copy, target = places[0]
        with mvcc.open(copy) as store:
            if first:
                store.backup(target, compression="lz4")
            change(store, updates(changes, count, next(seeds)))

    def run() -> dict[str, float]:
        copy, target = places[0]
        with mvcc.open(copy) as store, timed() as watch:
            job = store.backup(target, incremental=True)
        if not 0 < job.rows <= changes:
            raise AssertionError(f"{job.rows:,} rows in an incremental of {changes:,} changes")
        return {lane: watch.seconds}

    return Turn(OURS, run, prepare)
