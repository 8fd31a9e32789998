"""What random puts come to with merges included, and how long a commit can take meanwhile.

The puts of ours end when the log is back under its limit, so that no work is left over for later; those of
a peer end with its last commit. A version without a log has no merges to measure.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from mvcc.bench.peers import OURS, Peer
from mvcc.bench.peers.ours import Ours
from mvcc.bench.questions.common import question, writing
from mvcc.bench.results import latencies_of
from mvcc.bench.stock import Stock
from mvcc.bench.turns import Question, timed
from mvcc.bench.workload import batches
from mvcc.types import StoreStats

PER_COMMIT = 1000
PUTS_PER_ROW = 10
PAGE_BYTES = 4096
POLL_S = 0.005
PATIENCE_S = 600
LOG_FIELD = "log_bytes"
RIVAL = "rocksdict"


@dataclass(slots=True)
class Course:
    """The commits of one turn."""

    seconds: list[float] = field(default_factory=list)
    """Each commit's."""
    longest: float = 0.0
    cause: str = ""
    """What went on when the longest commit ended."""


def sustained(stock: Stock) -> Question:
    """Random puts into N rows."""
    return _sustained(stock, "sustained", stock.scale.rows)


def sustained_at_10n(stock: Stock) -> Question:
    """As many puts into ten times the rows."""
    return _sustained(stock, "sustained at 10 N", stock.scale.large * stock.scale.rows)


def has_log() -> bool:
    """Whether stores have a log that is merged."""
    return LOG_FIELD in StoreStats.__dataclass_fields__


def _sustained(stock: Stock, title: str, rows: int) -> Question:
    asked = question(stock, title, "puts/s", rows)
    if not has_log():
        for lane in (OURS, f"{OURS} longest commit"):
            asked.not_built[lane] = "commits have no log, and nothing is merged"
        return asked
    count = stock.scale.sustained_puts // PER_COMMIT
    asked.notes.append(
        f"{count * PER_COMMIT:,} puts; workload W has {PUTS_PER_ROW * stock.scale.rows:,}"
    )
    for name in (OURS, RIVAL):
        if name in stock.kinds:

            def measure(peer: Peer) -> dict[str, float]:
                return _measure(asked, peer, count, rows)

            asked.turns.append(writing(stock, name, measure, rows))
    return asked


def _measure(asked: Question, peer: Peer, count: int, rows: int) -> dict[str, float]:
    """Puts, and of ours what is left to merge; the notes of the last pair stay."""
    before, pages = log_state(peer), pages_written()
    course = Course()
    with timed() as watch:
        _commit_all(peer, count, rows, course)
        _until_merged(peer)
    asked.latencies[peer.name] = latencies_of(course.seconds)
    written = (
        "" if pages is None else f", {(pages_written() or 0) - pages:,} pages of 4 KiB written"
    )
    note = (
        f"{peer.name}: longest commit {course.longest * 1e3:.1f} ms ({course.cause}){written};"
        f" log at the start {before}, at the end {log_state(peer)}"
    )
    asked.notes[:] = [
        each for each in asked.notes if not each.startswith(f"{peer.name}: longest")
    ] + [note]
    return {
        peer.name: count * PER_COMMIT / watch.seconds,
        f"{peer.name} longest commit": course.longest * 1e3,
    }


def _commit_all(peer: Peer, count: int, rows: int, course: Course) -> None:
    put, clock = peer.put_many, time.perf_counter
    for batch in batches(count, PER_COMMIT, rows, seed=51):
        start = clock()
        put(batch)
        seconds = clock() - start
        course.seconds.append(seconds)
        if seconds > course.longest:
            course.longest = seconds
            course.cause = cause_of(peer)


def _until_merged(peer: Peer) -> None:
    """Waits until the log of ours is back under its limit."""
    if not isinstance(peer, Ours):
        return
    give_up = time.monotonic() + PATIENCE_S
    while _log_bytes(peer) > log_limit(peer):
        if time.monotonic() > give_up:
            raise TimeoutError(f"the log is still above its limit after {PATIENCE_S} s")
        time.sleep(POLL_S)


def log_limit(peer: Ours) -> int:
    """The bytes from which on the log is merged: the store's own figure, else the rule that it follows."""
    stats = peer.store.stats()
    told = getattr(stats, "log_limit_bytes", None)
    if told is not None:
        return int(told)
    return int(max(64 << 20, min(256 << 20, stats.file_bytes // 8)))


def log_state(peer: Peer) -> str:
    """The log of ours in words: its bytes, and entries that are not merged where the store counts them."""
    if not isinstance(peer, Ours):
        return "-"
    stats = peer.store.stats()
    entries = getattr(stats, "log_entries", None)
    text = f"{getattr(stats, LOG_FIELD):,} B"
    return text if entries is None else f"{text} with {entries:,} entries"


def cause_of(peer: Peer) -> str:
    """What goes on in ours: how full the log is tells whether a merge runs beside or a commit merges."""
    if not isinstance(peer, Ours):
        return "not known"
    full = _log_bytes(peer) / log_limit(peer)
    if full > 4:
        return "log above four times its limit: every commit merges"
    return "a merge beside" if full > 1 else "no merge due: the disk"


def pages_written() -> int | None:
    """Pages that this process has sent to the disk so far, by the kernel's count; None: it does not say."""
    try:
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    [written] = [int(line.split()[1]) for line in lines if line.startswith("write_bytes:")]
    return written // PAGE_BYTES


def _log_bytes(peer: Ours) -> int:
    return int(getattr(peer.store.stats(), LOG_FIELD))
