"""Folders of files as input: every regular file is a key, its path as bytes, and a value, its bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mvcc.engine.interface import MAX_KEY_BYTES

SKIPPED_FOLDERS = (b"__pycache__", b"site-packages", b"dist-packages")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file and the key that it has in the store."""

    key: bytes
    path: Path


@dataclass(slots=True)
class LeftOut:
    """Files that did not go in, counted by the reason."""

    long_paths: int = 0
    unreadable: int = 0
    special: int = 0
    """Sockets, devices and the like."""


def find(root: Path, left_out: LeftOut, prefix: bytes = b"") -> list[SourceFile]:
    """Every file below a folder, in the order of the keys: the path relative to it, after the prefix."""
    base = os.fsencode(root)
    found = []
    for folder, folders, names in os.walk(base):
        folders[:] = [each for each in folders if each not in SKIPPED_FOLDERS]
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118 - a path of bytes
            key = prefix + os.path.relpath(path, base)
            if len(key) > MAX_KEY_BYTES:
                left_out.long_paths += 1
            else:
                found.append(SourceFile(key, Path(os.fsdecode(path))))
    return sorted(found, key=lambda file: file.key)


def read(files: Iterable[SourceFile], left_out: LeftOut) -> Iterator[tuple[bytes, bytes]]:
    """(key, bytes) of each file; what cannot be read is counted."""
    for file in files:
        try:
            if stat.S_ISREG(file.path.stat().st_mode):
                yield file.key, file.path.read_bytes()
            else:
                left_out.special += 1
        except OSError:
            left_out.unreadable += 1
