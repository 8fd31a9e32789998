"""What a call of the C core passes and gets back; a thread keeps it for its next call."""

from __future__ import annotations

import threading

from mvcc._native._core import ffi, lib
from mvcc._native.check import new_error


class Call:
    """An error record and result buffers, for a `with` block.

    Kept by the thread for its next call. Not shared by two at once: a finalizer or a signal handler that
    uses a store may run between C's answer and the reading of it.
    """

    __slots__ = ("err", "page", "ts", "value")

    def __init__(self) -> None:
        self.err = new_error()
        self.value = ffi.gc(ffi.new("mv_buf *"), lib.mv_buf_free)
        self.ts = ffi.new("uint64_t *")
        self.page = ffi.gc(ffi.new("mv_page *"), lib.mv_page_free)

    def __enter__(self) -> Call:
        return self

    def __exit__(self, *_: object) -> None:
        idle.calls.append(self)


class _Idle(threading.local):
    """A thread's records that no call uses."""

    def __init__(self) -> None:
        self.calls: list[Call] = []


idle = _Idle()


def new_call() -> Call:
    """A record that no other call uses."""
    try:
        return idle.calls.pop()
    except IndexError:
        return Call()
