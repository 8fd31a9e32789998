"""Commits through the log: what stands where, what merges must not change, threads that share a flush."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import lmdb
import pytest

from mvcc.engine.interface import ChangesRequest, ScanRequest, Span, WriteBatch
from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.errors import InvalidArgumentError, StorageError, TransactionRetryError
from tests.engine.elsewhere import Elsewhere
from tests.engine.steps import merge_step

TABLE = 100
LARGE = 70_000  # bytes of a value that is not written to the log
SMALL_LOG = 64 << 10


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LMDBEngine]:
    """An engine that merges only when it is told to."""
    with closing(open_engine(tmp_path / "s")) as opened:
        yield opened


def put(engine: LMDBEngine, **rows: str | None) -> int:
    """One commit."""
    batch = WriteBatch()
    for key, value in rows.items():
        batch.add(TABLE, key.encode(), None if value is None else value.encode())
    return engine.commit(batch)


def rows_of(engine: LMDBEngine, at: int | None = None) -> list[tuple[bytes, bytes | None, int]]:
    """Every version that a view shows."""
    with closing(engine.view(at)) as view:
        page = engine.scan(ScanRequest(Span(TABLE), revisions=True), view=view)
        backwards = engine.scan(ScanRequest(Span(TABLE), revisions=True, reverse=True), view=view)
    rows = list(zip(page.keys, page.values, page.timestamps, strict=True))
    other = zip(backwards.keys, backwards.values, backwards.timestamps, strict=True)
    assert rows == list(other)[::-1]
    return rows


# -- what stands where ---------------------------------------------------------------------------


def test_a_commit_goes_to_the_log(engine: LMDBEngine) -> None:
    """Nothing is merged yet."""
    put(engine, a="1", b="2")
    found = engine.info()
    assert (2, 0, 0) == (found.log_rows, found.merged, found.direct)


def test_a_large_value_goes_to_data_at_once(engine: LMDBEngine) -> None:
    """It raises `direct` to its commit, and the rest of the commit stands in the log."""
    timestamp = put(engine, a="x" * LARGE, b="2")
    found = engine.info()
    assert (1, timestamp) == (found.log_rows, found.direct)


def test_a_newer_small_value_hides_a_large_one(engine: LMDBEngine) -> None:
    """A hit in memory that is above `direct` is final."""
    put(engine, a="x" * LARGE)
    put(engine, a="small")
    assert b"small" == engine.get(TABLE, b"a")


def test_a_newer_large_value_hides_a_small_one(engine: LMDBEngine) -> None:
    """A hit in memory that is not above `direct` is compared with `data`."""
    put(engine, a="small")
    put(engine, a="x" * LARGE)
    assert b"x" * LARGE == engine.get(TABLE, b"a")


def test_a_merge_empties_the_log(engine: LMDBEngine) -> None:
    """Everything is in `data`, and the memory is given back."""
    timestamp = put(engine, a="1", b="2")
    engine.get(TABLE, b"a")
    engine.merge()
    found = engine.info()
    assert (0, 0, 2, timestamp, 0) == (
        found.log_rows,
        found.mem_rows,
        found.versions,
        found.merged,
        found.frozen,
    )


def test_a_slice_of_large_rows_ends_early(tmp_path: Path) -> None:
    """It is a transaction that commits wait for."""
    rows = 1000
    with closing(open_engine(tmp_path / "s", log_limit=1 << 30)) as engine:
        keys = [b"%04d" % (7 * n % rows) for n in range(rows)]
        engine.commit(WriteBatch([TABLE] * rows, list(keys), [bytes(60_000)] * rows))
        merge_step(engine, rows)  # freezes
        merge_step(engine, rows)
        found = engine.info()
        assert (
            0 < found.versions - found.log_rows < 700
        )  # two slices, if the engine's thread adds one


def test_a_merge_of_nothing_does_nothing(engine: LMDBEngine) -> None:
    """Twice is once."""
    put(engine, a="1")
    engine.merge()
    before = engine.info()
    engine.merge()
    assert before == engine.info()


def test_a_merge_changes_no_read(engine: LMDBEngine) -> None:
    """All versions at all instants, and what was committed when, before and after it."""
    stamps = [put(engine, a="1", b="2"), put(engine, a=None, c="3"), put(engine, a="4", b="5")]
    before = [rows_of(engine, at) for at in stamps]
    changes = engine.changes(ChangesRequest(0))
    engine.merge()
    assert (before, changes) == (
        [rows_of(engine, at) for at in stamps],
        engine.changes(ChangesRequest(0)),
    )


def test_versions_of_a_key_are_joined_over_log_and_data(engine: LMDBEngine) -> None:
    """Scans of both directions go through both."""
    first = put(engine, a="1", c="1")
    engine.merge()
    second = put(engine, a="2", b="2")
    assert [
        (b"a", b"2", second),
        (b"a", b"1", first),
        (b"b", b"2", second),
        (b"c", b"1", first),
    ] == rows_of(engine)


def test_a_deletion_in_the_log_hides_what_stands_in_data(engine: LMDBEngine) -> None:
    """For points and for scans."""
    put(engine, a="1")
    engine.merge()
    put(engine, a=None)
    with closing(engine.view()) as view:
        assert (None, []) == (
            engine.get(TABLE, b"a"),
            engine.scan(ScanRequest(Span(TABLE)), view=view).keys,
        )


def test_a_scan_goes_on_in_the_same_place_after_a_merge(engine: LMDBEngine) -> None:
    """Pages before and after it make one scan."""
    put(engine, a="1", b="2", c="3", d="4")
    with closing(engine.view()) as view:
        first = engine.scan(ScanRequest(Span(TABLE), max_rows=2), view=view)
        put(engine, b="new", e="5")
        engine.merge()
        assert first.resume is not None
        second = engine.scan(first.resume, view=view)
    assert [b"1", b"2", b"3", b"4"] == first.values + second.values


def test_a_log_above_its_limit_is_merged_in_the_background(tmp_path: Path) -> None:
    """Nobody asks for it, and no row is lost."""
    with closing(open_engine(tmp_path / "s", log_limit=SMALL_LOG)) as engine:
        commits = 0
        while engine.info().merged == 0:
            put(engine, **{f"key{commits}": "x" * 1000})
            commits += 1
            assert commits < 100_000
        assert commits == len(rows_of(engine))


def test_another_process_reads_what_stands_in_the_log(tmp_path: Path) -> None:
    """It fills memtables of its own."""
    with closing(open_engine(tmp_path / "s")) as engine:
        put(engine, a="1")
        program = (
            "import sys; from mvcc.engine.lmdb import open_engine;"
            f"print(open_engine(sys.argv[1]).get({TABLE}, b'a').decode())"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "s")]
        assert "1\n" == subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_process_that_only_reads_gives_the_memory_of_a_merged_log_back(tmp_path: Path) -> None:
    """The merge was another one's, and nothing is committed after it."""
    with closing(open_engine(tmp_path / "s")) as engine, closing(Elsewhere()) as elsewhere:
        last = put(engine, a="1", b="2")
        elsewhere.call("open", str(tmp_path / "s"), 0)
        elsewhere.call("rows", TABLE, last, 1)
        before = elsewhere.call("memory")
        engine.merge()
        elsewhere.call("rows", TABLE, last, 1)
        assert (2, 0) == (before, elsewhere.call("memory"))


def test_a_store_that_is_opened_again_reads_its_log(tmp_path: Path) -> None:
    """Nothing depends on a merge."""
    with closing(open_engine(tmp_path / "s")) as engine:
        put(engine, a="1")
    with closing(open_engine(tmp_path / "s")) as engine:
        assert (b"1", 1) == (engine.get(TABLE, b"a"), engine.info().log_rows)


def test_a_merge_that_was_begun_is_ended_by_whoever_comes_next(tmp_path: Path) -> None:
    """A killed process leaves a frozen log; the next commits of another one end the merge."""
    program = (
        "import os, sys; from mvcc.engine.interface import WriteBatch;"
        "from mvcc.engine.lmdb import open_engine\n"
        f"engine = open_engine(sys.argv[1], log_limit={SMALL_LOG}); n = 0\n"
        "while not engine.info().frozen:\n"
        f"    engine.commit(WriteBatch([{TABLE}], [b'%d' % n], [bytes(30000)])); n += 1\n"
        "print(n, flush=True)\n"
        "os._exit(0)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "s")]
    written = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    with closing(open_engine(tmp_path / "s")) as engine:
        engine.merge()
        assert (written, 0, 0) == (
            len(rows_of(engine)),
            engine.info().log_rows,
            engine.info().frozen,
        )


def test_a_large_commit_waits_for_merges_that_do_not_keep_up(tmp_path: Path) -> None:
    """It does as many slices as it brings bytes, so that the log does not grow without bound."""
    rows = 200_000
    keys = [[b"%d%06d" % (part, 7 * n % rows) for n in range(rows)] for part in range(2)]
    batches = [WriteBatch([TABLE] * rows, list(each), [bytes(50)] * rows) for each in keys]
    with closing(open_engine(tmp_path / "s", log_limit=1)) as engine:
        first = engine.commit(batches[0])  # its log is frozen at once
        put(engine, a="1")  # stands in a log that is far above the limit
        engine.commit(batches[1])
        assert first <= engine.info().sorted


def test_programs_that_commit_once_and_end_sort_the_log_too(tmp_path: Path) -> None:
    """Each of them moves some rows, however soon it ends."""
    program = (
        "import os, sys; from mvcc.engine.interface import WriteBatch;"
        "from mvcc.engine.lmdb import open_engine\n"
        f"engine = open_engine(sys.argv[1], log_limit={SMALL_LOG}); n = 100_000\n"
        f"batch = WriteBatch([{TABLE}] * n, [b'%06d' % (7 * i % n) for i in range(n)], [bytes(50)] * n)\n"
        "engine.commit(batch)\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "s")], check=True)
    moved = []
    for n in range(4):
        with closing(open_engine(tmp_path / "s", log_limit=SMALL_LOG)) as engine:
            found = engine.info()
            moved.append(found.versions - found.log_rows)
            put(engine, **{f"key{n}": "x"})
    assert moved == sorted(set(moved))


# -- batches -------------------------------------------------------------------------------------


def test_a_key_that_stands_twice_in_a_batch_is_refused(engine: LMDBEngine) -> None:
    """Of two versions at one timestamp only one could be read."""
    batch = WriteBatch([TABLE] * 3, [b"a", b"b", b"a"], [b"1", b"2", b"3"])
    with pytest.raises(InvalidArgumentError):
        engine.commit(batch)
    assert 0 == engine.last_commit()


def test_the_same_key_of_two_tables_is_no_duplicate(engine: LMDBEngine) -> None:
    """Tables have keys of their own."""
    engine.commit(WriteBatch([TABLE, TABLE + 1], [b"a", b"a"], [b"1", b"2"]))
    assert [b"1", b"2"] == [engine.get(TABLE, b"a"), engine.get(TABLE + 1, b"a")]


def test_threads_that_commit_at_once_get_timestamps_of_their_own(engine: LMDBEngine) -> None:
    """However many share an LMDB transaction."""
    stamps: list[int] = []

    def work(name: int) -> None:
        stamps.extend(put(engine, **{f"{name}-{n}": "x"}) for n in range(50))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = rows_of(engine)
    assert (400, sorted(set(stamps))) == (len(found), sorted(ts for _, _, ts in found))


def test_a_batch_that_is_refused_fails_alone(engine: LMDBEngine) -> None:
    """Those that it shares a transaction with commit."""
    put(engine, a="1")
    engine.commit(WriteBatch([1], [b"catalog"], [b"row"]))
    refused: list[str] = []

    def stale() -> None:
        for n in range(50):
            try:
                engine.commit(WriteBatch([TABLE], [b"stale%d" % n], [b"x"]), catalog_ts=1)
            except TransactionRetryError as error:
                refused.append(error.reason)

    thread = threading.Thread(target=stale)
    thread.start()
    for n in range(50):
        put(engine, **{f"good{n}": "x"})
    thread.join()
    assert (51, ["catalog"] * 50) == (len(rows_of(engine)), refused)


def test_a_batch_that_does_not_fit_fails_alone(tmp_path: Path) -> None:
    """LMDB gives the whole transaction up; the others are tried again without it."""
    with closing(open_engine(tmp_path / "s", map_size=16 << 20)) as engine:
        failed: list[StorageError] = []

        def large() -> None:
            for n in range(5):
                try:
                    engine.commit(WriteBatch([TABLE], [b"large%d" % n], [bytes(32 << 20)]))
                except StorageError as error:
                    failed.append(error)

        thread = threading.Thread(target=large)
        thread.start()
        for n in range(50):
            put(engine, **{f"good{n}": "x"})
        thread.join()
        assert (50, 5) == (len(rows_of(engine)), len(failed))


# -- collection behind merges --------------------------------------------------------------------


def test_what_is_older_than_gc_ttl_is_collected_behind_a_merge(tmp_path: Path) -> None:
    """Nobody asks for it; the newest versions stay."""
    with closing(open_engine(tmp_path / "s", log_limit=SMALL_LOG, gc_ttl_us=1)) as engine:
        commits = 0
        while engine.info().gc_threshold == 0 or engine.info().versions >= commits:
            put(engine, key="x" * 1000)
            commits += 1
            assert commits < 100_000
        assert b"x" * 1000 == engine.get(TABLE, b"key")


def test_a_gc_ttl_of_zero_collects_behind_merges_too(tmp_path: Path) -> None:
    """It is the shortest one, not none."""
    with closing(open_engine(tmp_path / "s", log_limit=SMALL_LOG, gc_ttl_us=0)) as engine:
        commits = 0
        while engine.info().gc_threshold == 0:
            put(engine, key="x" * 1000)
            commits += 1
            assert commits < 3_000


@pytest.mark.parametrize("gc_ttl_us", [None, (1 << 52) + 1, 60_000 * 86_400_000_000, (1 << 63) - 1])
def test_without_gc_ttl_or_with_one_of_centuries_merges_collect_nothing(
    tmp_path: Path, gc_ttl_us: int | None
) -> None:
    """Every version stays: as a timestamp such a time to live would not fit into 64 bits."""
    with closing(open_engine(tmp_path / "s", log_limit=SMALL_LOG, gc_ttl_us=gc_ttl_us)) as engine:
        merges, commits = {0}, 0
        while len(merges) < 6:
            put(engine, key="x" * 1000)
            merges.add(engine.info().merged)
            commits += 1
        assert (0, commits) == (engine.info().gc_threshold, len(rows_of(engine)))


def last_transaction(folder: Path) -> int:
    """The number of LMDB's last commit."""
    with lmdb.open(str(folder), readonly=True, lock=False) as env:
        return int(env.info()["last_txnid"])


def test_a_collection_that_finds_nothing_commits_no_slice(tmp_path: Path) -> None:
    """Its slices cost no sync: only the threshold is published."""
    with closing(open_engine(tmp_path / "s")) as engine:
        last = put(engine, a="1", b="2")
        engine.gc(last)
    before = last_transaction(tmp_path / "s")
    with closing(open_engine(tmp_path / "s")) as engine:
        engine.gc(last)
    assert before + 1 == last_transaction(tmp_path / "s")


@pytest.mark.parametrize("ttl", [(1 << 52) + 1, 1 << 70])
def test_a_gc_ttl_of_centuries_collects_nothing(tmp_path: Path, ttl: int) -> None:
    """Also one, in microseconds, that is longer than all time that timestamps can tell."""
    with closing(open_engine(tmp_path / "s", log_limit=SMALL_LOG, gc_ttl_us=ttl)) as engine:
        commits = 0
        while engine.info().merged == 0:
            put(engine, key="x" * 1000)
            commits += 1
        for _ in range(200):
            put(engine, key="x" * 1000)
        assert 0 == engine.info().gc_threshold
        assert commits + 200 == len(rows_of(engine))
