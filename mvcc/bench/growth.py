"""How a cost grows, as a power: cost = c * value ** exponent, fitted by least squares over logarithms."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from mvcc.bench.results import GrowthPoint


@dataclass(frozen=True, slots=True)
class Growth:
    """How the cost of an operation follows one thing."""

    operation: str
    varied: str
    exponent: float
    """1: twice as much costs twice as much; 0: it costs the same."""
    smallest: tuple[float, float]
    largest: tuple[float, float]
    """(value, seconds) at both ends."""
    fixed: str = ""
    """What stayed as it was, where there are several such series."""


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """Of (value, cost) with at least two different values, all above 0."""
    logs = [(math.log(value), math.log(cost)) for value, cost in points]
    middle_x = sum(x for x, _ in logs) / len(logs)
    middle_y = sum(y for _, y in logs) / len(logs)
    above = sum((x - middle_x) * (y - middle_y) for x, y in logs)
    return above / sum((x - middle_x) ** 2 for x, _ in logs)


def fits(points: Sequence[GrowthPoint]) -> list[Growth]:
    """A fit for each operation and each thing that was varied."""
    series: dict[tuple[str, str, str], list[tuple[float, float]]] = defaultdict(list)
    for point in points:
        for operation, seconds in point.seconds.items():
            fixed = f"at {point.at['rows']:,.0f} rows" if point.varied == "changes" else ""
            series[operation, point.varied, fixed].append((point.at[point.varied], seconds))
            if point.varied == "changes":
                changes = f"with {point.at['changes']:,.0f} changes"
                series[operation, "rows", changes].append((point.at["rows"], seconds))
    return [
        Growth(operation, varied, exponent(found), min(found), max(found), fixed)
        for (operation, varied, fixed), found in series.items()
        if len({value for value, _ in found}) > 1
    ]


def sentence(growth: Growth) -> str:
    """A fit in words."""
    (first, low), (last, high) = growth.smallest, growth.largest
    name = growth.varied.replace("_", " ")
    fixed = f", {growth.fixed}" if growth.fixed else ""
    return (
        f"{growth.operation} grows as {name}^{growth.exponent:.2f}"
        f" ({first:,.0f}: {low:.3g} s, {last:,.0f}: {high:.3g} s{fixed})"
    )
