"""A clock that stands still until it is told otherwise."""

from __future__ import annotations

from mvcc.units import Duration, duration_us


class ManualClock:
    """A `Clock` under a test's control: `mvcc.open(path, clock=ManualClock())`.

    >>> clock = ManualClock()
    >>> before = clock.now_us()
    >>> clock.advance("1h30m")
    >>> clock.now_us() - before
    5400000000
    """

    def __init__(self, now_us: int = 1_700_000_000_000_000) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        """Microseconds since the Unix epoch."""
        return self._now_us

    def set(self, now_us: int) -> None:
        """Moves to an instant, also backwards, in microseconds since the Unix epoch."""
        self._now_us = now_us

    def advance(self, duration: Duration) -> None:
        """Moves forward by a duration."""
        self._now_us += duration_us(duration)
