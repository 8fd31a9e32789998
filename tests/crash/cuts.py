"""Power cuts: what of the changes that are not durable is there afterwards, at random, or all or nothing.

A cut is a position in the recording and a variant. Variant 0 keeps only what is durable, 1 everything, the
others draw: from (seed, position, variant) alone, so that one cut can be had again without those before it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.crash.disk import SECTOR, Disk, File, Folder, NameChange, Node, sector_in

STRICT, ALL = 0, 1
SHARES = (0.1, 0.5, 0.9)

Keep = Callable[[int, int], bool]
"""Whether a sector is kept in the form that a change gave it: (number of the change, sector)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file after the cut: its durable sectors, but for these."""

    file: File
    size: int
    sectors: dict[int, bytes]

    def content(self) -> bytes:
        """All of it."""
        content = self.file.durable[: self.size]
        content.extend(bytes(self.size - len(content)))
        for sector, form in self.sectors.items():
            start = sector * SECTOR
            end = min(start + SECTOR, self.size)
            content[start:end] = form[: end - start]
        return bytes(content)


@dataclass(frozen=True, slots=True)
class Remains:
    """What a cut leaves: the files by path, and the folders, outer ones first."""

    files: dict[str, Kept]
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the changes that are not durable is kept."""

    sector: Keep
    size: Callable[[int], bool]
    name: Callable[[int], bool]
    garbage: Callable[[File], bytes]
    """What stands in a sector behind the durable end whose writes are all lost."""


def remains(disk: Disk, choice: Choice) -> Remains:
    """The folder after a cut."""
    names: dict[int, dict[str, Node]] = {}
    lost: list[NameChange] = []
    for change in disk.names:
        if choice.name(change.number) and change.only_with not in lost:
            folder = change.folder
            change.apply(names.setdefault(id(folder), dict(folder.durable)))
        else:
            lost.append(change)
    files: dict[str, Kept] = {}
    folders: list[str] = []

    def walk(folder: Folder, at: str) -> None:
        for name, node in names.get(id(folder), folder.durable).items():
            path = f"{at}{name}"
            if isinstance(node, Folder):
                folders.append(path)
                walk(node, f"{path}/")
            else:
                files[path] = keep(node, choice)

    walk(disk.root, "")
    return Remains(files, tuple(folders))


def keep(file: File, choice: Choice) -> Kept:
    """A file after a cut."""
    durable = len(file.durable)
    size = durable
    for number, each in file.sizes:
        if choice.size(number):
            size = each
    sectors = {}
    for sector, forms in file.pending.items():
        if sector * SECTOR >= size:
            continue
        for number, form in reversed(forms):
            if choice.sector(number, sector):
                sectors[sector] = form
                break
        else:
            if sector * SECTOR >= durable:
                sectors[sector] = choice.garbage(file)
    return Kept(file, size, sectors)


def choose(disk: Disk, variant: int, rng: random.Random) -> Choice:
    """The choice of a variant."""
    if variant in (STRICT, ALL):
        kept = variant == ALL
        return Choice(lambda *_: kept, lambda _: kept, lambda _: kept, lambda _: bytes(SECTOR))
    share = rng.choice(SHARES)
    name_share = rng.choice((0.5, 1.0))
    every_size = rng.random() < 0.5
    return Choice(
        sector=_sectors(disk, rng),
        size=lambda _: every_size or rng.random() < share,
        name=lambda _: rng.random() < name_share,
        garbage=_garbage(rng),
    )


def _sectors(disk: Disk, rng: random.Random) -> Keep:
    """Sectors at random; or writes as a whole; or only one; or all but one."""
    share = rng.choice(SHARES)
    style = rng.choice(("sectors", "sectors", "writes", "one", "others"))
    if style == "sectors":
        return lambda *_: rng.random() < share
    numbers = sorted(
        {
            number
            for node in disk.nodes.values()
            if isinstance(node, File)
            for forms in node.pending.values()
            for number, _ in forms
        }
    )
    if style == "writes":
        some = {number for number in numbers if rng.random() < share}
        return lambda number, _: number in some
    one = rng.choice(numbers) if numbers else 0
    return lambda number, _: (number == one) == (style == "one")


def _garbage(rng: random.Random) -> Callable[[File], bytes]:
    """Zeros, noise, or a sector of the same file."""
    match rng.randrange(3):
        case 0:
            return lambda _: bytes(SECTOR)
        case 1:
            noise = rng.randbytes(SECTOR)
            return lambda _: noise
    place = rng.random()
    return lambda file: sector_in(file.durable, int(place * (len(file.durable) // SECTOR)))
