"""The catalog: names, creation, drops, and handles that follow their table through all of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mvcc import catalog
from mvcc.engine.interface import CATALOG_TABLE, ScanRequest, Span, WriteBatch
from mvcc.errors import (
    InvalidNameError,
    StoreCorruptedError,
    TableExistsError,
    TableNotFoundError,
)
from mvcc.store import Store
from mvcc.table import Table
from mvcc.timestamp import Timestamp

ROOT = Path(__file__).resolve().parents[2]


def names(store: Store, as_of: Timestamp | None = None) -> list[str]:
    """The names of the tables."""
    return [info.name for info in store.tables(as_of)]


def test_a_new_store_has_no_tables(store: Store) -> None:
    """Nor databases."""
    assert ([], []) == (store.tables(), store.databases())


def test_tables_are_listed_by_name(store: Store) -> None:
    """Databases are those that hold a table."""
    for name in ("b.two", "a.z", "b.one"):
        store.create_table(name)
    assert (["a.z", "b.one", "b.two"], ["a", "b"]) == (names(store), store.databases())


def test_a_table_is_visible_from_its_creation_on(store: Store) -> None:
    """`created` is the first instant that shows it."""
    store.create_table("db.t")
    (info,) = store.tables()
    assert [info] == store.tables(as_of=info.created)
    assert [] == store.tables(as_of=Timestamp(info.created.value - 1))


def test_creating_a_table_twice_is_an_error(store: Store) -> None:
    """Unless it may exist: then it is the same table."""
    table = store.create_table("db.t")
    table[b"k"] = b"v"
    with pytest.raises(TableExistsError):
        store.create_table("db.t")
    assert b"v" == store.create_table("db.t", exist_ok=True)[b"k"]


@pytest.mark.parametrize(
    "name", ["", ".", "db.", ".t", "db.t.x", "db.1t", "db.t-x", "db.t ", "db.ä", "d" * 64 + ".t"]
)
def test_what_is_no_name_is_refused(store: Store, name: str) -> None:
    """By everything that takes a name, before anything is written."""
    for call in (
        lambda: store.create_table(name),
        lambda: store[name],
        lambda: store.drop_table(name),
        lambda: store.snapshot()[name],
        lambda: store.changes(Timestamp.MIN, table=name),
        lambda: store.diff(Timestamp.MIN, Timestamp.MIN, table=name),
    ):
        with pytest.raises(InvalidNameError):
            call()


def test_a_name_of_the_full_length_is_taken(store: Store) -> None:
    """63 characters for each part."""
    name = f"{'d' * 63}.{'t' * 63}"
    assert name == store.create_table(name).name


def test_one_name_alone_is_a_database(store: Store) -> None:
    """The error says so, and what to write."""
    with pytest.raises(InvalidNameError, match=r"database.*'bank\.items'"):
        store.create_table("bank")


def test_a_name_is_text(store: Store) -> None:
    """Bytes are not decoded by guess."""
    with pytest.raises(TypeError):
        store[b"db.t"]  # type: ignore[index]


def test_a_missing_table_is_a_key_error(store: Store) -> None:
    """With its name."""
    with pytest.raises(KeyError) as caught:
        store["db.t"]
    assert isinstance(caught.value, TableNotFoundError)
    assert "db.t" == caught.value.name


def test_ids_are_never_used_twice(store: Store) -> None:
    """Also after a drop; the first is 100."""
    ids = []
    for _ in range(3):
        store.create_table("db.t")
        ids += [info.id for info in store.tables()]
        store.drop_table("db.t")
    assert [100, 101, 102] == ids


def test_a_dropped_table_is_gone_now_and_not_before(store: Store, table: Table) -> None:
    """Its rows stay readable AS OF before the drop."""
    table[b"k"] = b"v"
    before = store.now()
    store.drop_table(table.name)
    with pytest.raises(TableNotFoundError):
        store[table.name]
    assert ([], [table.name]) == (names(store), names(store, before))
    assert b"v" == store.as_of(before)[table.name][b"k"]


def test_dropping_a_missing_table_is_an_error(store: Store) -> None:
    """Nothing is written."""
    with pytest.raises(TableNotFoundError):
        store.drop_table("db.t")
    with pytest.raises(TableNotFoundError, match="database db"):
        store.drop_database("db")


def test_a_dropped_database_takes_all_its_tables_at_once(store: Store) -> None:
    """And none whose name only begins alike."""
    for name in ("db.a", "db.b", "db2.a", "d.a", "db_.a"):
        store.create_table(name)
    before = store.stats().last_commit
    store.drop_database("db")
    assert ["d.a", "db2.a", "db_.a"] == names(store)
    assert before.value + 1 == store.stats().last_commit.value


def test_a_name_of_a_database_is_checked(store: Store) -> None:
    """A table's name is none."""
    with pytest.raises(InvalidNameError):
        store.drop_database("db.t")


def test_a_handle_of_a_dropped_table_raises(store: Store, table: Table) -> None:
    """Every call, for reading and for writing."""
    store.drop_table(table.name)
    for call in (
        lambda: table.get(b"k"),
        lambda: table.get_many([b"k"]),
        lambda: table.scan(),
        lambda: table.count(),
        lambda: table.history(b"k"),
        lambda: table.put(b"k", b""),
        lambda: table.put(b"k", b"", expected=None),
        lambda: table.put_many({b"k": b""}),
        lambda: table.delete(b"k"),
        lambda: table.increment(b"k"),
    ):
        with pytest.raises(TableNotFoundError):
            call()


def test_a_handle_follows_its_table_and_not_its_name(store: Store, table: Table) -> None:
    """A new table of the same name is another one."""
    table[b"k"] = b"old"
    store.drop_table(table.name)
    again = store.create_table(table.name)
    other = store[table.name]
    other[b"k"] = b"new"
    with pytest.raises(TableNotFoundError):
        table.get(b"k")
    with pytest.raises(TableNotFoundError):
        table.put(b"k", b"stray")
    assert b"new" == again[b"k"]


def test_a_handle_outlives_changes_to_other_tables(store: Store, table: Table) -> None:
    """It finds itself again in the newer catalog."""
    table[b"k"] = b"1"
    store.create_table("db.t")
    assert b"1" == table[b"k"]
    store.drop_table("db.t")
    table[b"k"] = b"2"
    store.create_table("db.u")
    assert (True, [None]) == (table.delete(b"k"), table.get_many([b"k"]))


def test_a_handle_sees_a_drop_by_another_handle_of_its_store(store: Store, table: Table) -> None:
    """Though a third one has looked the newer catalog up."""
    other = store.create_table("db.t")
    store.drop_table(table.name)
    other[b"k"] = b""
    with pytest.raises(TableNotFoundError):
        table.put(b"k", b"")


def test_of_many_threads_that_create_a_table_one_succeeds(store: Store) -> None:
    """The others find that it exists; no id is given twice."""
    made: list[str] = []
    refused: list[str] = []

    def create(number: int) -> None:
        for name in ("db.shared", f"db.own{number}"):
            try:
                store.create_table(name)
                made.append(name)
            except TableExistsError:
                refused.append(name)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (5, ["db.shared"] * 3) == (len(made), refused)
    assert {100, 101, 102, 103, 104} == {info.id for info in store.tables()}


Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def meanwhile(store: Store, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Runs something just before the next commit, after that commit has read what it depends on."""
    engine = type(store._context.engine)
    commit = engine.commit

    def arrange(action: Callable[[], object]) -> None:
        def late(*args: Any, **options: Any) -> int:
            monkeypatch.setattr(engine, "commit", commit)
            action()
            return commit(*args, **options)

        monkeypatch.setattr(engine, "commit", late)

    return arrange


def test_two_creations_at_once_take_two_ids(store: Store, meanwhile: Meanwhile) -> None:
    """The later one reads the counter again."""
    meanwhile(lambda: store.create_table("db.first"))
    store.create_table("db.second")
    assert [("db.first", 100), ("db.second", 101)] == [
        (info.name, info.id) for info in store.tables()
    ]


def test_of_two_creations_of_a_name_one_succeeds(store: Store, meanwhile: Meanwhile) -> None:
    """Also where the ids were reserved, so that they do not meet at the counter."""
    first = catalog.reserve(store._context.engine, 2)
    publish = partial(catalog.publish, store._context.engine)
    meanwhile(lambda: publish({"db.t": first}))
    with pytest.raises(TableExistsError):
        publish({"db.t": first + 1})
    assert [first] == [info.id for info in store.tables()]


def test_of_two_drops_of_a_table_one_succeeds(store: Store, meanwhile: Meanwhile) -> None:
    """The other finds nothing to drop."""
    store.create_table("db.t")
    meanwhile(lambda: store.drop_table("db.t"))
    with pytest.raises(TableNotFoundError):
        store.drop_table("db.t")


def test_a_table_made_meanwhile_is_dropped_with_its_database(
    store: Store, meanwhile: Meanwhile
) -> None:
    """A drop of a database leaves none of it."""
    store.create_table("db.one")
    meanwhile(lambda: store.create_table("db.two"))
    store.drop_database("db")
    assert [] == store.databases()


def test_reserved_ids_are_shown_by_publishing(store: Store) -> None:
    """Until then no catalog names them; several become visible in one commit."""
    engine = store._context.engine
    first = catalog.reserve(engine, 2)
    store.create_table("db.between")
    assert ["db.between"] == names(store)
    catalog.publish(engine, {"db.one": first, "db.two": first + 1})
    shown = {info.name: info for info in store.tables()}
    assert (first, first + 1) == (shown["db.one"].id, shown["db.two"].id)
    assert shown["db.one"].created == shown["db.two"].created


def test_publishing_over_an_existing_name_shows_nothing(store: Store) -> None:
    """All or none."""
    engine = store._context.engine
    store.create_table("db.two")
    first = catalog.reserve(engine, 2)
    with pytest.raises(TableExistsError):
        catalog.publish(engine, {"db.one": first, "db.two": first + 1})
    assert ["db.two"] == names(store)


def test_the_rows_are_those_of_the_format_page(store: Store, table: Table) -> None:
    """The examples of docs/format/catalog.md, byte by byte."""
    engine = store._context.engine
    page = (ROOT / "docs/format/catalog.md").read_text(encoding="utf-8")
    examples = page.partition("```\n")[2].partition("```")[0].splitlines()
    found = []
    with closing(engine.view()) as view:
        for table_id in (CATALOG_TABLE, catalog.COUNTER_TABLE):
            rows = engine.scan(ScanRequest(Span(table_id)), view=view)
            for key, value in zip(rows.keys, rows.values, strict=True):
                assert value is not None
                found.append(f"{table_id}  {key.hex(' ')}  {value.hex(' ')}")
    assert ("bank.accounts", examples) == (table.name, found)


@pytest.mark.parametrize("row", [b"", b"\x81", b"\x80", b"\x05", b"\x81\xa2id\xa1x", b"\xc1"])
def test_a_row_that_does_not_decode_is_damage(store: Store, row: bytes) -> None:
    """Never a missing table: that would be a KeyError."""
    store._context.engine.commit(WriteBatch([CATALOG_TABLE], [b"db.t"], [row]))
    for call in (lambda: store["db.t"], store.tables, lambda: store.changes(Timestamp.MIN)):
        with pytest.raises(StoreCorruptedError, match=r"db\.t"):
            call()
