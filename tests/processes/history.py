"""The history of a storm: every commit as `store.changes` tells it, compared with what was recorded.

A History takes changes in order, keeps the state that they lead to, and remembers each commit and the
digest of the whole table after it; nothing of the content stays in memory.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import mvcc
from tests.processes import content
from tests.processes.marks import Kind, Mark


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of a writer."""

    timestamp: int
    digest: bytes


@dataclass(slots=True)
class Comparison:
    """What comparing the records with the history has shown."""

    acked: int = 0
    refused: int = 0
    unanswered: int = 0
    """Killed between the two marks,"""
    unanswered_there: int = 0
    """and of these the commits that are there."""
    reads: int = 0
    longest_wait_ns: int = 0


@dataclass(slots=True)
class _Event:
    """What began at `at` and must be above every commit acknowledged before; or an acknowledgement."""

    at: int
    timestamp: int
    ends: bool


@dataclass
class History:
    """Commits in order. Every violation is an AssertionError that says what it saw."""

    timestamps: list[int] = field(default_factory=lambda: [0])
    digests: list[int] = field(default_factory=lambda: [0])
    """Of the whole table after each commit; before the first it is empty."""
    commits: dict[bytes, Commit] = field(default_factory=dict)
    """By stamp."""
    _hashes: dict[bytes, int] = field(default_factory=dict)
    _stamps: dict[int, bytes] = field(default_factory=dict)

    def add(self, changes: Iterable[mvcc.Change]) -> None:
        """The next changes, commits whole."""
        rows: dict[bytes, bytes | None] = {}
        timestamp = self.timestamps[-1]
        for change in changes:
            if change.timestamp.value != timestamp:
                self._end_commit(timestamp, rows)
                assert change.timestamp.value > timestamp, "timestamps do not rise"
                timestamp, rows = change.timestamp.value, {}
            assert change.key not in rows, f"{change.key!r} stands twice in a commit"
            rows[change.key] = change.value
        self._end_commit(timestamp, rows)

    def _end_commit(self, timestamp: int, rows: dict[bytes, bytes | None]) -> None:
        if not rows:
            return
        (marker,) = (key for key in rows if content.group_of(key) is None)
        (group,) = {content.group_of(key) for key in rows} - {None}
        assert group is not None
        told = rows[marker]
        assert told is not None
        read = content.parse(told)
        assert set(rows) == {marker, *content.keys_of(group)}, "a commit is not whole"
        values = [rows[key] for key in content.keys_of(group)]
        content.check_group(group, values)
        if values[0] is not None:
            assert content.parse(values[0]).stamp == read.stamp
        self._check_order(group, read, deletes=values[0] is None)
        assert read.stamp not in self.commits, f"{read.stamp!r} was committed twice"
        self.commits[read.stamp] = Commit(timestamp, content.digest_of(rows))
        self.timestamps.append(timestamp)
        self.digests.append(self._apply(rows))

    def _check_order(self, group: int, read: content.Read, *, deletes: bool) -> None:
        """What a transaction says it replaces is what was there: nothing came in between."""
        if read.before != content.NOTHING:
            assert self._stamps.get(group) == read.before, f"group {group}: a lost update"
        if deletes:
            self._stamps.pop(group, None)
        else:
            self._stamps[group] = read.stamp

    def _apply(self, rows: dict[bytes, bytes | None]) -> int:
        digest = self.digests[-1]
        for key, value in rows.items():
            digest -= self._hashes.pop(key, 0)
            if value is not None:
                self._hashes[key] = content.row_hash(key, value)
                digest += self._hashes[key]
        return digest % 2**64

    def digest_at(self, timestamp: int) -> int:
        """Of the whole table AS OF a timestamp."""
        return self.digests[bisect_right(self.timestamps, timestamp) - 1]

    # -- the records -----------------------------------------------------------------------------

    def compare(self, records: Mapping[tuple[str, int, int], Sequence[Mark]]) -> Comparison:
        """Compares with all record files, by role, slot and life of their processes."""
        found, known = Comparison(), set[bytes]()
        events: list[_Event] = []
        for (role, slot, life), marks in records.items():
            if role == "reader":
                self._compare_reads(marks, events, found)
            else:
                known |= self._compare_commits(slot, life, marks, events, found)
        unknown = self.commits.keys() - known
        assert not unknown, f"{len(unknown)} commits that nobody was about to make"
        check_real_time(events)
        return found

    def _compare_reads(
        self, marks: Sequence[Mark], events: list[_Event], found: Comparison
    ) -> None:
        for mark in marks:
            expected = self.digest_at(mark.timestamp).to_bytes(16)
            assert expected == mark.digest, f"a read at {mark.timestamp} saw what never was"
            events.append(_Event(mark.at, mark.timestamp + 1, ends=False))
            found.reads += 1

    def _compare_commits(
        self, slot: int, life: int, marks: Sequence[Mark], events: list[_Event], found: Comparison
    ) -> set[bytes]:
        abouts = {mark.number: mark for mark in marks if mark.kind is Kind.ABOUT}
        answers = {mark.number: mark for mark in marks if mark.kind is not Kind.ABOUT}
        known = set()
        for number, about in abouts.items():
            stamp = content.STAMP.pack(slot, life, number)
            commit, answer = self.commits.get(stamp), answers.get(number)
            if commit is not None:
                known.add(stamp)
                assert commit.digest == about.digest, f"{slot}, {life}, {number}: other content"
                events.append(_Event(about.at, commit.timestamp, ends=False))
            if answer is None:
                found.unanswered += 1
                found.unanswered_there += commit is not None
                continue
            found.longest_wait_ns = max(found.longest_wait_ns, answer.at - about.at)
            if answer.kind is Kind.REFUSED:
                found.refused += 1
                assert commit is None, f"{slot}, {life}, {number}: refused, and there"
                continue
            found.acked += 1
            assert commit is not None, f"{slot}, {life}, {number}: acknowledged, and lost"
            assert commit.timestamp == answer.timestamp
            events.append(_Event(answer.at, commit.timestamp, ends=True))
        return known


def check_real_time(events: list[_Event]) -> None:
    """What begins after an acknowledgement gets a higher timestamp, in whatever process."""
    newest = 0
    for event in sorted(events, key=lambda each: (each.at, each.ends)):
        if event.ends:
            newest = max(newest, event.timestamp)
        else:
            assert event.timestamp > newest, (
                f"{event.timestamp} began after {newest} was acknowledged"
            )
