"""A build without its libraries' headers stops with one line that names the Debian packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OTHERS = "liblz4-dev libsnappy-dev zlib1g-dev libxxhash-dev"


def setup(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs setup.py with a changed environment."""
    return subprocess.run(
        [sys.executable, "setup.py", "-q", *arguments],
        cwd=ROOT,
        env=os.environ | {"PKG_CONFIG_PATH": ""} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def build(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Builds the extension in a folder of its own."""
    return setup("build_ext", "-f", "--build-lib", folder, "--build-temp", folder, **environment)


@pytest.fixture
def one_library(tmp_path: Path) -> str:
    """A folder of pkg-config that knows zstd alone."""
    folder = subprocess.run(
        ["pkg-config", "--variable=pcfiledir", "libzstd"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (tmp_path / "pc").mkdir()
    shutil.copy(Path(folder) / "libzstd.pc", tmp_path / "pc")
    return str(tmp_path / "pc")


def test_missing_headers_are_named(tmp_path: Path) -> None:
    """All packages in one line, and nothing else."""
    done = build(tmp_path, PKG_CONFIG_LIBDIR="/nonexistent")
    expected = f"mvcc: headers are missing (Debian: apt-get install libzstd-dev {OTHERS})\n"
    assert (1, expected) == (done.returncode, done.stderr)


def test_only_the_missing_packages_are_named(tmp_path: Path, one_library: str) -> None:
    """The package that is there is not asked for."""
    done = build(tmp_path, PKG_CONFIG_LIBDIR=one_library)
    expected = f"mvcc: headers are missing (Debian: apt-get install {OTHERS})\n"
    assert (1, expected) == (done.returncode, done.stderr)


def test_missing_pkg_config_is_named(tmp_path: Path) -> None:
    """Without pkg-config the line says so."""
    done = build(tmp_path, PATH=str(tmp_path))
    expected = "mvcc: pkg-config is missing (Debian: apt-get install pkg-config)\n"
    assert (1, expected) == (done.returncode, done.stderr)


def test_headers_are_not_asked_for_without_a_build(tmp_path: Path) -> None:
    """The metadata, of which a source archive is made, needs no library."""
    done = setup("egg_info", "--egg-base", tmp_path, PKG_CONFIG_LIBDIR="/nonexistent")
    assert 0 == done.returncode, done.stderr
