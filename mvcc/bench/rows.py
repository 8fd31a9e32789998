"""What is to be reached, once: every row of the table, and what is known of peers that pip does not bring.

A row belongs to a question, and to the lanes that the question fills (`mvcc.bench.questions`).
"""

from __future__ import annotations

from collections.abc import Sequence

from mvcc.bench.figures import Pair, Row

DISK_PEERS = ("lmdb", "rocksdict", "sqlite3", "plyvel", "badger", "wiredtiger")

PUBLISHED: dict[str, dict[str, float]] = {
    "load": {"badger": 249 / 796, "wiredtiger": 913 / 796},
    "batch_put": {"badger": 281 / 36, "wiredtiger": 139 / 36},
    "single_put": {"badger": 4635 / 2260, "wiredtiger": 6436 / 2260},
    "get": {"badger": 115 / 640, "wiredtiger": 360 / 640},
    "scan": {"badger": 1437 / 3504, "wiredtiger": 16942 / 3504},
    "full": {"badger": 59 / 1532, "wiredtiger": 323 / 1532},
}
"""Badger 2 and WiredTiger 11.3 as multiples of py-lmdb, measured once on one machine: they need Go and a C
build, so that no run here measures them."""

BADGER_INCREMENT_S = 0.38
"""Badger's incremental of 20,000 changes in 2,000,000 rows, on a machine where py-lmdb scans"""
BADGER_SCAN_PER_S = 3_504_000
"""so many rows a second."""

ROWS: tuple[Row, ...] = (
    Row(
        "load",
        "N sorted keys, 10,000 a commit; LMDB by put, a call a key",
        *("load", "mvcc", ("lmdb",), 0.8, 1.0),
        limit="packing rows, then building the tree; a version is 17 bytes larger than LMDB's row",
    ),
    Row(
        "load, LMDB's putmulti",
        "the same against one call a commit",
        *("load", "mvcc", ("lmdb putmulti",), None),
    ),
    Row(
        "ingest",
        "N sorted keys in one call, against LMDB's load by put",
        *("ingest", "mvcc", ("lmdb",), 1.5, 2.5),
        limit="taking pairs apart under the GIL, building the tree, the disk: a third each",
    ),
    Row(
        "ingest, columns",
        "the same from two numpy arrays",
        *("ingest", "mvcc columns", ("lmdb",), None),
    ),
    Row(
        "batch_put",
        "1,000 random keys a commit, 200 commits, against the best peer",
        *("batch_put", "mvcc", DISK_PEERS, 1.3, 2.0),
        limit="two flushes a commit, and packing rows in Python",
    ),
    Row(
        "single_put",
        "one random key a commit",
        *("single_put", "mvcc", ("rocksdict",), 0.8, 0.9),
        limit="two flushes a commit (data, then the meta page), where RocksDB needs one",
    ),
    Row(
        "single_put, 8 threads",
        "the same from 8 threads",
        *("single_put 8", "mvcc", ("rocksdict",), 1.0, 1.5),
        limit="commits that wait for each other; group commit shares a flush",
    ),
    Row(
        "sustained",
        "random puts, 1,000 a commit, until the log is back under its limit",
        *("sustained", "mvcc", ("rocksdict",), 0.8, 1.2),
        limit="merges, which write a page for each leaf that they touch, between the commits",
    ),
    Row(
        "sustained, longest commit",
        "merges beside",
        *("sustained", "mvcc longest commit", (), 100, 30, "lower"),
        unit="ms",
        limit="the slices of a merge, and the disk's own pauses",
    ),
    Row(
        "sustained at 10 N",
        "the same into 10 N rows",
        *("sustained at 10 N", "mvcc", ("rocksdict",), 0.5, 1.0),
        limit="merges: the more leaves there are, the fewer entries each gets",
    ),
    Row(
        "sustained at 10 N, longest commit",
        "the same",
        *("sustained at 10 N", "mvcc longest commit", (), 100, 30, "lower"),
        unit="ms",
        limit="the slices of a merge, and the disk's own pauses",
    ),
    Row(
        "get",
        "random keys, a call each, against LMDB with a transaction each",
        *("get", "mvcc", ("lmdb own transaction",), 0.7, 0.9, "higher", "cpu"),
        limit="one crossing of the boundary, one read transaction, one CRC",
    ),
    Row(
        "get, RocksDB",
        "the same against RocksDB",
        *("get", "mvcc", ("rocksdict",), 3.0, None, "higher", "cpu"),
        limit="as get",
    ),
    Row(
        "get_many",
        "1,000 keys a call, against LMDB's get in one transaction",
        *("get", "mvcc get_many", ("lmdb",), 1.2, 1.6, "higher", "cpu"),
        limit="the search in the tree, and bytes objects made one by one",
    ),
    Row(
        "scan",
        "all rows as tuples, against LMDB",
        *("scan", "mvcc", ("lmdb",), 0.7, 1.0, "higher", "cpu"),
        limit="three Python objects a row",
    ),
    Row(
        "scan, RocksDB",
        "the same against RocksDB",
        *("scan", "mvcc", ("rocksdict",), 1.2, None, "higher", "cpu"),
        limit="as scan",
    ),
    Row(
        "scan in batches",
        "all rows as columns, against LMDB's tuples",
        *("scan", "mvcc batches", ("lmdb",), 4.0, 6.0, "higher", "cpu"),
        limit="the walk in C: LMDB's cursor and the CRCs",
    ),
    Row(
        "full, lz4",
        "full backup, files synced, against LMDB's compacting copy",
        *("full", "mvcc lz4", ("lmdb",), 0.8),
        limit="the walk, the compression and SHA-256 of both cores, then the disk",
    ),
    Row(
        "full, zstd",
        "the same with zstd",
        *("full", "mvcc zstd", ("lmdb",), 0.5),
        limit="zstd: 400 MB/s a core",
    ),
    Row(
        "full at 10 N, lz4",
        "the same of 10 N rows",
        *("full at 10 N", "mvcc lz4", ("lmdb",), 0.8, 1.3),
        limit="as full; here the disk's steady rate",
    ),
    Row(
        "full at 10 N, zstd",
        "the same with zstd",
        *("full at 10 N", "mvcc zstd", ("lmdb",), 0.5),
        limit="zstd: 400 MB/s a core",
    ),
    Row(
        "export",
        "microseconds of one core a row, into memory, without compression",
        *("export", "mvcc none", (), 0.15, 0.08, "lower", "cpu"),
        limit="the walk and its CRCs, and the block builder",
    ),
    Row(
        "incr",
        "N/100 keys changed: time of an incremental over Badger's, scaled by LMDB's scan",
        *("incr", "mvcc", ("badger",), 0.2, 0.05, "lower"),
        limit="the syncs of the destination's files, and one look-up a changed key",
    ),
    Row(
        "incr at 10 N",
        "as many changes in 10 N rows: time over that at N",
        *("incr at 10 N", "mvcc at 10 N", ("mvcc at N",), 1.3, None, "lower"),
        limit="a deeper tree, and changes on more leaves",
    ),
    Row(
        "restore",
        "full and incremental into a new store, in rows a second, against LMDB's load by put",
        *("restore", "mvcc", ("lmdb",), 1.5, 2.5),
        limit="two readings of the files (digests, then blocks) on one core, then the disk",
    ),
    Row(
        "history, get",
        "10 versions a key: time AS OF the first over time AS OF now",
        *("history", "get, first", ("get, now",), 2.0, 1.2, "lower", "cpu"),
        limit="versions of a key lie side by side: the search is as deep for each",
    ),
    Row(
        "history, scan",
        "the same of a scan",
        *("history", "scan, first", ("scan, now",), 2.0, 1.2, "lower", "cpu"),
        limit="every version of a key is walked over",
    ),
    Row(
        "history, full",
        "the same of a full backup with lz4",
        *("history", "full, first", ("full, now",), 2.0, 1.2, "lower"),
        limit="every version of a key is walked over",
    ),
    *(
        Row(
            f"memory of a {what}{at}",
            "MiB, the highest RssAnon of its process, the interpreter included",
            *(f"memory{at}", what, (), 256, 128, "lower", "cpu"),
            limit="files under way: one a worker, in blocks",
        )
        for at in ("", " at 10 N")
        for what in ("backup", "restore")
    ),
)


def with_published(question: str, pair: Pair) -> dict[str, float]:
    """A pair with what its own measurement of LMDB says of the peers that are not measured."""
    name = question.removesuffix(" at 10 N")
    more = {
        peer: pair["lmdb"] * factor
        for peer, factor in PUBLISHED.get(name, {}).items()
        if "lmdb" in pair
    }
    if name == "incr" and "lmdb scan" in pair:
        more["badger"] = BADGER_INCREMENT_S * BADGER_SCAN_PER_S / pair["lmdb scan"]
    return {**pair, **more}


def rows_of(question: str, rows: Sequence[Row] = ROWS) -> list[Row]:
    """The rows that a question answers."""
    return [row for row in rows if row.question == question]
