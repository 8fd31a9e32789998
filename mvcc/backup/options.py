"""What the caller of a backup asks for, checked before anything is read or written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast, get_args

from mvcc.backup.layout import check_backup_name, check_new_name
from mvcc.backup.manifest import MAX_TARGETS
from mvcc.engine.interface import Compression
from mvcc.errors import InvalidArgumentError
from mvcc.names import check_database_name, check_table_name
from mvcc.units import Size, size_bytes

Targets = tuple[str, ...]

SMALLEST_FILE_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one backup."""

    name: str | None
    """For a new full backup; None: by its time."""
    base: str | bool
    """False: a full backup; True: on the latest one; or the name of the full one to build on."""
    targets: Targets | None
    revision_history: bool
    compression: Compression
    file_size: int


def parse_options(
    *,
    name: str | None,
    targets: str | Iterable[str] | None,
    incremental: bool | str,
    revision_history: bool,
    compression: str,
    file_size: Size,
) -> Options:
    """The options, or InvalidArgumentError, InvalidNameError."""
    if name is not None and incremental is not False:
        raise InvalidArgumentError(
            "an incremental backup is named by its time",
            argument="name",
            hint="Leave name out; incremental='name' says which full backup to build on.",
        )
    if compression not in get_args(Compression):
        raise InvalidArgumentError(
            argument="compression", given=repr(compression), hint="Write 'none', 'lz4' or 'zstd'."
        )
    cut_at = size_bytes(file_size, "file_size")
    if cut_at < SMALLEST_FILE_SIZE:
        raise InvalidArgumentError(
            argument="file_size", given=repr(file_size), hint="Write 4096 or more: '128MiB'."
        )
    return Options(
        name=None if name is None else check_new_name(name),
        base=_base(incremental),
        targets=parse_targets(targets),
        revision_history=bool(revision_history),
        compression=cast("Compression", compression),
        file_size=cut_at,
    )


def parse_targets(targets: str | Iterable[str] | None) -> Targets | None:
    """Databases and tables, sorted, each once; None: everything. InvalidNameError."""
    if targets is None:
        return None
    names = {targets} if isinstance(targets, str) else set(targets)
    if not 0 < len(names) <= MAX_TARGETS:
        raise InvalidArgumentError(
            argument="targets",
            given=f"a list of {len(names)}",
            hint="Leave it out for everything, or name up to 1000 databases and tables.",
        )
    for each in names:
        if "." in each:
            check_table_name(each)
        else:
            check_database_name(each)
    return tuple(sorted(names))


def covers(targets: Targets | None, table: str) -> bool:
    """Whether a table is one of the targets, or in one of them."""
    return targets is None or table in targets or table.partition(".")[0] in targets


def _base(incremental: bool | str) -> str | bool:
    if isinstance(incremental, bool):
        return incremental
    return check_backup_name(incremental)
