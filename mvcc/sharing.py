"""The stores that this process has open, so that a snapshot that arrives by pickle finds its own.

A path can be open once in a process. A snapshot that finds no open store opens one, which the
snapshots after it share; it is closed with the last of them.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class OpenStore(Protocol):
    """What is shared."""

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        ...

    def close(self) -> None:
        """Idempotent."""
        ...


S = TypeVar("S", bound=OpenStore)


class OpenStores(Generic[S]):
    """Open stores by path; safe for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: weakref.WeakValueDictionary[str, S] = weakref.WeakValueDictionary()
        self._borrowers: dict[S, int] = {}

    def add(self, path: str, store: S) -> None:
        """Remembers a store for as long as somebody else does."""
        self._open[os.path.realpath(path)] = store

    def borrow(self, path: str, opener: Callable[[str], S]) -> tuple[S, Callable[[], None]]:
        """The open store of a path, else a new one; and what gives it back."""
        with self._lock:
            store = self._open.get(os.path.realpath(path))
            if store is not None and not store.closed and store not in self._borrowers:
                return store, lambda: None
            if store is None or store.closed:
                store = opener(path)
            self._borrowers[store] = self._borrowers.get(store, 0) + 1
            return store, lambda: self._give_back(store)

    def _give_back(self, store: S) -> None:
        with self._lock:
            self._borrowers[store] -= 1
            if self._borrowers[store]:
                return
            del self._borrowers[store]
            store.close()
