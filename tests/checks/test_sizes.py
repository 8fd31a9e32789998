"""The report of sizes counts right and fails where something is too large."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SIZES = Path(__file__).resolve().parent / "sizes.py"


def report(root: Path) -> subprocess.CompletedProcess[str]:
    """Runs the report over a folder."""
    return subprocess.run(
        [sys.executable, SIZES, root], capture_output=True, text=True, check=False
    )


def python_function(lines: int) -> str:
    """A Python function of so many lines, its docstring not counted."""
    return 'def work():\n    """One.\n\n    Two.\n    """\n' + "    x = 1\n" * (lines - 1)


def c_function(lines: int) -> str:
    """A C function of so many lines, from its signature to its brace."""
    return "static int\nwork(int a,\n     int b)\n{\n" + "    a = b;\n" * (lines - 5) + "}\n"


@pytest.mark.parametrize(
    ("name", "text", "status"),
    [
        ("mvcc/a.py", python_function(50), 0),
        ("mvcc/a.py", python_function(51), 1),
        ("csrc/a.c", "/* Text. */\n" + c_function(50), 0),
        ("csrc/a.c", "/* Text. */\n" + c_function(51), 1),
        ("csrc/base/a.h", "int x;\n" * 500, 0),
        ("csrc/base/a.h", "int x;\n" * 501, 1),
    ],
)
def test_the_limit_is_the_last_size_that_passes(
    tmp_path: Path, name: str, text: str, status: int
) -> None:
    """A file of 500 lines and a function of 50 pass, one line more fails."""
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    done = report(tmp_path)
    assert status == done.returncode, done.stdout + done.stderr
    assert ("TOO LARGE" in done.stdout) == bool(status)


def test_the_name_of_a_function_is_told(tmp_path: Path) -> None:
    """A C function is named with its file and first line."""
    path = tmp_path / "csrc" / "a.c"
    path.parent.mkdir()
    path.write_text("int x;\n\n" + c_function(10), encoding="utf-8")
    assert "    10  csrc/a.c:3 work\n" in report(tmp_path).stdout
