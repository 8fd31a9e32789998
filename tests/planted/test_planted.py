"""The engine keeps the rules of its protocol, and the tests that say so find each rule that is broken."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.planted.bugs import BUGS, RULES, Bug
from tests.planted.build import NONE, ROOT, Builds

SECONDS = 120
"""For the tests of one build; then they hang."""


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    """Test builds."""
    return Builds(tmp_path_factory.mktemp("builds"))


def run(core: Path, *arguments: str) -> tuple[int, dict[str, str]]:
    """Runs tests over a build; gives how many passed, and what each of the others said."""
    report = core.with_name("report.xml")
    command = [sys.executable, "-m", "pytest", "-p", "tests.planted.core", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, f"--junitxml={report}", *arguments],
        cwd=ROOT,
        env=os.environ | {"MVCC_CORE": str(core)},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if not report.exists():
        return 0, {"pytest": done.stdout + done.stderr}
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    said = {
        case.get("name", ""): f"{child.tag}: {child.get('message')}"
        for case in cases
        for child in case
        if child.tag in {"failure", "error", "skipped"}
    }
    return len(cases) - len(said), said


def missed(builds: Builds, bug: Bug) -> str | None:
    """What is wrong with the hunt for a bug; None where it was found as it should be."""
    core = builds.core(NONE if bug.plugin else bug.name)
    passed, said = run(core, *(["-p", bug.plugin] if bug.plugin else []), bug.test)
    if passed or len(said) != 1:
        return f"{bug.name}: {passed} passed, {said}"
    (message,) = said.values()
    found = message.startswith("failure:") and re.search(bug.symptom, message)
    return None if found else f"{bug.name}: {message}"


def test_the_engine_keeps_every_rule(builds: Builds) -> None:
    """The same steps as where a bug is planted, without one."""
    tests = [RULES, *(bug.test for bug in BUGS if not bug.test.startswith(RULES))]
    passed, said = run(builds.core(NONE), *tests)
    assert {} == said
    assert len(BUGS) == passed


@pytest.mark.reliability
def test_every_planted_bug_is_found(
    builds: Builds, record_property: Callable[[str, object], None]
) -> None:
    """By its own test, which gets a wrong answer."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        misses = [each for each in threads.map(lambda bug: missed(builds, bug), BUGS) if each]
    assert [] == misses
    record_property("figure", f"{len(BUGS)} of {len(BUGS)} planted bugs found")
