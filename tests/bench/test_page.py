"""The page: well formed, alone in the world, and with every chart."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from mvcc.bench import charts, page
from mvcc.bench.results import Outcome, Results
from mvcc.bench.svg import LogAxis, element, steps
from tests.bench.synthetic import results

SVG = "{http://www.w3.org/2000/svg}"


def parsed(text: str) -> ElementTree.Element:
    """The page as XML, which it is but for its first line."""
    first, rest = text.split("\n", 1)
    assert "<!doctype html>" == first
    return ElementTree.fromstring(rest)


def test_the_page_is_well_formed() -> None:
    """With and without results."""
    for each in (results(), Results()):
        assert "html" == parsed(page.html(each, "mvcc <1>")).tag


def test_the_page_loads_nothing_and_has_no_script() -> None:
    """No element or style that could fetch, and no address but the name space of SVG."""
    text = page.html(results(), "mvcc")
    tags = {each.tag for each in parsed(text).iter()}
    assert set() == tags & {"script", "link", "img", "iframe", "object", "embed", "use", "image"}
    assert {"http://www.w3.org/2000/svg"} == set(re.findall(r"\w+://[^\"' <)]+", text))
    assert not re.search(r"url\(|@import|\bsrc=|\bhref=|\bon\w+=", text)


def test_every_chart_is_there() -> None:
    """By its title."""
    titles = {each.text for each in parsed(page.html(results(), "mvcc")).iter(f"{SVG}title")}
    assert {
        "figures over what they have to reach",
        "batch_put, rows/s",
        "how long commits take while merges run",
        "what an incremental costs",
    } <= titles


def test_what_is_not_built_is_said_in_place_of_its_chart() -> None:
    """With the reason."""
    text = page.html(results(), "mvcc")
    assert "not built: Table.ingest is not there" in text
    alone = Results()
    alone.add(Outcome("sustained", "puts/s", 1, not_built={"mvcc": "no log"}))
    assert "not built" in "".join(each.text or "" for each in parsed(page.html(alone, "m")).iter())


def test_names_are_escaped() -> None:
    """Of machines and of everything else."""
    assert "&lt;one&gt; &amp; two" in page.html(results(), "mvcc")
    assert '<a b-c="&lt;&amp;">&lt;</a>' == element("a", text="<", b_c="<&")


def test_a_score_above_one_is_reached_also_of_times() -> None:
    """So that right is better in one chart of both."""
    for judged in results().judgements():
        if judged.figure is not None and judged.row.at_least is not None:
            low, middle, high = charts.score(judged)
            assert low <= middle <= high
            assert (judged.verdict == "reached") == (middle >= 1), judged.row.name


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1, 10, [1, 2, 5, 10]), (0.03, 0.4, [0.02, 0.05, 0.1, 0.2, 0.5]), (3, 3, [2, 5])],
)
def test_steps_hold_what_lies_between(low: float, high: float, expected: list[float]) -> None:
    """From a step below to a step above."""
    assert expected == steps(low, high)


def test_an_axis_goes_by_powers() -> None:
    """Ten times as much is as far everywhere, and nothing leaves the chart."""
    axis = LogAxis(1, 100, 0, 200)
    assert pytest.approx([0, 100, 200, 200]) == [axis.at(each) for each in (1, 10, 100, 1000)]


def test_names_of_lines_that_meet_stand_under_each_other() -> None:
    """All three sizes cost the same here."""
    chart = charts.increments(results())
    assert chart is not None
    heights = sorted(float(each) for each in re.findall(r'y="([\d.]+)"[^>]*class="name', chart))
    assert 3 == len(heights)
    assert all(after - before >= charts.LINE for before, after in pairwise(heights))
