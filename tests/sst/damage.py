"""Damage done to a whole file, and what a reader may then say: that it is damaged, or what it said before."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from mvcc._native.sst import SSTReader, SSTRow, SSTStats
from mvcc.errors import FormatVersionError, SSTCorruptedError
from tests.sst.pyreader import FOOTER

Answer = tuple[dict[str, bytes], list[SSTRow], SSTStats]

EVERY_BIT = tuple(1 << bit for bit in range(8))
VERSION_FIELD = range(-12, -8)
CHECKSUM_FIELD = -FOOTER
SEQUENCE_NAME = b"global_seqno"


def answer(data: bytes) -> Answer:
    """Everything that can be asked of a file."""
    with SSTReader(data) as reader:
        return reader.properties(), list(reader.rows()), reader.verify()


def sequence_bytes(data: bytes) -> range:
    """The offsets of the global sequence number, which RocksDB may write over: no checksum holds them."""
    at = data.find(SEQUENCE_NAME) + len(SEQUENCE_NAME)
    return range(at, at + 8) if SEQUENCE_NAME in data else range(0)


def _refused_or_same(data: bytes, whole: Answer, unsupported: bool) -> bool:
    """Whether damage was seen; fails where it changed an answer."""
    try:
        got = answer(data)
    except SSTCorruptedError:
        return True
    except FormatVersionError:
        assert unsupported
        return True
    assert whole == got
    return False


def unseen_flips(data: bytes, masks: Iterable[int] = EVERY_BIT) -> set[int]:
    """Where a flip changes nothing, counted from the end; fails where one changes an answer."""
    whole, spared, unseen = answer(data), sequence_bytes(data), set()
    for at in range(len(data)):
        from_end = at - len(data)
        unsupported = from_end in VERSION_FIELD or from_end == CHECKSUM_FIELD
        for mask in () if at in spared else masks:
            damaged = data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
            if not _refused_or_same(damaged, whole, unsupported):
                unseen.add(from_end)
    return unseen


def assert_truncations_are_refused(data: bytes) -> None:
    """Whatever number of bytes is missing at either end."""
    for cut in range(len(data)):
        with pytest.raises(SSTCorruptedError):
            answer(data[:cut])
        with pytest.raises(SSTCorruptedError):
            answer(data[cut + 1 :])
