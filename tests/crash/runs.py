"""Recorded runs of a store, and the power cuts through them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.crash.history import history_of
from tests.crash.planted import plant
from tests.crash.program import Ack, Job
from tests.crash.recorder import BUILD, record
from tests.crash.recording import Recording
from tests.crash.replay import Outcome, Replay
from tests.crash.store_check import StoreCheck


@dataclass(frozen=True, slots=True)
class Run:
    """A job that was recorded to its end."""

    name: str
    job: Job
    recording: Recording

    @classmethod
    def of(cls, name: str, job: Job, folder: Path) -> Run:
        """Runs a job in a folder of its own below `folder`."""
        home = folder / name
        home.mkdir()
        arguments = [str(home / "root"), job.text()]
        recording = record("tests.crash.program", arguments, home / "root", home / "log")
        return cls(name, job, recording)

    def first(self, count: int) -> Run:
        """As if it had ended after so many records."""
        records = self.recording.records[:count]
        return Run(self.name, self.job, Recording(self.recording.inode, records))

    def planted(self, bug: str) -> Run:
        """The run of a store with a planted bug."""
        records = tuple(plant(bug, self.recording.records))
        return Run(f"{self.name}-{bug}", self.job, Recording(self.recording.inode, records))

    def replay(self, seed: int, *, variants: int = 3, share: float = 1.0, slots: int = 2) -> Replay:
        """The power cuts through it."""
        acks = tuple(Ack.parse(text) for text in self.recording.acks)
        check = StoreCheck(history_of(self.job, acks), acks)
        return Replay(self.recording, check, seed, variants, share, slots=slots)

    def find(self, bug: str, seed: int) -> Outcome:
        """Cuts the power to the run with a planted bug. AssertionError where that does not show."""
        replay = self.planted(bug).replay(seed, slots=1)
        outcome = replay.run()
        assert outcome.failures, f"{bug} was not found: {outcome.figure}, seed {seed}"
        return outcome

    def survive(self, seed: int, *, variants: int = 3, share: float = 1.0) -> Outcome:
        """Cuts the power; AssertionError at the first state that is wrong."""
        replay = self.replay(seed, variants=variants, share=share)
        outcome = replay.run()
        for failure in outcome.failures:
            raise AssertionError(replay.keep(failure, BUILD / self.name))
        return outcome
