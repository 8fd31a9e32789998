"""The state machine passes a right store, and finds each fault planted in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mvcc.testing import TimeTravelMachine
from mvcc.timestamp import Timestamp
from tests.testing.fake import FAULTS, World

if TYPE_CHECKING:
    from mvcc import Store

QUICK = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=300,
    stateful_step_count=30,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


class FakeMachine(TimeTravelMachine):
    """The machine over a fake store."""

    fault: ClassVar[str] = ""
    world: World | None = None

    def open_store(self, path: str) -> Store:
        """Opens a fake."""
        self.world = self.world or World(self.clock, self.fault)
        return cast("Store", self.world.open(path))

    def restore_store(self, uri: str, path: str, as_of: Timestamp) -> None:
        """Restores a fake."""
        assert self.world is not None
        self.world.restore(uri, path, as_of)


def test_a_right_store_passes() -> None:
    """The machine asks for nothing that the API does not say."""
    run_state_machine_as_test(FakeMachine, settings=settings(QUICK, max_examples=30))


@pytest.mark.parametrize("planted", FAULTS)
def test_a_planted_fault_is_found(planted: str) -> None:
    """Each is a way to get a store wrong."""

    class Faulty(FakeMachine):
        fault = planted

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Faulty, settings=QUICK)
