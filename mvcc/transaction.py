"""Transactions as programs see them: `Transaction`, and the tables in one.

Each call takes the transaction's turn, so that two threads in one transaction are an error and never
a race. What a transaction reads, buffers and checks is `mvcc.work`'s.
"""

from __future__ import annotations

import threading
import uuid
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from types import TracebackType
from typing import ClassVar, NoReturn, Self, TypeVar, get_args, overload

from mvcc import updates
from mvcc.arguments import as_bounds, as_key, as_keys, as_value
from mvcc.context import Context
from mvcc.engine.interface import ScanRequest, View
from mvcc.errors import ConcurrentUseError, InvalidArgumentError, StoreClosedError
from mvcc.reads import TableReads
from mvcc.rows import as_rows
from mvcc.scan import Columns
from mvcc.stream import Handles
from mvcc.timestamp import Timestamp, When
from mvcc.types import ANY, BytesLike, RowsLike
from mvcc.updates import Expected
from mvcc.work import Isolation, Work, WorkTable

D = TypeVar("D")


class Turn:
    """Lets one thread at a time into a transaction that is open, and never waits."""

    __slots__ = ("_lock", "ended")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.ended: str | None = None
        """How the transaction ended."""

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise ConcurrentUseError
        if self.ended is not None:
            self._lock.release()
            raise StoreClosedError(
                f"the transaction was {self.ended}",
                what="transaction",
                hint="Begin a new one with store.transaction().",
            )

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Transaction:
    """Reads at one instant, sees its own writes, and commits all of them or none.

    Any thread may use it, one call at a time (ConcurrentUseError). Leaving `with` commits, an exception
    rolls back. Serializable transactions fail at commit with TransactionRetryError if anything they
    read has changed; `store.run` tries again. A read-only one never fails.

    >>> t = store.create_table("bank.accounts")
    >>> with store.transaction() as txn:
    ...     accounts = txn["bank.accounts"]
    ...     accounts.put_many({b"ada": b"80", b"bob": b"20"})
    ...     list(accounts), list(t)
    ([b'ada', b'bob'], [])
    >>> txn.commit_timestamp == t.history(b"ada")[0].timestamp
    True
    """

    __slots__ = ("__weakref__", "_commit_timestamp", "_context", "_handles", "_turn", "_work", "id")

    def __init__(
        self, context: Context, *, isolation: Isolation = "serializable", readonly: bool = False
    ) -> None:
        self._turn = Turn()
        self._turn.ended = "never begun"
        if isolation not in get_args(Isolation):
            raise InvalidArgumentError(
                argument="isolation",
                given=repr(isolation),
                hint="Pass 'serializable' or 'snapshot'.",
            )
        self._context = context
        self._handles = Handles(context.handles)
        self._commit_timestamp: Timestamp | None = None
        self._work = Work(context.engine, isolation=isolation, readonly=readonly)
        self._turn.ended = None
        self.id = uuid.uuid4().hex
        context.transactions.add(self)

    @property
    def read_timestamp(self) -> Timestamp:
        """The instant that the transaction reads at."""
        return Timestamp(self._work.read_ts)

    @property
    def commit_timestamp(self) -> Timestamp | None:
        """The instant of its writes; None before the commit, and where nothing was written."""
        return self._commit_timestamp

    def __getitem__(self, name: str) -> TransactionTable:
        """The table of this name AS OF the read timestamp. InvalidNameError, TableNotFoundError."""
        with self._turn:
            return TransactionTable(self, self._work.find(name))

    def commit(self, at: When | None = None) -> Timestamp:
        """Commits and gives the timestamp; without any write, the read timestamp.

        `at` is a timestamp of one's own: above the last commit, at most 1 s ahead of the clock
        (ClockSkewError). TransactionRetryError where what was read has changed. The transaction is over
        in any case: after an error nothing of it was written.
        """
        with self._turn:
            try:
                timestamp = None if at is None else self._context.timestamp(at)
                committed = self._work.commit(timestamp)
            except BaseException:
                self._end("rolled back")
                raise
            self._end("committed")
            if committed is None:
                return self.read_timestamp
            self._commit_timestamp = Timestamp(committed)
            return self._commit_timestamp

    def rollback(self) -> None:
        """Forgets every write. The transaction is over."""
        with self._turn:
            self._end("rolled back")

    def close(self) -> None:
        """Rolls back and warns: what happens to a transaction that was forgotten."""
        if self._turn.ended is None:
            self._end("rolled back, since it was forgotten")
            warnings.warn(
                f"transaction {self.id} was neither committed nor rolled back",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._turn.ended is not None:
            return
        if error is None:
            self.commit()
        else:
            self.rollback()

    def __del__(self) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Transaction cannot be pickled: send the function to store.run, or data")

    def _end(self, how: str) -> None:
        self._turn.ended = how
        self._handles.close_all()
        self._work.close()


class TransactionTable(TableReads):
    """A table in a transaction: reads see the transaction's own writes, writes wait for its commit."""

    __slots__ = ("_table", "_transaction", "_turn")

    _send_instead: ClassVar[str] = "send the function to store.run, or data"

    def __init__(self, transaction: Transaction, table: WorkTable) -> None:
        entry = table.entry
        super().__init__(transaction._context, transaction._handles, entry.table_id, entry.name)
        self._transaction = transaction  # which lives for as long as somebody can use it
        self._turn = transaction._turn
        self._table = table

    # -- reads -----------------------------------------------------------------------------------

    @overload
    def get(self, key: BytesLike) -> bytes | None: ...
    @overload
    def get(self, key: BytesLike, default: D) -> bytes | D: ...
    def get(self, key: BytesLike, default: object = None) -> object:
        """The value of a key, or `default`."""
        data = as_key(key)
        with self._turn:
            value = self._table.get(data)
        return default if value is None else value

    def get_many(self, keys: Iterable[BytesLike]) -> list[bytes | None]:
        """The values of many keys, in the order of the keys; None: absent."""
        data = as_keys(keys)
        with self._turn:
            return self._table.get_many(data)

    def _open_pages(
        self, request: ScanRequest, limit: int | None
    ) -> tuple[Iterator[Columns], tuple[View, ...]]:
        with self._turn:
            return self._in_turn(self._table.pages(request, limit)), ()

    def _in_turn(self, pages: Iterator[Columns]) -> Iterator[Columns]:
        while True:
            with self._turn:
                page = next(pages, None)
            if page is None:
                return
            yield page

    def _history_view(self, key: bytes, until: When | None) -> AbstractContextManager[View]:
        with self._turn:
            view = self._table.read_history(key)
            if until is None:
                return nullcontext(view)
            return closing(self._context.view_within(until, view.timestamp))

    # -- writes ----------------------------------------------------------------------------------

    def put(self, key: BytesLike, value: BytesLike, *, expected: Expected = ANY) -> None:
        """Sets a key. `expected` is what it must hold (None: absent), else ConditionFailedError."""
        data, new = as_key(key), as_value(value)
        with self._turn:
            if expected is ANY:
                self._table.set_many({data: new})
            else:
                updates.replace(self._table, data, new, expected)

    def delete(self, key: BytesLike, *, expected: Expected = ANY) -> None:
        """Deletes a key, if it is there. With `expected`: ConditionFailedError."""
        data = as_key(key)
        with self._turn:
            updates.remove(self._table, data, expected)

    def put_many(self, items: RowsLike) -> None:
        """Sets many keys; a key that comes twice gets the later value. Takes what a live table takes."""
        rows = as_rows(items)
        with self._turn:
            self._table.set_many(rows)

    def ingest(self, items: RowsLike) -> None:
        """As `put_many`: what a transaction writes waits in its buffers, however it is handed in."""
        self.put_many(items)

    def delete_many(self, keys: Iterable[BytesLike]) -> None:
        """Deletes many keys, as far as they are there."""
        data = as_keys(keys)
        with self._turn:
            updates.remove_many(self._table, data)

    def delete_range(self, start: BytesLike | None, end: BytesLike | None) -> None:
        """Deletes the keys of a span. InvalidSpanError."""
        bounds = as_bounds(start, end)
        with self._turn:
            updates.remove_span(self._table, bounds)

    def increment(self, key: BytesLike, by: int = 1) -> int:
        """Adds to an int64 (8 bytes, big-endian; absent is 0); gives the sum.

        IntegerOverflowError, NotAnIntegerError.
        """
        data = as_key(key)
        with self._turn:
            return updates.increment(self._table, data, by)

    def __setitem__(self, key: BytesLike, value: BytesLike) -> None:
        self.put(key, value)

    def __delitem__(self, key: BytesLike) -> None:
        data = as_key(key)
        with self._turn:
            if not updates.remove(self._table, data):
                raise KeyError(data)
