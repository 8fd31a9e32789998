"""Which destination a URI means, and what is said of one that means none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvcc.errors import InvalidArgumentError
from mvcc.storage import open_storage


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("/data/backups", "file:///data/backups"),
        ("file:///data/backups", "file:///data/backups"),
        ("file:/data/backups", "file:///data/backups"),
        ("FILE:///data/backups", "file:///data/backups"),
        ("file://localhost/data", "file:///data"),
        ("file:///with%20space%23", "file:///with%20space%23"),
        ("/plain%20name", "file:///plain%2520name"),
    ],
)
def test_a_local_uri_means_its_path(uri: str, expected: str) -> None:
    """With or without the scheme; escapes count in a URI alone."""
    assert open_storage(uri).uri == expected


def test_a_path_object_is_a_uri(tmp_path: Path) -> None:
    """What `open` takes, a backup takes."""
    assert open_storage(tmp_path).uri == tmp_path.as_uri()


def test_a_relative_path_means_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was when the destination was opened."""
    monkeypatch.chdir(tmp_path)
    assert open_storage("backups").uri == (tmp_path / "backups").as_uri()


@pytest.mark.parametrize(
    "uri",
    ["", "a\0b", "file://host/data", "file:///a?b", "file:///a#b", "file:///a%00b", b"/data"],
    ids=ascii,
)
def test_a_malformed_uri_is_refused(uri: str) -> None:
    """With the form to write."""
    with pytest.raises(InvalidArgumentError, match=r"file:///abs|path") as caught:
        open_storage(uri)
    assert caught.value.argument == "uri"


def test_an_unknown_scheme_is_named_and_nothing_else_of_the_uri() -> None:
    """A URI may carry secrets."""
    with pytest.raises(InvalidArgumentError, match="'s4'") as caught:
        open_storage("s4://user:password@host/bucket?key=secret")
    assert not {"password", "secret"} & set(str(caught.value).replace(":", " ").split())
    assert "secret" not in str(caught.value)
