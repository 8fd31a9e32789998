"""Files and folders as a power cut finds them: what is durable, and what may be there or not.

Content, size and name are separate: each is durable after a sync of its own. A sync of a file makes its
content and size durable, one of a folder the names in it. A write through a descriptor with O_DSYNC makes
the sectors that it covers durable and the size that it needs, nothing that was written before. What is not
durable may be there or not: each sector of 512 bytes in the form that any write gave it, each size, each
name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tests.crash.recording import Kind, Record

SECTOR = 512


def sectors_of(start: int, end: int) -> range:
    """The sectors that bytes of a file lie in."""
    return range(start // SECTOR, -(-end // SECTOR))


def sector_in(content: bytearray, sector: int) -> bytes:
    """One sector, filled up with zeros behind the end."""
    return bytes(content[sector * SECTOR : (sector + 1) * SECTOR]).ljust(SECTOR, b"\0")


class File:
    """Bytes: as the program reads them, and as far as they are durable."""

    __slots__ = ("changed", "current", "durable", "mapped", "pending", "sizes")

    def __init__(self) -> None:
        self.current = bytearray()
        self.durable = bytearray()
        self.pending: dict[int, list[tuple[int, bytes]]] = {}
        """Of each sector that is not durable: the number of a change and what it made of it, oldest first."""
        self.sizes: list[tuple[int, int]] = []
        """Sizes that are not durable: the number of a change and the size."""
        self.changed: list[int] = []
        """Sectors whose durable form has changed, in order; what reads it remembers how far it got."""
        self.mapped = False

    def write(self, number: int, offset: int, data: bytes) -> None:
        """A write, not synced."""
        end = offset + len(data)
        if end > len(self.current):
            self.current.extend(bytes(end - len(self.current)))
            self.sizes.append((number, end))
        self.current[offset:end] = data
        self._touch(number, sectors_of(offset, end))

    def truncate(self, number: int, size: int) -> None:
        """A new size, not synced; what is behind it is gone, what is new is zeros."""
        old = len(self.current)
        if size == old:
            return
        if size < old:
            del self.current[size:]
            for sector in [each for each in self.pending if each * SECTOR >= size]:
                del self.pending[sector]
            if size % SECTOR:
                self._touch(number, range(size // SECTOR, size // SECTOR + 1))
        else:
            self.current.extend(bytes(size - old))
        self.sizes.append((number, size))

    def sync(self) -> None:
        """Everything becomes durable."""
        size, old = len(self.current), len(self.durable)
        cut = min((size for _, size in self.sizes), default=size)
        if cut < old:
            self.changed += sectors_of(cut, old)
            del self.durable[cut:]
        self.durable.extend(bytes(size - len(self.durable)))
        self._settle(list(self.pending))
        self.sizes.clear()

    def sync_range(self, start: int, end: int) -> None:
        """The sectors of these bytes become durable, and a size that reaches to their end."""
        self.durable.extend(bytes(max(0, end - len(self.durable))))
        self.sizes = [change for change in self.sizes if change[1] > len(self.durable)]
        self._settle([each for each in sectors_of(start, end) if each in self.pending])

    def _touch(self, number: int, sectors: range) -> None:
        for sector in sectors:
            self.pending.setdefault(sector, []).append((number, sector_in(self.current, sector)))

    def _settle(self, sectors: list[int]) -> None:
        for sector in sectors:
            start, end = sector * SECTOR, min((sector + 1) * SECTOR, len(self.durable))
            self.durable[start:end] = self.current[start:end].ljust(end - start, b"\0")
            del self.pending[sector]
        self.changed += sectors


class Folder:
    """Names: as the program reads them, and as far as they are durable."""

    __slots__ = ("current", "durable")

    def __init__(self) -> None:
        self.current: dict[str, Node] = {}
        self.durable: dict[str, Node] = {}


Node = File | Folder


@dataclass(frozen=True, slots=True, eq=False)
class NameChange:
    """Names of one folder that change together; None: the name goes."""

    number: int
    folder: Folder
    names: dict[str, Node | None]
    only_with: NameChange | None = None
    """Of a move to another folder: the new name. The old one does not go before that is there."""

    def apply(self, names: dict[str, Node]) -> None:
        """Makes the change to these names."""
        for name, node in self.names.items():
            if node is None:
                names.pop(name, None)
            else:
                names[name] = node


@dataclass(slots=True)
class Disk:
    """A folder and everything below it, while the records of a program are applied to it, one by one."""

    root: Folder
    nodes: dict[int, Node]
    """By inode."""
    names: list[NameChange] = field(default_factory=list)
    """Changes of names that are not durable, oldest first."""
    number: int = 0
    """Of changes so far."""
    version: int = 0
    """Rises with each change."""
    durable_version: int = 0
    """Rises with each sync."""

    @classmethod
    def empty(cls, inode: int) -> Disk:
        """An empty folder."""
        root = Folder()
        return cls(root, {inode: root})

    def apply(self, record: Record) -> None:
        """One record. ValueError for what this model does not know."""
        self.number += 1
        match record.kind:
            case Kind.WRITE:
                self._file(record).write(self.number, record.offset, record.data)
            case Kind.TRUNCATE:
                self._file(record).truncate(self.number, record.offset)
            case Kind.MAP:
                self._file(record).mapped = True
            case Kind.SYNC:
                self._sync(self.nodes[record.inode])
                self.durable_version += 1
                return
            case Kind.SYNC_RANGE:
                self._file(record).sync_range(record.offset, record.offset + record.length)
                self.durable_version += 1
                return
            case Kind.ACK:
                return
            case _:
                self._rename(record)
        self.version += 1

    @property
    def pending(self) -> bool:
        """Whether anything is not durable."""
        return bool(self.names) or any(
            isinstance(node, File) and (node.pending or node.sizes) for node in self.nodes.values()
        )

    def _file(self, record: Record) -> File:
        node = self.nodes[record.inode]
        if not isinstance(node, File):
            raise ValueError(f"{record.path} is a folder")
        return node

    def _sync(self, node: Node) -> None:
        if isinstance(node, File):
            node.sync()
            return
        synced = [change for change in self.names if change.folder is node]
        synced += [change.only_with for change in synced if change.only_with in self.names]
        for change in self.names:
            if change in synced:
                change.apply(change.folder.durable)
        self.names = [change for change in self.names if change not in synced]

    def _rename(self, record: Record) -> None:
        folder, name = self._find(record.path)
        match record.kind:
            case Kind.CREATE | Kind.MKDIR:
                node: Node = File() if record.kind is Kind.CREATE else Folder()
                self.nodes[record.inode] = node
                self._change(folder, {name: node})
            case Kind.UNLINK:
                self._change(folder, {name: None})
            case _:
                target, other = self._find(record.other)
                node, moves = folder.current[name], record.kind is Kind.RENAME
                if moves and target is folder:
                    self._change(folder, {name: None, other: node})
                else:
                    added = self._change(target, {other: node})
                    if moves:
                        self._change(folder, {name: None}, added)

    def _change(
        self, folder: Folder, names: dict[str, Node | None], only_with: NameChange | None = None
    ) -> NameChange:
        change = NameChange(self.number, folder, names, only_with)
        change.apply(folder.current)
        self.names.append(change)
        return change

    def _find(self, path: str) -> tuple[Folder, str]:
        """The folder that a path's last part is in, and that part."""
        *parents, name = PurePosixPath(path).parts
        here = self.root
        for part in parents:
            inner = here.current[part]
            if not isinstance(inner, Folder):
                raise ValueError(f"{path} leads through a file")
            here = inner
        return here, name


def walk(names: dict[str, Node], at: str = "") -> Iterator[tuple[str, Node]]:
    """Everything below some names, as the program sees it: paths and nodes, folders first."""
    for name, node in names.items():
        path = f"{at}{name}"
        yield path, node
        if isinstance(node, Folder):
            yield from walk(node.current, f"{path}/")
