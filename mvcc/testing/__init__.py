"""What tests of one's own need: a clock, an oracle, hypothesis strategies and a state machine.

Uses the public API alone. `ManualClock` and `Oracle` need nothing more; the strategies and
`TimeTravelMachine` need hypothesis (`pip install mvcc[test]`) and are imported when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mvcc.testing.clock import ManualClock
from mvcc.testing.oracle import Oracle

if TYPE_CHECKING:
    from mvcc.testing.machine import TimeTravelMachine
    from mvcc.testing.strategies import histories, operations

__all__ = ["ManualClock", "Oracle", "TimeTravelMachine", "histories", "operations"]

_NEED_HYPOTHESIS = {
    "TimeTravelMachine": "mvcc.testing.machine",
    "histories": "mvcc.testing.strategies",
    "operations": "mvcc.testing.strategies",
}


def __getattr__(name: str) -> object:
    """Imports what needs hypothesis at its first use."""
    if name in _NEED_HYPOTHESIS:
        return getattr(import_module(_NEED_HYPOTHESIS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
