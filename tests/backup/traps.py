"""Something that happens at the n-th call that writes, whichever thread makes it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from mvcc import catalog
from mvcc.engine.lmdb import LMDBEngine

WRITES: tuple[tuple[object, str], ...] = tuple(
    (os, name) for name in ("fsync", "rename", "write", "unlink", "rmdir", "mkdir")
)
LOADS: tuple[tuple[object, str], ...] = (
    (catalog, "reserve"),
    (catalog, "publish"),
    (LMDBEngine, "ingest"),
    (LMDBEngine, "close"),
)


class Trap:
    """Counts calls of functions, and acts just before one of them."""

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        number: int,
        act: Callable[[], None],
        functions: tuple[tuple[object, str], ...] = WRITES,
    ) -> None:
        self.fired = False
        self._calls = 0
        self._number = number
        self._act = act
        self._lock = threading.Lock()
        for owner, name in functions:
            patch.setattr(owner, name, self._wrapped(getattr(owner, name)))

    def _wrapped(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            with self._lock:
                self._calls += 1
                fires = self._calls == self._number
            if fires:
                self.fired = True
                self._act()
            return real(*args, **options)

        return call
