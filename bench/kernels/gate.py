"""Counts the instructions of the C kernels and compares them: a slowdown shows on a noisy machine too.

Builds the driver beside this file, runs it once under callgrind and prints a table. More instructions than
stored, beyond the tolerance, are a failure; fewer are told. `--rewrite` stores what was counted.
Counts of our own code belong to a compiler and an architecture, those of libraries also to their versions:
where these are others than the stored ones, a line says that nothing was compared.
"""

from __future__ import annotations

import argparse
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STORED = Path(__file__).with_name("expected.txt")
BUILD = ROOT / "build" / "kernels"
PACKAGES = ("libzstd", "liblz4", "snappy", "zlib")
LMDB = "liblmdb.so.0"  # the system's: the wheel's cannot be loaded without a Python around it
OWN_TOLERANCE = 0.03
LIBRARY_TOLERANCE = 0.10  # their memory is aligned by chance
SLACK = 1.0  # instructions a unit
TRIGGER = "desc: Trigger: Client Request: "


@dataclass(frozen=True, slots=True)
class Count:
    """Instructions of one run of a kernel over so many units: in our own code, and in libraries."""

    kernel: str
    unit: str
    units: int
    own: int
    libraries: int


@dataclass(frozen=True, slots=True)
class Report:
    """What the counts belong to, and the counts in the order of the run."""

    target: str  # compiler and architecture
    libraries: str
    counts: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a kernel's instructions beside the stored one, in instructions a unit."""

    name: str
    unit: str
    now: float
    stored: float
    tolerance: float

    @property
    def verdict(self) -> str:
        """'SLOWER', 'faster' or nothing."""
        if self.now > self.stored * (1 + self.tolerance) + SLACK:
            return "SLOWER"
        return "faster" if self.now < self.stored * (1 - self.tolerance) - SLACK else ""

    def __str__(self) -> str:
        change = f"{self.now / self.stored - 1:+.1%}" if self.stored else "-"
        unit = f"/{self.unit}"
        row = f"{self.name:28} {self.now:11.1f} {unit:8} {self.stored:11.1f} {change:>8}  "
        return (row + self.verdict).rstrip()


def callgrind_counts(dump: str, program: str) -> dict[str, tuple[int, int]]:
    """The (own, library) instructions of every kernel in callgrind's combined dump, by the kernel's name.

    Own are those in the object `program`. ValueError where the lines do not sum up to the dump's total.
    """
    found = {}
    for part in dump.split("\npart: ")[1:]:
        name, total = "", -1
        spent = {True: 0, False: 0}
        is_own = is_call = False
        for line in part.splitlines():
            if line.startswith(TRIGGER):
                name = line.removeprefix(TRIGGER)
            elif line.startswith("summary: "):
                total = int(line.removeprefix("summary: "))
            elif line.startswith("ob="):
                is_own = line == f"ob={program}"
            elif line.startswith("calls="):
                is_call = True  # the next line is what the callee spent: it is counted there
            elif line[:1].isdigit() and total >= 0:
                spent[is_own] += 0 if is_call else int(line.split()[1])
                is_call = False
        if name:
            if sum(spent.values()) != total:
                raise ValueError(
                    f"{name}: lines of {sum(spent.values())} instructions, not {total}"
                )
            found[name] = (spent[True], spent[False])
    return found


def parse_report(text: str) -> Report:
    """Reads what `format_report` wrote."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    target, libraries = (line.split(": ", 1)[1] for line in lines[:2])
    rows = [line.split() for line in lines[2:]]
    return Report(
        target,
        libraries,
        tuple(Count(row[0], row[1], int(row[2]), int(row[3]), int(row[4])) for row in rows),
    )


def format_report(report: Report) -> str:
    """The text that is stored: one line a kernel."""
    lines = [
        "# Instructions of one run of each kernel, as callgrind counts them, after what they belong to.",
        "# Written by: python -m bench.kernels.gate --rewrite",
        f"target: {report.target}",
        f"libraries: {report.libraries}",
        f"# {'kernel':18} {'unit':8} {'units':>6} {'own':>10} {'libraries':>10}",
    ]
    lines += [
        f"{count.kernel:20} {count.unit:8} {count.units:6} {count.own:10} {count.libraries:10}"
        for count in report.counts
    ]
    return "\n".join(lines) + "\n"


def compare(now: Report, stored: Report) -> Iterator[Part]:
    """Every kernel's own instructions and, where the libraries are the stored ones, theirs."""
    before = {count.kernel: count for count in stored.counts}
    for count in now.counts:
        old = before.get(count.kernel)
        if old is None:
            continue
        yield Part(
            count.kernel, count.unit, count.own / count.units, old.own / old.units, OWN_TOLERANCE
        )
        if now.libraries == stored.libraries and count.libraries + old.libraries > 0:
            yield Part(
                f"{count.kernel}, libraries",
                count.unit,
                count.libraries / count.units,
                old.libraries / old.units,
                LIBRARY_TOLERANCE,
            )


def judge(now: Report, stored: Report) -> tuple[int, list[str]]:
    """The exit status and the lines to print."""
    if now.target != stored.target:
        return 0, [
            "instruction counts: NOTHING COMPARED: "
            f"the stored ones belong to {stored.target}, this is {now.target}"
        ]
    kernels = [{count.kernel for count in report.counts} for report in (now, stored)]
    strange = sorted(kernels[0] ^ kernels[1])
    parts = list(compare(now, stored))
    lines = [f"{'instructions':28} {'now':>11} {'':8} {'stored':>11} {'change':>8}"]
    lines += [str(part) for part in parts]
    lines += [f"{name}: not both counted and stored" for name in strange]
    if now.libraries != stored.libraries:
        lines.append(
            f"libraries: NOT COMPARED: the stored ones are {stored.libraries}, here {now.libraries}"
        )
    slower = sum(part.verdict == "SLOWER" for part in parts)
    if slower or strange:
        lines.append("to accept: python -m bench.kernels.gate --rewrite, and say why in the commit")
    elif any(part.verdict for part in parts):
        lines.append("to keep what was gained: python -m bench.kernels.gate --rewrite")
    return (1 if slower or strange else 0), lines


def pkg_config(argument: str) -> list[str]:
    """Flags for the libraries that the core links."""
    command = ["pkg-config", argument, *PACKAGES, "libxxhash"]
    return shlex.split(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def build(program: Path) -> None:
    """Compiles the driver and the core as the extension is compiled, without Python."""
    program.parent.mkdir(parents=True, exist_ok=True)
    sources = sorted([*Path(__file__).parent.glob("*.c"), *(ROOT / "csrc").glob("*/*.c")])
    command = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", "-g", "-Wl,-z,now"]
    command += ["-Icsrc", "-Itests/c", *pkg_config("--cflags"), "-o", str(program)]
    command += [str(source.relative_to(ROOT)) for source in sources]
    command += [*pkg_config("--libs"), "-ldl", "-lpthread"]
    subprocess.run(command, cwd=ROOT, check=True)


def report_of(printed: Iterable[str], counts: dict[str, tuple[int, int]]) -> Report:
    """Joins what the driver printed with what callgrind counted."""
    compiler, libraries, *kernels = printed
    rows = []
    for line in kernels:
        name, unit, units = line.split()
        rows.append(Count(name, unit, int(units), *counts[name]))
    return Report(f"{compiler} on {platform.machine()}", libraries, tuple(rows))


def measure(program: Path) -> Report:
    """Runs the driver under callgrind, in an empty environment: the stack begins where it always does."""
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "callgrind.out"
        store = Path(folder) / "store"
        store.mkdir()
        command = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={dump}"]
        command += ["--combine-dumps=yes", "--compress-strings=no", "--compress-pos=no"]
        # Instructions of a procedure linkage table would else be counted for both sides of a call.
        command += ["--dump-line=yes", "--skip-plt=no", str(program), LMDB, str(store)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={})
        if done.returncode != 0:
            raise SystemExit(f"the driver failed: {done.stdout}{done.stderr}")
        counts = callgrind_counts(dump.read_text(encoding="utf-8"), str(program))
    return report_of(done.stdout.splitlines(), counts)


def main() -> int:
    """Builds, measures, and compares or stores; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rewrite", action="store_true", help="store what is counted")
    rewrite = parser.parse_args().rewrite
    program = BUILD / "kernels"
    build(program)
    now = measure(program)
    if rewrite:
        STORED.write_text(format_report(now), encoding="utf-8")
        return 0
    status, lines = judge(now, parse_report(STORED.read_text(encoding="utf-8")))
    print("\n".join(lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
