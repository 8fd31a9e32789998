"""Finds LMDB and hands it to the C core, once a process.

In this order: the file named by MVCC_LIBLMDB; the `lmdb` wheel's extension module, which exports
LMDB 0.9 with a prefix; the system's liblmdb.
"""

from __future__ import annotations

import ctypes.util
import importlib
import os
import threading

from mvcc._native._core import ffi, lib
from mvcc._native.check import check, new_error
from mvcc.errors import LibraryError

WHEEL_PREFIX = "mdb09_"
SYSTEM_PREFIX = "mdb_"

_lock = threading.Lock()


def candidates() -> list[tuple[str, str]]:
    """(file, prefix of its symbols) of every LMDB that may be loaded, the first choice first."""
    named = os.environ.get("MVCC_LIBLMDB")
    if named:
        return [(named, WHEEL_PREFIX), (named, SYSTEM_PREFIX)]
    found: list[tuple[str, str]] = []
    try:
        wheel = importlib.import_module("lmdb.cpython").__file__
    except ImportError:
        wheel = None
    if wheel is not None:
        found.append((wheel, WHEEL_PREFIX))
    system = ctypes.util.find_library("lmdb")
    if system is not None:
        found.append((system, SYSTEM_PREFIX))
    return found


def load() -> str:
    """Loads LMDB if that has not been done; gives its version. LibraryError names the file and why."""
    with _lock:
        if not version():
            _load_first()
        return version()


def version() -> str:
    """The version of LMDB that is loaded, or an empty string."""
    text: bytes = ffi.string(lib.mv_lmdb_version())
    return text.decode()


def _load_first() -> None:
    failure: LibraryError | None = None
    for file, prefix in candidates():
        err = new_error()
        try:
            check(file, lib.mv_lmdb_load(os.fsencode(file), prefix.encode(), err), err)
        except LibraryError as error:
            failure = error
        else:
            return
    raise failure or LibraryError(
        file="the lmdb wheel", what="neither the wheel nor a system liblmdb is installed"
    )
