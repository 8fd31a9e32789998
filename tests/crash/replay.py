"""Simulated power cuts: shows each to a checker process and collects what is wrong.

`python -m tests.crash.replay FOLDER SEED POSITION VARIANT` shows one cut again, of what a failure has kept in
FOLDER, and leaves the state there.
"""

from __future__ import annotations

import pickle
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.crash.checker import Check, Checker
from tests.crash.cuts import ALL, STRICT, choose, remains
from tests.crash.disk import Disk
from tests.crash.image import Image
from tests.crash.recording import Kind, Recording, VacuousError

RECORDING, CHECK = "recording.pickle", "check.pickle"
LOCK_FILE, SHARED, SHARED_BEFORE = "lock.mdb", "shared-", "shared-before"


@dataclass(frozen=True, slots=True)
class Cut:
    """A power cut after so many records."""

    position: int
    variant: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A cut that left what must not be."""

    cut: Cut
    wrong: str


@dataclass(slots=True)
class Outcome:
    """What the cuts through one recording have shown."""

    records: int
    states: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    """How often a look met what."""

    def __add__(self, other: Outcome) -> Outcome:
        """Of both together."""
        return Outcome(
            self.records + other.records,
            self.states + other.states,
            self.seconds + other.seconds,
            self.failures + other.failures,
            self.met + other.met,
        )

    @property
    def figure(self) -> str:
        """States, records, what was met and speed, in words."""
        rate = self.states / max(self.seconds, 1e-9)
        met = "".join(f", {count} {name}" for name, count in sorted(self.met.items()))
        return (
            f"{self.states} power cuts over {self.records} records, {len(self.failures)} wrong; "
            f"{rate:.0f}/s{met}"
        )


@dataclass(slots=True)
class _Slot:
    """A folder and the process that looks at it."""

    image: Image
    checker: Checker
    cut: Cut | None = None


@dataclass(slots=True)
class Replay:
    """The cuts through one recording. Everything random comes from the seed."""

    recording: Recording
    check: Check
    seed: int
    variants: int = 3
    """How many random ones each position has, beside all and nothing."""
    share: float = 1.0
    """Of the cuts, drawn at random."""
    max_failures: int = 1
    """It ends after so many."""
    slots: int = 2
    """Folders, with a process each, that take turns."""

    def run(self) -> Outcome:
        """Shows the cuts in the order of their positions."""
        outcome = Outcome(len(self.recording.records))
        begun = time.perf_counter()
        with ExitStack() as stack:
            memory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_memory())))
            (memory / CHECK).write_bytes(pickle.dumps(self.check))
            slots = [
                _Slot(
                    Image(memory / str(number), after_boot),
                    stack.enter_context(closing(Checker(memory / CHECK))),
                )
                for number in range(self.slots)
            ]
            for acked, cut, disk in self._cuts():
                slot = slots[outcome.states % self.slots]
                self._collect(slot, outcome)
                if len(outcome.failures) >= self.max_failures:
                    break
                self._show(slot, acked, cut, disk)
                outcome.states += 1
            for slot in slots:
                self._collect(slot, outcome)
        outcome.seconds = time.perf_counter() - begun
        return outcome

    def show_again(self, cut: Cut, folder: Path) -> str | None:
        """Shows one cut in a folder; gives what is wrong."""
        check = folder.with_name(CHECK)
        check.write_bytes(pickle.dumps(self.check))
        disk, acked = Disk.empty(self.recording.inode), 0
        for record in self.recording.records[: cut.position]:
            disk.apply(record)
            acked += record.kind is Kind.ACK
        with closing(Checker(check)) as checker:
            slot = _Slot(Image(folder, after_boot), checker)
            self._show(slot, acked, cut, disk)
            return checker.end().wrong

    def keep(self, failure: Failure, folder: Path) -> str:
        """Keeps what is needed to show a failure again; gives it in words, with the line that does so."""
        folder.mkdir(parents=True, exist_ok=True)
        self.recording.save(folder / RECORDING)
        (folder / CHECK).write_bytes(pickle.dumps(self.check))
        cut = failure.cut
        line = f"python -m tests.crash.replay {folder} {self.seed} {cut.position} {cut.variant}"
        return f"a power cut after record {cut.position}: {failure.wrong}\nreplay: {line}"

    def _cuts(self) -> Iterator[tuple[int, Cut, Disk]]:
        """Each cut that differs from those before it, the acknowledgements before it and the disk."""
        disk, acked = Disk.empty(self.recording.inode), 0
        seen = {STRICT: (-1, -1), ALL: (-1, -1)}
        for position, record in enumerate(self.recording.records, start=1):
            if record.kind is Kind.MAP and not _is_volatile(record.path):
                raise VacuousError(f"stores into the mapping of {record.path} are not recorded")
            disk.apply(record)
            acked += record.kind is Kind.ACK
            states = {STRICT: (disk.durable_version, acked), ALL: (disk.version, acked)}
            fresh = [variant for variant, state in states.items() if seen[variant] != state]
            seen.update(states)
            random_ones = range(ALL + 1, ALL + 1 + self.variants) if disk.pending else ()
            for variant in (*fresh, *random_ones):
                cut = Cut(position, variant)
                if self._rng("draw", cut).random() < self.share:
                    yield acked, cut, disk

    def _rng(self, what: str, cut: Cut) -> random.Random:
        return random.Random(f"{what} {self.seed} {cut.position} {cut.variant}")

    def _show(self, slot: _Slot, acked: int, cut: Cut, disk: Disk) -> None:
        slot.image.show(remains(disk, choose(disk, cut.variant, self._rng("keep", cut))))
        slot.checker.begin(slot.image.folder, acked, f"{self.seed} {cut.position} {cut.variant}")
        slot.cut = cut

    def _collect(self, slot: _Slot, outcome: Outcome) -> None:
        if slot.cut is not None:
            answer = slot.checker.end()
            outcome.met.update(answer.met)
            if answer.wrong is not None:
                outcome.failures.append(Failure(slot.cut, answer.wrong))
            slot.cut = None


def after_boot(path: str) -> str:
    """The name that a file has after a reboot: that of the shared file belongs to another boot."""
    pure = PurePosixPath(path)
    return str(pure.with_name(SHARED_BEFORE)) if pure.name.startswith(SHARED) else path


def _is_volatile(path: str) -> bool:
    """Files of a store whose content means nothing after a reboot."""
    name = PurePosixPath(path).name
    return name == LOCK_FILE or name.startswith(SHARED)


def _memory() -> Path | None:
    """A folder in memory where there is one: syncs cost nothing there."""
    shm = Path("/dev/shm")
    return shm if shm.is_dir() else None


def main() -> None:
    """Shows one cut again."""
    folder, seed, position, variant = Path(sys.argv[1]), *map(int, sys.argv[2:])
    replay = Replay(
        Recording.load(folder / RECORDING),
        pickle.loads((folder / CHECK).read_bytes()),
        seed,
    )
    state = folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    wrong = replay.show_again(Cut(position, variant), state)
    sys.stdout.write(
        f"{wrong or 'nothing is wrong'}\nthe state, as the look has left it: {state}\n"
    )
    sys.exit(wrong is not None)


if __name__ == "__main__":
    main()
