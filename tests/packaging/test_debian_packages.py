"""Missing Debian packages are installed by root and named to anybody else (dpkg and apt are simulated)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "debian-packages"

DPKG_QUERY = """\
case "${!#}" in
gcc) echo installed ;;
removed) echo config-files ;;
*) echo "no package found" >&2; exit 1 ;;
esac
"""


class Machine:
    """A folder of simulated commands, and what was asked of apt-get."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "apt.log"
        for name in ("bash", "dirname"):
            (folder / name).symlink_to(shutil.which(name) or name)

    def command(self, name: str, body: str) -> None:
        """Adds a command."""
        path = self._folder / name
        path.write_text(f"#!{self._folder / 'bash'}\n{body}")
        path.chmod(0o755)

    def run(self, *packages: str) -> subprocess.CompletedProcess[str]:
        """Runs the script with nothing but the simulated commands."""
        return subprocess.run(
            [self._folder / "bash", SCRIPT, *packages],
            env={"PATH": str(self._folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def asked(self) -> list[str]:
        """The calls of apt-get."""
        return self._log.read_text().splitlines() if self._log.exists() else []


@pytest.fixture
def debian(tmp_path: Path) -> Machine:
    """A Debian system where gcc alone is installed."""
    machine = Machine(tmp_path)
    machine.command("dpkg-query", DPKG_QUERY)
    machine.command("apt-get", f'echo "$@" >> {tmp_path}/apt.log\n')
    return machine


def test_root_installs_what_is_missing(debian: Machine) -> None:
    """The lists are updated first, and packages that are there are left out."""
    debian.command("id", "echo 0")
    assert 0 == debian.run("gcc", "liblz4-dev", "removed").returncode
    update, install = debian.asked
    assert "update" in update
    assert ["liblz4-dev", "removed"] == install.split()[-2:]
    assert "gcc" not in install


def test_another_user_is_told(debian: Machine) -> None:
    """One line with the command, and nothing is installed."""
    debian.command("id", "echo 1000")
    done = debian.run("gcc", "liblz4-dev", "libzstd-dev")
    expected = (
        "missing Debian packages; run: "
        "sudo apt-get update && sudo apt-get install -y liblz4-dev libzstd-dev\n"
    )
    assert (1, expected) == (done.returncode, done.stderr)
    assert [] == debian.asked


def test_nothing_is_done_where_all_is_there(debian: Machine) -> None:
    """No output and no call of apt-get."""
    debian.command("id", "echo 0")
    done = debian.run("gcc")
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
    assert [] == debian.asked


def test_a_failed_installation_fails(debian: Machine) -> None:
    """What apt-get cannot bring stops the build."""
    debian.command("id", "echo 0")
    debian.command("apt-get", "exit 100")
    assert 100 == debian.run("liblz4-dev").returncode


def test_another_system_is_left_alone(tmp_path: Path) -> None:
    """Without dpkg nothing is asked for."""
    machine = Machine(tmp_path)
    assert os.environ["PATH"] != str(tmp_path)
    assert 0 == machine.run("gcc", "liblz4-dev").returncode
