"""Golden collections: backups as some version of main wrote them, and what they must restore to for ever.

usage: python -m tests.backup.golden NUMBER

writes tests/testdata/collections/NUMBER: a collection of three layers, and `expected.json`, the content of
each table at the end of each layer, in hex. A change of the backup's format adds a number; what is there
is never written again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import mvcc
from mvcc.testing import ManualClock

COLLECTIONS = Path(__file__).resolve().parents[1] / "testdata" / "collections"
START_US = 1_795_000_000_000_000

Content = dict[str, dict[str, str]]
"""Table -> key -> value, in hex."""


def content(store: mvcc.Store) -> Content:
    """All that a store holds."""
    return {
        info.name: {key.hex(): value.hex() for key, value in store[info.name].items()}
        for info in store.tables()
    }


def write(folder: Path) -> None:
    """Makes the collection: every kind of change that a layer can hold."""
    clock = ManualClock(START_US)
    expected: dict[str, Content] = {}
    folder.mkdir(parents=True)
    with TemporaryDirectory() as scratch, mvcc.open(f"{scratch}/store", clock=clock) as store:

        def back_up(*, incremental: bool = False, revision_history: bool = False) -> None:
            clock.advance("1s")
            job = store.backup(
                folder / "collection",
                incremental=incremental,
                revision_history=revision_history,
                file_size=4096,
            )
            expected[str(int(job.timestamp))] = content(store)
            clock.advance("1s")

        accounts = store.create_table("bank.accounts")
        accounts.put_many((b"%04d" % n, b"balance of %d" % n) for n in range(300))
        accounts.put_many({b"": b"the empty key", b"\x00\xff" * 245: b"the longest key"})
        store.create_table("bank.empty")
        store.create_table("shop.dropped").put(b"key", b"value")
        back_up()
        accounts.delete_range(b"0100", b"0200")
        accounts.put_many((b"%04d" % n, b"") for n in range(0, 300, 50))
        store.drop_table("shop.dropped")
        store.create_table("shop.dropped").put(b"other", b"under the same name")
        back_up(incremental=True)
        for round_ in range(3):
            accounts.put(b"0000", b"round %d" % round_)
        accounts.delete(b"")
        back_up(incremental=True, revision_history=True)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True))


if __name__ == "__main__":
    write(COLLECTIONS / sys.argv[1])
