"""Threads in the engine, without an interpreter that lets one at a time run: no report, no wrong answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.drivers import CORE, ENGINE_STRESS, build, build_core, run_engine_stress

SECONDS = 3
PATIENCE_S = 60
ATTEMPTS = 20
TAIL = next(path for path in CORE if path.name == "mv_tail.c")


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core but for the file in which a fault is planted."""
    folder = tmp_path_factory.mktemp("core")
    return build_core(folder, [path for path in CORE if path != TAIL], "-fsanitize=thread")


def test_every_call_beside_every_other(core: Path, tmp_path: Path) -> None:
    """Commits, reads, changes, merges, collections and closes: every answer right, and no report."""
    program = build(tmp_path / "stress", [*ENGINE_STRESS, TAIL, core], "-fsanitize=thread")
    status, figures, said = run_engine_stress(program, tmp_path, SECONDS)
    assert 0 == status, said
    assert figures


def test_references_taken_without_the_lock_are_reported(core: Path, tmp_path: Path) -> None:
    """The stress itself: with the lock planted away the thread sanitizer reports a race."""
    flags = ("-fsanitize=thread", "-DMVCC_PLANT_UNLOCKED")
    program = build(tmp_path / "stress", [*ENGINE_STRESS, TAIL, core], *flags)
    status, said = 0, ""
    for attempt in range(ATTEMPTS):  # on a busy machine threads meet less often
        if status == 0:
            folder = tmp_path / f"{attempt}"
            folder.mkdir()
            status, _, said = run_engine_stress(program, folder, SECONDS)
    assert status != 0
    assert "WARNING: ThreadSanitizer: data race" in said
