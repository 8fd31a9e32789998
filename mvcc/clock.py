"""Where the time comes from: an argument of every store, never a global.

Owns the protocol and the system's clock; a clock for tests is `mvcc.testing.ManualClock`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """A source of wall time. It may stand still or step back: timestamps of commits do not."""

    def now_us(self) -> int:
        """Microseconds since the Unix epoch."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The clock of the operating system."""

    def now_us(self) -> int:
        """Microseconds since the Unix epoch."""
        return time.time_ns() // 1_000
