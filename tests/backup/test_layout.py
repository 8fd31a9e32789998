"""The names in a collection."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvcc.backup import layout
from mvcc.errors import InvalidNameError
from mvcc.storage import check_name
from mvcc.storage.directory import Directory
from mvcc.timestamp import Timestamp

END = int(Timestamp.from_wall_us(1_795_378_530_129_999))


def test_a_full_backup_is_named_by_its_end() -> None:
    """To the hundredth of a second, in UTC; not rounded up."""
    assert layout.full_name(END) == "2026/11/22-201530.12"
    assert layout.full_name(END, 1) == "2026/11/22-201530.13"
    assert layout.full_name(END, 88) == "2026/11/22-201531.00"


def test_an_increment_is_named_by_its_full_backup_and_its_end() -> None:
    """CockroachDB's layout."""
    expected = "incrementals/2026/11/22-201530.12/20261122/201530.12"
    assert layout.increment_folder("2026/11/22-201530.12", END) == expected
    assert layout.increment_folder("weekly", END, 1) == "incrementals/weekly/20261122/201530.13"


@pytest.mark.parametrize("end", [1, END, (1 << 64) - 1])
def test_every_name_follows_the_rule_of_destinations(end: int) -> None:
    """From 1970 to 2112."""
    full = layout.full_name(end)
    folder = layout.increment_folder(full, end)
    for name in (layout.file_name(folder, 999_999), layout.manifest_name(folder)):
        assert check_name(name) == name
    assert check_name(layout.lock_name(folder, 1 << 63)).endswith("9223372036854775808")
    assert layout.check_backup_name(full) == full


@pytest.mark.parametrize("name", ["weekly", "0", "20261122", "a" * 100, "v1.2_x-y", "backups"])
def test_a_name_may_be_given(name: str) -> None:
    """Where it cannot be taken for something else."""
    assert layout.check_new_name(name) == layout.check_backup_name(name) == name


RESERVED = ["LATEST", "latest", "COLLECTION", "collection", "incrementals", "INCREMENTALS", "2026"]
WRONG = ["", ".x", "-x", "a/b", "a b", "a" * 101, "..", "\u00e9", "a\n", "2026/11/22-201530.12"]


@pytest.mark.parametrize("name", [*RESERVED, *WRONG])
def test_a_name_that_means_something_else_cannot_be_given(name: str) -> None:
    """On any file system, also one that does not tell cases apart."""
    with pytest.raises(InvalidNameError):
        layout.check_new_name(name)


def test_a_name_is_text() -> None:
    """Nothing else."""
    for wrong in (7, b"weekly", None):
        with pytest.raises(InvalidNameError):
            layout.check_new_name(wrong)  # type: ignore[arg-type]


def test_folders_that_look_like_backups_are_found(tmp_path: Path) -> None:
    """By time and by name; nothing else is."""
    right = ["2026/11/22-201530.12", "2026/12/01-000000.00", "weekly", "20261122"]
    wrong = [
        "2026/11/22-2015",
        "2026/1/22-201530.12",
        "2026/x",
        "incrementals/a",
        ".git",
        "99999x y",
    ]
    for name in right + wrong:
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"")
    assert layout.list_fulls(Directory(str(tmp_path))) == sorted(right)


def test_folders_that_look_like_increments_are_found(tmp_path: Path) -> None:
    """Of one full backup."""
    base = tmp_path / "incrementals" / "weekly"
    for name in ("20261123/101500.00", "20261123/101500.01", "20261124/000000.99"):
        (base / name).mkdir(parents=True)
    for name in ("2026112/101500.00", "20261123/1015", "x/101500.00"):
        (base / name).mkdir(parents=True)
    found = layout.list_increments(Directory(str(tmp_path)), "weekly")
    assert [each.removeprefix("incrementals/weekly/") for each in found] == [
        "20261123/101500.00",
        "20261123/101500.01",
        "20261124/000000.99",
    ]


def test_a_dated_name_tells_whether_it_may_be_later() -> None:
    """A given name tells nothing."""
    assert not layout.may_be_later("2026/11/22-201530.11", END)
    assert not layout.may_be_later("2026/11/22-201530.12", END)
    assert layout.may_be_later("2026/11/22-201530.13", END)
    assert layout.may_be_later("weekly", END)
