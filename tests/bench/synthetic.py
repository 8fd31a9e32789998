"""Results that no machine gave, with everything that a page can show."""

from __future__ import annotations

from mvcc.bench.results import QUANTILES, GrowthPoint, Outcome, Results
from mvcc.bench.rows import ROWS


def results() -> Results:
    """Figures for most rows; some not built, one noisy, one peer missing, one name that needs escaping."""
    found = Results(grid_date="2026-11-25T00:00:00+00:00", grid_commit="abc")
    for row in ROWS:
        known = found.outcomes.get(row.question)
        if known is None:
            known = Outcome(row.question, "rows/s", 1000, [{}, {}, {}], machine="<one> & two")
            known.date, known.commit = "2026-11-25T00:00:00+00:00", "abc"
            found.add(known)
        for number, pair in enumerate(known.pairs):
            pair[row.ours] = 1.5 + number / 100
            pair.update(dict.fromkeys(row.peers, 1.0 + number))
    ingest = found.outcomes["ingest"]
    ingest.pairs, ingest.not_built = [], {"mvcc": "Table.ingest is not there"}
    found.outcomes["get"].skipped = {"rocksdict": "rocksdict is not installed"}
    found.outcomes["load"].syncs = {"mvcc": 2.0, "lmdb": 2.0}
    times = [1.0 + quantile for quantile in QUANTILES]
    found.outcomes["sustained"].latencies = {"mvcc": times, "rocksdict": times[::-1]}
    for rows in (1e6, 3e6, 1e7):
        at = {"rows": rows, "changes": 0.0}
        found.grid.append(GrowthPoint("rows", at, {"full": rows / 1e6}))
        for changes in (1e3, 1e4, 1e5):
            at = {"rows": rows, "changes": changes}
            found.grid.append(GrowthPoint("changes", at, {"incr": changes / 1e6}))
    return found
