"""What an adapter does is what the question means: the same for every contender."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvcc.bench.peers import Peer, contenders, registry
from mvcc.bench.peers.lmdb import LMDB
from mvcc.bench.workload import commits

KINDS = contenders()[0]
ROWS = [row for rows in commits(500) for row in rows]


@pytest.fixture(params=KINDS.values(), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> type[Peer]:
    """Each contender that is installed."""
    found: type[Peer] = request.param
    return found


def rows_of(kind: type[Peer], folder: Path) -> list[tuple[bytes, bytes]]:
    """What a store holds."""
    with kind(folder) as peer, peer.scan() as rows:
        return list(rows)


def test_rows_come_back_in_order(kind: type[Peer], tmp_path: Path) -> None:
    """Also after it was closed."""
    with kind(tmp_path / "store") as peer:
        peer.put_many(ROWS[250:])
        peer.put_many(ROWS[:250])
    assert ROWS == rows_of(kind, tmp_path / "store")


def test_a_put_replaces(kind: type[Peer], tmp_path: Path) -> None:
    """One key, read back at once."""
    with kind(tmp_path / "store") as peer:
        peer.put(b"a", b"1")
        peer.put(b"a", b"2")
        with peer.getter() as get:
            assert (b"2", None) == (get(b"a"), get(b"b"))


def test_a_full_copy_is_there(kind: type[Peer], tmp_path: Path) -> None:
    """It can be opened and holds every row; ours is a backup, which is restored in tests of its own."""
    if not kind.copies:
        with kind(tmp_path / "store") as peer, pytest.raises(OSError, match="no backup"):
            peer.full(tmp_path / "copy")
        return
    with kind(tmp_path / "store") as peer:
        peer.put_many(ROWS)
        peer.full(tmp_path / "copy")
    if peer.name != registry.OURS:
        assert ROWS == rows_of(kind, tmp_path / "copy")
    assert any(path.is_file() for path in (tmp_path / "copy").rglob("*"))


def test_what_lmdb_puts_in_one_call_is_the_same(tmp_path: Path) -> None:
    """And it reads the same within one transaction."""
    with LMDB(tmp_path / "store") as peer:
        peer.put_all(ROWS)
        with peer.getter_in_one() as get:
            assert ROWS[7][1] == get(ROWS[7][0])
    assert ROWS == rows_of(LMDB, tmp_path / "store")


def test_what_is_not_installed_is_left_out_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are there."""
    monkeypatch.setitem(registry._CLASSES, "plyvel", ("not_there", "LevelDB"))
    found, left_out = contenders()
    assert {"plyvel": "plyvel is not installed (pip install plyvel)"} == left_out
    assert ["mvcc", "lmdb", "rocksdict", "sqlite3"] == list(found)
