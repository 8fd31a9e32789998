"""CRC-32C against the test vectors of RFC 3720, appendix B.4."""

from __future__ import annotations

import pytest
from mvcc._native._core import ffi, lib

VECTORS = {
    bytes(32): 0x8A9136AA,
    b"\xff" * 32: 0x62A8AB43,
    bytes(range(32)): 0x46DD794E,
    bytes(range(31, -1, -1)): 0x113FDB5C,
    b"123456789": 0xE3069283,
}


@pytest.mark.parametrize(("data", "expected"), VECTORS.items())
def test_checksum_is_that_of_the_standard(data: bytes, expected: int) -> None:
    """The published checksum of each published input."""
    assert expected == lib.mv_crc32c(0, ffi.from_buffer(data), len(data))


@pytest.mark.parametrize("cut", range(10))
def test_checksum_of_parts_is_that_of_the_whole(cut: int) -> None:
    """A checksum may be continued at any byte."""
    data = ffi.from_buffer(b"123456789")
    first = lib.mv_crc32c(0, data, cut)
    assert lib.mv_crc32c(first, data + cut, 9 - cut) == 0xE3069283
