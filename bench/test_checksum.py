"""How fast CRC-32C is: every byte that is read or written passes through it."""

from __future__ import annotations

from collections.abc import Callable

from mvcc._native._core import ffi, lib

BLOCK_BYTES = 1 << 20


def test_checksum_of_one_mebibyte(benchmark: Callable[..., int]) -> None:
    """1 MiB at once; the time is per call."""
    block = bytes(BLOCK_BYTES)
    data = ffi.from_buffer(block)
    assert benchmark(lib.mv_crc32c, 0, data, BLOCK_BYTES) == lib.mv_crc32c(0, data, BLOCK_BYTES)
