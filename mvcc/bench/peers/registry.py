"""Which contenders there are here, and how to open them."""

from __future__ import annotations

from importlib import import_module

from mvcc.bench.peers.interface import Peer

OURS = "mvcc"
_CLASSES = {
    OURS: ("ours", "Ours"),
    "lmdb": ("lmdb", "LMDB"),
    "rocksdict": ("rocksdb", "RocksDB"),
    "sqlite3": ("sqlite", "SQLite"),
    "plyvel": ("leveldb", "LevelDB"),
}


def contenders() -> tuple[dict[str, type[Peer]], dict[str, str]]:
    """Those that are installed by name, ours first; and of the others the reason that they are left out."""
    found: dict[str, type[Peer]] = {}
    left_out = {}
    for name, (module, kind) in _CLASSES.items():
        try:
            found[name] = getattr(import_module(f"mvcc.bench.peers.{module}"), kind)
        except ImportError:
            left_out[name] = f"{name} is not installed (pip install {name})"
    return found, left_out
