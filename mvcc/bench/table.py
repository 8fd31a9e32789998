"""The table as text: one line a row, the same for a terminal, for docs/performance.md and for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mvcc.bench.figures import Judgement, Spread
from mvcc.bench.results import Results
from mvcc.bench.rows import ROWS

COLUMNS = (
    "row",
    "ours",
    "peer",
    "theirs",
    "ratio",
    "at least",
    "aim",
    "result",
    "syncs a commit",
)


def lines(results: Results) -> list[tuple[str, ...]]:
    """A tuple of cells, as `COLUMNS` says, for every row of the table."""
    return [cells(judged, results) for judged in results.judgements(ROWS)]


def cells(judged: Judgement, results: Results) -> tuple[str, ...]:
    """One line."""
    row = judged.row
    outcome = results.outcomes.get(row.question)
    unit = row.unit or (outcome.unit if outcome else "")
    absolute = not row.peers
    sign = "" if row.at_least is None else (">= " if row.better == "higher" else "<= ")
    scale = "" if absolute else " x"
    return (
        row.name,
        spread(judged.ours, unit),
        judged.peer + (" (published)" if judged.peer in ("badger", "wiredtiger") else ""),
        spread(judged.theirs, unit),
        "-" if absolute else spread(judged.figure, "x"),
        "-" if row.at_least is None else f"{sign}{row.at_least:g}{scale}",
        "-" if row.aim is None else f"{sign}{row.aim:g}{scale}",
        result(judged),
        _syncs(outcome.syncs if outcome else {}, row.ours, judged.peer),
    )


def result(judged: Judgement) -> str:
    """The verdict with what belongs to it: the aim, and how far the pairs lie apart."""
    text: str = judged.verdict
    if judged.aim_reached:
        text += ", and the aim"
    if judged.noise is not None:
        text += f", noisy: {judged.noise:.0%} apart"
    return text


def spread(numbers: Spread | None, unit: str) -> str:
    """Median, and where there are several the smallest and the largest."""
    if numbers is None:
        return "-"
    text = f"{number(numbers.median)} {unit}".rstrip()
    if numbers.low == numbers.high:
        return text
    return f"{text} ({number(numbers.low)} to {number(numbers.high)})"


def number(value: float) -> str:
    """Three significant digits, thousands with a comma."""
    if abs(value) >= 100:
        digits = max(0, len(f"{abs(value):.0f}") - 3)
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def summary(judgements: Sequence[Judgement]) -> str:
    """How many rows have which result."""
    counts = Counter(judged.verdict for judged in judgements if judged.row.at_least is not None)
    noisy = sum(judged.noise is not None for judged in judgements)
    wanted = sum(counts.values())
    others = ", ".join(
        f"{count} {verdict}" for verdict, count in sorted(counts.items()) if verdict != "reached"
    )
    return f"{counts['reached']} of {wanted} reached; {others or 'none left'}; {noisy} noisy"


def notes(results: Results) -> list[str]:
    """What the questions add in sentences: what is not built, what was left out, what they noted."""
    found: dict[str, None] = {}
    for name, outcome in results.outcomes.items():
        for lane, reason in outcome.not_built.items():
            found[f"{name}: {lane} is not built: {reason}"] = None
        for note in outcome.notes:
            found[f"{name}: {note}"] = None
        for reason in outcome.skipped.values():
            found[f"left out: {reason}"] = None
    return list(found)


def _syncs(syncs: dict[str, float], ours: str, peer: str) -> str:
    names = [name for name in dict.fromkeys(("mvcc" if "mvcc" in ours else ours, peer)) if name]
    shown = [f"{syncs[name]:g}" for name in names if name in syncs]
    return " / ".join(shown) if shown else "-"
