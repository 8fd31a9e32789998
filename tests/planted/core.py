"""Puts a test build of the core in the place of `mvcc._native._core`.

A plugin of pytest (`-p tests.planted.core`) and the first import of a child process. MVCC_CORE names the
build; without it nothing is changed.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location

NAME = "mvcc._native._core"


def put_in_place(path: str) -> None:
    """Loads a build under the core's name; nothing may have imported the core yet."""
    assert NAME not in sys.modules
    loader = ExtensionFileLoader(NAME, path)
    spec = spec_from_file_location(NAME, path, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[NAME] = module
    loader.exec_module(module)


if "MVCC_CORE" in os.environ:
    put_in_place(os.environ["MVCC_CORE"])
