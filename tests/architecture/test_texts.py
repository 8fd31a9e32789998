"""No tracked file names a place of one machine or leaves something undone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The words are put together here, so that this file does not hold them itself.
LEFT_OVER = (
    "TO" + "DO",
    "FIX" + "ME",
    "XX" + "X",
    "NotImplemented" + "Error",
    "pragma: no " + "cover",
)
FORBIDDEN = {
    "a path of one machine": re.compile(
        r"(?<![\w.])/(home|root|Users|work|farm)/|/tmp/[a-z]+[-_/]"
    ),
    "something left over": re.compile(r"\b(" + "|".join(LEFT_OVER) + r")\b"),
}


def tracked_texts() -> dict[str, str]:
    """Every tracked file that is text."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    texts = {}
    for name in filter(None, names):
        path = ROOT / name
        if not path.is_file():
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return texts


def findings(text: str) -> list[str]:
    """Each line that holds something forbidden, with what it is."""
    return [
        f"{number}: {what}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in FORBIDDEN.items()
        if pattern.search(line)
    ]


def test_no_file_holds_what_belongs_elsewhere() -> None:
    """No line of a tracked text is forbidden."""
    texts = tracked_texts()
    assert "README.md" in texts
    assert {} == {name: found for name, text in texts.items() if (found := findings(text))}


@pytest.mark.parametrize("line", ["cd /ro" + "ot/x", "see /ho" + "me/me/notes", *LEFT_OVER])
def test_a_forbidden_line_is_seen(line: str) -> None:
    """The check itself: one planted line each."""
    assert 1 == len(findings(f"before\n# {line} here\nafter"))


@pytest.mark.parametrize("line", ["https://example.org/home/", "/usr/share/common-licenses"])
def test_an_ordinary_line_passes(line: str) -> None:
    """Addresses and the system's own folders are no findings."""
    assert [] == findings(line)
