"""Faults for the demos to find."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import mvcc

Damage = Callable[[mvcc.Table], object]


def damage_value(table: mvcc.Table) -> None:
    """Flips one bit of one byte of one value."""
    key, value = next((key, value) for key, value in table.items() if value)
    table.put(key, bytes([value[0] ^ 1]) + value[1:])


def lose_a_key(table: mvcc.Table) -> None:
    """One key less."""
    table.delete(next(iter(table.keys())))


def add_a_key(table: mvcc.Table) -> None:
    """One key more."""
    table.put(b"\0", b"")


DAMAGES = (damage_value, lose_a_key, add_a_key)


def plant_in_restore(monkeypatch: pytest.MonkeyPatch, table: str, damage: Damage, nth: int) -> None:
    """Damages what the n-th restore has written."""
    restore = mvcc.restore
    paths: list[Path] = []

    def and_damage(uri: str, path: Path, *, as_of: mvcc.Timestamp) -> mvcc.Job:
        job = restore(uri, path, as_of=as_of)
        if len(paths) == nth:
            with mvcc.open(path, create=False) as store:
                damage(store[table])
        paths.append(path)
        return job

    monkeypatch.setattr(mvcc, "restore", and_damage)
