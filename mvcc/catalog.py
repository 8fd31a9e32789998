"""The catalog: which tables there are at an instant, kept as an ordinary versioned table.

A row of the engine's table 1 is a table: its full name in UTF-8, and a msgpack map with its `id`; the
row's timestamp is the instant of creation. Table 2 holds counters: `next_table_id`, 4 bytes big-endian,
is the id that comes next, so that none is ever used twice. Ids below 100 are the system's own.

Both tables are versioned, so every question can be asked AS OF a timestamp, and a dropped table stays
readable before its drop. A change is one commit, which is refused and tried again if a row that it
depends on has changed in between. Knows nothing of a table's content.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

import msgpack

from mvcc.arguments import after_prefix
from mvcc.engine.interface import (
    CATALOG_TABLE,
    Engine,
    ReadSet,
    ScanRequest,
    Span,
    View,
    WriteBatch,
)
from mvcc.errors import StoreCorruptedError, TableExistsError, TableNotFoundError
from mvcc.names import check_database_name, check_table_name
from mvcc.retry import until_done
from mvcc.timestamp import Timestamp
from mvcc.types import TableInfo

T = TypeVar("T")

COUNTER_TABLE = 2
FIRST_USER_TABLE = 100
_NEXT_ID = b"next_table_id"


@dataclass(frozen=True, slots=True)
class Entry:
    """A table as one instant shows it."""

    name: str
    table_id: int
    row: bytes
    """As stored: equal rows are the same table, whatever was dropped and created in between."""


def find(engine: Engine, name: str, view: View, *, at: Timestamp | None = None) -> Entry:
    """The table of this name at a view. InvalidNameError, TableNotFoundError (with `at`)."""
    row = engine.get(CATALOG_TABLE, check_table_name(name).encode(), view=view)
    if row is None:
        raise TableNotFoundError(name=name, timestamp=at)
    return Entry(name, _decode(engine, name, row), row)


def shows(engine: Engine, entry: Entry, view: View) -> bool:
    """Whether a view still has this very table under its name."""
    return engine.get(CATALOG_TABLE, entry.name.encode(), view=view) == entry.row


def tables(engine: Engine, view: View, database: str | None = None) -> list[TableInfo]:
    """The tables at a view, by name; of one database, or all."""
    return [
        TableInfo(
            name=key.decode(), id=_decode(engine, key.decode(), value), created=Timestamp(timestamp)
        )
        for key, value, timestamp in _rows(engine, view, ScanRequest(_span(database)))
        if value is not None
    ]


def create(engine: Engine, name: str) -> None:
    """Makes a table. InvalidNameError, TableExistsError."""
    check_table_name(name)

    def change(view: View, batch: WriteBatch, reads: ReadSet) -> None:
        first = _take_ids(engine, view, batch, reads, 1)
        _add_rows(engine, view, batch, reads, {name: first})

    _change(engine, change)


def reserve(engine: Engine, count: int) -> int:
    """Takes ids for tables that `publish` shows later; gives the first of `count` in a row."""

    def change(view: View, batch: WriteBatch, reads: ReadSet) -> int:
        return _take_ids(engine, view, batch, reads, count)

    return _change(engine, change)


def publish(engine: Engine, ids: Mapping[str, int]) -> None:
    """Shows tables with reserved ids, and what was ingested into them, all in one commit.

    InvalidNameError, TableExistsError.
    """
    for name in ids:
        check_table_name(name)

    def change(view: View, batch: WriteBatch, reads: ReadSet) -> None:
        _add_rows(engine, view, batch, reads, ids)
        batch.ingested += [Span(table_id) for table_id in ids.values()]

    _change(engine, change)


def drop(engine: Engine, name: str) -> None:
    """Takes a table out of the catalog. InvalidNameError, TableNotFoundError."""

    def change(view: View, batch: WriteBatch, reads: ReadSet) -> None:
        entry = find(engine, name, view)
        reads.points.append((CATALOG_TABLE, entry.name.encode()))
        batch.add(CATALOG_TABLE, entry.name.encode(), None)

    _change(engine, change)


def drop_database(engine: Engine, database: str) -> None:
    """Takes all tables of a database out of the catalog. InvalidNameError, TableNotFoundError."""
    check_database_name(database)

    def change(view: View, batch: WriteBatch, reads: ReadSet) -> None:
        reads.spans.append(_span(database))
        for info in tables(engine, view, database):
            batch.add(CATALOG_TABLE, info.name.encode(), None)
        if not batch:
            raise TableNotFoundError(f"there is no database {database}", name=database)

    _change(engine, change)


@dataclass(frozen=True, slots=True)
class Life:
    """A table from its creation to its drop."""

    table_id: int
    name: str
    created: int
    dropped: int | None
    """None: it is still there."""


class Names:
    """Which name a table id had when, from every version of the catalog that is kept."""

    __slots__ = ("_times",)

    def __init__(self, engine: Engine, view: View) -> None:
        self._times: dict[int, list[tuple[int, int | None, str]]] = {}
        later: tuple[bytes, int] | None = None  # the version above the one at hand
        request = ScanRequest(_span(None), revisions=True)
        for key, value, timestamp in _rows(engine, view, request):
            until = later[1] if later is not None and later[0] == key else None
            if value is not None:
                name = key.decode()
                times = self._times.setdefault(_decode(engine, name, value), [])
                times.append((timestamp, until, name))
            later = key, timestamp

    def at(self, table_id: int, timestamp: int) -> str | None:
        """The name of a table; before its creation the name that it was created with.

        (A restored table's rows may be older than its entry.) None after its drop, and for the
        system's own tables.
        """
        times = self._times.get(table_id, ())
        for since, until, name in times:
            if since <= timestamp and (until is None or timestamp < until):
                return name
        first = min(times, default=None)
        return first[2] if first is not None and timestamp < first[0] else None

    def ids(self, name: str) -> set[int]:
        """Every table that ever had this name."""
        return {i for i, times in self._times.items() for _, _, each in times if each == name}

    def lives(self) -> Iterator[Life]:
        """Every table that there ever was."""
        for table_id, times in self._times.items():
            for created, dropped, name in times:
                yield Life(table_id, name, created, dropped)

    def dropped(self) -> list[int]:
        """The tables that the newest catalog does not show."""
        return sorted(
            table_id
            for table_id, times in self._times.items()
            if all(until is not None for _, until, _ in times)
        )


def _span(database: str | None) -> Span:
    if database is None:
        return Span(CATALOG_TABLE)
    prefix = f"{database}.".encode()
    return Span(CATALOG_TABLE, prefix, after_prefix(prefix))


def _rows(
    engine: Engine, view: View, request: ScanRequest
) -> Iterator[tuple[bytes, bytes | None, int]]:
    page = engine.scan(request, view=view)
    yield from zip(page.keys, page.values, page.timestamps, strict=True)
    while page.resume is not None:
        page = engine.scan(page.resume, view=view)
        yield from zip(page.keys, page.values, page.timestamps, strict=True)


def _change(engine: Engine, change: Callable[[View, WriteBatch, ReadSet], T]) -> T:
    """Commits what `change` collects at a view, again while others change the same rows."""

    def attempt() -> T:
        with closing(engine.view()) as view:
            batch, reads = WriteBatch(), ReadSet(view.timestamp)
            result = change(view, batch, reads)
            engine.commit(batch, reads=reads)
            return result

    return until_done(attempt)


def _take_ids(engine: Engine, view: View, batch: WriteBatch, reads: ReadSet, count: int) -> int:
    stored = engine.get(COUNTER_TABLE, _NEXT_ID, view=view)
    first = FIRST_USER_TABLE if stored is None else int.from_bytes(stored, "big")
    reads.points.append((COUNTER_TABLE, _NEXT_ID))
    batch.add(COUNTER_TABLE, _NEXT_ID, (first + count).to_bytes(4, "big"))
    return first


def _add_rows(
    engine: Engine, view: View, batch: WriteBatch, reads: ReadSet, ids: Mapping[str, int]
) -> None:
    for name, table_id in ids.items():
        key = name.encode()
        if engine.get(CATALOG_TABLE, key, view=view) is not None:
            raise TableExistsError(name=name)
        reads.points.append((CATALOG_TABLE, key))
        batch.add(CATALOG_TABLE, key, msgpack.packb({"id": table_id}))


def _decode(engine: Engine, name: str, row: bytes) -> int:
    """The table id in a row. StoreCorruptedError."""
    try:
        return operator.index(msgpack.unpackb(row)["id"])
    except (ValueError, TypeError, KeyError) as error:
        raise StoreCorruptedError(
            path=engine.path,
            what=f"the catalog's entry of {name} does not decode",
            table_id=CATALOG_TABLE,
            key=name.encode(),
        ) from error
