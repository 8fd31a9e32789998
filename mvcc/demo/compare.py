"""Compares rows with the input: key by key, by digest or by the bytes themselves.

Both sides are streams, so that neither has to fit into memory: rows come from a store, what is expected
from the input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mvcc.demo.report import Comparison

MAX_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Digest:
    """What is remembered of a value that was read."""

    size: int
    sha256: bytes

    @classmethod
    def of(cls, value: bytes) -> Digest:
        """The digest of a value."""
        return cls(len(value), hashlib.sha256(value).digest())


@dataclass(slots=True)
class Tally:
    """Counts what is equal and what is not."""

    name: str
    keys: int = 0
    size: int = 0
    """Bytes of the keys and values compared."""
    differences: int = 0
    examples: list[str] = field(default_factory=list)

    def compare(self, key: bytes, value: bytes, equal: bool) -> None:
        """Counts a key that is there on both sides."""
        self.keys += 1
        self.size += len(key) + len(value)
        if not equal:
            self.differ(f"{_name(key)} holds other bytes than the input")

    def missing(self, key: bytes) -> None:
        """Counts a key that the input has and the store has not."""
        self.differ(f"{_name(key)} is missing")

    def unexpected(self, key: bytes) -> None:
        """Counts a key that the store has and the input has not."""
        self.differ(f"{_name(key)} should not be there")

    def differ(self, what: str) -> None:
        """Counts a difference."""
        self.differences += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(what)

    def result(self) -> Comparison:
        """The counts so far."""
        return Comparison(self.name, self.keys, self.size, self.differences, tuple(self.examples))


def compare_digests(
    name: str, rows: Iterable[tuple[bytes, bytes]], expected: Mapping[bytes, Digest]
) -> Comparison:
    """Compares every row of a table with the digests of what it should hold."""
    tally = Tally(name)
    absent = set(expected)
    for key, value in rows:
        if key not in absent:
            tally.unexpected(key)
            continue
        absent.remove(key)
        tally.compare(key, value, Digest.of(value) == expected[key])
    for key in sorted(absent):
        tally.missing(key)
    return tally.result()


def _name(key: bytes) -> str:
    return key.decode("utf-8", "backslashreplace")
