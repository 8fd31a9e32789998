"""What callers hand in, made into what the engine takes: keys, values and spans as `bytes`, checked.

Bytes-like input is copied here, once, so that nothing later depends on a buffer the caller may
change. Everything is refused before anything is written. Knows no table and no transaction.
"""

from __future__ import annotations

from collections.abc import Iterable

from mvcc.engine.interface import MAX_KEY_BYTES, MAX_VALUE_BYTES
from mvcc.errors import (
    InvalidArgumentError,
    InvalidSpanError,
    KeyTooLongError,
    ValueTooLargeError,
)
from mvcc.types import BytesLike

Bounds = tuple[bytes | None, bytes | None]
"""`start <= key < end`; None is unbounded."""


def as_key(key: BytesLike) -> bytes:
    """A key as bytes. TypeError, InvalidArgumentError, KeyTooLongError."""
    data = key if type(key) is bytes else as_bytes(key, "key")
    if len(data) > MAX_KEY_BYTES:
        raise KeyTooLongError(length=len(data), limit=MAX_KEY_BYTES)
    return data


def as_value(value: BytesLike) -> bytes:
    """A value as bytes. TypeError, InvalidArgumentError, ValueTooLargeError."""
    data = value if type(value) is bytes else as_bytes(value, "value")
    if len(data) > MAX_VALUE_BYTES:
        raise ValueTooLargeError(length=len(data), limit=MAX_VALUE_BYTES)
    return data


def as_bytes(data: BytesLike, argument: str) -> bytes:
    """A copy of any C-contiguous bytes-like object. TypeError, InvalidArgumentError."""
    if isinstance(data, str):
        raise TypeError(f"a {argument} is bytes, not str: write {argument}.encode()")
    try:
        buffer = memoryview(data)
    except TypeError:
        raise TypeError(
            f"a {argument} is bytes-like, not {type(data).__name__}: pass bytes"
        ) from None
    if not buffer.c_contiguous:
        raise InvalidArgumentError(
            argument=argument,
            given="a buffer that is not C-contiguous",
            hint="Pass a copy: bytes(buffer), or array.copy() for numpy.",
        )
    return buffer.tobytes()


def as_keys(keys: Iterable[BytesLike]) -> list[bytes]:
    """Many keys, in their order. TypeError for one str or bytes object in place of many."""
    if isinstance(keys, str | bytes | bytearray | memoryview):
        raise TypeError(f"keys is an iterable of keys, not one {type(keys).__name__}: write [key]")
    return [
        key if type(key) is bytes and len(key) <= MAX_KEY_BYTES else as_key(key) for key in keys
    ]


def as_bounds(start: BytesLike | None, end: BytesLike | None) -> Bounds:
    """A span's bounds as bytes. InvalidSpanError where it starts after its end."""
    first = None if start is None else as_bytes(start, "start")
    last = None if end is None else as_bytes(end, "end")
    if first is not None and last is not None and first > last:
        raise InvalidSpanError(start=first, end=last)
    return _clipped(first, last)


def as_scan_bounds(
    start: BytesLike | None, end: BytesLike | None, prefix: BytesLike | None
) -> Bounds:
    """The bounds that a scan's arguments mean. InvalidSpanError, InvalidArgumentError."""
    if prefix is None:
        return as_bounds(start, end)
    if start is not None or end is not None:
        raise InvalidArgumentError(
            argument="prefix",
            given="given together with start or end",
            hint="Pass either a prefix, or start and end.",
        )
    data = as_bytes(prefix, "prefix")
    return _clipped(data, after_prefix(data))


def _clipped(first: bytes | None, last: bytes | None) -> Bounds:
    """The same keys between bounds that are no longer than a key can be."""
    if first is not None and len(first) > MAX_KEY_BYTES:
        first = after_prefix(first[:MAX_KEY_BYTES])
        if first is None:
            return b"", b""
    if last is not None and len(last) > MAX_KEY_BYTES:
        last = after_prefix(last[:MAX_KEY_BYTES])
    return first, last


def after(key: bytes) -> bytes | None:
    """The next key that can be; None where there is none."""
    return key + b"\x00" if len(key) < MAX_KEY_BYTES else after_prefix(key)


def after_prefix(prefix: bytes) -> bytes | None:
    """The first key above every key with this prefix; None where there is none."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None


def as_limit(limit: int | None) -> int | None:
    """A limit of rows. InvalidArgumentError below 0."""
    if limit is not None and limit < 0:
        raise InvalidArgumentError(
            argument="limit", given=repr(limit), hint="Pass a number of rows, or None for all."
        )
    return limit
