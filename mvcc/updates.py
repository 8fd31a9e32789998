"""Writes that depend on what is there, on one table in a unit of work.

Written once, for tables in transactions and for live ones, which run each in a unit of its own.
"""

from __future__ import annotations

from mvcc.arguments import Bounds, as_value
from mvcc.errors import ConditionFailedError, IntegerOverflowError, NotAnIntegerError
from mvcc.types import ANY, Anything, BytesLike
from mvcc.work import WorkTable

Expected = BytesLike | Anything | None
"""What a key must hold for a write to take place: bytes, None (absent), or ANY."""

INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1


def replace(table: WorkTable, key: bytes, value: bytes, expected: Expected) -> None:
    """Sets a key that holds what is expected. ConditionFailedError."""
    _require(table, key, table.get(key), expected)
    table.set_many({key: value})


def remove(table: WorkTable, key: bytes, expected: Expected = ANY) -> bool:
    """Deletes a key that holds what is expected; False where it is absent. ConditionFailedError."""
    found = table.get(key)
    _require(table, key, found, expected)
    if found is None:
        return False
    table.set_many({key: None})
    return True


def remove_many(table: WorkTable, keys: list[bytes]) -> int:
    """Deletes the keys that are there; gives how many."""
    unique = list(dict.fromkeys(keys))
    values = table.get_many(unique)
    found = [key for key, value in zip(unique, values, strict=True) if value is not None]
    table.set_many(dict.fromkeys(found))
    return len(found)


def remove_span(table: WorkTable, bounds: Bounds) -> int:
    """Deletes the keys of a span; gives how many."""
    keys = table.keys_in(bounds)
    table.set_many(dict.fromkeys(keys))
    return len(keys)


def increment(table: WorkTable, key: bytes, by: int) -> int:
    """Adds to an int64 in 8 bytes, big-endian; gives the sum.

    IntegerOverflowError, NotAnIntegerError; TypeError where `by` is no int.
    """
    if not isinstance(by, int):
        raise TypeError(f"by is an int, not {type(by).__name__}")
    found = table.get(key)
    if found is not None and len(found) != 8:
        raise NotAnIntegerError(key=key, length=len(found), table=table.entry.name)
    total = by + (int.from_bytes(found, "big", signed=True) if found is not None else 0)
    if not INT64_MIN <= total <= INT64_MAX:
        raise IntegerOverflowError(key=key, by=by, table=table.entry.name)
    table.set_many({key: total.to_bytes(8, "big", signed=True)})
    return total


def _require(table: WorkTable, key: bytes, actual: bytes | None, expected: Expected) -> None:
    if isinstance(expected, Anything):
        return
    wanted = None if expected is None else as_value(expected)
    if actual != wanted:
        raise ConditionFailedError(key=key, actual=actual, table=table.entry.name)
