"""The folder that a demo works in."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvcc.demo.workspace import folder_bytes, workspace
from mvcc.errors import StoreExistsError


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_a_temporary_folder_goes_at_the_end(error: type[BaseException] | None) -> None:
    """However the demo ends."""

    def fill() -> None:
        with workspace(None) as folder:
            used.append(folder)
            (folder / "inner").mkdir()
            (folder / "inner" / "file").write_bytes(b"x")
            if error is not None:
                raise error

    used: list[Path] = []
    if error is None:
        fill()
    else:
        with pytest.raises(error):
            fill()
    assert [False] == [folder.exists() for folder in used]


def test_a_kept_folder_stays(tmp_path: Path) -> None:
    """With what the demo left in it."""
    with workspace(tmp_path / "new" / "folder") as folder:
        (folder / "file").write_bytes(b"12345")
    assert 5 == folder_bytes(tmp_path / "new")


def test_an_empty_folder_can_be_kept(tmp_path: Path) -> None:
    """It may be there already."""
    with workspace(tmp_path) as folder:
        assert tmp_path == folder


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_holds_something_is_refused(tmp_path: Path, kind: str) -> None:
    """Nothing of the user's is written over."""
    path = tmp_path / "kept"
    (path.mkdir if kind == "folder" else path.touch)()
    if kind == "folder":
        (path / "precious").touch()
    with pytest.raises(StoreExistsError), workspace(path):
        pass
