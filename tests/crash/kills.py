"""A writer that is killed at random moments, and what its store must then be."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.history import History
from tests.crash.plan import PlanSpec, Step, draw
from tests.crash.program import STORE, Ack, Job, open_store
from tests.crash.recorder import ROOT
from tests.crash.store_check import QUIET_LOG, StoreCheck, contents

STEPS = 100
MOST_ACKS = 60
LONGEST_PAUSE_US = 5000


@dataclass(slots=True)
class Killing:
    """One store, written to by one process after another; each is killed."""

    root: Path
    rng: random.Random
    commits: list[tuple[int, Step]] = field(default_factory=list)
    """All that are known to be there."""
    acks: list[Ack] = field(default_factory=list)
    kept: int = 0
    """Commits that were there after a kill although nobody had acknowledged them."""

    def kill(self, number: int) -> None:
        """Starts a writer, kills it, and looks at the store. Raises for what is wrong."""
        spec = PlanSpec(self.rng.randrange(2**32), STEPS, name=f"run{number}", tables=2)
        acks = self._killed(Job((spec,)))
        plan = draw(spec)
        self.acks += acks
        self.commits += [(ack.timestamp, plan[ack.step]) for ack in acks if ack.what == "commit"]
        done = max((ack.step + 1 for ack in acks if ack.what != "open"), default=0)
        self._keep_unacknowledged(plan[done] if done < len(plan) else None)
        check = StoreCheck(History.of(self.commits), tuple(self.acks), go_on_one_in=0)
        check.check(self.root, len(self.acks), self.rng)

    def _killed(self, job: Job) -> list[Ack]:
        """What a writer acknowledges until its end, which comes at a random moment after some commit."""
        command = [sys.executable, "-m", "tests.crash.program", str(self.root), job.text()]
        wanted, pause = self.rng.randrange(MOST_ACKS), self.rng.randrange(LONGEST_PAUSE_US)
        with subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(wanted + 1)]
            end = time.perf_counter_ns() + pause * 1000
            while time.perf_counter_ns() < end:
                pass
            process.kill()
            lines += process.stdout.readlines()
        return [Ack.parse(line) for line in lines if line.endswith(b"\n")]

    def _keep_unacknowledged(self, step: Step | None) -> None:
        """Adds the commit that the kill has hit, if the store has it."""
        with open_store(self.root / STORE, create=False, log_limit=QUIET_LOG) as store:
            last = int(store.stats().last_commit)
            with store.snapshot() as snapshot:
                found = contents(snapshot)
        known = History.of(self.commits).contents[-1]
        if step is not None and step.commits and found != known and found == step.apply(known):
            self.commits.append((last, step))
            self.kept += 1
