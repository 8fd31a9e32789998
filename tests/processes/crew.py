"""The processes of a storm: begun, found with the write lock in hand, killed, and begun anew."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.processes import roles
from tests.processes.lock_file import Holder, LockFile
from tests.processes.roles import Place

END_WITHIN_S = 60
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload([roles.__name__])


@dataclass(frozen=True, slots=True)
class Child:
    """A process, and what it is."""

    place: Place
    process: ForkServerProcess

    @property
    def pid(self) -> int:
        """Its number."""
        assert self.process.pid is not None
        return self.process.pid

    def check(self) -> None:
        """It lives. AssertionError tells what it died of."""
        assert self.process.is_alive(), self.failure()

    def failure(self) -> str:
        """What it died of."""
        told = self.place.folder / f"{self.place.name}.failure"
        text = told.read_text() if told.exists() else f"exit code {self.process.exitcode}"
        return f"{self.place.name}: {text}"


class Crew:
    """Processes on one store, which has been made."""

    def __init__(self, folder: Path, seed: str, counts: dict[str, int]) -> None:
        """`counts`: how many of each role."""
        self._seed = seed
        self._lock_file = LockFile(folder / "store")
        self.children = [
            self._begin(Place(folder, role, slot, 0, ""))
            for role, count in counts.items()
            for slot in range(count)
        ]

    def _begin(self, place: Place) -> Child:
        place = replace(place, seed=f"{self._seed} {place.name}")
        process = CHILDREN.Process(target=roles.run, args=(place,))
        process.start()
        return Child(place, process)

    def hunt(self, seconds: float, *, in_slice: bool) -> Child | None:
        """Stops a process with the write lock in hand: in a slice of a merge, or in a commit.

        Commits are those of a process's first thread.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            holder = self._lock_file.holder([child.pid for child in self.children])
            if holder is None or in_slice == (holder.thread == holder.process):
                time.sleep(0)
                continue
            child = next(each for each in self.children if each.pid == holder.process)
            self.stop(child)
            if self._lock_file.writer() == holder.thread:
                return child
            os.kill(child.pid, signal.SIGCONT)
        return None

    def stop(self, child: Child) -> None:
        """None of its threads runs when this returns."""
        os.kill(child.pid, signal.SIGSTOP)
        while not all(_stopped(task) for task in Path(f"/proc/{child.pid}/task").iterdir()):
            child.check()
            time.sleep(0)

    def holder(self, child: Child) -> Holder | None:
        """Whether a process holds the write lock, and with which thread."""
        return self._lock_file.holder([child.pid])

    def kill(self, child: Child) -> None:
        """It is gone when this returns."""
        child.process.kill()
        child.process.join()
        child.process.close()
        self.children.remove(child)

    def begin_anew(self, place: Place) -> None:
        """Another process in the place of one that was killed."""
        self.children.append(self._begin(replace(place, life=place.life + 1)))

    def wait(self) -> None:
        """Until all have ended by themselves."""
        for child in self.children:
            child.process.join(END_WITHIN_S)
            assert child.process.exitcode == 0, child.failure()

    def close(self) -> None:
        """Kills who is left. Not before the store was closed in this process: see LockFile."""
        for child in self.children:
            child.process.kill()
        self._lock_file.close()


def _stopped(task: Path) -> bool:
    state = (task / "stat").read_text().rpartition(") ")[2][0]
    return state in {"T", "t"}
