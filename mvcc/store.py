"""The store: tables by name, instants, transactions, upkeep, over one engine.

`Store` here is all but backup and restore, which stand in a layer above; `mvcc.api` puts them
together. Knows the engine's interface; which engine it is, is decided in `Store.open`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from functools import partial
from types import TracebackType
from typing import NoReturn, Self, TypedDict, TypeVar, Unpack, overload

from mvcc import catalog, upkeep
from mvcc.changes import read_changes
from mvcc.clock import Clock, SystemClock
from mvcc.context import Context
from mvcc.diff import read_differences
from mvcc.engine.interface import Durability, Engine
from mvcc.engine.lmdb import open_engine
from mvcc.errors import TableExistsError
from mvcc.retry import with_retries
from mvcc.sharing import OpenStores
from mvcc.snapshot import Snapshot
from mvcc.stream import Stream
from mvcc.table import Table
from mvcc.timestamp import Timestamp, When
from mvcc.transaction import Transaction
from mvcc.types import Change, Difference, GCReport, Progress, StoreStats, TableInfo, VerifyReport
from mvcc.units import Duration, Size, duration_us, size_bytes
from mvcc.work import Isolation

T = TypeVar("T")


class TransactionOptions(TypedDict, total=False):
    """What `Store.transaction` takes."""

    isolation: Isolation
    readonly: bool


class Store:
    """Tables, instants, transactions and upkeep of one store. See `mvcc.api.Store`."""

    def __init__(
        self, engine: Engine, *, clock: Clock | None = None, gc_ttl: Duration | None = None
    ) -> None:
        """Takes over the engine. `Store.open` is the way in for programs."""
        self._context = Context(engine, clock or SystemClock())
        self._gc_ttl_us = None if gc_ttl is None else duration_us(gc_ttl, "gc_ttl")
        self._closed = False
        _open_stores.add(engine.path, self)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        create: bool = True,
        readonly: bool = False,
        durability: Durability = "full",
        clock: Clock | None = None,
        gc_ttl: Duration | None = None,
        map_size: Size | None = None,
        log_limit: Size = "auto",
    ) -> Self:
        """Opens the store at a path, or makes one: see `mvcc.open`."""
        engine = open_engine(
            os.fspath(path),
            create=create,
            readonly=readonly,
            durability=durability,
            clock=clock,
            map_size=None if map_size is None else size_bytes(map_size, "map_size"),
            gc_ttl_us=None if gc_ttl is None else duration_us(gc_ttl, "gc_ttl"),
            log_limit=None if log_limit == "auto" else max(1, size_bytes(log_limit, "log_limit")),
        )
        try:
            return cls(engine, clock=clock, gc_ttl=gc_ttl)
        except BaseException:
            engine.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def path(self) -> str:
        """The store's folder."""
        return self._context.engine.path

    # -- tables ----------------------------------------------------------------------------------

    def create_table(self, name: str, *, exist_ok: bool = False) -> Table:
        """Makes a table, `database.table`. InvalidNameError, TableExistsError, ReadOnlyError.

        >>> store.create_table("bank.accounts")
        <Table bank.accounts>
        >>> [info.name for info in store.tables()], store.databases()
        (['bank.accounts'], ['bank'])
        """
        try:
            catalog.create(self._context.engine, name)
        except TableExistsError:
            if not exist_ok:
                raise
        return self[name]

    def __getitem__(self, name: str) -> Table:
        """The table of this name. InvalidNameError, TableNotFoundError."""
        with closing(self._context.engine.view()) as view:
            entry = catalog.find(self._context.engine, name, view)
            return Table(self._context, entry, view.timestamp)

    def tables(self, as_of: When | None = None) -> list[TableInfo]:
        """The tables by name, now or AS OF an instant."""
        with closing(self._context.view(as_of)) as view:
            return catalog.tables(self._context.engine, view)

    def databases(self, as_of: When | None = None) -> list[str]:
        """The names of the databases that hold a table, now or AS OF an instant."""
        return sorted({info.database for info in self.tables(as_of)})

    def drop_table(self, name: str) -> None:
        """Takes a table away; AS OF before it stays readable until garbage collection.

        InvalidNameError, TableNotFoundError, ReadOnlyError.

        >>> store.create_table("bank.accounts")[b"ada"] = b"100"
        >>> before = store.now()
        >>> store.drop_table("bank.accounts")
        >>> store.tables(), store.as_of(before)["bank.accounts"][b"ada"]
        ([], b'100')
        """
        catalog.drop(self._context.engine, name)

    def drop_database(self, name: str) -> None:
        """Takes all tables of a database away, in one commit.

        InvalidNameError, TableNotFoundError, ReadOnlyError.
        """
        catalog.drop_database(self._context.engine, name)

    # -- instants --------------------------------------------------------------------------------

    def now(self) -> Timestamp:
        """The present: no later commit gets this timestamp or a lower one."""
        return Timestamp(self._context.engine.now())

    def as_of(self, when: When) -> Snapshot:
        """The store at an instant.

        InvalidTimestampError, TimestampInFutureError, TimestampBelowGCError.

        >>> t = store.create_table("bank.accounts")
        >>> monday = t.put(b"ada", b"100")
        >>> t[b"ada"] = b"80"
        >>> with store.as_of(monday) as then:
        ...     then["bank.accounts"][b"ada"]
        b'100'
        """
        return Snapshot(self._context, self._context.view(when), reopen_snapshot)

    def snapshot(self) -> Snapshot:
        """The store at its last commit."""
        return Snapshot(self._context, self._context.engine.view(), reopen_snapshot)

    @overload
    def changes(
        self, since: When, until: When | None = None, table: str | None = None
    ) -> Stream[Change]: ...
    @overload
    def changes(
        self,
        since: When,
        until: When | None = None,
        table: str | None = None,
        follow: bool = False,
    ) -> Stream[Change | Progress]: ...
    def changes(
        self,
        since: When,
        until: When | None = None,
        table: str | None = None,
        follow: bool = False,
    ) -> Stream[Change] | Stream[Change | Progress]:
        """What was committed in `since < t <= until` (None: up to now), commits whole and in order.

        With `follow` it goes on with what is committed later, and gives Progress once a second while
        nothing is; `close()` from any thread ends it. InvalidTimestampError, InvalidSpanError,
        TimestampBelowGCError, TimestampInFutureError, TableNotFoundError for a name no table had.

        >>> t = store.create_table("bank.accounts")
        >>> since = store.now()
        >>> t[b"ada"] = b"100"
        >>> del t[b"ada"]
        >>> [(change.kind, change.key, change.value) for change in store.changes(since)]
        [('put', b'ada', b'100'), ('delete', b'ada', None)]
        """
        return read_changes(self._context, since, until, table, follow=follow)

    def diff(self, older: When, newer: When, table: str | None = None) -> Stream[Difference]:
        """What differs between two instants, by table and key; equal rewrites are no difference.

        Tables that were created or dropped in between are part of it. InvalidSpanError where `older` is
        after `newer`, TableNotFoundError where neither instant has the table, and what `as_of` raises.

        >>> t = store.create_table("bank.accounts")
        >>> older = t.put(b"ada", b"100")
        >>> t[b"ada"], t[b"bob"] = b"80", b"20"
        >>> [(row.key, row.before, row.after) for row in store.diff(older, store.now())]
        [(b'ada', b'100', b'80'), (b'bob', None, b'20')]
        """
        return read_differences(self._context, older, newer, table)

    # -- transactions ----------------------------------------------------------------------------

    def transaction(
        self, *, isolation: Isolation = "serializable", readonly: bool = False
    ) -> Transaction:
        """Begins a transaction that reads at the last commit. InvalidArgumentError."""
        return Transaction(self._context, isolation=isolation, readonly=readonly)

    def run(
        self,
        fn: Callable[..., T],
        *args: object,
        retries: int = 10,
        **options: Unpack[TransactionOptions],
    ) -> T:
        """Calls `fn(txn, *args)` in a transaction and commits; on RetryableError again, with pauses.

        `fn` may run several times: it should do nothing but read and write through `txn`. The options
        are those of `transaction`. After the last retry its error is raised with a note.

        >>> t = store.create_table("bank.accounts")
        >>> def move(txn, giver, taker, amount):
        ...     accounts = txn["bank.accounts"]
        ...     accounts.increment(giver, -amount)
        ...     return accounts.increment(taker, amount)
        >>> store.run(move, b"ada", b"bob", 20)
        20
        """

        def attempt() -> T:
            with self.transaction(**options) as txn:
                return fn(txn, *args)

        return with_retries(attempt, retries)

    # -- upkeep ----------------------------------------------------------------------------------

    def merge(self) -> None:
        """Merges all that is committed from the log into the tree, where it is read fastest.

        Nothing needs it: merges go on in the background while a store is written to. ReadOnlyError.

        >>> store.create_table("bank.accounts")[b"ada"] = b"100"
        >>> store.merge()
        >>> store.stats().unmerged_versions
        0
        """
        upkeep.merge(self._context)

    def gc(self, before: When | None = None) -> GCReport:
        """Removes versions that no read at `before` or later can see, as far as open snapshots allow.

        None: at now - gc_ttl; a store opened without gc_ttl keeps every version then. Rows of a dropped
        table are deleted by the first collection after the drop and removed by one whose threshold is
        past that. InvalidTimestampError, TimestampInFutureError, ReadOnlyError.
        """
        return upkeep.collect(self._context, before, self._gc_ttl_us)

    def copy_to(self, path: str | os.PathLike[str]) -> None:
        """Copies the store, as it is now, into a new folder: every version, and no free pages.

        The copy is durable and can be opened once the call returns; writers do not wait for it, and a store
        that is open for reading can be copied. It has the store's id and the record of its backups: of store
        and copy, that one goes on with a chain of backups which builds on it first. StoreExistsError where
        anything is at the path; StorageError. Nothing is left at the path then.

        >>> store.create_table("bank.accounts")[b"ada"] = b"100"
        >>> store.copy_to(path)
        >>> with mvcc.open(path) as copy:
        ...     copy["bank.accounts"][b"ada"]
        b'100'
        """
        upkeep.copy(self._context, path)

    def verify(self) -> VerifyReport:
        """Reads and checks every row that is stored, and counts them.

        StoreCorruptedError once it has read all, if something is wrong: its `problems` name up to 100.
        """
        return upkeep.verify(self._context)

    def stats(self) -> StoreStats:
        """The store's counters."""
        return upkeep.stats(self._context)

    def close(self) -> None:
        """Rolls back open transactions (ResourceWarning), closes scans and snapshots. Idempotent."""
        self._closed = True
        self._context.transactions.close_all()
        self._context.handles.close_all()
        self._context.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Store cannot be pickled: send its path, or a Snapshot")


_open_stores: OpenStores[Store] = OpenStores()


def reopen_snapshot(path: str, timestamp: int) -> Snapshot:
    """A snapshot that arrives by pickle: in this process's open store, or in one of its own."""
    store, give_back = _open_stores.borrow(path, partial(Store.open, create=False))
    try:
        view = store._context.engine.view(timestamp)
    except BaseException:
        give_back()
        raise
    return Snapshot(store._context, view, reopen_snapshot, give_back)
