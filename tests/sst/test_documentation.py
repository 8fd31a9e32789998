"""docs/format/sst.md says of the golden file what it holds."""

from __future__ import annotations

import re
from pathlib import Path

from tests.sst.build import TESTDATA

PAGE = Path(__file__).resolve().parents[2] / "docs" / "format" / "sst.md"
ROW = re.compile(r"^\| (\d+) \| (\d+) \| `([0-9a-f .]+)` \|", re.MULTILINE)


def test_the_table_of_bytes_is_the_golden_file() -> None:
    """The rows of the example cover the file without a gap, and each shows the bytes that stand there."""
    data, at = (TESTDATA / "hello.sst").read_bytes(), 0
    for offset, length, shown in ROW.findall(PAGE.read_text(encoding="utf-8")):
        begin, _, end = shown.partition(" .. ")
        part = data[at : at + int(length)]
        assert (at, int(length)) == (int(offset), len(part))
        assert part.startswith(bytes.fromhex(begin)) and part.endswith(bytes.fromhex(end))
        assert end or part == bytes.fromhex(begin)
        at += int(length)
    assert len(data) == at
