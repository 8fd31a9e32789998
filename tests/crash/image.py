"""A folder that shows one power cut after another, at the cost of what differs between them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.crash.cuts import Kept, Remains
from tests.crash.disk import SECTOR, File, sector_in, sectors_of

UNTOUCHED_NS = 1
"""The time of change of a file that nobody has written to since."""


@dataclass(slots=True)
class Shown:
    """What stands in a file of the folder."""

    file: File
    position: int
    """In `file.changed`: the durable sectors are those of then."""
    other: set[int]
    """Sectors that are not in their durable form."""
    size: int


class Image:
    """The folder. `rename` gives the name that a file has after the cut, from its name before."""

    def __init__(self, folder: Path, rename: Callable[[str], str] = str) -> None:
        self.folder = folder
        self._rename = rename
        self._shown: dict[str, Shown] = {}
        folder.mkdir(parents=True)

    def show(self, remains: Remains) -> None:
        """Makes the folder what a cut left. A mapped file's content is what is there, or zeros."""
        files = {self._rename(path): kept for path, kept in remains.files.items()}
        self._clear(files, remains.folders)
        for path in remains.folders:
            (self.folder / path).mkdir(exist_ok=True)
        for path, kept in files.items():
            self._show_file(path, kept)

    def _clear(self, files: dict[str, Kept], folders: tuple[str, ...]) -> None:
        """Removes what is not to be there."""
        pending = [""]
        while pending:
            at = pending.pop()
            with os.scandir(self.folder / at) as entries:
                for entry in entries:
                    path = f"{at}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        if path in folders:
                            pending.append(f"{path}/")
                        else:
                            shutil.rmtree(entry.path)
                    elif path not in files:
                        os.unlink(entry.path)  # noqa: PTH108 - a Path for each would cost more

    def _show_file(self, path: str, kept: Kept) -> None:
        full = f"{self.folder}/{path}"
        fd = os.open(full, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not kept.file.mapped:
                self._write(fd, path, kept)
            os.ftruncate(fd, kept.size)
            os.utime(fd, ns=(UNTOUCHED_NS, UNTOUCHED_NS))
        finally:
            os.close(fd)

    def _write(self, fd: int, path: str, kept: Kept) -> None:
        shown = self._shown.get(path)
        file, now = kept.file, os.fstat(fd)
        if (
            shown is None
            or shown.file is not file
            or (now.st_mtime_ns, now.st_size) != (UNTOUCHED_NS, shown.size)
        ):
            os.ftruncate(fd, 0)
            os.pwrite(fd, kept.content(), 0)
        else:
            stale = shown.other.union(file.changed[shown.position :], kept.sectors)
            stale.update(sectors_of(shown.size, kept.size))
            _write_sectors(fd, kept, sorted(stale))
        self._shown[path] = Shown(file, len(file.changed), set(kept.sectors), kept.size)


def _write_sectors(fd: int, kept: Kept, sectors: list[int]) -> None:
    """Writes these sectors as they are after the cut, those in a row at once."""
    if not sectors:
        return
    first, run = sectors[0], []
    for sector, after in pairwise([*sectors, -1]):
        form = kept.sectors.get(sector)
        run.append(sector_in(kept.file.durable, sector) if form is None else form)
        if after != sector + 1:
            os.pwrite(fd, b"".join(run), first * SECTOR)
            first, run = after, []
