"""Verifying a chain: all that is wrong with it, and what can be restored in spite of that.

Owns that one fault does not hide the next: every file of every layer is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, TypeAlias

from mvcc.backup.chain import Chain, Layer
from mvcc.backup.check import ListedFile, check_bytes, check_listing
from mvcc.backup.contents import check_contents
from mvcc.backup.crew import Stop, run_tasks
from mvcc.backup.meter import Meter
from mvcc.errors import CorruptionError, FormatVersionError
from mvcc.storage import Storage
from mvcc.types import VerifyReport

Level: TypeAlias = Literal["manifest", "files", "data"]


def verify_chain(
    storage: Storage, chain: Chain, level: Level, workers: int | None = None
) -> VerifyReport:
    """What was found at a level. DestinationError where the destination cannot be read."""
    problems = [str(each) for each in chain.problems]
    whole = len(chain.layers)
    files = 0
    if level != "manifest":
        for number, layer in enumerate(chain.layers):
            found = _layer_problems(storage, layer, level, workers)
            files += len(layer.manifest.files)
            problems += found
            whole = min(whole, number) if found else whole
    manifests = [each.manifest for each in chain.layers]
    return VerifyReport(
        versions=sum(each.rows for each in manifests),
        tombstones=sum(each.tombstones for each in manifests),
        changes=0,
        bytes=sum(each.bytes for each in manifests),
        problems=tuple(problems),
        files=files,
        restorable=replace(chain, layers=chain.layers[:whole]).restorable(),
    )


def _layer_problems(storage: Storage, layer: Layer, level: Level, workers: int | None) -> list[str]:
    """All that is wrong with the files of a layer."""
    meter = Meter(0, None)

    def listing() -> None:
        check_listing(storage, layer)

    def look(entry: ListedFile, stop: Stop) -> str | None:
        def read() -> None:
            check_bytes(storage, entry, stop, meter)
            if level == "data":
                check_contents(storage, entry, stop)

        return _problem(read)

    files = [ListedFile(layer, each) for each in layer.manifest.files]
    found = [_problem(listing), *run_tasks(files, look, meter=meter, workers=workers)]
    return list(dict.fromkeys(filter(None, found)))


def _problem(check: Callable[[], None]) -> str | None:
    """What a check finds wrong, in words."""
    try:
        check()
    except (CorruptionError, FormatVersionError) as error:
        return str(error)
    return None
