"""CRC-32C, in hardware and portable, against the test vectors of RFC 3720, appendix B.4."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvcc._native._core import ffi, lib

CSRC = Path(__file__).resolve().parents[2] / "csrc"
VECTORS = {
    bytes(32): 0x8A9136AA,
    b"\xff" * 32: 0x62A8AB43,
    bytes(range(32)): 0x46DD794E,
    bytes(range(31, -1, -1)): 0x113FDB5C,
    b"123456789": 0xE3069283,
}

Checksum = Callable[[int, bytes], int]


def built_in(crc: int, data: bytes) -> int:
    """The checksum of the extension, which uses the hardware where it can."""
    value: int = lib.mv_crc32c(crc, ffi.from_buffer(data), len(data))
    return value


@pytest.fixture(scope="session")
def portable(tmp_path_factory: pytest.TempPathFactory) -> Checksum:
    """The form of the checksum for machines without an instruction for it."""
    library = tmp_path_factory.mktemp("portable") / "crc32c.so"
    command = ["gcc", "-std=c11", "-O2", "-shared", "-fPIC", "-DMVCC_CRC_PORTABLE", "-I", str(CSRC)]
    command += ["-o", str(library), str(CSRC / "base" / "mv_crc32c.c")]
    subprocess.run(command, check=True)
    function = ctypes.CDLL(str(library)).mv_crc32c
    function.restype = ctypes.c_uint32
    function.argtypes = [ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t]

    def checksum(crc: int, data: bytes) -> int:
        value: int = function(crc, data, len(data))
        return value

    return checksum


@pytest.mark.parametrize(("data", "expected"), VECTORS.items())
def test_checksum_is_that_of_the_standard(data: bytes, expected: int, portable: Checksum) -> None:
    """Both forms give the published checksum of each published input."""
    assert (expected, expected) == (built_in(0, data), portable(0, data))


@given(data=st.binary(max_size=100), start=st.integers(0, 2**32 - 1))
def test_both_forms_agree(data: bytes, start: int, portable: Checksum) -> None:
    """Hardware and portable form are one function."""
    assert built_in(start, data) == portable(start, data)


@pytest.mark.parametrize("cut", range(10))
def test_checksum_of_parts_is_that_of_the_whole(cut: int) -> None:
    """A checksum may be continued at any byte."""
    data = b"123456789"
    assert built_in(built_in(0, data[:cut]), data[cut:]) == 0xE3069283
