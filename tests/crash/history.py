"""What a store must hold after a crash: the commits of a run in order, and the contents after each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.crash.plan import Contents, Step, draw
from tests.crash.program import Ack, Job


@dataclass(frozen=True, slots=True)
class History:
    """Commits by timestamp. Contents number n are those after n commits."""

    timestamps: list[int]
    steps: list[Step]
    contents: list[Contents]

    @classmethod
    def of(cls, commits: Iterable[tuple[int, Step]]) -> History:
        """The history of some commits, in whatever order they are given."""
        ordered = sorted(commits, key=lambda commit: commit[0])
        contents: list[Contents] = [{}]
        for _, step in ordered:
            contents.append(step.apply(contents[-1]))
        return cls([timestamp for timestamp, _ in ordered], [step for _, step in ordered], contents)

    def count(self, timestamp: int) -> int:
        """How many commits are at or below a timestamp."""
        return bisect_right(self.timestamps, timestamp)

    def versions(self, table: str, key: bytes, count: int, above: int) -> list[tuple[int, object]]:
        """(timestamp, value) of a key in the first `count` commits above a timestamp, newest first.

        Of the table as it is after them: what an earlier one of the same name held is not among them.
        """
        found: list[tuple[int, object]] = []
        for timestamp, step in zip(self.timestamps[:count], self.steps, strict=False):
            if step.kind == "create" and step.table == table:
                found.clear()
            found += [
                (timestamp, value)
                for name, each, value in step.writes
                if (name, each) == (table, key) and timestamp > above
            ]
        return found[::-1]


def history_of(job: Job, acks: Sequence[Ack]) -> History:
    """The history of a run whose every commit was acknowledged."""
    plans = [draw(spec) for spec in job.plans]
    return History.of(
        (ack.timestamp, plans[ack.plan][ack.step]) for ack in acks if ack.what == "commit"
    )
