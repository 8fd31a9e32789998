"""Rows to put into one table, in columns: how many rows reach an engine without an object for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mvcc.types import BytesLike

Lengths: TypeAlias = "NDArray[np.uint32]"


@dataclass(frozen=True, slots=True)
class Column:
    """Fields one after the other, and the length of each."""

    data: BytesLike
    lengths: Lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[bytes]:
        data = memoryview(self.data).cast("B")
        ends = np.cumsum(self.lengths, dtype=np.uint64).tolist()
        return (bytes(data[start:end]) for start, end in pairwise((0, *ends)))


Part: TypeAlias = tuple[Column, Column]
"""Some rows: their keys, their values."""


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Rows in parts. Of a key that comes twice the later row counts."""

    parts: Sequence[Part]

    def __len__(self) -> int:
        return sum(len(keys) for keys, _ in self.parts)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """The rows as (key, value)."""
        return chain.from_iterable(zip(keys, values, strict=True) for keys, values in self.parts)

    def joined(self) -> Part:
        """The rows in one part."""
        if len(self.parts) == 1:
            return self.parts[0]
        return _join([keys for keys, _ in self.parts]), _join([values for _, values in self.parts])


def _join(columns: Sequence[Column]) -> Column:
    lengths = [np.empty(0, np.uint32), *(column.lengths for column in columns)]
    return Column(b"".join(column.data for column in columns), np.concatenate(lengths))
