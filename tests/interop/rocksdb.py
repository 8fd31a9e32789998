"""Stock RocksDB over our files: its `sst_dump`, and a small program that ingests them and reads AS OF."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.sst.build import Row

HERE = Path(__file__).parent


def sst_dump(path: Path, *arguments: str) -> str:
    """The output of sst_dump over a file; AssertionError where it fails."""
    done = subprocess.run(
        ["sst_dump", f"--file={path}", *arguments], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr), done.stdout
    return done.stdout


def verify(path: Path) -> None:
    """Has sst_dump check the file and every block's checksum."""
    assert "The file is ok" in sst_dump(path, "--command=verify", "--verify_checksum")


def scan(path: Path) -> list[tuple[bytes, int, int, bytes]]:
    """The rows that sst_dump prints: user key with timestamp, sequence, type, value."""
    rows = []
    for line in sst_dump(path, "--command=scan", "--output_hex").splitlines():
        if line.startswith("'"):
            key, rest = line[1:].split("' seq:", 1)
            sequence, rest = rest.split(", type:", 1)
            kind, value = rest.split(" =>", 1)
            rows.append((bytes.fromhex(key), int(sequence), int(kind), bytes.fromhex(value)))
    return rows


def ldb(folder: Path, *arguments: str) -> None:
    """Has ldb do something to the database in a folder; CalledProcessError where it fails."""
    subprocess.run(["ldb", f"--db={folder}", *arguments], capture_output=True, check=True)


def compile_program(name: str, folder: Path) -> Path:
    """Builds one of the programs beside this file."""
    program = folder / name
    flags = ["-std=c++17", "-O0", "-Wall", "-Wextra", "-Werror"]
    source = HERE / f"{name}.cc"
    subprocess.run(["g++", *flags, "-o", program, source, "-lrocksdb"], check=True)
    return program


def write_sst(program: Path, path: Path, arguments: Sequence[str], rows: Iterable[Row]) -> None:
    """Has RocksDB write a file of rows that are in order."""
    lines = []
    for key, ts, value in rows:
        name = key.hex() or "-"
        lines.append(
            f"delete {name} {ts}" if value is None else f"put {name} {ts} {value.hex() or '-'}"
        )
    done = subprocess.run(
        [program, path, *arguments],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr


class RocksDB:
    """A fresh RocksDB that ingested files."""

    def __init__(self, program: Path, folder: Path, files: Sequence[Path]) -> None:
        self._command = [str(program), str(folder), *map(str, files)]

    def ask(self, *questions: str) -> list[str]:
        """The answers' lines to "get TS KEY" and "scan TS" (keys in hex). For one time: the DB is fresh."""
        done = subprocess.run(
            self._command, input="\n".join(questions), capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, done.stderr
        return done.stdout.splitlines()
