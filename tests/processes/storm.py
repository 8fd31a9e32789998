"""A storm: writers and readers on one store, killed at random and begun again; then everything is compared.

Usage: python -m tests.processes.storm FOLDER SECONDS SEED [PROCESSES OF EACH ROLE]
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import mvcc
from tests.processes import content, roles
from tests.processes.crew import Child, Crew
from tests.processes.history import Comparison, History
from tests.processes.marks import Kind, Mark, Orders, read_marks

TICK_S = 0.02
COLLECT_EVERY_S = 0.5
HUNT_S = 1.0
CHECKED_AT_THE_END = 50
EACH = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """What a storm is to be."""

    folder: Path
    seconds: float
    seed: int
    each: int = EACH
    """Writers, and as many readers."""
    kill_every_s: float = 1.0
    """In the mean."""


@dataclass(slots=True)
class Outcome:
    """What a storm was."""

    kills: Counter[str] = field(default_factory=Counter)
    """By role. Of these "merging": during a merge of a log or of runs, "holding": with LMDB's write lock in
    hand, "slice": in the transaction of a slice of a merge."""
    merges: int = 0
    """That have ended in the table of versions."""
    most_runs: int = 0
    collections: int = 0
    longest_unanswered_ns: int = 0
    """From the beginning of a commit to the kill of its process."""
    compared: Comparison = field(default_factory=Comparison)

    @property
    def longest_wait_s(self) -> float:
        """Of a commit, answered or not."""
        return max(self.compared.longest_wait_ns, self.longest_unanswered_ns) / 1e9

    def __str__(self) -> str:
        kills, compared = self.kills, self.compared
        return (
            f"{compared.acked} commits, {compared.refused} refused, {compared.unanswered} unanswered "
            f"({compared.unanswered_there} there), {compared.reads} reads, "
            f"{kills['writer']} writers and {kills['reader']} readers killed ({kills['merging']} during "
            f"a merge, {kills['holding']} with the write lock, {kills['slice']} in a slice), "
            f"{self.merges} merges, up to {self.most_runs} runs, {self.collections} collections, "
            f"longest wait {self.longest_wait_s * 1000:.0f} ms"
        )


class Storm:
    """One storm, from making the store to comparing it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._rng = random.Random(plan.seed)
        self._orders = Orders(plan.folder / "orders")
        self._history = History()
        self._outcome = Outcome()
        self._killed_at: dict[str, int] = {}
        self._merged = 0
        self._threshold = 0
        self._store = roles.open_store(plan.folder, self._rng)
        roles.fill(self._store)
        self._orders.collected = self._store.now().value
        self._crew = Crew(plan.folder, str(plan.seed), dict.fromkeys(roles.ROLES, plan.each))

    def run(self) -> Outcome:
        """Runs the storm. AssertionError says what was violated."""
        with closing(self._crew), closing(self._store):
            self._rage()
            self._orders.order_stop()
            self._crew.wait()
            self._compare()
        return self._outcome

    # -- while it lasts --------------------------------------------------------------------------

    def _rage(self) -> None:
        begun = time.monotonic()
        next_kill, next_fetch = begun + self._pause(), begun
        while (now := time.monotonic()) < begun + self._plan.seconds:
            while now >= next_kill:
                next_kill += self._pause()
                self._kill_one()
            if now >= next_fetch:
                self._fetch()
                next_fetch = time.monotonic() + COLLECT_EVERY_S
            self._look()
            time.sleep(TICK_S)

    def _pause(self) -> float:
        return self._plan.kill_every_s * self._rng.uniform(0.5, 1.5)

    def _look(self) -> None:
        stats = self._store.stats()
        self._outcome.merges += stats.merged.value != self._merged
        self._outcome.most_runs = max(self._outcome.most_runs, stats.runs)
        self._outcome.collections += stats.gc_threshold.value != self._threshold
        self._merged, self._threshold = stats.merged.value, stats.gc_threshold.value
        for child in self._crew.children:
            child.check()

    def _fetch(self) -> None:
        """Takes over what was committed since; what lies before may be collected from now on."""
        since = mvcc.Timestamp(self._orders.collected)
        until = self._store.stats().last_commit
        if until > since:
            with self._store.changes(since, until, table=content.TABLE) as changes:
                self._history.add(changes)
            self._orders.collected = until.value

    def _kill_one(self) -> None:
        """Any process; or every second time one found with the write lock, in a commit or in a slice."""
        child = None
        if self._rng.random() < 0.5:
            child = self._crew.hunt(HUNT_S, in_slice=self._rng.random() < 0.5)
        if child is None:
            child = self._rng.choice(self._crew.children)
            self._crew.stop(child)
        self._note(child)
        self._crew.kill(child)
        self._crew.begin_anew(child.place)

    def _note(self, child: Child) -> None:
        """The child is stopped: what is seen now is what the kill meets."""
        kills, holder = self._outcome.kills, self._crew.holder(child)
        kills[child.place.role] += 1
        kills["merging"] += self._store.stats().merging
        kills["holding"] += holder is not None
        kills["slice"] += holder is not None and holder.thread != holder.process
        self._killed_at[child.place.name] = time.monotonic_ns()

    # -- afterwards ------------------------------------------------------------------------------

    def _compare(self) -> None:
        self._fetch()
        assert self._store.verify().problems == ()
        records: dict[tuple[str, int, int], list[Mark]] = {}
        for path in self._plan.folder.glob("*-*-*"):
            role, slot, life = path.name.split("-")
            marks = read_marks(path)
            records[role, int(slot), int(life)] = marks
            last = marks[-1] if marks else None
            if last is not None and last.kind is Kind.ABOUT and path.name in self._killed_at:
                self._note_unanswered(last.at, path.name)
        self._outcome.compared = self._history.compare(records)
        self._compare_states()
        self._store.gc(before=self._store.now())
        self._compare_states()
        assert self._store.verify().problems == ()

    def _note_unanswered(self, began: int, name: str) -> None:
        waited = self._killed_at[name] - began
        self._outcome.longest_unanswered_ns = max(self._outcome.longest_unanswered_ns, waited)

    def _compare_states(self) -> None:
        """What is stored, now and at instants that can still be read, is what the history leads to."""
        threshold = self._store.stats().gc_threshold.value
        known = [each for each in self._history.timestamps if each >= threshold]
        chosen = self._rng.sample(known, min(CHECKED_AT_THE_END, len(known)))
        for timestamp in [*chosen, self._store.now().value]:
            with self._store.as_of(mvcc.Timestamp(timestamp)) as snap:
                rows = list(snap[content.TABLE].scan())
            digest = sum(content.row_hash(key, value) for key, value in rows) % 2**64
            assert self._history.digest_at(timestamp) == digest, f"AS OF {timestamp} differs"


def main() -> None:
    """A storm from the command line; prints what it was."""
    folder, seconds, seed = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    each = int(sys.argv[4]) if len(sys.argv) > 4 else EACH
    folder.mkdir(parents=True)
    sys.stdout.write(f"{Storm(Plan(folder, seconds, seed, each)).run()}\n")


if __name__ == "__main__":
    main()
