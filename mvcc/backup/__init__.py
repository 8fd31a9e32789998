"""Backups: collections of chains of layers, and the jobs that write and read them.

`take_backup` makes a layer, `restore` a store of a chain, `BackupCollection` shows what there is.
"""

from mvcc.backup.backup_job import take_backup
from mvcc.backup.collection import BackupCollection
from mvcc.backup.meter import ProgressCallback
from mvcc.backup.restore_job import restore
from mvcc.backup.verify import Level

__all__ = ["BackupCollection", "Level", "ProgressCallback", "restore", "take_backup"]
