"""A second process that has the same store open, driven call by call: `Elsewhere` here, `main` over there."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.testing import ManualClock
from tests.engine.history import Row, put, rows_with_timestamps
from tests.engine.steps import merge_step

ROOT = Path(__file__).resolve().parents[2]


class Elsewhere:
    """The process: as many stores as are wanted, one after the other."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.elsewhere"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def call(self, name: str, *args: object) -> Any:
        """Calls a method of `Engine` over there; gives its result, or raises its error."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        pickle.dump((name, args), self._child.stdin)
        self._child.stdin.flush()
        result = pickle.load(self._child.stdout)
        if isinstance(result, BaseException):
            raise result
        return result

    def close(self) -> None:
        """Ends the process."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.stdout.close()
        self._child.wait()


class Engine:
    """What can be called."""

    def __init__(self) -> None:
        self._clock = ManualClock()
        self._engine: LMDBEngine | None = None

    @property
    def _open(self) -> LMDBEngine:
        assert self._engine is not None
        return self._engine

    def open(self, path: str, log_limit: int) -> None:
        """Opens a store."""
        self._engine = open_engine(path, clock=self._clock, log_limit=log_limit)

    def close(self) -> None:
        """Closes it."""
        self._open.close()

    def put(self, table: int, rows: dict[bytes, bytes | None], now_us: int) -> int:
        """Commits rows at a time of the clock."""
        self._clock.set(now_us)
        return put(self._open, rows, table)

    def rows(self, table: int, at: int, now_us: int) -> list[Row]:
        """A table AS OF an instant."""
        self._clock.set(now_us)
        return rows_with_timestamps(self._open, at, table)

    def memory(self) -> int:
        """Rows in its memtables."""
        return self._open.info().mem_rows

    def step(self, rows: int) -> bool:
        """One step of a merge."""
        return merge_step(self._open, rows)


def main() -> None:
    """Answers calls until the input ends."""
    engine = Engine()
    while True:
        try:
            name, args = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            result = getattr(engine, name)(*args)
        except Exception as error:  # noqa: BLE001 - for the other side
            result = error
        pickle.dump(result, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
