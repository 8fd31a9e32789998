"""What a job has done so far, told to its caller.

Owns the pace of the telling: at most ten times a second, from the job's own thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeAlias

from mvcc.timestamp import Timestamp
from mvcc.types import Job, JobKind, JobProgress

ProgressCallback: TypeAlias = Callable[[JobProgress], object]

_PAUSE_S = 0.1


class Meter:
    """Counters of one job. Tasks add to them from any thread."""

    def __init__(
        self,
        job_id: int,
        callback: ProgressCallback | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.job_id = job_id
        self._callback = callback
        self._clock = clock
        self._lock = threading.Lock()
        self._rows = self._bytes = self._file_bytes = 0
        self._cpu_seconds = 0.0
        self._fraction = 0.0
        self._started = self._told = clock()

    @property
    def size(self) -> int:
        """Keys and values so far, in bytes."""
        return self._bytes

    def add(
        self, *, rows: int = 0, size: int = 0, file_bytes: int = 0, cpu_seconds: float = 0.0
    ) -> None:
        """Counts more work; `size` is of keys and values."""
        with self._lock:
            self._rows += rows
            self._bytes += size
            self._file_bytes += file_bytes
            self._cpu_seconds += cpu_seconds

    def tick(self, fraction: float) -> None:
        """Calls the callback if it is time to; the fraction never goes back."""
        self._fraction = max(self._fraction, min(fraction, 1.0))
        if self._callback is not None and self._clock() - self._told >= _PAUSE_S:
            self.tell()

    def tell(self) -> None:
        """Calls the callback."""
        self._told = self._clock()
        if self._callback is not None:
            with self._lock:
                counters = self._rows, self._bytes, self._file_bytes
            self._callback(JobProgress(self.job_id, self._fraction, *counters))

    def job(self, kind: JobKind, timestamp: int, name: str) -> Job:
        """The record of the job, which has succeeded."""
        return Job(
            id=self.job_id,
            kind=kind,
            status="succeeded",
            fraction_completed=1.0,
            rows=self._rows,
            index_entries=0,
            bytes=self._bytes,
            file_bytes=self._file_bytes,
            timestamp=Timestamp(timestamp),
            name=name,
            seconds=self._clock() - self._started,
            cpu_seconds=self._cpu_seconds,
        )
