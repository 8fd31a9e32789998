"""Rows to put into one table, in columns: how many rows reach an engine without an object for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mvcc.types import BytesLike

Lengths: TypeAlias = "NDArray[np.uint32]"
Column: TypeAlias = "tuple[BytesLike, Lengths]"
"""Fields one after the other, and the length of each."""


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Columns of keys and values. Of a key that comes twice the later row counts."""

    key_bytes: BytesLike
    key_lens: Lengths
    value_bytes: BytesLike
    value_lens: Lengths

    def __len__(self) -> int:
        return len(self.key_lens)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """The rows as (key, value)."""
        return zip(
            _cut(self.key_bytes, self.key_lens),
            _cut(self.value_bytes, self.value_lens),
            strict=True,
        )


class Packer:
    """Columns that grow part by part."""

    def __init__(self) -> None:
        self._blobs = bytearray(), bytearray()
        self._lengths: tuple[list[Lengths], list[Lengths]] = [], []

    def add(self, keys: Column, values: Column) -> None:
        """Copies more rows."""
        for blob, lengths, column in zip(self._blobs, self._lengths, (keys, values), strict=True):
            blob += column[0]
            lengths.append(column[1])

    def rows(self) -> PackedRows:
        """All rows. The packer is done with."""
        keys, values = self._blobs
        key_lens, value_lens = (
            np.concatenate(lengths) if lengths else np.empty(0, np.uint32)
            for lengths in self._lengths
        )
        return PackedRows(keys, key_lens, values, value_lens)


def _cut(blob: BytesLike, lengths: Lengths) -> Iterator[bytes]:
    data = memoryview(blob).cast("B")
    ends = np.cumsum(lengths, dtype=np.uint64).tolist()
    return (bytes(data[start:end]) for start, end in pairwise((0, *ends)))
