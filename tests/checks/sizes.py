"""Lists the largest files and functions, and fails where one is larger than the limit.

A file over 500 lines or a function over 50 is two ideas. A Python function is counted without its docstring;
a C function is what stands between its first line and a closing brace in the first column, which the format
of this project guarantees.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE_LIMIT = 500
FUNCTION_LIMIT = 50
FOLDERS = ("mvcc", "csrc", "tests", "bench")
PATTERNS = ("*.py", "*.c", "*.h", "*.cc")
LISTED = 5

C_NAME = re.compile(r"(\w+)\s*\(")


@dataclass(frozen=True, slots=True)
class Size:
    """So many lines of a named thing."""

    lines: int
    name: str


def python_functions(text: str, name: str) -> Iterator[Size]:
    """Every function and method of a Python source."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node, clean=False) is not None:
                first = node.body[0]
                lines -= (first.end_lineno or first.lineno) - first.lineno + 1
            yield Size(lines, f"{name}:{node.lineno} {node.name}")


def c_functions(text: str, name: str) -> Iterator[Size]:
    """Every function of a C source, whose braces stand in the first column."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line != "{":
            continue
        begin = number
        while begin > 0 and lines[begin - 1] and not lines[begin - 1].endswith((";", "}", "*/")):
            begin -= 1
        end = next((i for i in range(number, len(lines)) if lines[i] == "}"), len(lines) - 1)
        found = C_NAME.findall(" ".join(lines[begin:number]))
        yield Size(end - begin + 1, f"{name}:{begin + 1} {found[0] if found else '?'}")


def largest_first(sizes: list[Size]) -> list[Size]:
    """The sizes in falling order."""
    return sorted(sizes, key=lambda size: (-size.lines, size.name))


def measure(root: Path) -> tuple[list[Size], list[Size]]:
    """The sizes of all files and of all functions under `root`, largest first."""
    files: list[Size] = []
    functions: list[Size] = []
    paths = [
        path
        for folder in FOLDERS
        for pattern in PATTERNS
        for path in (root / folder).rglob(pattern)
    ]
    for path in [*paths, *root.glob("*.py")]:
        name, text = str(path.relative_to(root)), path.read_text(encoding="utf-8")
        files.append(Size(len(text.splitlines()), name))
        functions += (python_functions if path.suffix == ".py" else c_functions)(text, name)
    return largest_first(files), largest_first(functions)


def main() -> int:
    """Prints the report; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path, nargs="?", default=Path())
    files, functions = measure(parser.parse_args().root)
    too_large = 0
    for title, sizes, limit in (
        ("files", files, FILE_LIMIT),
        ("functions", functions, FUNCTION_LIMIT),
    ):
        over = sum(size.lines > limit for size in sizes)
        too_large += over
        print(f"largest of {len(sizes)} {title} (limit {limit} lines, {over} over):")
        for size in sizes[: max(LISTED, over)]:
            print(f"{size.lines:6}  {size.name}{'  TOO LARGE' if size.lines > limit else ''}")
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
