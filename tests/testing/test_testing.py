"""The clock and the strategies for tests."""

import subprocess
import sys

import pytest
from hypothesis import find, given, settings

from mvcc import testing
from mvcc.clock import Clock
from mvcc.testing import ManualClock, Oracle
from mvcc.testing.operations import Commit, Operation
from mvcc.testing.strategies import TABLES, Span, histories, keys, operations, spans, values
from mvcc.timestamp import Timestamp


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    """It can be set to any instant and moved forward."""
    manual = ManualClock(5)
    clock: Clock = manual
    assert 5 == clock.now_us() == clock.now_us()
    manual.advance("1ms")
    assert 1_005 == clock.now_us()
    manual.set(7)
    assert 7 == clock.now_us()


@given(spans())
def test_spans_never_start_after_their_end(span: Span) -> None:
    """Those are a test of their own."""
    start, end = span
    assert start is None or end is None or start <= end


@given(histories(max_commits=8))
def test_any_history_can_be_told_to_an_oracle(history: list[Commit]) -> None:
    """Told in order, its changes are those of the last writes of each commit."""
    oracle, at = Oracle(), Timestamp(0)
    for commit in history:
        at = Timestamp(int(at) + 1 + (commit.pause_us << 12))
        for operation in commit.operations:
            operation.tell(oracle, at)
    changes = oracle.changes(Timestamp.MIN)
    assert sorted(changes, key=lambda change: change[:3]) == changes
    assert len({change[:3] for change in changes}) == len(changes)


@pytest.mark.parametrize("kind", ["Put", "PutMany", "Delete", "DeleteRange"])
def test_every_kind_of_write_is_drawn(kind: str) -> None:
    """No kind is out of reach."""

    def is_of_kind(operation: Operation) -> bool:
        return type(operation).__name__ == kind

    assert find(operations(), is_of_kind, settings=settings(database=None)).table in TABLES


def test_edges_of_keys_and_values_are_drawn() -> None:
    """The empty and the longest key, and a value larger than a page."""
    quick = settings(database=None)
    assert b"" == find(keys(), lambda key: key == b"", settings=quick)
    assert 490 == len(find(keys(), lambda key: len(key) > 400, settings=quick))
    assert 4096 < len(find(values(), lambda value: len(value) > 4096, settings=quick))


def test_the_names_of_the_package_are_there() -> None:
    """Also those that are imported late."""
    assert all(getattr(testing, name) for name in testing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = testing.nothing


def test_clock_and_oracle_do_not_import_hypothesis() -> None:
    """It is no runtime dependency."""
    program = "import mvcc.testing, sys; sys.exit('hypothesis' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
