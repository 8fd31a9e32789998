"""Every way to damage a collection that one file can suffer: done in place, and undone."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import mvcc
from mvcc.errors import MVCCError
from tests.backup.world import World

MANIFEST = "BACKUP_MANIFEST"

Change = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One damage: a name to print, and what does it."""

    name: str
    do: Change


class Target:
    """A collection on disk, which is put back after each damage."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.before = self._read()

    def _read(self) -> dict[Path, bytes]:
        paths = [path for path in self.root.rglob("*") if path.is_file()]
        return {path: path.read_bytes() for path in paths}

    @contextlib.contextmanager
    def damaged(self, *mutations: Mutation) -> Iterator[None]:
        """Damaged for a `with` block."""
        try:
            for mutation in mutations:
                with contextlib.suppress(FileNotFoundError):
                    mutation.do()
            yield
        finally:
            self._put_back()

    def _put_back(self) -> None:
        now = self._read()
        if now.keys() != self.before.keys():
            shutil.rmtree(self.root)
            now = {}
        for path, data in self.before.items():
            if now.get(path) != data:
                _put(path, data)

    def is_damaged(self) -> bool:
        """Whether anything is different now."""
        return self._read() != self.before

    def structural(self) -> Iterator[Mutation]:
        """Files removed, cut, extended, doubled, swapped, renamed, and taken from another layer."""
        files = sorted(self.before)
        for path in files:
            size = len(self.before[path])
            yield self._mutation("remove", path, path.unlink)
            for keep in sorted({0, 1, size // 2, size - 1}):
                yield self._mutation(f"cut to {keep}", path, _cut(path, keep))
            for more in (b"\0", b"\xff" * 4096, self.before[path]):
                yield self._mutation(f"extend by {len(more)}", path, _append(path, more))
            yield from self._renames(path)
        for one in files:
            for other in files:
                if one < other:
                    yield self._mutation(f"swap with {self._short(other)}", one, _swap(one, other))
                if one != other:
                    yield self._mutation(f"be {self._short(other)}", one, _replace(one, other))
        yield from self._layers()

    def flips(self, step: int = 1) -> Iterator[Mutation]:
        """One bit of every `step`-th byte of every file, another one each time."""
        for path, data in sorted(self.before.items()):
            for position in range(0, len(data), step):
                bit = 1 << (position // step) % 8
                yield self._mutation(f"flip {position}:{bit}", path, _flip(path, position, bit))

    def blocks(self, size: int = 512) -> Iterator[Mutation]:
        """Every block of every file zeroed, and doubled over the next one."""
        for path, data in sorted(self.before.items()):
            for start in range(0, len(data), size):
                block = data[start : start + size]
                if block != bytes(len(block)):
                    zeroed = data[:start] + bytes(len(block)) + data[start + size :]
                    yield self._mutation(f"zero at {start}", path, _write(path, zeroed))
                doubled = data[:start] + block + block + data[start + 2 * size :]
                if doubled != data:
                    yield self._mutation(f"double at {start}", path, _write(path, doubled))

    def pairs(self, rng: random.Random, count: int) -> Iterator[tuple[Mutation, Mutation]]:
        """Random pairs of all of these."""
        every = [*self.structural(), *self.flips(7), *self.blocks()]
        for _ in range(count):
            yield rng.choice(every), rng.choice(every)

    def _renames(self, path: Path) -> Iterator[Mutation]:
        if path.suffix == ".sst":
            for name in ("000999.sst", "1.sst", "00000001.sst"):
                other = path.with_name(name)
                yield self._mutation(f"rename to {name}", path, _rename(path, other))
                yield self._mutation(f"copy to {name}", path, _copy(path, other))
        else:
            yield self._mutation("rename", path, _rename(path, path.with_name("OLD")))

    def _layers(self) -> Iterator[Mutation]:
        """Whole layers moved, copied and put in the place of others."""
        folders = sorted(path.parent for path in self.before if path.name == MANIFEST)
        for one in folders:
            later = one.with_name(f"{one.name[:-2]}99")
            yield self._mutation("move the layer", one, _rename(one, later))
            yield self._mutation("copy the layer", one, _copy_tree(one, later))
            yield self._mutation("copy the manifest", one, _copy(one / MANIFEST, later / MANIFEST))
            for other in folders:
                if one != other:
                    name = f"be the layer {self._short(other)}"
                    yield self._mutation(name, one, _copy_tree(other, one))

    def _mutation(self, what: str, path: Path, do: Change) -> Mutation:
        return Mutation(f"{self._short(path)}: {what}", do)

    def _short(self, path: Path) -> str:
        return str(path.relative_to(self.root))


def _cut(path: Path, keep: int) -> Change:
    return lambda: _put(path, path.read_bytes()[:keep])


def _append(path: Path, more: bytes) -> Change:
    return lambda: _put(path, path.read_bytes() + more)


def _flip(path: Path, position: int, bit: int) -> Change:
    def do() -> None:
        data = bytearray(path.read_bytes())
        if position < len(data):
            data[position] ^= bit
        _put(path, bytes(data))

    return do


def _write(path: Path, data: bytes) -> Change:
    return lambda: _put(path, data)


def _swap(one: Path, other: Path) -> Change:
    def do() -> None:
        first, second = one.read_bytes(), other.read_bytes()
        _put(one, second)
        _put(other, first)

    return do


def _replace(one: Path, other: Path) -> Change:
    return lambda: _put(one, other.read_bytes())


def _copy(path: Path, other: Path) -> Change:
    return lambda: _put(other, path.read_bytes())


def _rename(path: Path, other: Path) -> Change:
    def do() -> None:
        if path.is_dir():
            shutil.rmtree(other, ignore_errors=True)
            shutil.copytree(path, other)
            shutil.rmtree(path)
        else:
            _put(other, path.read_bytes())
            path.unlink()

    return do


def _copy_tree(folder: Path, other: Path) -> Change:
    def do() -> None:
        shutil.rmtree(other, ignore_errors=True)
        shutil.copytree(folder, other)

    return do


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def refused(world: World, target: Target, *mutations: Mutation) -> str | None:
    """What is wrong with the answer to a damaged collection; None if it was refused as it should be.

    Damages that undo each other are no damage, and may be accepted.
    """
    names = " and ".join(each.name for each in mutations)
    path = world.folder / "target"
    with target.damaged(*mutations):
        try:
            mvcc.restore(world.destination, path)
        except MVCCError:
            left = world.left_over()
            wrong = f"left {left}" if left else ""
        else:
            shutil.rmtree(path)
            wrong = "accepted" if target.is_damaged() else ""
    return f"{names}: {wrong}" if wrong else None
