"""A store as it was at one instant: `Snapshot`, and its tables, which can only be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from types import TracebackType
from typing import Any, ClassVar, NoReturn, Self, TypeVar, overload

from mvcc import catalog
from mvcc.arguments import as_key, as_keys
from mvcc.catalog import Entry
from mvcc.context import Context
from mvcc.engine.interface import ScanRequest, View
from mvcc.errors import ProcessError, ReadOnlyError
from mvcc.reads import TableReads
from mvcc.scan import Columns, read_pages
from mvcc.stream import Handles
from mvcc.timestamp import Timestamp, When
from mvcc.types import BytesLike, TableInfo

D = TypeVar("D")

Reopen = Callable[[str, int], "Snapshot"]
"""Opens a snapshot again from its store's path and its timestamp, in another process."""


class Snapshot:
    """All tables AS OF one instant, for any number of threads, until `close()`.

    It never blocks a writer and no writer disturbs it; garbage collection waits for it. It pickles as
    (path, timestamp) and opens itself on the other side: keep this one open until then. Once it was
    pickled it also holds the threshold of garbage collection back, so that others can open its instant;
    where that has passed already, or is passed meanwhile over a read-only store, TimestampBelowGCError.

    >>> t = store.create_table("bank.accounts")
    >>> t[b"ada"] = b"100"
    >>> with store.snapshot() as snap:
    ...     t[b"ada"] = b"80"
    ...     snap["bank.accounts"][b"ada"], snap.timestamp < store.now()
    (b'100', True)
    """

    __slots__ = (
        "__weakref__",
        "_context",
        "_handles",
        "_on_close",
        "_protection",
        "_reopen",
        "_view",
        "timestamp",
    )

    def __init__(
        self,
        context: Context,
        view: View,
        reopen: Reopen,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        """Takes over the view. `on_close` runs once."""
        self._protection: int | None = None
        self._context = context
        self._view = view
        self._reopen = reopen
        self._on_close = on_close
        self._handles = Handles(context.handles)
        self.timestamp = Timestamp(view.timestamp)
        context.handles.add(self)

    def __getitem__(self, name: str) -> SnapshotTable:
        """The table that had this name at the instant. InvalidNameError, TableNotFoundError."""
        entry = catalog.find(self._context.engine, name, self._view, at=self.timestamp)
        return SnapshotTable(self._context, self._handles, self._view, entry)

    def tables(self) -> list[TableInfo]:
        """The tables of the instant, by name."""
        return catalog.tables(self._context.engine, self._view)

    def close(self) -> None:
        """Closes the scans taken from it and lets garbage collection pass. Idempotent."""
        self._handles.close_all()
        self._view.close()
        self._unprotect()
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            on_close()

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
        return f"<Snapshot {self.timestamp}>"

    def __reduce__(self) -> tuple[Any, ...]:
        engine = self._context.engine
        if self._protection is None and not engine.readonly:
            self._protection = engine.protect(self.timestamp.value, "pickled snapshot")
        return self._reopen, (engine.path, self.timestamp.value)

    def __del__(self) -> None:
        with suppress(ProcessError):  # a closed store, or a forked child's, holds nothing
            self._unprotect()

    def _unprotect(self) -> None:
        protection, self._protection = self._protection, None
        if protection is not None:
            self._context.engine.unprotect(protection)


class SnapshotTable(TableReads):
    """A table AS OF an instant: read-only."""

    __slots__ = ("_find", "_view")

    _send_instead: ClassVar[str] = "send its Snapshot and the table's name"

    def __init__(self, context: Context, handles: Handles, view: View, entry: Entry) -> None:
        super().__init__(context, handles, entry.table_id, entry.name)
        self._view = view
        self._find = self._engine.getter(self._id, view=view)

    @overload
    def get(self, key: BytesLike) -> bytes | None: ...
    @overload
    def get(self, key: BytesLike, default: D) -> bytes | D: ...
    def get(self, key: BytesLike, default: object = None) -> object:
        """The value of a key at the instant, or `default`."""
        if type(key) is not bytes:
            key = as_key(key)
        value = self._find(key)
        return default if value is None else value

    def get_many(self, keys: Iterable[BytesLike]) -> list[bytes | None]:
        """The values of many keys at the instant, in the order of the keys; None: absent."""
        return self._engine.get_many(self._id, as_keys(keys), view=self._view)

    def _open_pages(
        self, request: ScanRequest, limit: int | None
    ) -> tuple[Iterator[Columns], tuple[View, ...]]:
        return read_pages(self._engine, self._view, request, limit), ()

    def _history_view(self, key: bytes, until: When | None) -> AbstractContextManager[View]:
        del key
        if until is None:
            return nullcontext(self._view)
        return closing(self._context.view_within(until, self._view.timestamp))

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        """What lies in the past cannot be written: ReadOnlyError."""
        raise ReadOnlyError(
            what="AS OF table", hint="Write to the live table: store[name], or in a transaction."
        )

    put = delete = put_many = ingest = delete_many = delete_range = increment = _refuse
    __setitem__ = __delitem__ = _refuse
