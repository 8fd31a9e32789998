"""What was measured, as records that JSON holds; one file has the newest outcome of each question."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from mvcc.bench.figures import Judgement, Row, judge
from mvcc.bench.rows import ROWS, with_published

FORMAT = 1

Latencies: TypeAlias = list[float]
"""Milliseconds at the quantiles `QUANTILES`."""
QUANTILES = (*(step / 100 for step in range(100)), 0.995, 0.999, 0.9999, 1.0)


@dataclass(slots=True)
class Outcome:
    """What was measured of a question."""

    question: str
    unit: str
    rows: int
    pairs: list[dict[str, float]] = field(default_factory=list)
    """A number for each lane, in the order they were taken."""
    not_built: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    latencies: dict[str, Latencies] = field(default_factory=dict)
    syncs: dict[str, float] = field(default_factory=dict)
    """fsync, fdatasync and writes with O_DSYNC a commit, by contender, as strace counted them."""
    earlier: list[dict[str, float]] = field(default_factory=list)
    """The pairs of the run before, where that was of the same commit on the same machine."""
    date: str = ""
    commit: str = ""
    machine: str = ""

    def judge(self, row: Row) -> Judgement:
        """The verdict on one of its rows."""
        return judge(
            row,
            [with_published(self.question, pair) for pair in self.pairs],
            earlier=[with_published(self.question, pair) for pair in self.earlier],
            not_built=self.not_built,
            skipped=self.skipped,
        )


@dataclass(slots=True)
class GrowthPoint:
    """A measurement of the grid: what was varied, and where it then stood."""

    varied: str
    """A name of `at`."""
    at: dict[str, float]
    """rows, changes, cores, value_bytes, versions (a key)."""
    seconds: dict[str, float]
    """By operation."""


@dataclass(slots=True)
class Results:
    """The newest outcomes by question, and the grid."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    grid: list[GrowthPoint] = field(default_factory=list)
    grid_date: str = ""
    grid_commit: str = ""

    def judgements(self, rows: Sequence[Row] = ROWS) -> list[Judgement]:
        """A verdict for every row."""
        return [
            self.outcomes[row.question].judge(row)
            if row.question in self.outcomes
            else Judgement(row, "not measured")
            for row in rows
        ]

    def add(self, outcome: Outcome) -> None:
        """Puts an outcome in the place of the one before; keeps its pairs where they are comparable."""
        before = self.outcomes.get(outcome.question)
        if before is not None and _comparable(before, outcome):
            outcome.earlier = before.pairs
        self.outcomes[outcome.question] = outcome

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> Results:
        """What `to_json` gave. ValueError for another format."""
        if found.get("format") != FORMAT:
            raise ValueError(f"results of format {found.get('format')}, not {FORMAT}")
        return cls(
            {name: Outcome(**each) for name, each in found["outcomes"].items()},
            [GrowthPoint(**each) for each in found["grid"]],
            found["grid_date"],
            found["grid_commit"],
        )


def read(path: Path) -> Results:
    """The results in a file; none where there is no file."""
    if not path.exists():
        return Results()
    return Results.of_json(json.loads(path.read_text(encoding="utf-8")))


def write(path: Path, results: Results) -> None:
    """Replaces the file as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps(results.to_json(), indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def latencies_of(seconds: Sequence[float]) -> Latencies:
    """Milliseconds at `QUANTILES` of at least one latency."""
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return [ordered[round(quantile * last)] * 1e3 for quantile in QUANTILES]


def machine(folder: Path) -> str:
    """This machine, in one line: processor, cores, memory, kernel, file system, Python."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return ", ".join(
        [
            _processor(),
            f"{os.cpu_count()} cores",
            f"{pages / (1 << 30):.0f} GiB",
            f"{platform.system()} {platform.release()}",
            _file_system(folder),
            f"Python {platform.python_version()}",
        ]
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _file_system(folder: Path) -> str:
    """The type of the file system that holds a folder."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown file system"
    mounts = [line.split()[1:3] for line in lines]
    holding = [each for each in mounts if folder.resolve().is_relative_to(each[0])]
    return max(holding, key=lambda each: len(each[0]))[1] if holding else "unknown file system"


def _comparable(before: Outcome, after: Outcome) -> bool:
    same = (before.commit, before.machine, before.rows) == (
        after.commit,
        after.machine,
        after.rows,
    )
    return same and bool(after.commit) and not after.commit.endswith("+")
