"""One HTML page of a set of results: charts and the table. It loads nothing, and has no script."""

from __future__ import annotations

from html import escape

from mvcc.bench import charts, table
from mvcc.bench.growth import fits, sentence
from mvcc.bench.results import Results

STYLE = """
:root { color-scheme: light dark; --ink: #1c1f23; --muted: #6b7280; --line: #d8dce2;
  --back: #ffffff; --ours: #2a6fdb; --peer: #a5adb8; --good: #1f8a5b; --bad: #c2521b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --muted: #9aa3af; --line: #3a4048;
  --back: #16191d; --ours: #6aa5ff; --peer: #6b7480; --good: #4cc38a; --bad: #f0905a; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
h3 { font-size: 0.95rem; margin: 1.2rem 0 0.3rem; font-weight: 600; }
p, li { max-width: 75ch; } .muted { color: var(--muted); fill: var(--muted); }
svg { max-width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg text.value, svg text.muted { fill: var(--muted); }
rect.ours { fill: var(--ours); } rect.peer { fill: var(--peer); }
rect.published { fill: none; stroke: var(--peer); }
.goal { stroke: var(--ink); stroke-width: 1.5; } .axis { stroke: var(--muted); }
.grid { stroke: var(--line); } .range { stroke-width: 2; }
.reached { fill: var(--good); stroke: var(--good); }
.not-reached { fill: var(--bad); stroke: var(--bad); }
.series { fill: none; stroke-width: 2; }
.series.s0 { stroke: var(--ours); } .series.s1 { stroke: var(--bad); }
.series.s2 { stroke: var(--good); }
.dot.s0, svg text.name.s0 { fill: var(--ours); } .dot.s1, svg text.name.s1 { fill: var(--bad); }
.dot.s2, svg text.name.s2 { fill: var(--good); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; font-variant-numeric: tabular-nums; }
td:nth-child(6), td:nth-child(7) { white-space: nowrap; }
ul { font-size: 13px; line-height: 1.45; padding-left: 1.2rem; }
"""


def html(results: Results, title: str) -> str:
    """The page."""
    judgements = results.judgements()
    sections = [
        f"<h1>{escape(title)}: benchmark</h1>",
        f"<p>{escape(table.summary(judgements))}.</p>",
        *(f'<p class="muted">{escape(each)}</p>' for each in conditions(results)),
        "<h2>Ratios</h2>",
        "<p>Each row's figure over what it has to reach, from the lowest to the highest pair; right of"
        " the line it is reached. Times are turned over, so that right is always better.</p>",
        charts.ratios(judgements),
        "<h2>Throughput</h2>",
        *_throughput(results),
        "<h2>Latency of commits under merges</h2>",
        *_latencies(results),
        "<h2>Cost of an incremental</h2>",
        charts.increments(results) or '<p class="muted">not measured</p>',
        _list([sentence(each) for each in fits(results.grid)]),
        "<h2>All rows</h2>",
        _table(results),
        _list(table.notes(results)),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width"/>\n'
        f"<title>{escape(title)}: benchmark</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(sections)
        + "\n</body>\n</html>\n"
    )


def conditions(results: Results) -> list[str]:
    """Where, when and of what the outcomes are: one sentence for each set that is equal in these."""
    found: dict[tuple[str, str, str, int], list[str]] = {}
    for name, outcome in results.outcomes.items():
        place = (outcome.date[:10], outcome.commit, outcome.machine, outcome.rows)
        found.setdefault(place, []).append(name)
    return [
        f"{date}, commit {commit}, {machine}, {rows:,} rows: {', '.join(names)}"
        for (date, commit, machine, rows), names in found.items()
    ]


def _list(sentences: list[str]) -> str:
    items = "\n".join(f"<li>{escape(each)}</li>" for each in sentences)
    return f"<ul>\n{items}\n</ul>" if items else ""


def _throughput(results: Results) -> list[str]:
    parts = []
    for name in (*charts.RATES, *charts.READS, "full at 10 N", "sustained at 10 N"):
        outcome = results.outcomes.get(name)
        if outcome is None:
            continue
        parts.append(f"<h3>{escape(name)}, {escape(outcome.unit)}</h3>")
        if outcome.pairs:
            parts.append(charts.throughput(outcome))
        else:
            reasons = "; ".join(sorted(set(outcome.not_built.values())))
            parts.append(f'<p class="muted">not built: {escape(reasons)}</p>')
    return parts


def _latencies(results: Results) -> list[str]:
    parts = []
    for name in ("sustained", "sustained at 10 N"):
        outcome = results.outcomes.get(name)
        if outcome is None:
            continue
        parts.append(f"<h3>{escape(name)}</h3>")
        if outcome.latencies:
            parts.append(charts.latencies(outcome.latencies))
        else:
            missing = "not measured" if outcome.pairs else "not built"
            parts.append(f'<p class="muted">{missing}</p>')
    return parts or ['<p class="muted">not measured</p>']


def _table(results: Results) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.COLUMNS)
    rows = [
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>"
        for line in table.lines(results)
    ]
    return f'<div class="wide"><table>\n<tr>{head}</tr>\n' + "\n".join(rows) + "\n</table></div>"
