"""Stores that are forgotten: what is garbage together ends in any order, and may be used again meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Generator
from pathlib import Path

import pytest

from mvcc.engine.interface import ScanRequest, Span, View
from mvcc.engine.lmdb import LMDBEngine, open_engine
from mvcc.errors import StoreClosedError
from tests.engine.history import T, put


@pytest.mark.parametrize("closes", [False, True], ids=["open", "closed"])
def test_a_view_that_is_garbage_with_its_engine_ends_with_it(tmp_path: Path, closes: bool) -> None:
    """Whichever goes first; under the sanitizers this shows a use of freed memory."""
    for _ in range(20):
        engine = open_engine(tmp_path / "s")
        put(engine, {b"a": b"1"})
        garbage = [engine, engine.view(), engine.view()]
        garbage.append(garbage)
        if closes:
            engine.close()
        del engine, garbage
        gc.collect()
    open_engine(tmp_path / "s").close()


def reading(engine: LMDBEngine, view: View, said: list[str]) -> Generator[None]:
    """Uses what it holds once more when it ends."""
    get = engine.getter(T, view=view)
    try:
        yield
    finally:
        view.close()
        for call in (
            lambda: get(b"a"),
            lambda: engine.scan(ScanRequest(Span(T)), view=view),
            lambda: engine.get(T, b"a", view=view),
            lambda: engine.unprotect(1),
            lambda: engine.info(),
        ):
            try:
                call()
            except StoreClosedError:
                said.append("closed")
        engine.close()


def test_a_generator_that_is_garbage_with_its_engine_finds_it_closed(tmp_path: Path) -> None:
    """Its last steps run when the engine and the view have ended already."""
    said: list[str] = []
    engine = open_engine(tmp_path / "s")
    put(engine, {b"a": b"1"})
    view = engine.view()
    generator = reading(engine, view, said)
    next(generator)
    garbage = [engine, view, generator]
    garbage.append(garbage)
    del engine, view, generator, garbage
    gc.collect()
    assert ["closed"] * 5 == said
    open_engine(tmp_path / "s").close()
