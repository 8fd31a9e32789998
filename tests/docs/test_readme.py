"""The examples of README.md run, and print what README.md says."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What differs from run to run: timestamps, the times that name backups, sizes of files.
VARYING = re.compile(
    r"\d{16}\.\d{4}|\d{4}/\d\d/\d\d-\d{6}\.\d\d|\d{8}/\d{6}\.\d\d|(?<= in )[\d,]+ B"
)


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_python_example_prints_its_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each `print(...)  # text` prints the text."""
    [source] = blocks("python")
    wanted = re.findall(r"print\(.*\)  # (.*)$", source, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "README.md", "exec"), {"__name__": "readme"})
    assert wanted
    assert wanted == printed.getvalue().splitlines()


def test_the_shell_example_prints_what_it_shows(tmp_path: Path) -> None:
    """Each command after `$`, in one shell, prints the lines below it."""
    [session] = blocks("console")
    commands = [line[2:] for line in session.splitlines() if line.startswith("$ ")]
    marked = "\n".join(f"echo {marker(n)}\n{each}" for n, each in enumerate(commands))
    function = f'mvcc() {{ "{sys.executable}" -m mvcc "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", function + marked],
        cwd=tmp_path,
        env={**os.environ, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "" == done.stderr
    shown = re.split(r"^\$ .*\n", session, flags=re.MULTILINE)[1:]
    printed = re.split(r"\n?== \d+\n", done.stdout)[1:]
    assert [(each, masked(text)) for each, text in zip(commands, shown, strict=True)] == [
        (each, masked(text)) for each, text in zip(commands, printed, strict=True)
    ]


def marker(number: int) -> str:
    """The line before a command's output."""
    return f"== {number}"


def masked(text: str) -> str:
    """Text without what differs from run to run, and with one line feed at the end of each line."""
    return VARYING.sub("...", "".join(f"{line}\n" for line in text.splitlines()))
