"""What a store must answer, said as simply as possible: a dict of versions, and loops over it.

The truth that tests compare a store with, so it imports no part of one. Nothing here is clever: each
answer is taken from the definition. Windows of time are `since < t <= until`, spans of keys are
`start <= key < end`, and None is unbounded, as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from mvcc.timestamp import Timestamp

Versions = list[tuple[Timestamp, bytes | None]]  # oldest first; None: deleted


class Oracle:
    """Tables of versions. Commits are told to it in the order of their timestamps.

    Several writes told with one timestamp are one commit, in which the later write of a key counts: put
    and then deleted, it has a deletion there, whatever it held before.
    """

    def __init__(self) -> None:
        self._tables: dict[str, dict[bytes, Versions]] = {}

    # What was committed.

    def put(self, table: str, key: bytes, value: bytes, at: Timestamp) -> None:
        """A commit at `at` set a key."""
        self._write(table, key, value, at)

    def delete(self, table: str, key: bytes, at: Timestamp) -> bool:
        """A commit at `at` deleted a key; False where it was absent, which writes nothing."""
        present = self.get(table, key, at) is not None
        if present:
            self._write(table, key, None, at)
        return present

    def delete_range(
        self, table: str, start: bytes | None, end: bytes | None, at: Timestamp
    ) -> int:
        """A commit at `at` deleted the keys of a span; gives how many there were."""
        doomed = [key for key, _ in self.scan(table, at, start, end)]
        return sum(self.delete(table, key, at) for key in doomed)

    def _write(self, table: str, key: bytes, value: bytes | None, at: Timestamp) -> None:
        versions = self._tables.setdefault(table, {}).setdefault(key, [])
        if versions and versions[-1][0] == at:
            versions.pop()
        assert not versions or versions[-1][0] < at, "commits are told in order"
        versions.append((at, value))

    # What can be read.

    def get(self, table: str, key: bytes, at: Timestamp) -> bytes | None:
        """The value of a key at an instant; None where it is absent."""
        newest = None
        for timestamp, value in self._tables.get(table, {}).get(key, []):
            if timestamp <= at:
                newest = value
        return newest

    def scan(
        self,
        table: str,
        at: Timestamp,
        start: bytes | None = None,
        end: bytes | None = None,
        *,
        prefix: bytes = b"",
        reverse: bool = False,
        limit: int | None = None,
    ) -> list[tuple[bytes, bytes]]:
        """The (key, value) of a span at an instant, in key order or backwards."""
        rows = []
        for key in sorted(self.keys(table), reverse=reverse):
            inside = (start is None or start <= key) and (end is None or key < end)
            value = self.get(table, key, at)
            if inside and key.startswith(prefix) and value is not None:
                rows.append((key, value))
        return rows[:limit]

    def keys(self, table: str) -> list[bytes]:
        """Every key that was ever written, live or not, in order."""
        return sorted(self._tables.get(table, {}))

    def history(
        self,
        table: str,
        key: bytes,
        since: Timestamp | None = None,
        until: Timestamp | None = None,
    ) -> Versions:
        """The versions of a key in a window, newest first."""
        versions = self._tables.get(table, {}).get(key, [])
        return [version for version in reversed(versions) if _inside(version[0], since, until)]

    def changes(
        self, since: Timestamp, until: Timestamp | None = None, table: str | None = None
    ) -> list[tuple[Timestamp, str, bytes, bytes | None]]:
        """What was committed in a window: (timestamp, table, key, value), sorted by the first three."""
        found = [
            (timestamp, name, key, value)
            for name, key, versions in self._all(table)
            for timestamp, value in versions
            if _inside(timestamp, since, until)
        ]
        return sorted(found, key=lambda change: change[:3])

    def diff(
        self, older: Timestamp, newer: Timestamp, table: str | None = None
    ) -> list[tuple[str, bytes, bytes | None, bytes | None]]:
        """The keys that differ at two instants: (table, key, before, after), sorted."""
        found = [
            (name, key, self.get(name, key, older), self.get(name, key, newer))
            for name, key, _ in self._all(table)
        ]
        return sorted(
            (row for row in found if row[2] != row[3]), key=lambda difference: difference[:2]
        )

    def gc(self, before: Timestamp) -> int:
        """Forgets the versions that no read at `before` or later sees; gives how many."""
        forgotten = 0
        for _, _, versions in self._all(None):
            old = [version for version in versions if version[0] <= before]
            keep = [version for version in old[-1:] if version[1] is not None]
            versions[: len(old)] = keep
            forgotten += len(old) - len(keep)
        return forgotten

    def _all(self, table: str | None) -> Iterator[tuple[str, bytes, Versions]]:
        for name, keys in self._tables.items():
            if table in (None, name):
                for key, versions in keys.items():
                    yield name, key, versions


def _inside(timestamp: Timestamp, since: Timestamp | None, until: Timestamp | None) -> bool:
    return (since is None or since < timestamp) and (until is None or timestamp <= until)
