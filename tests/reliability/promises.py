"""What the store promises, and the tests that prove it: one row for each test of a promise."""

from __future__ import annotations

from dataclasses import dataclass

PROMISES = {
    "R1": "a commit that returned survives kill and power cut; any other is wholly there or absent",
    "R2": "AS OF t gives the same bytes until GC passes t; afterwards it raises",
    "R3": "an isolation level shows none of the anomalies that it forbids",
    "R4": "a restore to t equals AS OF t of the source, for all that the backup claims",
    "R5": "a damaged, incomplete or exchanged backup is refused before the first write",
    "R6": "no input file crashes, hangs, over-allocates or writes outside the target",
    "R7": "after an I/O error the handle says so and takes no writes until it is reopened",
    "R8": "a killed process holds up no other for more than 2 s",
}


@dataclass(frozen=True, slots=True)
class Row:
    """The proof of one aspect of a promise."""

    promise: str
    """A key of PROMISES."""
    aspect: str
    """What is proved, in a few words."""
    demanded: str
    """The figure to reach."""
    tests: tuple[str, ...]
    """What pytest runs: paths or node ids. A test tells its figure by `record_property("figure", text)`."""


ROWS: tuple[Row, ...] = (
    Row(
        promise="R6",
        aspect="any bytes as an SST",
        demanded="20 s and the whole corpus for each decoder, 0 findings",
        tests=("tests/reliability/test_fuzz.py",),
    ),
)
