"""Processes of their own, for what is counted from outside: memory and system calls."""

from __future__ import annotations

import os
from pathlib import Path

import mvcc


def environment() -> dict[str, str]:
    """This process's environment, in which a child finds the package that runs here."""
    root = str(Path(mvcc.__file__).parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
