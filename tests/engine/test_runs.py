"""Runs between the log and `data`: with a tiny log, random commits are read back as a plain dict has them."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mvcc.engine.interface import ChangesRequest, Page, ScanRequest, Span, View, WriteBatch
from mvcc.engine.lmdb import LMDBEngine, open_engine

TABLE = 100
TINY_LOG = 16 << 10
KEYS = 3000
COMMITS = 800
LARGE = 70_000  # bytes of a value that goes to `data` at once

Versions = dict[bytes, list[tuple[int, bytes | None]]]


def random_batch(random_: random.Random) -> WriteBatch:
    """Puts and some deletes, now and then a large value."""
    batch = WriteBatch()
    for number in random_.sample(range(KEYS), random_.randint(1, 60)):
        size = LARGE if random_.random() < 0.01 else random_.choice([0, 5, 50, 300])
        value = None if random_.random() < 0.15 else bytes([random_.randrange(256)]) * size
        batch.add(TABLE, b"key%05d" % number, value)
    return batch


def newest(versions: list[tuple[int, bytes | None]], at: int) -> bytes | None:
    """What a read at an instant finds."""
    return next((value for timestamp, value in reversed(versions) if timestamp <= at), None)


def pages(engine: LMDBEngine, request: ScanRequest, view: View) -> Iterator[Page]:
    """A scan, page by page."""
    rest: ScanRequest | None = request
    while rest is not None:
        page = engine.scan(rest, view=view)
        yield page
        rest = page.resume


def compare(engine: LMDBEngine, view: View, oracle: Versions, max_rows: int) -> None:
    """Points, scans and revisions of both directions."""
    at = view.timestamp
    keys = sorted(oracle)
    expected = [(key, value) for key in keys if (value := newest(oracle[key], at)) is not None]
    found = engine.get_many(TABLE, keys, view=view)
    assert expected == [(k, v) for k, v in zip(keys, found, strict=True) if v is not None]
    versions = [(k, v, ts) for k in keys for ts, v in reversed(oracle[k]) if ts <= at]
    for reverse in (False, True):
        step = -1 if reverse else 1
        request = ScanRequest(Span(TABLE), reverse=reverse, max_rows=max_rows)
        rows = [
            row
            for page in pages(engine, request, view)
            for row in zip(page.keys, page.values, strict=True)
        ]
        assert expected[::step] == rows
        request = ScanRequest(Span(TABLE), reverse=reverse, revisions=True, max_rows=max_rows)
        all_rows = [
            row
            for page in pages(engine, request, view)
            for row in zip(page.keys, page.values, page.timestamps, strict=True)
        ]
        assert versions[::step] == all_rows


def changes(engine: LMDBEngine) -> list[tuple[int, bytes, bytes | None]]:
    """Everything that was committed, sorted."""
    found: list[tuple[int, bytes, bytes | None]] = []
    rest = ChangesRequest(0)
    while True:
        page = engine.changes(rest)
        found += zip(page.timestamps, page.keys, page.values, strict=True)
        if page.resume is None:
            return sorted(found, key=lambda row: row[:2])
        rest = page.resume


def run(folder: Path, random_: random.Random) -> None:
    """Commits, reads at random instants while logs are sorted and runs merged, and opens the store again."""
    oracle: Versions = {}
    stamps: list[int] = []
    most_runs = 0
    engine = open_engine(folder, log_limit=TINY_LOG)
    for number in range(COMMITS):
        batch = random_batch(random_)
        stamps.append(engine.commit(batch))
        for key, value in zip(batch.keys, batch.values, strict=True):
            oracle.setdefault(key, []).append((stamps[-1], value))
        most_runs = max(most_runs, engine.info().runs)
        if number % 50 == 0:
            with closing(engine.view(random_.choice([*stamps, *stamps[-5:]]))) as view:
                compare(engine, view, oracle, random_.choice([0, 100, 1000]))
        if random_.random() < 0.004:
            engine.close()
            engine = open_engine(folder, log_limit=TINY_LOG)
    with closing(engine):
        check_end(engine, oracle, stamps[-1])
    assert most_runs > 1, "no run was ever waiting: the test shows nothing"


def check_end(engine: LMDBEngine, oracle: Versions, last: int) -> None:
    """What was committed, verification, and reads once all is merged."""
    listed = [(ts, key, value) for key, rows in oracle.items() for ts, value in rows]
    assert sorted(listed, key=lambda row: row[:2]) == changes(engine)
    report = engine.verify()
    assert ((), len(listed)) == (report.problems, report.versions)
    engine.merge()
    with closing(engine.view()) as view:
        compare(engine, view, oracle, 0)
    info = engine.info()
    assert (0, 0, 0, last) == (info.runs, info.run_rows, info.log_rows, info.merged)


@pytest.mark.parametrize("attempt", range(2))
def test_random_commits_are_read_back_through_runs(tmp_path: Path, attempt: int) -> None:
    """At any instant, before, during and after merges."""
    seed = int(os.environ.get("MVCC_RUNS_SEED", random.randrange(1 << 32)))
    try:
        run(tmp_path / "s", random.Random(seed))
    except Exception as error:
        error.add_note(f"attempt {attempt}; again: MVCC_RUNS_SEED={seed} pytest {__file__}")
        raise
