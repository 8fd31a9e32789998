"""The store against the oracle: random writes, reads in the past, GC, backups and restores.

A failure prints the steps that led to it, and a line that replays it. More examples:
`MVCC_MODEL_EXAMPLES=2000 pytest tests/model`.
"""

import os

from hypothesis import HealthCheck, settings

from mvcc.testing import TimeTravelMachine

TestTimeTravel = TimeTravelMachine.TestCase
TestTimeTravel.settings = settings(
    max_examples=int(os.environ.get("MVCC_MODEL_EXAMPLES", "60")),
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
