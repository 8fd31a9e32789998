"""What a recorded program does to its store: steps drawn from a seed, so that a checker knows them too.

Each step but GC and merges is one commit. Steps of one plan depend on each other; several plans can run in
threads, each on tables of its own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Rows = dict[bytes, bytes]
Contents = dict[str, Rows]
"""Tables by name."""

StepKind = Literal["create", "drop", "write", "put", "put_many", "delete", "range", "gc", "merge"]

KEYS = 64
LONGEST_KEY = 490


@dataclass(frozen=True, slots=True)
class Step:
    """One call, or one transaction."""

    kind: StepKind
    table: str = ""
    """Of create, drop, put, put_many, delete and range."""
    writes: tuple[tuple[str, bytes, bytes | None], ...] = ()
    """(table, key, value; None: deleted) that it commits."""

    @property
    def commits(self) -> bool:
        """Whether it is a commit, with a timestamp that is acknowledged."""
        return self.kind not in ("gc", "merge")

    def apply(self, contents: Contents) -> Contents:
        """What the store holds after it; tables that it does not touch are shared."""
        after = dict(contents)
        if self.kind == "create":
            after[self.table] = {}
        elif self.kind == "drop":
            del after[self.table]
        for table in {table for table, _, _ in self.writes}:
            after[table] = dict(after[table])
        for table, key, value in self.writes:
            if value is None:
                del after[table][key]
            else:
                after[table][key] = value
        return after


@dataclass(frozen=True, slots=True)
class PlanSpec:
    """What a plan is drawn from."""

    seed: int
    steps: int
    name: str = "bank"
    """The database of its tables."""
    tables: int = 3
    threads: bool = False
    """It runs beside others: only steps whose timestamp is known in a thread, and no drop."""


def after(key: bytes) -> bytes:
    """A key that stands behind this one and before every later one of a plan."""
    return b"%04d" % (int(key[:4]) + 1)


def draw(spec: PlanSpec) -> list[Step]:
    """The steps of a plan."""
    return list(_Drawing(spec).steps())


class _Drawing:
    def __init__(self, spec: PlanSpec) -> None:
        self._spec = spec
        self._rng = random.Random(f"{spec.seed} {spec.name}")
        self._keys = [self._key(number) for number in range(KEYS)]
        self._contents: Contents = {}

    def steps(self) -> Iterator[Step]:
        for number in range(self._spec.tables):
            yield self._done(Step("create", f"{self._spec.name}.t{number}"))
        drawn = self._spec.steps - self._spec.tables
        for number in range(drawn):
            if number == drawn // 2 and not self._spec.threads:  # in every plan one at least
                yield self._done(Step("gc"))
            yield self._done(self._next())

    def _done(self, step: Step) -> Step:
        self._contents = step.apply(self._contents)
        return step

    def _key(self, number: int) -> bytes:
        length = self._rng.choice((4, 8, 8, 20, 60, LONGEST_KEY))
        return (b"%04d" % number).ljust(length, b"k")

    def _value(self) -> bytes:
        drawn = self._rng.random()
        if drawn < 0.6:
            return self._rng.randbytes(self._rng.randrange(40))
        if drawn < 0.98:
            return self._rng.randbytes(self._rng.randrange(2500))
        return self._rng.randbytes(self._rng.randrange(60_000, 150_000))

    def _next(self) -> Step:
        rng, spec = self._rng, self._spec
        drawn, table = rng.random(), rng.choice(sorted(self._contents))
        if not spec.threads:
            if drawn < 0.02:
                return Step("gc")
            if drawn < 0.05:
                return Step("merge")
            if drawn < 0.06 and len(self._contents) > 1:
                return Step("drop", table)
            if drawn < 0.08 or len(self._contents) == 1:
                return Step("create", f"{spec.name}.t{rng.randrange(10**6)}")
            if drawn < 0.2 and self._contents[table]:
                return self._deletion(table)
        if drawn < 0.5:
            return Step("put", table, self._puts(table, 1))
        if drawn < 0.75:
            return Step("put_many", table, self._puts(table, rng.choice((2, 5, 20, 60))))
        return Step("write", writes=self._transaction())

    def _puts(self, table: str, count: int) -> tuple[tuple[str, bytes, bytes | None], ...]:
        return tuple((table, key, self._value()) for key in self._rng.sample(self._keys, count))

    def _deletion(self, table: str) -> Step:
        rows = sorted(self._contents[table])
        if self._rng.random() < 0.5:
            return Step("delete", table, ((table, self._rng.choice(rows), None),))
        start = self._rng.randrange(len(rows))
        doomed = rows[start : start + self._rng.randrange(1, 8)]
        return Step("range", table, tuple((table, key, None) for key in doomed))

    def _transaction(self) -> tuple[tuple[str, bytes, bytes | None], ...]:
        """Puts and deletions in several tables."""
        writes: list[tuple[str, bytes, bytes | None]] = []
        for table in sorted(self._contents):
            writes += self._puts(table, self._rng.randrange(1, 6))
            fresh = {key for _, key, _ in writes}
            old = sorted(self._contents[table].keys() - fresh)
            writes += [(table, key, None) for key in old[: self._rng.randrange(3)]]
        return tuple(writes)
