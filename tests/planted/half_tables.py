"""A bug above the core, as a plugin of pytest: an increment takes no more of a new table than its window."""

from __future__ import annotations

from mvcc.backup.export import Exporter
from mvcc.backup.manifest import TableEntry


def _since(self: Exporter, _table: TableEntry) -> int:
    return self.layer.start


Exporter._since = _since  # type: ignore[method-assign, assignment]
