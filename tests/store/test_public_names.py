"""The public namespace: it only re-exports, and its examples run."""

from __future__ import annotations

import ast
import doctest
import importlib
from pathlib import Path

import pytest

import mvcc
from mvcc import errors

# The names of the contract that this version has, and nothing of it under another name.
NAMES = {
    *("open", "Store", "Table", "Snapshot", "Transaction", "Scan", "Timestamp", "ANY"),
    *("When", "Duration", "Size", "Durability", "Isolation", "Compression", "Readable", "Writable"),
    *("Change", "Progress", "Difference", "Version"),
    *("TableInfo", "TableStats", "StoreStats", "GCReport", "VerifyReport"),
}


def test_the_public_names_are_there() -> None:
    """Every name of the contract, and every error."""
    classes = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.MVCCError)
    }
    assert set() == (NAMES | classes) - set(mvcc.__all__)


def test_all_lists_what_can_be_imported() -> None:
    """Sorted, nothing missing, nothing private."""
    assert sorted(mvcc.__all__) == mvcc.__all__
    assert all(hasattr(mvcc, name) and not name.startswith("_") for name in mvcc.__all__)


def test_the_namespace_only_re_exports() -> None:
    """A docstring, imports, the list."""
    tree = ast.parse(Path(mvcc.__file__).read_text(encoding="utf-8"))
    kinds = {type(node).__name__ for node in tree.body}
    assert {"Expr", "ImportFrom", "Assign"} == kinds


def examples() -> list[doctest.DocTest]:
    """Every docstring with an example in what programs use of the store."""
    modules = (
        f"mvcc.{name}" for name in ("api", "store", "table", "reads", "snapshot", "transaction")
    )
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in modules for test in finder.find(importlib.import_module(name))]
    return [test for test in found if test.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda example: str(example.name))
def test_an_example_runs(example: doctest.DocTest, tmp_path: Path) -> None:
    """As it is printed; each is given `mvcc`, a fresh `store` and a free `path`."""
    with mvcc.open(tmp_path / "store") as store:
        example.globs.update(mvcc=mvcc, store=store, path=tmp_path / "other")
        assert 0 == doctest.DocTestRunner().run(example).failed


def test_there_are_examples() -> None:
    """A run without any would pass as well."""
    assert {"mvcc.api.open", "mvcc.table.Table", "mvcc.store.Store.run"} <= {
        example.name for example in examples()
    }
