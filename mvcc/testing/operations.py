"""Writes as values: each can be done to a store or a transaction, and told to an oracle.

`Commit` groups writes that happen at one instant; a list of commits is a history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from mvcc.testing.oracle import Oracle
from mvcc.timestamp import Timestamp
from mvcc.types import Writable


class Tables(Protocol):
    """Whatever gives tables by their names: a store, a transaction."""

    def __getitem__(self, name: str, /) -> Writable:
        """The table of this name."""
        ...


@dataclass(frozen=True, slots=True)
class Put:
    """Sets one key."""

    table: str
    key: bytes
    value: bytes

    def do(self, target: Tables) -> object:
        """Does it; gives what the call gave."""
        return target[self.table].put(self.key, self.value)

    def tell(self, oracle: Oracle, at: Timestamp) -> object:
        """Tells an oracle that it was committed; gives what the call should have given, if known."""
        oracle.put(self.table, self.key, self.value, at)
        return None


@dataclass(frozen=True, slots=True)
class PutMany:
    """Sets several keys; of equal keys the last counts."""

    table: str
    items: tuple[tuple[bytes, bytes], ...]

    def do(self, target: Tables) -> object:
        """Does it; gives what the call gave."""
        return target[self.table].put_many(self.items)

    def tell(self, oracle: Oracle, at: Timestamp) -> object:
        """Tells an oracle that it was committed; gives what the call should have given, if known."""
        for key, value in self.items:
            oracle.put(self.table, key, value, at)
        return None


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes one key, which may be absent."""

    table: str
    key: bytes

    def do(self, target: Tables) -> object:
        """Does it; gives what the call gave."""
        return target[self.table].delete(self.key)

    def tell(self, oracle: Oracle, at: Timestamp) -> object:
        """Tells an oracle that it was committed; gives what the call should have given, if known."""
        return oracle.delete(self.table, self.key, at)


@dataclass(frozen=True, slots=True)
class DeleteRange:
    """Deletes the keys of a span; None is unbounded."""

    table: str
    start: bytes | None
    end: bytes | None

    def do(self, target: Tables) -> object:
        """Does it; gives what the call gave."""
        return target[self.table].delete_range(self.start, self.end)

    def tell(self, oracle: Oracle, at: Timestamp) -> object:
        """Tells an oracle that it was committed; gives what the call should have given, if known."""
        return oracle.delete_range(self.table, self.start, self.end, at)


Operation: TypeAlias = Put | PutMany | Delete | DeleteRange


@dataclass(frozen=True, slots=True)
class Commit:
    """Writes that become visible together."""

    pause_us: int
    """How far the clock moves on before it."""
    operations: tuple[Operation, ...]
