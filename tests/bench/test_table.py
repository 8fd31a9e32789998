"""The table as text, and how growth is put."""

from __future__ import annotations

import pytest

from mvcc.bench import table
from mvcc.bench.growth import exponent, fits, sentence
from mvcc.bench.results import Results
from tests.bench.synthetic import results


def line_of(name: str, of: Results) -> dict[str, str]:
    """A row's cells by column."""
    [found] = [line for line in table.lines(of) if line[0] == name]
    return dict(zip(table.COLUMNS, found, strict=True))


def test_a_row_tells_figures_ratio_and_verdict() -> None:
    """With the ends of both, and the syncs of ours and of the peer."""
    assert {
        "row": "load",
        "ours": "1.51 rows/s (1.5 to 1.52)",
        "peer": "lmdb",
        "theirs": "2 rows/s (1 to 3)",
        "ratio": "0.755 x (0.507 to 1.5)",
        "at least": ">= 0.8 x",
        "aim": ">= 1 x",
        "result": "not reached, noisy: 196% apart",
        "syncs a commit": "2 / 2",
    } == line_of("load", results())


def test_a_row_that_is_not_built_prints_no_figure() -> None:
    """But dashes, and the words."""
    found = line_of("ingest", results())
    assert ("-", "-", "-", "not built") == tuple(
        found[name] for name in ("ours", "theirs", "ratio", "result")
    )


def test_what_is_not_built_counts_as_not_reached() -> None:
    """As everything else that has no figure."""
    found = Results()
    judgements = found.judgements()
    wanted = sum(judged.row.at_least is not None for judged in judgements)
    assert f"0 of {wanted} reached; {wanted} not measured; 0 noisy" == table.summary(judgements)
    assert "1 not built" in table.summary(results().judgements())


def test_a_published_peer_is_marked() -> None:
    """Nobody measured it here."""
    assert "badger (published)" == line_of("incr", results())["peer"]


def test_notes_name_what_is_missing() -> None:
    """Once each."""
    found = table.notes(results())
    assert "ingest: mvcc is not built: Table.ingest is not there" in found
    assert "left out: rocksdict is not installed" in found


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01234, "0.0123"), (1.5, "1.5"), (99.4, "99.4"), (123.4, "123"), (1_234_567, "1,230,000")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    """More would promise what no benchmark holds."""
    assert text == table.number(value)


def test_an_exponent_is_that_of_the_power() -> None:
    """By least squares: cost = 5 * value ** 1.5."""
    assert pytest.approx(1.5) == exponent([(x, 5 * x**1.5) for x in (1.0, 3.0, 10.0)])
    assert pytest.approx(0.0) == exponent([(1.0, 7.0), (10.0, 7.0)])


def test_increments_are_fitted_by_changes_and_by_rows() -> None:
    """So that it shows on which of the two they depend."""
    found = {(each.operation, each.varied, each.fixed): each for each in fits(results().grid)}
    assert pytest.approx(1.0) == found["full", "rows", ""].exponent
    assert pytest.approx(1.0) == found["incr", "changes", "at 1,000,000 rows"].exponent
    assert pytest.approx(0.0) == found["incr", "rows", "with 1,000 changes"].exponent
    assert "full grows as rows^1.00 (1,000,000: 1 s, 10,000,000: 10 s)" == sentence(
        found["full", "rows", ""]
    )
