"""Stores of the workload: loaded once a run for each contender and size, copied for whoever writes.

Owns the folder that a run works in. Loading is not timed here; what is loaded has come to rest: no merge
or compaction of it is left to run in somebody else's turn.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from mvcc.bench.peers import Peer
from mvcc.bench.workload import commits

Announce = Callable[[str], None]

_LOADED = "loaded-"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything; the defaults are workload W."""

    rows: int = 2_000_000
    gets: int = 200_000
    batch_commits: int = 200
    single_commits: int = 500
    """Of one thread; each of eight does as many."""
    sustained_puts: int = 20_000_000
    large: int = 10
    """How many times the rows are in the questions at 10 N."""

    @classmethod
    def of(cls, rows: int) -> Scale:
        """Workload W cut down to a number of rows."""
        full = cls()
        share = min(1.0, rows / full.rows)
        return cls(
            rows=rows,
            gets=max(1000, int(full.gets * share)),
            batch_commits=max(5, int(full.batch_commits * share)),
            single_commits=max(20, int(full.single_commits * share)),
            sustained_puts=max(10_000, 10 * rows),
        )

    def with_few_puts(self) -> Scale:
        """One put a row in `sustained`, a tenth of workload W: for runs that have minutes."""
        return replace(self, sustained_puts=max(10_000, self.rows))


@dataclass(slots=True)
class Stock:
    """What questions are asked of."""

    folder: Path
    scale: Scale
    kinds: dict[str, type[Peer]]
    """Ours and the peers that are here, by name."""
    left_out: dict[str, str] = field(default_factory=dict)
    """The peers that are not, and why."""
    announce: Announce = lambda _: None
    _numbers: int = 0

    def fresh(self, name: str) -> Path:
        """A path in the run's folder where nothing is."""
        self._numbers += 1
        return self.folder / f"{name.replace(' ', '-')}-{self._numbers}"

    def open(self, name: str, folder: Path) -> Peer:
        """A contender's store."""
        return self.kinds[name](folder)

    def has(self, name: str, rows: int) -> bool:
        """Whether a contender's store of so many rows is loaded."""
        return self._at(name, rows).exists()

    def loaded(self, name: str, rows: int | None = None) -> Path:
        """A contender's store of the workload, not to be written to; loads it if need be."""
        count = rows or self.scale.rows
        path = self._at(name, count)
        if not path.exists():
            self.announce(f"loading {count:,} rows into {name}")
            building = self.fresh(f"{name}-building")
            with self.open(name, building) as peer:
                for batch in commits(count):
                    peer.put_many(batch)
            self.adopt(name, building, count)
        return path

    def adopt(self, name: str, folder: Path, rows: int) -> None:
        """Takes over a store that has been loaded and is closed."""
        with self.open(name, folder) as peer:
            rest(peer)
        folder.rename(self._at(name, rows))

    def copy(self, name: str, rows: int | None = None) -> Path:
        """A copy of a contender's store, to write to."""
        path = self.fresh(name)
        shutil.copytree(self.loaded(name, rows), path)
        return path

    def clear(self) -> None:
        """Removes what a question has left behind: all but the loaded stores."""
        for path in self.folder.iterdir():
            if not path.name.startswith(_LOADED):
                shutil.rmtree(path)

    def _at(self, name: str, rows: int) -> Path:
        return self.folder / f"{_LOADED}{name}-{rows}"


def rest(peer: Peer) -> None:
    """Ends the merges of a store of ours; a peer has ended its own by the time it is closed."""
    merge = getattr(getattr(peer, "store", None), "merge", None)
    if merge is not None:
        merge()


def remove(path: Path) -> None:
    """Removes a folder, if it is there."""
    if path.exists():
        shutil.rmtree(path)
