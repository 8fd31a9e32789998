"""Where things stand in a collection: the names of backups, layers and files, and what they mean.

Owns every name. Nothing that is read out of a file is ever used as a name: a manifest numbers its files,
and the folder it states must be the one it was found in.

    COLLECTION
    2026/11/22-201530.12/                                 a full backup, by its end, or by a name given
        BACKUP_MANIFEST                                   written last: its presence is success
        BACKUP-LOCK-<job>                                 while the job runs
        data/000001.sst
    incrementals/2026/11/22-201530.12/20261123/101500.00/     one more layer: the same files
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from mvcc.errors import InvalidNameError
from mvcc.storage import Entry, Storage
from mvcc.timestamp import Timestamp

COLLECTION = "COLLECTION"
MANIFEST = "BACKUP_MANIFEST"
DATA = "data"
LATEST = "LATEST"
MAX_FILES = 999_999

_INCREMENTALS = "incrementals"
_LOCK = "BACKUP-LOCK-"
_YEAR = re.compile(r"[0-9]{4}", re.ASCII)
_MONTH = re.compile(r"[0-9]{4}/[0-9]{2}", re.ASCII)
_DATED = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}-[0-9]{6}\.[0-9]{2}", re.ASCII)
_NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_RESERVED = re.compile(rf"{COLLECTION}|{LATEST}|{_INCREMENTALS}|{_YEAR.pattern}", re.IGNORECASE)
_DAY = re.compile(r"[0-9]{8}", re.ASCII)
_TIME = re.compile(r"[0-9]{6}\.[0-9]{2}", re.ASCII)
_CENTISECOND = timedelta(milliseconds=10)


def check_backup_name(name: str) -> str:
    """The name itself if a full backup may have it: a given one, or one by time; InvalidNameError."""
    if isinstance(name, str) and (_DATED.fullmatch(name) or _is_given(name)):
        return name
    raise _wrong_name(name)


def check_new_name(name: str) -> str:
    """The name itself if it can be given to a new full backup; InvalidNameError."""
    if isinstance(name, str) and _is_given(name):
        return name
    raise _wrong_name(name)


def full_name(end: int, later: int = 0) -> str:
    """The name of a full backup by its end; `later` is the number of names that were taken before."""
    return f"{_instant(end, later):%Y/%m/%d-%H%M%S}.{_centiseconds(end, later)}"


def increment_folder(full: str, end: int, later: int = 0) -> str:
    """The folder of an incremental layer by its end, as `full_name`."""
    instant = _instant(end, later)
    return f"{increments_of(full)}/{instant:%Y%m%d/%H%M%S}.{_centiseconds(end, later)}"


def increments_of(full: str) -> str:
    """The folder that holds a full backup's increments."""
    return f"{_INCREMENTALS}/{full}"


def file_name(folder: str, number: int) -> str:
    """The name of a layer's data file."""
    return f"{folder}/{DATA}/{number:06d}.sst"


def manifest_name(folder: str) -> str:
    """The name of a layer's manifest."""
    return f"{folder}/{MANIFEST}"


def lock_name(folder: str, job_id: int) -> str:
    """The name of the file that says which job works on a layer."""
    return f"{folder}/{_LOCK}{job_id}"


def locks_in(storage: Storage, folder: str) -> list[str]:
    """The names of a layer's lock files."""
    names = (each.name for each in storage.list(folder) if each.size is not None)
    return [name for name in names if name.startswith(f"{folder}/{_LOCK}")]


def list_fulls(storage: Storage) -> list[str]:
    """The folders that have the name of a full backup, whatever is in them, by name."""
    found = []
    for top in _folders(storage, ""):
        if not _YEAR.fullmatch(top):
            found += [top] if _is_given(top) else []
            continue
        for month in filter(_MONTH.fullmatch, _folders(storage, top)):
            found += filter(_DATED.fullmatch, _folders(storage, month))
    return found


def list_increments(storage: Storage, full: str) -> list[str]:
    """The folders that have the name of an incremental layer, whatever is in them, by name."""
    found = []
    for day in _folders(storage, increments_of(full)):
        if _DAY.fullmatch(_leaf(day)):
            found += [each for each in _folders(storage, day) if _TIME.fullmatch(_leaf(each))]
    return found


def list_data(storage: Storage, folder: str) -> list[Entry]:
    """The files of a layer that have the name of a data file, or one much like it."""
    return [each for each in storage.list(f"{folder}/{DATA}") if each.name.endswith(".sst")]


def may_be_later(name: str, end: int) -> bool:
    """Whether a full backup, of which only the name is known, may end after this instant."""
    return not _DATED.fullmatch(name) or name > full_name(end)


def _is_given(name: str) -> bool:
    return bool(_NAMED.fullmatch(name)) and not _RESERVED.fullmatch(name)


def _wrong_name(name: str) -> InvalidNameError:
    return InvalidNameError(
        f"{name!r} cannot name a backup",
        hint="Write [A-Za-z0-9][A-Za-z0-9._-]{0,99}, no year, and not a name that collections use.",
        name=str(name),
    )


def _folders(storage: Storage, folder: str) -> list[str]:
    return [each.name for each in storage.list(folder) if each.size is None]


def _leaf(name: str) -> str:
    return name.rpartition("/")[2]


def _instant(end: int, later: int) -> datetime:
    return Timestamp(end).datetime + later * _CENTISECOND


def _centiseconds(end: int, later: int) -> str:
    return f"{_instant(end, later).microsecond // 10_000:02d}"
