"""A source archive made of the tracked files, and a wheel made of that archive in another folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def source_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files without anything that was built."""
    tree = tmp_path_factory.mktemp("source") / "mvcc"
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


def build(kind: str, tree: Path, folder: Path) -> Path:
    """Builds the archive of a kind, sdist or wheel, of a tree; returns its path."""
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "build",
        f"--{kind}",
        "--no-isolation",
        "-o",
        folder,
        tree,
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="session")
def sdist(source_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive."""
    return build("sdist", source_tree, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def unpacked_sdist(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the source archive unpacks to."""
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["tar", "--extract", "--file", sdist, "--directory", folder], check=True)
    (tree,) = folder.iterdir()
    return tree


@pytest.fixture(scope="session")
def wheel(unpacked_sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source archive alone."""
    return build("wheel", unpacked_sdist, tmp_path_factory.mktemp("wheel"))
