"""The program that is recorded, or killed: runs plans on a store and acknowledges what has returned.

`python -m tests.crash.program ROOT JOB`, JOB as `Job.text` writes it. The store is ROOT/store. An
acknowledgement goes among the records of the shim, or without it to the standard output as a line.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import mvcc
from tests.crash.plan import PlanSpec, Step, after, draw
from tests.crash.recording import acknowledge, write_probe

STORE = "store"
GC_DISTANCE = 12
"""How many commits before the last one a collection's threshold is."""
SMALL_LOG = "64KiB"


@dataclass(frozen=True, slots=True)
class Job:
    """What the program is to do."""

    plans: tuple[PlanSpec, ...]
    """The first runs alone; the others, if any, in threads at once after it."""

    def text(self) -> str:
        """As an argument of the program."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Job:
        """What `text` wrote."""
        fields = json.loads(text)
        return cls(tuple(PlanSpec(**each) for each in fields["plans"]))


@dataclass(frozen=True, slots=True)
class Ack:
    """What the program acknowledged."""

    what: str
    """"open", "commit", "gc" or "merge"."""
    timestamp: int = 0
    plan: int = 0
    step: int = 0

    def text(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: bytes) -> Ack:
        """What `text` wrote."""
        return cls(**json.loads(text))


def open_store(path: Path, *, create: bool = True, log_limit: str = SMALL_LOG) -> mvcc.Store:
    """Opens a store, with a log that is merged often."""
    return mvcc.open(path, create=create, log_limit=log_limit)


class Runner:
    """Runs the steps of one plan."""

    def __init__(self, store: mvcc.Store, spec: PlanSpec, plan: int, *, recorded: bool) -> None:
        self._store = store
        self._steps = draw(spec)
        self._plan = plan
        self._recorded = recorded
        self._tables: dict[str, mvcc.Table] = {}
        self._commits: list[int] = []

    def run(self) -> None:
        """All steps."""
        for number, step in enumerate(self._steps):
            timestamp = self._perform(step)
            if step.commits:
                self._commits.append(timestamp)
            self.acknowledge(
                Ack("commit" if step.commits else step.kind, timestamp, self._plan, number)
            )

    def acknowledge(self, ack: Ack) -> None:
        """Tells that something has returned."""
        if self._recorded:
            acknowledge(ack.text())
        else:
            os.write(sys.stdout.fileno(), f"{ack.text()}\n".encode())

    def _table(self, name: str) -> mvcc.Table:
        if name not in self._tables:
            self._tables[name] = self._store[name]
        return self._tables[name]

    def _perform(self, step: Step) -> int:
        """Performs a step; gives the timestamp of its commit, or of its threshold."""
        puts = [(key, value) for _, key, value in step.writes if value is not None]
        match step.kind:
            case "put":
                return int(self._table(step.table).put(*puts[0]))
            case "put_many":
                return int(self._table(step.table).put_many(puts))
            case "write":
                return self._transaction(step)
            case "gc":
                before = self._commits[-GC_DISTANCE:][:1]
                return int(self._store.gc(mvcc.Timestamp(before[0]) if before else None).threshold)
            case "create":
                self._store.create_table(step.table)
                tables = self._store.tables()
                return int(next(info.created for info in tables if info.name == step.table))
            case "drop":
                self._store.drop_table(step.table)
            case "delete":
                self._table(step.table).delete(step.writes[0][1])
            case "range":
                first, last = step.writes[0][1], step.writes[-1][1]
                self._table(step.table).delete_range(first, after(last))
            case "merge":
                self._store.merge()
        return int(self._store.stats().last_commit)

    def _transaction(self, step: Step) -> int:
        """A table that another thread makes meanwhile is a reason to begin again."""
        while True:
            try:
                with self._store.transaction() as txn:
                    for table, key, value in step.writes:
                        if value is None:
                            txn[table].delete(key)
                        else:
                            txn[table].put(key, value)
                    return int(txn.commit())
            except mvcc.TransactionRetryError:
                continue


def main() -> None:
    """Runs the job of the command line."""
    root, job = Path(sys.argv[1]), Job.parse(sys.argv[2])
    recorded = "MVCC_CRASH_ROOT" in os.environ
    if recorded:
        write_probe(root)
    with open_store(root / STORE) as store:
        runners = [
            Runner(store, spec, plan, recorded=recorded) for plan, spec in enumerate(job.plans)
        ]
        runners[0].acknowledge(Ack("open"))
        runners[0].run()
        with ThreadPoolExecutor(max(1, len(runners) - 1)) as threads:
            for done in [threads.submit(runner.run) for runner in runners[1:]]:
                done.result()


if __name__ == "__main__":
    main()
