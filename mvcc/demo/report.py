"""What a demo did and found: steps with their times, comparisons, sizes. Knows nothing of stores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

Announce: TypeAlias = Callable[[str], None]
"""Says what begins now."""

MINIMUM_KEYS = 1000
"""A demo that compared no more than this has shown nothing, and fails."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was timed."""

    name: str
    rows: int
    """Written, deleted, saved or restored."""
    bytes: int
    """Of their keys and values."""
    seconds: float

    @property
    def mb_per_second(self) -> float:
        """Millions of bytes a second."""
        return self.bytes / self.seconds / 1e6 if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out of a store against what once went in."""

    name: str
    keys: int
    """Compared: there on both sides."""
    bytes: int
    """Of the keys and values compared."""
    differences: int
    """Keys that are missing, that should not be there, or that hold something else."""
    examples: tuple[str, ...]
    """The first differences, one sentence each."""


@dataclass(slots=True)
class Report:
    """A demo's result."""

    title: str
    steps: list[Step] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    disk_bytes: dict[str, int] = field(default_factory=dict)
    """What stands on disk at the end."""
    counts: dict[str, int] = field(default_factory=dict)
    """What was left out and why, and what else was counted."""
    notes: list[str] = field(default_factory=list)

    @property
    def keys_compared(self) -> int:
        """By all comparisons."""
        return sum(each.keys for each in self.comparisons)

    @property
    def bytes_compared(self) -> int:
        """By all comparisons."""
        return sum(each.bytes for each in self.comparisons)

    @property
    def differences(self) -> int:
        """Found by all comparisons."""
        return sum(each.differences for each in self.comparisons)

    @property
    def passed(self) -> bool:
        """Whether enough was compared and everything was equal."""
        return self.differences == 0 and self.keys_compared > MINIMUM_KEYS


class Stopwatch:
    """Adds up the seconds spent inside of `with watch.running()`."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Counts the time in this block."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - start
