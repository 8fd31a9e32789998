"""Destinations of backups: object stores and directories. They move bytes, and know nothing of MVCC."""

from mvcc.storage.interface import Entry, Lock, Storage, Writer, check_name, read_all
from mvcc.storage.uri import open_storage

__all__ = ["Entry", "Lock", "Storage", "Writer", "check_name", "open_storage", "read_all"]
