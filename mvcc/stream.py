"""Iterators that hold a view open: they give rows at the speed of C, and close exactly.

A `Source` fetches batches of columns; a `Stream` chains what is in them, so that Python code runs
once a batch and not once a row. Closing takes the rest of the batch at hand away, so no row comes
after it. `Handles` remembers what is open, so that a store can close all of it.
"""

from __future__ import annotations

import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import chain
from types import TracebackType
from typing import Any, ClassVar, Generic, NoReturn, Protocol, Self, TypeVar, cast

from mvcc.engine.interface import View
from mvcc.errors import StoreClosedError

T = TypeVar("T")


class Closable(Protocol):
    """What `Handles` can close."""

    def close(self) -> None:
        """Idempotent."""
        ...


class Handles:
    """Weak references to what is open; safe for any number of threads.

    What is open under a snapshot or a transaction is open under its store too. A finalizer or a signal
    handler may add one while its own thread does.
    """

    __slots__ = ("_lock", "_open", "_parent")

    def __init__(self, parent: Handles | None = None) -> None:
        self._parent = parent
        self._lock = threading.RLock()
        self._open: weakref.WeakSet[Closable] = weakref.WeakSet()

    def add(self, handle: Closable) -> None:
        """Remembers a handle for as long as somebody else does."""
        with self._lock:
            self._open.add(handle)
        if self._parent is not None:
            self._parent.add(handle)

    def close_all(self) -> None:
        """Closes every handle that is left."""
        with self._lock:
            handles, self._open = self._open, weakref.WeakSet()
        for handle in list(handles):
            handle.close()


class Source(ABC, Generic[T]):
    """Where a stream's rows come from, batch by batch; owns what must be released at the end."""

    __slots__ = ("__weakref__", "_closed", "_columns", "_views")

    what: ClassVar[str] = "scan"
    ends_when_closed: ClassVar[bool] = False
    """Closing ends the iteration; else going on raises StoreClosedError."""

    def __init__(self, handles: Handles, *views: View) -> None:
        """Takes over the views: they are closed at the end."""
        self._columns: tuple[list[Any], ...] = ()
        self._closed = False
        self._views = views
        handles.add(self)

    @abstractmethod
    def batches(self) -> Iterator[Iterable[T]]:
        """The rows, a batch at a time. Uses `_lend` for what lies in lists."""

    def run(self) -> Iterator[Iterable[T]]:
        """The batches, with the release after the last; StoreClosedError once closed."""
        try:
            if not self._is_over():
                for batch in self.batches():
                    yield batch
                    if self._is_over():
                        return
        finally:
            self._release()

    def close(self) -> None:
        """Takes away the rest of the batch at hand and releases the views. Idempotent."""
        self._closed = True
        for column in self._columns:
            column.clear()
        self._release()

    def _lend(self, *columns: list[Any]) -> None:
        """Remembers the lists that the consumer is about to walk."""
        self._columns = columns

    def _is_over(self) -> bool:
        if self._closed and not self.ends_when_closed:
            raise StoreClosedError(
                what=self.what, hint="Take a new one; and keep the store and its snapshot open."
            )
        return self._closed

    def _release(self) -> None:
        for view in self._views:
            view.close()

    def __del__(self) -> None:
        self._release()


class Stream(chain[T]):
    """An iterator that closes: at its end, by `close()`, or by leaving `with`.

    For one thread at a time; `close()` may be called from any. A closed one raises StoreClosedError.
    """

    _source: Source[T]

    @classmethod
    def over(cls, source: Source[T]) -> Self:
        """The stream of a source's rows."""
        stream = cast(Self, cls.from_iterable(source.run()))
        stream._source = source
        return stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives up what the iterator holds. Idempotent."""
        self._source.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} cannot be pickled: send a Snapshot and the span to scan"
        )
