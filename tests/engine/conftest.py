"""Fixtures: each engine in turn."""

from tests.engine.engines import clock, engine, open_engine

__all__ = ["clock", "engine", "open_engine"]
