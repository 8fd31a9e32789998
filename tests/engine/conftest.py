"""Fixtures: each engine in turn."""

from tests.engine.engines import clock, engine, lmdb_engine, open_engine

__all__ = ["clock", "engine", "lmdb_engine", "open_engine"]
