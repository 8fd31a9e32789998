"""Merges and collections one step at a time, through the core's own calls."""

from __future__ import annotations

from collections.abc import Iterator

from mvcc._native._core import ffi, lib
from mvcc._native.check import DONE, check, new_error
from mvcc.engine.lmdb import LMDBEngine


def merge_step(engine: LMDBEngine, rows: int = 1000) -> bool:
    """One step towards everything committed being in `data`: a freeze, or a slice of at most so many rows.

    Whether anything was left to do.
    """
    env, err = engine._env, new_error()
    code = lib.mv_merge(env.handle, env.last_commit(), rows, err)
    return check(env.path, code, err) != DONE


def collect(engine: LMDBEngine, before: int, work: int = 1) -> Iterator[None]:
    """Publishes a threshold without a merge before, then collects: goes on after each slice."""
    env, err = engine._env, new_error()
    env.gc_publish(before)
    cursor = ffi.gc(ffi.new("mv_buf *"), lib.mv_buf_free)
    stats = ffi.new("mv_gc_stats *")
    code = lib.MV_OK
    while code != DONE:
        code = check(env.path, lib.mv_gc_slice(env.handle, work, cursor, stats, err), err)
        yield
