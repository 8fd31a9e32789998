"""Imports between the packages of mvcc point downwards only; the table below is the architecture."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "mvcc"

# From the bottom up. A module may import from its own layer and from those before it.
LAYERS: dict[str, tuple[str, ...]] = {
    "values": ("timestamp", "error_base", "errors", "types", "packed", "clock", "units"),
    "boundary": ("_native",),
    "engine": ("engine",),
    "SST files": ("sst",),
    "store": (
        *("store", "table", "snapshot", "transaction", "catalog", "changes", "diff", "upkeep"),
        *("reads", "scan", "stream", "work", "updates", "buffer"),
        *("context", "arguments", "building", "rows", "arrow", "names", "retry", "sharing"),
    ),
    "destinations": ("storage",),
    "backup": ("backup", "jobs"),
    "public names": ("", "api"),
    "testing": ("testing",),
    "faces": ("cli", "demo", "bench", "sql", "console", "__main__"),
}
RANK = {name: rank for rank, names in enumerate(LAYERS.values()) for name in names}
# Some layers see less than what lies below them.
SEES_ONLY = {
    "storage": {"storage", *LAYERS["values"]},
    "testing": {"testing", "", *LAYERS["values"]},
}
# Modules from outside that some parts alone may import: to `bench`, LMDB is another store to measure.
OWNERS = {"lmdb": ("_native", "bench"), "mvcc._native._core": ("_native",)}

Import = tuple[str, int]


def imports_of(source: str, module: str) -> Iterator[Import]:
    """Every (module, line) that the source of `module` imports; relative ones are made absolute."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def part_of(module: str) -> str | None:
    """The part of mvcc that a dotted name lies in: `mvcc.backup.chain` is in `backup`; None outside."""
    package, *rest = module.split(".")
    if package != "mvcc":
        return None
    return rest[0] if rest and rest[0] in RANK else ""


def violations(source: str, module: str) -> list[str]:
    """What the source of `module` imports against the table."""
    importer = part_of(module) or ""
    found = []
    for name, line in imports_of(source, module):
        part = part_of(name)
        for owned, owners in OWNERS.items():
            if (name == owned or name.startswith(f"{owned}.")) and importer not in owners:
                found.append(f"{module}:{line} imports {name}, which is for {owners} alone")
        if part is None:
            continue
        above = RANK[part] > RANK[importer]
        hidden = part not in SEES_ONLY.get(importer, RANK)
        if above or hidden:
            found.append(f"{module}:{line} imports {name} against the layers")
    return found


def modules() -> dict[str, str]:
    """Every module of the package and its source."""
    sources = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts)
        sources[name] = path.read_text(encoding="utf-8")
    return sources


def test_imports_point_downwards() -> None:
    """No module imports from a layer above its own."""
    found = [text for name, source in modules().items() for text in violations(source, name)]
    assert [] == found


def test_every_module_has_a_layer() -> None:
    """Each module and package under mvcc/ stands in the table."""
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert set() == parts - set(RANK) - {"__init__", "__pycache__"}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("mvcc.errors", "from mvcc.store import Store"),
        ("mvcc.errors", "from .store import Store"),
        ("mvcc.errors", "import mvcc"),
        ("mvcc.errors", "from mvcc import Store"),
        ("mvcc.engine.lmdb", "from mvcc._native import _core"),
        ("mvcc.engine.lmdb", "import lmdb.cpython"),
        ("mvcc.bench.stock", "from mvcc._native import _core"),
        ("mvcc.storage.local", "from mvcc import engine"),
        ("mvcc.testing.oracle", "import mvcc.engine.interface"),
        ("mvcc.backup.chain", "def late():\n    from mvcc.cli import main"),
    ],
)
def test_an_import_against_the_layers_is_seen(module: str, source: str) -> None:
    """The check itself: one planted import each."""
    assert [] != violations(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("mvcc.store", "from mvcc.table import Table"),
        ("mvcc.store", "from mvcc import errors"),
        ("mvcc._native.environment", "import lmdb.cpython"),
        ("mvcc.bench.peers.lmdb", "import lmdb"),
        ("mvcc.__init__", "from mvcc.backup import restore"),
        ("mvcc.testing.machine", "from mvcc import Store"),
        ("mvcc.cli.main", "import mvcc"),
    ],
)
def test_an_import_that_is_allowed_passes(module: str, source: str) -> None:
    """The check itself: one allowed import each."""
    assert [] == violations(source, module)
