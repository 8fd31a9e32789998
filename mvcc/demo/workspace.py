"""The folder that a demo works in: temporary and gone at the end, or one that the caller keeps."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mvcc.errors import StoreExistsError


@contextmanager
def workspace(keep: Path | None) -> Iterator[Path]:
    """An empty folder. Without `keep` it goes at the end, also when that is an error or Ctrl-C.

    StoreExistsError where `keep` holds something already.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="mvcc-demo-") as folder:
            yield Path(folder)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise StoreExistsError(
            path=str(keep), hint="Name a folder that is empty, or not there yet."
        )
    keep.mkdir(parents=True, exist_ok=True)
    yield keep


def folder_bytes(folder: Path) -> int:
    """The sizes of all files below a folder, added up."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def remove_folder(folder: Path) -> None:
    """Removes a folder and all that is in it."""
    shutil.rmtree(folder)
