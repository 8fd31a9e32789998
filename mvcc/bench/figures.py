"""Arithmetic of the table: medians, ratios pair by pair, and the verdict on a row. Knows nothing of stores.

A lane is what one contender did in one question, as a number: a rate, or a time. A pair holds one number
for each lane, taken in turn; a ratio is taken within its pair, because the machine is not the same a
minute later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeAlias

Pair: TypeAlias = Mapping[str, float]
Better: TypeAlias = Literal["higher", "lower"]
Bound: TypeAlias = Literal["cpu", "disk"]
Verdict: TypeAlias = Literal["reached", "not reached", "not built", "no peer", "not measured", "-"]

TOLERANCE: dict[Bound, float] = {"cpu": 0.15, "disk": 0.30}
"""How far two runs of one commit may lie apart before the row is marked noisy."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: which lane of which question, against which others, and what it has to reach."""

    name: str
    what: str
    question: str
    ours: str
    peers: tuple[str, ...]
    """The best of them in each pair counts; none: the figure of `ours` itself is judged."""
    at_least: float | None
    """A ratio, or without peers a figure; None: the row is told and not judged."""
    aim: float | None = None
    better: Better = "higher"
    bound: Bound = "disk"
    limit: str = ""
    """What holds the row back, as profiles show it; for docs/performance.md."""
    unit: str = ""
    """Of its figures, where it is not the question's."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Some numbers as their median, smallest and largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """Of at least one number."""
        return cls(median(numbers), min(numbers), max(numbers))

    @property
    def width(self) -> float:
        """How much larger the largest is than the smallest: 0.2 is a fifth."""
        return self.high / self.low - 1 if self.low > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the table says of a row."""

    row: Row
    verdict: Verdict
    why: str = ""
    """Of a row without figures."""
    ours: Spread | None = None
    peer: str = ""
    """The best by its median."""
    theirs: Spread | None = None
    figure: Spread | None = None
    """What is judged: the ratio, or without peers the figure itself."""
    aim_reached: bool = False
    noise: float | None = None
    """How far pairs, or two runs of one commit, lie apart, where that is more than is allowed."""


def best(numbers: Sequence[float], better: Better) -> float:
    """The best of some numbers."""
    return max(numbers) if better == "higher" else min(numbers)


def ratios(row: Row, pairs: Sequence[Pair]) -> list[float]:
    """Ours over the best peer of the same pair; without peers the figure itself; of complete pairs."""
    found = []
    for pair in pairs:
        theirs = [pair[name] for name in row.peers if name in pair]
        if row.ours not in pair or (row.peers and not theirs):
            continue
        found.append(pair[row.ours] / best(theirs, row.better) if theirs else pair[row.ours])
    return found


def reaches(figure: float, wanted: float, better: Better) -> bool:
    """Whether a figure is as good as what is wanted."""
    return figure >= wanted if better == "higher" else figure <= wanted


def judge(
    row: Row,
    pairs: Sequence[Pair],
    *,
    earlier: Sequence[Pair] = (),
    not_built: Mapping[str, str] | None = None,
    skipped: Mapping[str, str] | None = None,
) -> Judgement:
    """The verdict on a row. A lane that is not built has no figure, whatever the pairs hold.

    `earlier`: the pairs of another run of the same commit, to see whether the two agree.
    """
    if reason := (not_built or {}).get(row.ours):
        return Judgement(row, "not built", reason)
    figures = ratios(row, pairs)
    if not figures:
        return _without_figures(row, pairs, skipped or {})
    figure = Spread.of(figures)
    peer = _best_peer(row, pairs)
    return Judgement(
        row,
        _verdict(row, figure.median),
        ours=Spread.of([pair[row.ours] for pair in pairs if row.ours in pair]),
        peer=peer,
        theirs=Spread.of([pair[peer] for pair in pairs if peer in pair]) if peer else None,
        figure=figure,
        aim_reached=row.aim is not None and reaches(figure.median, row.aim, row.better),
        noise=_noise(row, figure, ratios(row, earlier)),
    )


def _verdict(row: Row, figure: float) -> Verdict:
    if row.at_least is None:
        return "-"
    return "reached" if reaches(figure, row.at_least, row.better) else "not reached"


def _without_figures(row: Row, pairs: Sequence[Pair], skipped: Mapping[str, str]) -> Judgement:
    if any(row.ours in pair for pair in pairs):
        reasons = [skipped[name] for name in row.peers if name in skipped]
        ours = Spread.of([pair[row.ours] for pair in pairs if row.ours in pair])
        return Judgement(row, "no peer", "; ".join(reasons), ours=ours)
    return Judgement(row, "not measured", skipped.get(row.ours, ""))


def _best_peer(row: Row, pairs: Sequence[Pair]) -> str:
    medians = {
        name: median(found)
        for name in row.peers
        if (found := [pair[name] for pair in pairs if name in pair])
    }
    if not medians:
        return ""
    wanted = best(list(medians.values()), row.better)
    return next(name for name, value in medians.items() if value == wanted)


def _noise(row: Row, figure: Spread, earlier: Sequence[float]) -> float | None:
    allowed = TOLERANCE[row.bound]
    apart = figure.width
    if earlier:
        before = median(earlier)
        apart = max(apart, max(before, figure.median) / min(before, figure.median) - 1)
    return apart if apart > allowed else None
