"""The charts of the page, each of a set of results: throughput, ratios, latencies, increments."""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import median

from mvcc.bench.figures import Judgement
from mvcc.bench.peers import OURS
from mvcc.bench.results import QUANTILES, Latencies, Outcome, Results
from mvcc.bench.rows import with_published
from mvcc.bench.svg import LogAxis, drawing, element, label, line, path
from mvcc.bench.table import number

WIDTH = 760
BAR = 20
LINE = 14
LABELS = 200
CHART_HEIGHT = 320
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 16, 44
RATES = ("load", "ingest", "batch_put", "single_put", "single_put 8", "sustained")
READS = ("get", "scan", "full", "restore")


def throughput(outcome: Outcome) -> str:
    """Every lane of a question as a bar, its median beside it; published peers are left hollow."""
    lanes = medians(outcome)
    lanes = {name: value for name, value in lanes.items() if "longest" not in name}
    widest = max(lanes.values())
    parts = []
    for place, (name, value) in enumerate(sorted(lanes.items(), key=lambda lane: -lane[1])):
        y = place * BAR
        kind = "ours" if name.startswith(OURS) else "peer"
        if not any(name in pair for pair in outcome.pairs):
            kind, name = "published", f"{name} (published)"
        length = max(1.0, (WIDTH - LABELS - 130) * value / widest)
        parts += [
            label(LABELS - 8, y + 14, name, anchor="end"),
            element("rect", x=LABELS, y=y + 3, width=length, height=BAR - 6, rx=2, class_=kind),
            label(LABELS + length + 6, y + 14, f"{number(value)} {outcome.unit}", class_="value"),
        ]
    height = BAR * len(lanes) + 4
    return drawing(WIDTH, height, f"{outcome.question}, {outcome.unit}", *parts)


def medians(outcome: Outcome) -> dict[str, float]:
    """The median of each lane, with the published peers."""
    found: dict[str, list[float]] = defaultdict(list)
    for pair in outcome.pairs:
        for name, value in with_published(outcome.question, pair).items():
            found[name].append(value)
    return {name: median(values) for name, values in found.items()}


def ratios(judgements: list[Judgement]) -> str:
    """How far each row is from what it has to reach: right of the line it has reached it."""
    wanted = [each for each in judgements if each.row.at_least is not None]
    scores = [score(each) for each in wanted if each.figure is not None]
    ends = [end for low, _, high in scores for end in (low, high)]
    axis = LogAxis.over([*ends, 0.5, 2.0], LABELS + 30, WIDTH - 170)
    height = BAR * len(wanted) + 34
    parts = [line(axis.at(1), 0, axis.at(1), height - 30, "goal")]
    for tick in axis.ticks():
        parts.append(label(axis.at(tick), height - 12, f"{tick:g}", anchor="middle"))
    for place, judged in enumerate(wanted):
        y = place * BAR + 12.0
        parts.append(label(LABELS + 22, y + 4, judged.row.name, anchor="end"))
        kind = judged.verdict.replace(" ", "-")
        if judged.figure is None:
            parts.append(label(axis.at(1) + 6, y + 4, judged.verdict, class_="muted"))
            continue
        low, middle, high = score(judged)
        parts += [
            line(axis.at(low), y, axis.at(high), y, f"range {kind}"),
            element("circle", cx=axis.at(middle), cy=y, r=5, class_=kind),
            label(WIDTH - 160, y + 4, figure_text(judged), class_="value"),
        ]
    return drawing(WIDTH, height, "figures over what they have to reach", *parts)


def figure_text(judged: Judgement) -> str:
    """The figure of a row, and what it should be."""
    assert judged.figure is not None
    assert judged.row.at_least is not None
    sign = "of" if judged.row.better == "higher" else "of at most"
    unit = " x" if judged.row.peers else ""
    return f"{number(judged.figure.median)} {sign} {judged.row.at_least:g}{unit}"


def score(judged: Judgement) -> tuple[float, float, float]:
    """Lowest, median and highest figure over what is wanted; above 1 is reached, also for times."""
    assert judged.figure is not None
    assert judged.row.at_least is not None
    shares = [
        max(each, 1e-6) / judged.row.at_least
        for each in (judged.figure.low, judged.figure.median, judged.figure.high)
    ]
    if judged.row.better == "lower":
        shares = [1 / each for each in reversed(shares)]
    return shares[0], shares[1], shares[2]


def latencies(found: dict[str, Latencies]) -> str:
    """Milliseconds of a commit by the share of commits that took no longer."""
    times = [max(each, 1e-3) for values in found.values() for each in values]
    across = {name: [_nines(quantile) for quantile in QUANTILES] for name in found}
    down = LogAxis.over(times, CHART_HEIGHT - BOTTOM, TOP)
    farthest = _nines(1.0)
    parts = [_frame("share of commits", "milliseconds"), *_levels(down)]
    ends: list[tuple[str, tuple[float, float]]] = []
    for share in (0.0, 0.9, 0.99, 0.999, 0.9999):
        x = _stretch(_nines(share) / farthest)
        parts.append(label(x, CHART_HEIGHT - BOTTOM + 18, f"{share:.6g}", anchor="middle"))
    for place, (name, values) in enumerate(found.items()):
        points = [
            (_stretch(nines / farthest), down.at(max(value, 1e-3)))
            for nines, value in zip(across[name], values, strict=True)
        ]
        parts.append(path(points, f"series s{place}"))
        ends.append((name, points[-1]))
    parts += _names(ends)
    return drawing(WIDTH, CHART_HEIGHT, "how long commits take while merges run", *parts)


def increments(results: Results) -> str | None:
    """Seconds of an incremental by changes, a line for each size of the store; None: not measured."""
    series: dict[float, list[tuple[float, float]]] = defaultdict(list)
    for point in results.grid:
        if point.varied == "changes":
            series[point.at["rows"]].append((point.at["changes"], point.seconds["incr"]))
    if not series:
        return None
    points = [each for found in series.values() for each in found]
    across = LogAxis.over([x for x, _ in points], LEFT, WIDTH - RIGHT)
    down = LogAxis.over([y for _, y in points], CHART_HEIGHT - BOTTOM, TOP)
    parts = [_frame("keys changed", "seconds"), *_levels(down)]
    ends: list[tuple[str, tuple[float, float]]] = []
    for tick in across.ticks():
        parts.append(
            label(across.at(tick), CHART_HEIGHT - BOTTOM + 18, f"{tick:,g}", anchor="middle")
        )
    for place, (rows, found) in enumerate(sorted(series.items())):
        placed = [(across.at(x), down.at(y)) for x, y in sorted(found)]
        parts.append(path(placed, f"series s{place}"))
        parts += [element("circle", cx=x, cy=y, r=4, class_=f"dot s{place}") for x, y in placed]
        ends.append((f"{rows:,.0f} rows", placed[-1]))
    parts += _names(ends)
    return drawing(WIDTH, CHART_HEIGHT, "what an incremental costs", *parts)


def _nines(quantile: float) -> float:
    """0 for none, 1 for 0.9, 2 for 0.99: what is rare has as much room as what is common."""
    return -math.log10(max(1 - quantile, 1e-5))


def _stretch(share: float) -> float:
    return LEFT + (WIDTH - RIGHT - LEFT) * share


def _frame(across: str, down: str) -> str:
    floor = CHART_HEIGHT - BOTTOM
    return (
        line(LEFT, floor, WIDTH - RIGHT, floor, "axis")
        + line(LEFT, TOP, LEFT, floor, "axis")
        + label((LEFT + WIDTH - RIGHT) / 2, CHART_HEIGHT - 6, across, anchor="middle")
        + element(
            "text",
            text=down,
            x=16,
            y=(TOP + floor) / 2,
            text_anchor="middle",
            transform=f"rotate(-90 16 {(TOP + floor) / 2:.1f})",
        )
    )


def _levels(axis: LogAxis) -> list[str]:
    parts = []
    for tick in axis.ticks():
        y = axis.at(tick)
        parts += [
            line(LEFT, y, WIDTH - RIGHT, y, "grid"),
            label(LEFT - 6, y + 4, f"{tick:g}", anchor="end"),
        ]
    return parts


def _names(ends: list[tuple[str, tuple[float, float]]]) -> list[str]:
    """The names of series beside their last points, none over another."""
    placed = []
    lowest = -math.inf
    for place, (name, (x, y)) in sorted(enumerate(ends), key=lambda each: each[1][1][1]):
        lowest = max(round(y) + 4, lowest + LINE)
        placed.append(label(x + 8, lowest, name, class_=f"name s{place}"))
    return placed
