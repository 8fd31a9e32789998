"""What several questions share: turns that open a store for their time, threads, and reading to the end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mvcc.bench.peers import Peer
from mvcc.bench.stock import Stock, remove
from mvcc.bench.turns import Question, Turn

Row = tuple[bytes, bytes]
Measure = Callable[[Peer], dict[str, float]]


@dataclass(slots=True)
class Session:
    """A store that is open during a turn, and what it lies in."""

    stock: Stock
    name: str
    place: Callable[[], Path]
    measure: Measure
    warm: Callable[[Peer], None] | None = None
    _peer: Peer | None = field(default=None, init=False)

    def turn(self) -> Turn:
        """The turn that opens it, measures and closes it."""
        return Turn(self.name, self._run, self._open, self._close)

    def _open(self) -> None:
        self._peer = self.stock.open(self.name, self.place())
        if self.warm is not None:
            self.warm(self._peer)

    def _run(self) -> dict[str, float]:
        assert self._peer is not None
        return self.measure(self._peer)

    def _close(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None


def question(stock: Stock, name: str, unit: str, rows: int | None = None) -> Question:
    """A question without turns yet, which says what is not installed."""
    return Question(name, unit, rows or stock.scale.rows, skipped=dict(stock.left_out))


def reading(stock: Stock, name: str, measure: Measure, warm: Callable[[Peer], None]) -> Turn:
    """A turn on the loaded store, warmed up first."""
    return Session(stock, name, lambda: stock.loaded(name), measure, warm).turn()


def writing(stock: Stock, name: str, measure: Measure, rows: int | None = None) -> Turn:
    """A turn on a copy of the loaded store; all pairs of a question write to the same copy."""
    copies: list[Path] = []

    def place() -> Path:
        if not copies:
            copies.append(stock.copy(name, rows))
        return copies[0]

    return Session(stock, name, place, measure).turn()


def read_all(rows: Iterator[Row], expected: bytes) -> None:
    """Reads to the end as fast as Python can; the last key has to be the expected one."""
    last = deque(rows, maxlen=1)
    if last[0][0] != expected:
        raise AssertionError(f"the scan ended at {last[0][0]!r}, not at {expected!r}")


def in_threads(count: int, work: Callable[[int], None]) -> None:
    """Runs `work(number)` in so many threads; raises the first error."""
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def removing(path: Path) -> Callable[[], None]:
    """What removes a folder."""
    return lambda: remove(path)
