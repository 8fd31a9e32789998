"""A live table: each call is one transaction of its own.

A handle stands for one table, not for a name: it remembers the catalog entry that it was looked up in
and the timestamp of that catalog. The engine refuses a call that names an older catalog than its own;
the handle then looks whether its table is still there, and goes on or raises TableNotFoundError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from typing import ClassVar, TypeVar, overload

from mvcc import catalog, updates
from mvcc.arguments import as_bounds, as_key, as_keys, as_value
from mvcc.catalog import Entry
from mvcc.context import Context
from mvcc.engine.interface import MAX_KEY_BYTES, MAX_VALUE_BYTES, ScanRequest, View
from mvcc.errors import ReadOnlyError, TableNotFoundError, TransactionRetryError
from mvcc.packed import PackedRows
from mvcc.reads import TableReads
from mvcc.retry import until_done
from mvcc.rows import pack
from mvcc.scan import Columns, read_pages
from mvcc.timestamp import Timestamp, When
from mvcc.types import ANY, BytesLike, RowsLike
from mvcc.updates import Expected
from mvcc.work import Work, WorkTable

D = TypeVar("D")
T = TypeVar("T")


class Table(TableReads):
    """A dict of bytes to bytes that remembers. Any number of threads may use it.

    >>> t = store.create_table("bank.accounts")
    >>> t[b"ada"] = b"100"
    >>> before = store.now()
    >>> t[b"ada"] = b"80"
    >>> t[b"ada"], store.as_of(before)["bank.accounts"][b"ada"]
    (b'80', b'100')
    """

    __slots__ = ("_catalog_ts", "_entry", "_find")

    _send_instead: ClassVar[str] = "send the store's path and the table's name"

    def __init__(self, context: Context, entry: Entry, catalog_ts: int) -> None:
        super().__init__(context, context.handles, entry.table_id, entry.name)
        self._entry = entry
        self._catalog_ts = catalog_ts
        self._find = self._engine.getter(self._id, catalog_ts=catalog_ts)

    # -- reads -----------------------------------------------------------------------------------

    @overload
    def get(self, key: BytesLike) -> bytes | None: ...
    @overload
    def get(self, key: BytesLike, default: D) -> bytes | D: ...
    def get(self, key: BytesLike, default: object = None) -> object:
        """The value of a key, or `default`. TableNotFoundError once the table was dropped."""
        if type(key) is not bytes:
            key = as_key(key)
        while True:
            try:
                value = self._find(key)
            except TransactionRetryError as error:
                self._look_up_again(error)
            else:
                return default if value is None else value

    def get_many(self, keys: Iterable[BytesLike]) -> list[bytes | None]:
        """The values of many keys at one instant, in the order of the keys; None: absent."""
        data = as_keys(keys)
        while True:
            try:
                return self._engine.get_many(self._id, data, catalog_ts=self._catalog_ts)
            except TransactionRetryError as error:
                self._look_up_again(error)

    def _open_pages(
        self, request: ScanRequest, limit: int | None
    ) -> tuple[Iterator[Columns], tuple[View, ...]]:
        view = self._view()
        return read_pages(self._engine, view, request, limit), (view,)

    def _history_view(self, key: bytes, until: When | None) -> AbstractContextManager[View]:
        del key
        view = self._view()
        if until is None:
            return closing(view)
        view.close()
        return closing(self._context.view(until))

    # -- writes ----------------------------------------------------------------------------------

    def put(self, key: BytesLike, value: BytesLike, *, expected: Expected = ANY) -> Timestamp:
        """Sets a key and gives the commit's timestamp.

        `expected` is what the key must hold, None: it must be absent. ConditionFailedError, whose
        `.actual` is what it holds. KeyTooLongError, ValueTooLargeError, ReadOnlyError.

        >>> t = store.create_table("bank.accounts")
        >>> stamp = t.put(b"ada", b"100", expected=None)
        >>> stamp = t.put(b"ada", b"80", expected=b"100")
        >>> t.history(b"ada")[0].timestamp == stamp
        True
        """
        data = key if type(key) is bytes and len(key) <= MAX_KEY_BYTES else as_key(key)
        new = value if type(value) is bytes and len(value) <= MAX_VALUE_BYTES else as_value(value)
        if expected is not ANY:
            _, committed = self._atomically(lambda t: updates.replace(t, data, new, expected))
            return Timestamp(committed)
        while True:
            try:
                committed = self._engine.put(self._id, data, new, catalog_ts=self._catalog_ts)
            except TransactionRetryError as error:
                self._look_up_again(error)
            else:
                return Timestamp(committed)

    def delete(self, key: BytesLike, *, expected: Expected = ANY) -> bool:
        """Deletes a key. False where it was absent: then nothing is written. ConditionFailedError."""
        data = as_key(key)
        found, _ = self._atomically(lambda t: updates.remove(t, data, expected))
        return found

    def put_many(self, items: RowsLike) -> Timestamp:
        """Sets many keys in one commit; a key that comes twice gets the later value.

        Takes a mapping, (key, value) pairs, a tuple of two numpy arrays (keys and values: uint8 in two
        dimensions, or dtype V; of dtype S the NULs at the end of an element are not part of it, as when
        numpy reads it), or anything with Arrow's C interface and two binary columns. Gives the commit's
        timestamp, the last one's where there is nothing to write. 500 rows or more in key order, with nothing
        between them in the tree, are a load: see `ingest` for what it is in conflict with.
        """
        return self._put_rows(self._engine.put_rows, pack(items))

    def ingest(self, items: RowsLike) -> Timestamp:
        """Loads very many rows in one commit, fastest where they come sorted by key.

        Takes what `put_many` takes and does the same, without the log that other commits go through; the rows
        stand in memory until it returns. A transaction that began before, and has read any key between the
        first and the last, is in conflict with it. Gives the commit's timestamp.

        >>> t = store.create_table("bank.accounts")
        >>> stamp = t.ingest((b"%06d" % number, b"0") for number in range(1000))
        >>> t.count(), t.history(b"000007")[0].timestamp == stamp
        (1000, True)
        """
        return self._put_rows(self._engine.load_rows, pack(items))

    def delete_many(self, keys: Iterable[BytesLike]) -> int:
        """Deletes many keys in one commit; gives how many of them were there."""
        data = as_keys(keys)
        count, _ = self._atomically(lambda t: updates.remove_many(t, data))
        return count

    def delete_range(self, start: BytesLike | None, end: BytesLike | None) -> int:
        """Deletes the keys of a span in one commit; gives how many. InvalidSpanError.

        It holds the span's keys in memory.
        """
        bounds = as_bounds(start, end)
        count, _ = self._atomically(lambda t: updates.remove_span(t, bounds))
        return count

    def increment(self, key: BytesLike, by: int = 1) -> int:
        """Adds to an int64 (8 bytes, big-endian; absent is 0); gives the sum.

        IntegerOverflowError, NotAnIntegerError.
        """
        data = as_key(key)
        total, _ = self._atomically(lambda t: updates.increment(t, data, by))
        return total

    def __setitem__(self, key: BytesLike, value: BytesLike) -> None:
        self.put(key, value)

    def __delitem__(self, key: BytesLike) -> None:
        if not self.delete(key):
            raise KeyError(as_key(key))

    # -- helpers ---------------------------------------------------------------------------------

    def _put_rows(self, put: Callable[..., int], rows: PackedRows) -> Timestamp:
        """Commits rows by a method of the engine."""
        if not rows:
            if self._engine.readonly:
                raise ReadOnlyError
            return Timestamp(self._engine.last_commit())
        while True:
            try:
                return Timestamp(put(self._id, rows, catalog_ts=self._catalog_ts))
            except TransactionRetryError as error:
                self._look_up_again(error)

    def _atomically(self, update: Callable[[WorkTable], T]) -> tuple[T, int]:
        """Runs an update in a unit of work of its own; gives its result and the commit's timestamp.

        The timestamp is the view's where nothing was written.
        """

        def attempt() -> tuple[T, int]:
            work = Work(self._engine, isolation="serializable", readonly=False)
            with closing(work):
                work.check_writable()
                self._check_shown(work.view)
                result = update(work.table(self._entry))
                return result, work.commit() or work.read_ts

        return until_done(attempt)

    def _view(self) -> View:
        """A view at the last commit, which shows the table."""
        view = self._engine.view()
        try:
            self._check_shown(view)
        except BaseException:
            view.close()
            raise
        return view

    def _look_up_again(self, error: TransactionRetryError) -> None:
        """Goes on with a newer catalog; raises the error if it is not about the catalog."""
        if error.reason != "catalog":
            raise error
        with closing(self._engine.view()) as view:
            self._check_shown(view)
            self._catalog_ts = view.timestamp
        self._find = self._engine.getter(self._id, catalog_ts=self._catalog_ts)

    def _check_shown(self, view: View) -> None:
        if not catalog.shows(self._engine, self._entry, view):
            raise TableNotFoundError(
                f"table {self._name} was dropped",
                hint="Look the name up again: store[name]; or read it AS OF before the drop.",
                name=self._name,
            )
