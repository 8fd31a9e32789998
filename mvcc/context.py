"""What a store's tables, snapshots and transactions share: its engine, its clock, what is open."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field

from mvcc.clock import Clock
from mvcc.engine.interface import Engine, View
from mvcc.errors import InvalidSpanError, TimestampBelowGCError, TimestampInFutureError
from mvcc.stream import Handles
from mvcc.timestamp import Timestamp, When, resolve


@dataclass(frozen=True, slots=True)
class Context:
    """One per open store."""

    engine: Engine
    clock: Clock
    handles: Handles = field(default_factory=Handles)
    """Scans and snapshots."""
    transactions: Handles = field(default_factory=Handles)

    def timestamp(self, when: When) -> int:
        """The instant as a u64. InvalidTimestampError."""
        return resolve(when, self.clock.now_us()).value

    def view(self, when: When | None) -> View:
        """A view at an instant, None: at the last commit.

        InvalidTimestampError, TimestampInFutureError, TimestampBelowGCError.
        """
        return self.engine.view(None if when is None else self.timestamp(when))

    def view_within(self, when: When, newest: int) -> View:
        """A view at an instant that is not above `newest`.

        InvalidTimestampError, TimestampInFutureError, TimestampBelowGCError.
        """
        timestamp = self.timestamp(when)
        if timestamp > newest:
            raise TimestampInFutureError(
                timestamp=Timestamp(timestamp),
                limit=Timestamp(newest),
                hint="What is read AS OF an instant, or in a transaction, ends there.",
            )
        return self.engine.view(timestamp)

    def window(self, since: When | None, until: When | None) -> tuple[int, int]:
        """The window `since < t <= until`; None: from the oldest that is kept, to the last commit.

        InvalidTimestampError, TimestampInFutureError, InvalidSpanError, TimestampBelowGCError.
        """
        if until is not None:
            with closing(self.view(until)) as view:
                return self.since(since, view.timestamp), view.timestamp
        newest = self.engine.last_commit()
        low = self.since_up_to(since, newest)
        return low, max(low, newest)

    def since_up_to(self, when: When | None, newest: int) -> int:
        """`since` for a window of which only the start was given: after `newest` it is empty.

        InvalidTimestampError, TimestampInFutureError, TimestampBelowGCError.
        """
        if when is not None and (low := self.timestamp(when)) > newest:
            self._check_past(low)
            return low
        return self.since(when, newest)

    def since(self, when: When | None, until: int) -> int:
        """The open start of a window `since < t <= until`; None: everything that is kept.

        InvalidTimestampError, InvalidSpanError after `until`, TimestampBelowGCError.
        """
        if when is None:
            return 0
        since = self.timestamp(when)
        if since > until:
            raise InvalidSpanError(
                start=Timestamp(since),
                end=Timestamp(until),
                hint="Windows of time are since < t <= until.",
            )
        threshold = self.engine.info().gc_threshold
        if since < threshold:
            raise TimestampBelowGCError(timestamp=Timestamp(since), threshold=Timestamp(threshold))
        return since

    def _check_past(self, timestamp: int) -> None:
        newest = Timestamp.from_wall_us(self.clock.now_us()).value
        if timestamp > newest:  # what was given out stays known when the clock is set back
            newest = max(newest, self.engine.now())
        if timestamp > newest:
            raise TimestampInFutureError(timestamp=Timestamp(timestamp), limit=Timestamp(newest))
