"""What a store remembers of its own backups: the newest layers of each chain, by their manifests' digests.

A file copy of a store has the same id but, from the copy on, another history. A layer is recorded above the
end of its window and before it counts, so a history that has the record has everything that the layer holds:
it alone may build on the layer. Owns the system's table of these records (docs/format/catalog.md) and how
many are kept. They are in no backup, and a restored store has none.
"""

from __future__ import annotations

from contextlib import closing

from mvcc.backup.codec import DIGEST_BYTES
from mvcc.engine.interface import Engine, ReadSet, ScanRequest, Span, View, WriteBatch
from mvcc.retry import until_done

BACKUP_TABLE = 3
KEPT_LAYERS = 16
"""Of a chain. The newest two would do, were layers never removed and collections never copied."""
KEPT_CHAINS = 1000
"""Those with the newest layers."""


def is_recorded(engine: Engine, chain: bytes, layer: bytes) -> bool:
    """Whether the store's history has a layer of a chain, which the digest of its full backup names."""
    with closing(engine.view()) as view:
        return layer in _layers(engine, view, chain)


def record(engine: Engine, chain: bytes, parent: bytes | None, layer: bytes) -> None:
    """Records a layer that is about to count, durably, and its parent: the layer may still fail to."""

    def attempt() -> None:
        with closing(engine.view()) as view:
            newest = [layer] if parent is None else [parent, layer]
            known = [each for each in _layers(engine, view, chain) if each not in newest]
            batch = WriteBatch()
            batch.add(BACKUP_TABLE, chain, b"".join((known + newest)[-KEPT_LAYERS:]))
            for old in _chains_to_forget(engine, view, chain):
                batch.add(BACKUP_TABLE, old, None)
            reads = ReadSet(view.timestamp, [(BACKUP_TABLE, key) for key in batch.keys])
            engine.commit(batch, reads=reads)

    until_done(attempt)


def _layers(engine: Engine, view: View, chain: bytes) -> list[bytes]:
    """The recorded layers of a chain, the newest last."""
    row = engine.get(BACKUP_TABLE, chain, view=view) or b""
    return [row[at : at + DIGEST_BYTES] for at in range(0, len(row), DIGEST_BYTES)]


def _chains_to_forget(engine: Engine, view: View, chain: bytes) -> list[bytes]:
    """The chains beyond those that are kept, beside the one that is written to."""
    page = engine.scan(ScanRequest(Span(BACKUP_TABLE), keys_only=True), view=view)
    others = [
        (timestamp, key)
        for key, timestamp in zip(page.keys, page.timestamps, strict=True)
        if key != chain
    ]
    return [key for _, key in sorted(others, reverse=True)[KEPT_CHAINS - 1 :]]
