"""Two processes on one store: each sees what the other commits, drops and follows."""

from __future__ import annotations

import base64
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import mvcc
from mvcc.errors import TableNotFoundError, TransactionRetryError

NAME = "bank.accounts"
ROOT = Path(__file__).resolve().parents[2]


def elsewhere(code: str, *args: str) -> str:
    """Runs code in a process of its own, to its end; gives what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, mvcc\npath = sys.argv[1]\n{code}", *args],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


DROP_AND_MAKE_ANEW = f"""
with mvcc.open(path) as store:
    store.drop_table({NAME!r})
    store.create_table({NAME!r})[b"k"] = b"theirs"
"""


@pytest.fixture
def store(tmp_path: Path) -> mvcc.Store:
    """A store on disk with one row; each test closes it."""
    store = mvcc.open(tmp_path / "store")
    store.create_table(NAME)[b"k"] = b"ours"
    return store


def test_a_table_dropped_by_another_process_is_gone(store: mvcc.Store) -> None:
    """For handles that were there before; the new one of the same name is another table."""
    with store:
        table = store[NAME]
        txn = store.transaction()
        txn[NAME][b"k"] = b"stray"
        elsewhere(DROP_AND_MAKE_ANEW, store.path)
        with pytest.raises(TableNotFoundError):
            table.get(b"k")
        with pytest.raises(TableNotFoundError):
            table.put(b"k", b"stray")
        with pytest.raises(TransactionRetryError):
            txn.commit()
        assert b"theirs" == store[NAME][b"k"]


def test_what_another_process_commits_is_read_and_followed(store: mvcc.Store) -> None:
    """By a handle that is open all the time."""
    with store, store.changes(store.stats().last_commit, follow=True) as feed:
        elsewhere(f'with mvcc.open(path) as s: s[{NAME!r}][b"k"] = b"theirs"', store.path)
        assert b"theirs" == store[NAME][b"k"]
        change = next(each for each in feed if isinstance(each, mvcc.Change))
        assert (NAME, b"k", b"theirs") == (change.table, change.key, change.value)


def test_a_transaction_conflicts_with_another_process(store: mvcc.Store) -> None:
    """As with another thread."""
    with store:
        txn = store.transaction()
        txn[NAME].increment(b"n")
        elsewhere(f'with mvcc.open(path) as s: s[{NAME!r}].increment(b"n")', store.path)
        with pytest.raises(TransactionRetryError):
            txn.commit()
        assert 2 == store[NAME].increment(b"n")


def test_a_snapshot_travels_to_another_process(store: mvcc.Store) -> None:
    """It reads its instant there, while the store goes on here."""
    with store, store.snapshot() as snap:
        store[NAME][b"k"] = b"newer"
        data = base64.b64encode(pickle.dumps(snap)).decode()
        store.gc(before=store.now())
        printed = elsewhere(
            f"""
import base64, pickle
with pickle.loads(base64.b64decode(sys.argv[2])) as snap:
    print(snap.timestamp, snap[{NAME!r}][b"k"].decode())
""",
            store.path,
            data,
        )
        assert f"{snap.timestamp} ours" == printed
