"""Runs the test of every row of the promises and prints promise, test, figure and result."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests.reliability.promises import PROMISES, ROWS, Row

REPORTS = Path("build/reliability")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the tests of a row did."""

    passed: int
    bad: int
    figures: tuple[str, ...]
    seconds: float

    @property
    def result(self) -> str:
        """One word: a row without a passed test proves nothing."""
        return "proved" if self.passed and not self.bad else "FAILED"


def read_report(path: Path, seconds: float) -> Outcome:
    """The outcome in a report of pytest; a skipped test is as bad as a failed one."""
    if not path.exists():
        return Outcome(0, 1, (), seconds)
    root = ElementTree.parse(path).getroot()
    cases = list(root.iter("testcase"))
    bad = sum(any(child.tag in {"failure", "error", "skipped"} for child in case) for case in cases)
    figures = [
        item.get("value", "") for item in root.iter("property") if item.get("name") == "figure"
    ]
    return Outcome(len(cases) - bad, bad, tuple(figures), seconds)


def run(row: Row, number: int) -> Outcome:
    """Runs the tests of a row, whatever their markers."""
    report = REPORTS / f"{number}.xml"
    report.unlink(missing_ok=True)
    begun = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-m", "", f"--junitxml={report}", *row.tests]
    environment = os.environ | dict(row.environment)
    status = subprocess.run(command, env=environment, check=False).returncode
    outcome = read_report(report, time.monotonic() - begun)
    if status != 0 and outcome.bad == 0:
        return Outcome(outcome.passed, 1, outcome.figures, outcome.seconds)
    return outcome


def lines_of(promise: str, outcomes: dict[Row, Outcome]) -> list[str]:
    """The part of the table that is about one promise."""
    lines = [f"{promise}  {PROMISES[promise]}"]
    rows = [row for row in outcomes if promise in row.promises]
    for row in rows:
        outcome = outcomes[row]
        lines += [
            f"    {outcome.result}: {row.aspect} ({outcome.passed} tests, {outcome.seconds:.0f} s)",
            f"        test:     {' '.join(row.tests)}",
            f"        demanded: {row.demanded}",
            *(f"        reached:  {figure}" for figure in outcome.figures),
        ]
    return lines if rows else [*lines, "    no test yet"]


def main() -> int:
    """Runs all rows; returns the exit status."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    outcomes = {row: run(row, number) for number, row in enumerate(ROWS)}
    print("\nPromises, their tests and figures")
    for promise in PROMISES:
        print("\n".join(lines_of(promise, outcomes)))
    return 0 if all(outcome.result == "proved" for outcome in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
