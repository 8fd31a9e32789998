"""The changes that the library demo makes: which files go, what sources become. Pure functions."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

TEST_FOLDERS = (b"test", b"tests")
MINIMUM_SHARE = 0.05
EVERY = 10

Row = tuple[bytes, bytes]
T = TypeVar("T")


def removals(keys: Sequence[bytes]) -> list[bytes]:
    """The keys in test folders; every tenth key where those are too few to matter."""
    tests = [key for key in keys if any(part in TEST_FOLDERS for part in key.split(b"/")[:-1])]
    return tests if len(tests) >= MINIMUM_SHARE * len(keys) else list(keys[::EVERY])


def rewritten(source: bytes) -> bytes | None:
    """The same Python program as `ast.unparse` writes it; None where it does not parse."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.unparse(ast.parse(source)).encode()
    except (SyntaxError, ValueError, RecursionError):
        return None


def batches(rows: Iterable[Row], max_bytes: int) -> Iterator[list[Row]]:
    """Cuts rows into lists of about so many bytes, each of which makes one commit."""
    batch: list[Row] = []
    size = 0
    for key, value in rows:
        batch.append((key, value))
        size += len(key) + len(value)
        if size >= max_bytes:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def up_to(rows: Iterable[Row], max_bytes: int) -> Iterator[Row]:
    """The first rows, as far as they fit into so many bytes."""
    left = max_bytes
    for key, value in rows:
        left -= len(key) + len(value)
        if left < 0:
            return
        yield key, value
