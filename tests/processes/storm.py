"""A storm: writers and readers on one store, killed at random and begun again; then everything is compared.

Usage: python -m tests.processes.storm FOLDER SECONDS SEED [PROCESSES OF EACH ROLE]
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import mvcc
from tests.processes import content, roles
from tests.processes.history import Comparison, History
from tests.processes.lock_file import Holder, LockFile
from tests.processes.marks import Kind, Mark, Orders, read_marks
from tests.processes.roles import Place

TICK_S = 0.02
COLLECT_EVERY_S = 0.5
HUNT_S = 0.4
END_WITHIN_S = 60
CHECKED_AT_THE_END = 50
EACH = 8
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload([roles.__name__])


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
    """By role. Of these "merging": while a log was frozen, "holding": with LMDB's write lock in hand,
    "slice": in the transaction of a slice of a merge."""
    merges: int = 0
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
            f"{self.merges} merges, {self.collections} collections, "
            f"longest wait {self.longest_wait_s * 1000:.0f} ms"
        )


@dataclass(slots=True)
class _Child:
    place: Place
    process: ForkServerProcess

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid


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
        self._store = roles.open_store(plan.folder)
        self._store.create_table(content.TABLE)
        self._orders.collected = self._store.now().value
        self._lock_file = LockFile(plan.folder / "store")
        self._children = [
            self._begin(Place(plan.folder, role, slot, 0, ""))
            for role in roles.ROLES
            for slot in range(plan.each)
        ]

    def run(self) -> Outcome:
        """Runs the storm. AssertionError says what was violated."""
        try:
            with closing(self._store):
                self._rage()
                self._end()
                self._compare()
        finally:
            for child in self._children:
                child.process.kill()
            self._lock_file.close()
        return self._outcome

    def _begin(self, place: Place) -> _Child:
        place = replace(place, seed=f"{self._plan.seed} {place.name}")
        process = CHILDREN.Process(target=roles.run, args=(place,))
        process.start()
        return _Child(place, process)

    # -- while it lasts --------------------------------------------------------------------------

    def _rage(self) -> None:
        begun = time.monotonic()
        next_kill, next_fetch = begun + self._pause(), begun
        while (now := time.monotonic()) < begun + self._plan.seconds:
            if now >= next_kill:
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
        self._outcome.collections += stats.gc_threshold.value != self._threshold
        self._merged, self._threshold = stats.merged.value, stats.gc_threshold.value
        for child in self._children:
            assert child.process.is_alive(), self._failure(child)

    def _failure(self, child: _Child) -> str:
        told = child.place.folder / f"{child.place.name}.failure"
        text = told.read_text() if told.exists() else f"exit code {child.process.exitcode}"
        return f"{child.place.name}: {text}"

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
        child = self._hunt(in_slice=self._rng.random() < 0.5) if self._rng.random() < 0.5 else None
        if child is None:
            child = self._rng.choice(self._children)
            os.kill(child.pid, signal.SIGSTOP)
        self._note(child, self._lock_file.holder([child.pid]))
        child.process.kill()
        child.process.join()
        child.process.close()
        self._children.remove(child)
        self._children.append(self._begin(replace(child.place, life=child.place.life + 1)))

    def _hunt(self, *, in_slice: bool) -> _Child | None:
        """A process that was stopped with the write lock in hand; commits are those of the first thread."""
        until = time.monotonic() + HUNT_S
        while time.monotonic() < until:
            holder = self._lock_file.holder([child.pid for child in self._children])
            if holder is None or in_slice == (holder.thread == holder.process):
                time.sleep(0)
                continue
            os.kill(holder.process, signal.SIGSTOP)
            if self._lock_file.writer() == holder.thread:
                return next(each for each in self._children if each.pid == holder.process)
            os.kill(holder.process, signal.SIGCONT)
        return None

    def _note(self, child: _Child, holder: Holder | None) -> None:
        """The child is stopped: what is seen now is what the kill meets."""
        kills = self._outcome.kills
        kills[child.place.role] += 1
        kills["merging"] += self._store.stats().merging
        kills["holding"] += holder is not None
        kills["slice"] += holder is not None and holder.thread != holder.process
        self._killed_at[child.place.name] = time.monotonic_ns()

    # -- afterwards ------------------------------------------------------------------------------

    def _end(self) -> None:
        self._orders.order_stop()
        for child in self._children:
            child.process.join(END_WITHIN_S)
            assert child.process.exitcode == 0, self._failure(child)

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
