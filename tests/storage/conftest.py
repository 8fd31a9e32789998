"""The implementations that the conformance suite runs over: a new one is one entry here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mvcc.storage import Storage
from mvcc.storage.directory import Directory

Open = Callable[[], Storage]
"""Opens the same destination again, as another process would."""

IMPLEMENTATIONS: dict[str, Callable[[Path], Storage]] = {
    "directory": lambda folder: Directory(str(folder / "destination")),
}


@pytest.fixture(params=IMPLEMENTATIONS)
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens one destination of each kind, as often as it is called."""
    make = IMPLEMENTATIONS[request.param]
    return lambda: make(tmp_path)


@pytest.fixture
def storage(open_again: Open) -> Storage:
    """A destination of each kind, empty."""
    return open_again()


def put(storage: Storage, name: str, data: bytes) -> None:
    """Writes a whole file."""
    writer = storage.open_write(name)
    writer.write(data)
    writer.commit()


def get(storage: Storage, name: str) -> bytes:
    """Reads a whole file."""
    with storage.open_read(name) as file:
        return file.read()
