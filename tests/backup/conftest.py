"""Fixtures: a world, empty or with a chain of three layers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backup.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty store and an empty destination."""
    world = World(tmp_path)
    with world.store:
        yield world


@pytest.fixture
def chain(world: World) -> World:
    """A full backup of two tables in several files, and two increments with puts and deletions."""
    world.create("bank.accounts")
    world.create("shop.orders")
    world.write("bank.accounts", {b"%03d" % each: b"v" * 100 for each in range(100)})
    world.write("shop.orders", {b"a": b"1", b"b": b"2"})
    world.backup(file_size=4096)
    world.write("bank.accounts", {b"%03d" % each: None for each in range(0, 100, 7)})
    world.backup(incremental=True, file_size=4096)
    world.write("bank.accounts", {b"050": b"new", b"900": b"newer"})
    world.write("shop.orders", {b"a": None, b"c": b"3"})
    world.backup(incremental=True, file_size=4096)
    return world


@pytest.fixture
def small(world: World) -> World:
    """A full backup and an increment of one table, one file each, and a write since."""
    world.create("bank.accounts")
    world.write("bank.accounts", {b"a": b"1", b"b": b"2"})
    world.backup()
    world.write("bank.accounts", {b"a": None})
    world.backup(incremental=True)
    world.write("bank.accounts", {b"more": b"x"})
    return world
