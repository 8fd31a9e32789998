"""The rows that are declared, and what is known of peers that are not measured."""

from __future__ import annotations

import pytest

from mvcc.bench import suite
from mvcc.bench.rows import ROWS, rows_of, with_published


def test_every_row_belongs_to_a_question_that_is_asked() -> None:
    """And every question has a row."""
    asked = {**suite.QUESTIONS, **suite.LARGE_QUESTIONS}
    assert set(asked) == {row.question for row in ROWS}
    assert {row.name for row in ROWS} == {row.name for name in asked for row in rows_of(name)}


def test_names_are_unique() -> None:
    """A name is how a row is found."""
    assert len(ROWS) == len({row.name for row in ROWS})


def test_an_aim_is_beyond_what_is_to_be_reached() -> None:
    """On the better side."""
    for row in ROWS:
        if row.aim is not None and row.at_least is not None:
            assert (row.aim > row.at_least) == (row.better == "higher"), row.name


def test_a_published_peer_is_a_multiple_of_lmdb_in_the_same_pair() -> None:
    """As the published table has it."""
    found = with_published("batch_put", {"lmdb": 36.0})
    assert pytest.approx({"lmdb": 36.0, "badger": 281.0, "wiredtiger": 139.0}) == found
    assert {"mvcc": 1.0} == with_published("batch_put", {"mvcc": 1.0})


def test_the_increment_of_badger_is_scaled_by_the_scan_of_lmdb() -> None:
    """A machine that scans twice as fast would take half as long."""
    assert pytest.approx(0.19) == with_published("incr", {"lmdb scan": 7_008_000})["badger"]
