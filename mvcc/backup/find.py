"""Which backup a name means.

Owns the rule for `LATEST`: the full backup with the highest end; and that it is never guessed past one
that is damaged and may be newer.
"""

from __future__ import annotations

from mvcc.backup import layout
from mvcc.backup.chain import is_finished, read_layer
from mvcc.backup.home import read_home
from mvcc.errors import BackupCorruptedError, BackupNotFoundError, FormatVersionError
from mvcc.storage import Storage


def find_latest(storage: Storage) -> str | None:
    """The name of the latest full backup; None where there is none.

    BackupCorruptedError or FormatVersionError of a full backup that may be later than all readable ones.
    """
    latest, end = None, 0
    problems: dict[str, BackupCorruptedError | FormatVersionError] = {}
    for name in layout.list_fulls(storage):
        if not is_finished(storage, name):
            continue
        try:
            manifest = read_layer(storage, name).manifest
        except (BackupCorruptedError, FormatVersionError) as error:
            problems[name] = error
            continue
        if manifest.end > end:
            latest, end = name, manifest.end
    for name, problem in problems.items():
        if latest is None or layout.may_be_later(name, end):
            problem.hint = "It may be the latest backup: name the one that is meant."
            raise problem
    return latest


def find(storage: Storage, name: str) -> str:
    """The full backup that a name means: itself, or `LATEST`.

    InvalidNameError, BackupNotFoundError; for `LATEST` also what is wrong with the collection: named
    backups stand by themselves.
    """
    if name != layout.LATEST:
        return layout.check_backup_name(name)
    latest = find_latest(storage)
    if latest is None:
        raise BackupNotFoundError(name=name, uri=storage.uri)
    if read_home(storage) is None:
        raise BackupCorruptedError(
            path=f"{storage.uri}/{layout.COLLECTION}",
            what="it is missing",
            hint="Copy it back, or name the backup that is meant.",
        )
    return latest
