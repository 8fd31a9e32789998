"""What every test run shares: one seed, printed with the line that replays it, and the guard on skips."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("project", print_blob=True, deadline=None)
hypothesis.settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --allowed-skips."""
    parser.addoption(
        "--allowed-skips",
        type=Path,
        help="file of node ids, one a line: any other test that is skipped fails the run",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Chooses the run's seed where none was given, before hypothesis reads it."""
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = random.SystemRandom().randrange(2**32)
    allowed = config.getoption("--allowed-skips")
    if allowed is not None:
        config.pluginmanager.register(SkipGuard(allowed), "skip-guard")


def pytest_report_header(config: pytest.Config) -> str:
    """The seed, and how to run with it again."""
    seed = config.option.hypothesis_seed
    return f"seed: {seed} (replay: make test PYTEST_ARGS=--hypothesis-seed={seed})"


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers of this test, the same ones whenever the run's seed is the same."""
    return random.Random(f"{request.config.option.hypothesis_seed} {request.node.nodeid}")


class SkipGuard:
    """Fails the run for each skip that the list does not allow."""

    def __init__(self, allowed: Path) -> None:
        lines = allowed.read_text(encoding="utf-8").splitlines()
        self._allowed = {line for line in lines if line and not line.startswith("#")}
        self._forbidden: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Notes a module that is skipped as a whole."""
        self._note(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes a test that is skipped."""
        self._note(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Turns success into failure where a forbidden skip was seen."""
        if self._forbidden and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Names the forbidden skips."""
        for nodeid in self._forbidden:
            terminalreporter.write_line(f"FORBIDDEN SKIP {nodeid}", red=True)

    def _note(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        expected_failure = hasattr(report, "wasxfail")
        if report.skipped and not expected_failure and report.nodeid not in self._allowed:
            self._forbidden.append(report.nodeid)
