"""What a store tells of the past: the differences of two instants, checked, and the history of one file."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import mvcc
from mvcc.demo.compare import Digest, Tally
from mvcc.demo.report import Comparison

DIFF_LINES = 8


@dataclass(frozen=True, slots=True)
class Instant:
    """A timestamp, and what a table has to hold as of it."""

    name: str
    timestamp: mvcc.Timestamp
    expected: Mapping[bytes, Digest]


def changed_keys(older: Instant, newer: Instant) -> set[bytes]:
    """The keys that the input says differ between two instants."""
    return {
        key
        for key in older.expected.keys() | newer.expected.keys()
        if older.expected.get(key) != newer.expected.get(key)
    }


def compare_diff(store: mvcc.Store, table: str, older: Instant, newer: Instant) -> Comparison:
    """Compares `store.diff` of two instants with what the input says has changed."""
    tally = Tally(f"diff to {newer.name}")
    absent = changed_keys(older, newer)
    for each in store.diff(older.timestamp, newer.timestamp, table):
        if each.key not in absent:
            tally.unexpected(each.key)
            continue
        absent.remove(each.key)
        equal = all(
            (None if value is None else Digest.of(value)) == side.expected.get(each.key)
            for value, side in ((each.before, older), (each.after, newer))
        )
        tally.compare(each.key, (each.before or b"") + (each.after or b""), equal)
    for key in sorted(absent):
        tally.missing(key)
    return tally.result()


def history_of_one(store: mvcc.Store, table: str, older: Instant, newer: Instant) -> Iterator[str]:
    """Tells of one file that changed between two instants: its versions, and the first lines that differ."""
    both = older.expected.keys() & newer.expected.keys()
    changed = sorted(changed_keys(older, newer) & both)
    if not changed:
        return
    key = changed[len(changed) // 2]
    versions = store[table].history(key)
    yield f"history of {key.decode('utf-8', 'backslashreplace')}:"
    for version in versions:
        yield f"  {version.timestamp}  {len(version.value or b''):,} B"
    new, old = (
        (version.value or b"").decode("utf-8", "replace").splitlines()
        for version in (versions[0], versions[-1])
    )
    lines = difflib.unified_diff(old, new, "before", "after", lineterm="", n=0)
    yield from (f"  {line}" for line in islice(lines, DIFF_LINES))
