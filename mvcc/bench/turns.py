"""Measuring in turn: ours, the peers, ours, the peers. A question is a list of turns; a turn fills lanes.

Each turn begins with the disk's queue empty, so that nobody pays for another's writes, and is timed
without Python's garbage collector, for all alike.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mvcc.bench.results import Latencies, Outcome


def nothing() -> None:
    """What there is to prepare or to finish in most turns."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One contender's part of a pair."""

    name: str
    run: Callable[[], dict[str, float]]
    """Measures; gives a number for each of its lanes."""
    prepare: Callable[[], None] = nothing
    finish: Callable[[], None] = nothing
    """Neither is timed; `finish` follows `run` whatever happened."""

    def take(self) -> dict[str, float]:
        """Prepares, measures, finishes."""
        try:
            self.prepare_settled()
            return self.run()
        finally:
            self.finish()

    def prepare_settled(self) -> None:
        """Prepares, and waits until the disk has nothing left to do."""
        self.prepare()
        settle()


@dataclass(slots=True)
class Question:
    """What is asked of ours and of peers. The first turn is ours."""

    name: str
    unit: str
    rows: int
    turns: list[Turn] = field(default_factory=list)
    not_built: dict[str, str] = field(default_factory=dict)
    """Lanes of ours that this version does not have, and why."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Peers that were left out, and why."""
    notes: list[str] = field(default_factory=list)
    """What the measurement adds: sentences for the table."""
    latencies: dict[str, Latencies] = field(default_factory=dict)
    """By contender, of the last pair."""


@dataclass(slots=True)
class Stopwatch:
    """The seconds of `with timed() as watch`."""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Times a block, without the garbage collector."""
    watch = Stopwatch()
    gc.collect()
    gc.disable()
    start = time.perf_counter()
    try:
        yield watch
    finally:
        watch.seconds = time.perf_counter() - start
        gc.enable()


def settle() -> None:
    """Waits until nothing is left to be written to disk."""
    os.sync()


def measure(question: Question, pairs: int) -> Outcome:
    """So many pairs, each of all turns in order."""
    found = [take_pair(question) for _ in range(pairs)] if question.turns else []
    return outcome_of(question, found)


def take_pair(question: Question) -> dict[str, float]:
    """One number for each lane."""
    pair: dict[str, float] = {}
    for turn in question.turns:
        pair.update(turn.take())
    return pair


def outcome_of(question: Question, pairs: list[dict[str, float]]) -> Outcome:
    """A question with what was measured of it."""
    return Outcome(
        question=question.name,
        unit=question.unit,
        rows=question.rows,
        pairs=pairs,
        not_built=question.not_built,
        skipped=question.skipped,
        notes=question.notes,
        latencies=question.latencies,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )
