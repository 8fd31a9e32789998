"""Elements of an SVG as text, and logarithmic axes. Knows nothing of what is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


def element(name: str, *inner: str, text: str | None = None, **attributes: object) -> str:
    """An element; underscores of attribute names stand for hyphens, a trailing one is dropped."""
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
    )
    content = "".join(inner) + ("" if text is None else escape(text))
    return f"<{name}{pairs}>{content}</{name}>" if content else f"<{name}{pairs}/>"


def label(x: float, y: float, text: str, *, anchor: str = "start", class_: str = "") -> str:
    """Text at a point."""
    return element("text", text=text, x=x, y=y, text_anchor=anchor, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """A line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(points: Sequence[tuple[float, float]], class_: str) -> str:
    """A line through points."""
    steps = " ".join(
        f"{'L' if number else 'M'}{x:.1f} {y:.1f}" for number, (x, y) in enumerate(points)
    )
    return element("path", d=steps, class_=class_)


def drawing(width: int, height: int, title: str, *parts: str) -> str:
    """The whole, which a reader who cannot see it knows by its title."""
    return element(
        "svg",
        element("title", text=title),
        *parts,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        xmlns="http://www.w3.org/2000/svg",
    )


@dataclass(frozen=True, slots=True)
class LogAxis:
    """Values above 0 on a stretch of pixels."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> LogAxis:
        """An axis that holds all values, from a step of 1, 2 or 5 to another."""
        ticks = steps(min(values) * 0.999, max(values) * 1.001)
        return cls(ticks[0], ticks[-1], start, end)

    def at(self, value: float) -> float:
        """The pixel of a value; what lies outside is put at the edge."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + (self.end - self.start) * min(1.0, max(0.0, share))

    def ticks(self) -> list[float]:
        """Where to write numbers: powers of ten, or finer steps where there are few of these."""
        found = [each for each in steps(self.low, self.high) if self.low <= each <= self.high]
        tens = [each for each in found if _is_power_of_ten(each)]
        return tens if len(tens) >= 4 else found


def steps(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, ... from the last at or below `low` to the first at or above `high`."""
    exponent = math.floor(math.log10(low)) - 1
    found: list[float] = []
    while not found or found[-1] < high:
        found += [factor * 10.0**exponent for factor in (1, 2, 5)]
        exponent += 1
    first = max(i for i, each in enumerate(found) if each <= low)
    last = next(i for i, each in enumerate(found) if each >= high and i > first)
    return [float(f"{each:.1g}") for each in found[first : last + 1]]


def _is_power_of_ten(value: float) -> bool:
    return abs(math.log10(value) - round(math.log10(value))) < 1e-9


def _value(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
