"""Runs command lines in this process, and a store to run them on."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import mvcc
from mvcc.cli.main import main


@dataclass(frozen=True, slots=True)
class Result:
    """What a command gave."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        """Standard output as text."""
        return self.raw.decode()

    @property
    def json(self) -> Any:
        """Standard output as one document."""
        return json.loads(self.raw)

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.raw.splitlines()]


class Command:
    """The command `mvcc`."""

    def __init__(
        self, capture: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._capture = capture
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Result:
        """Runs one command line."""
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capture.readouterr()
        code = main([str(each) for each in arguments])
        out, err = self._capture.readouterr()
        return Result(code, out, err.decode())


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs `mvcc` in this process."""
    return Command(capsysbinary, monkeypatch)


@dataclass(frozen=True, slots=True)
class Bank:
    """A store on disk, closed, and instants of its past."""

    path: Path
    start: mvcc.Timestamp
    """alice has 100, bob has 0."""
    end: mvcc.Timestamp
    """alice has 70, carol (not UTF-8 in the value) is new, bob is gone."""


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """A store with one table and a little history."""
    path = tmp_path / "bank.mvcc"
    with mvcc.open(path) as store:
        accounts = store.create_table("bank.accounts")
        start = accounts.put_many({b"alice": b"100", b"bob": b"0"})
        accounts.put(b"alice", b"70")
        accounts.put(b"carol", b"\xff\x00")
        accounts.delete(b"bob")
        end = store.now()
    return Bank(path, start, end)
