"""What goes into the library demo: files, the changes to them, cuts into commits."""

from __future__ import annotations

import ast
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mvcc.demo.changes import batches, removals, rewritten, up_to
from mvcc.demo.files import LeftOut, SourceFile, find, read

ROWS = st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=40)))


def test_files_are_found_in_the_order_of_their_keys(tmp_path: Path) -> None:
    """A folder's files may come between those of another: the whole path counts."""
    for name in ("b/x.py", "a.py", "b.py", "b/a/deep", "c"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    found = find(tmp_path, LeftOut(), b"p/")
    assert [b"p/a.py", b"p/b.py", b"p/b/a/deep", b"p/b/x.py", b"p/c"] == [
        file.key for file in found
    ]
    assert [(file.key, file.key[2:]) for file in found] == list(read(found, LeftOut()))


@pytest.mark.parametrize("folder", ["__pycache__", "site-packages", "dist-packages"])
def test_some_folders_are_passed_over(tmp_path: Path, folder: str) -> None:
    """Caches, and packages that come in a round of their own."""
    (tmp_path / "in" / folder).mkdir(parents=True)
    (tmp_path / "in" / folder / "file").write_bytes(b"")
    assert [] == find(tmp_path, LeftOut())


def test_names_that_are_not_utf8_are_keys_too(tmp_path: Path) -> None:
    """Keys are the bytes of the path."""
    (tmp_path / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    assert [(b"caf\xe9", b"x")] == list(read(find(tmp_path, LeftOut()), LeftOut()))


def test_what_does_not_go_in_is_counted(tmp_path: Path) -> None:
    """Long paths, dangling links, sockets."""
    deep = tmp_path / ("d" * 200) / ("e" * 200)
    deep.mkdir(parents=True)
    (deep / ("f" * 88)).write_bytes(b"490 bytes")
    (deep / ("f" * 89)).write_bytes(b"491 bytes")
    (tmp_path / "dangling").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "socket"))
        left_out = LeftOut()
        rows = list(read(find(tmp_path, left_out), left_out))
    assert [b"490 bytes"] == [value for _, value in rows]
    assert LeftOut(long_paths=1, unreadable=1, special=1) == left_out


def test_a_link_to_a_file_is_what_it_leads_to(tmp_path: Path) -> None:
    """As the interpreter reads it."""
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert b"content" == dict(read(find(tmp_path, LeftOut()), LeftOut()))[b"link"]


def test_a_file_that_went_away_is_counted(tmp_path: Path) -> None:
    """Found, but gone when it is read."""
    left_out = LeftOut()
    assert [] == list(read([SourceFile(b"k", tmp_path / "gone")], left_out))
    assert 1 == left_out.unreadable


def test_test_folders_are_removed() -> None:
    """Only folders count, not files called test."""
    keys = [b"a.py", b"test", b"test/a.py", b"x/tests/y/b.py", b"x/testing/c.py"]
    assert [b"test/a.py", b"x/tests/y/b.py"] == removals(keys)


def test_every_tenth_file_is_removed_where_tests_are_few() -> None:
    """Under 5 % of the files is few."""
    keys = [b"%03d" % n for n in range(100)] + [b"test/%d" % n for n in range(5)]
    assert keys[::10] == removals(keys)
    assert keys[100:] == removals(keys[10:])


def test_a_rewritten_source_is_the_same_program() -> None:
    """Comments go, the tree of syntax stays."""
    source = b"# comment\nx = (1 +\n     2)\n"
    new = rewritten(source)
    assert new == b"x = 1 + 2"
    assert ast.dump(ast.parse(source)) == ast.dump(ast.parse(new))


@pytest.mark.parametrize("source", [b"def", b"\0", b"\xff\xfe", b"(" * 5000])
def test_what_does_not_parse_is_left_as_it_is(source: bytes) -> None:
    """Templates, broken test data, other encodings."""
    assert None is rewritten(source)


@given(ROWS, st.integers(1, 100))
def test_batches_hold_every_row_once_in_order(
    rows: list[tuple[bytes, bytes]], max_bytes: int
) -> None:
    """And each but the last has reached the size, which its last row took it over."""
    cut = list(batches(rows, max_bytes))
    sizes = [[len(key) + len(value) for key, value in batch] for batch in cut]
    assert rows == [row for batch in cut for row in batch]
    assert all(sum(each) >= max_bytes for each in sizes[:-1])
    assert all(sum(each[:-1]) < max_bytes for each in sizes)


@given(ROWS, st.integers(0, 200))
def test_no_more_is_taken_than_fits(rows: list[tuple[bytes, bytes]], max_bytes: int) -> None:
    """And the row after the last one would not have fitted."""
    taken = list(up_to(rows, max_bytes))
    assert rows[: len(taken)] == taken
    assert sum(len(key) + len(value) for key, value in taken) <= max_bytes
    through_next = rows[: len(taken) + 1]
    if len(through_next) > len(taken):
        assert sum(len(key) + len(value) for key, value in through_next) > max_bytes
