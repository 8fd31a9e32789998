"""What the source archive and the wheel hold, and that the wheel works away from where it was built."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging

EXTENSION = "mvcc/_native/_core.abi3.so"
LICENCES = (
    "LICENSE",
    *(f"docs/licenses/{name}.txt" for name in ("lz4", "snappy", "xxhash", "zstd")),
)


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command prints; fails where it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(wheel: Path, folder: Path) -> Path:
    """Unpacks a wheel, as an installer does, and returns the path of its extension."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder / EXTENSION


def checksum_by(folder: Path, cwd: Path) -> str:
    """Where the extension of an installed wheel is imported from, and a checksum that it computes."""
    code = (
        "from mvcc._native import _core\n"
        "print(_core.__file__, _core.lib.mv_crc32c(0, b'123456789', 9))"
    )
    return run(sys.executable, "-c", code, cwd=cwd, PYTHONPATH=str(folder))


def names_in_wheel(wheel: Path) -> set[str]:
    """The names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_sdist_holds_the_sources_and_the_licences(sdist: Path, source_tree: Path) -> None:
    """Every C file and header, every module, what the build reads and the licences."""
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    files = [path for folder in ("csrc", "mvcc") for path in (source_tree / folder).rglob("*.*")]
    needed = {str(path.relative_to(source_tree)) for path in files if path.is_file()}
    needed |= {"setup.py", "pyproject.toml", "README.md", "CHANGELOG.md", *LICENCES}
    assert set() == needed - held
    assert not {name for name in held if name.startswith(("tests", "bench", ".ci"))}


def test_wheel_holds_the_package_alone(wheel: Path, source_tree: Path) -> None:
    """Every module, the extension and the metadata, and neither C sources nor the build script."""
    modules = {
        str(path.relative_to(source_tree))
        for path in (source_tree / "mvcc").rglob("*")
        if path.suffix in {".py", ".pyi"} or path.name == "py.typed"
    }
    held = names_in_wheel(wheel)
    assert modules | {EXTENSION} == {name for name in held if ".dist-info/" not in name}
    assert all(name.startswith("mvcc-") for name in held if ".dist-info/" in name)


def test_wheel_holds_the_licences(wheel: Path) -> None:
    """Ours, and those of the libraries that a repaired wheel bundles."""
    held = names_in_wheel(wheel)
    for licence in LICENCES:
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in held)


def test_wheel_serves_every_python_from_3_11(wheel: Path) -> None:
    """Its tag is that of the stable ABI."""
    assert "cp311-abi3-linux" in wheel.name


def test_extension_has_no_run_path(wheel: Path, tmp_path: Path) -> None:
    """The dynamic section names no folder to look for libraries in."""
    dynamic = run("readelf", "-d", install(wheel, tmp_path), cwd=tmp_path)
    assert "NEEDED" in dynamic
    assert "RUNPATH" not in dynamic
    assert "RPATH" not in dynamic


def test_extension_holds_no_folder_of_the_builder(
    wheel: Path, unpacked_sdist: Path, tmp_path: Path
) -> None:
    """No byte of it names the home, the build folder or the Python that built it."""
    strings = run("strings", "-a", "-n", "3", install(wheel, tmp_path), cwd=tmp_path)
    folders = (Path.home(), unpacked_sdist, unpacked_sdist.parents[2], Path(sys.prefix))
    assert [] == [str(folder) for folder in folders if str(folder) in strings]


def test_extension_exports_its_entry_alone(wheel: Path, tmp_path: Path) -> None:
    """No function of ours can clash with another library's."""
    table = run("nm", "-D", "--defined-only", install(wheel, tmp_path), cwd=tmp_path)
    assert {"PyInit__core"} == {line.split()[-1] for line in table.splitlines()} - {
        "_cffi_pypyinit__core"
    }


def test_wheel_works_in_another_folder(wheel: Path, tmp_path: Path) -> None:
    """Installed, it imports its own extension and computes."""
    extension = install(wheel, tmp_path / "site")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert f"{extension} {0xE3069283}" == checksum_by(tmp_path / "site", elsewhere).strip()


def test_repaired_wheel_brings_its_libraries(wheel: Path, tmp_path: Path) -> None:
    """It bundles what no system has to bring, and works."""
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    out = tmp_path / "repaired"
    run("auditwheel", "repair", "--strip", "-w", out, wheel, cwd=tmp_path, PATH=tools)
    (repaired,) = out.iterdir()
    assert "manylinux" in repaired.name
    libraries = {Path(name).name for name in names_in_wheel(repaired) if "mvcc.libs/lib" in name}
    assert {"libzstd", "liblz4", "libsnappy"} == {name.split("-")[0] for name in libraries}
    extension = install(repaired, tmp_path / "site")
    assert f"{extension} {0xE3069283}" == checksum_by(tmp_path / "site", tmp_path).strip()


def test_an_edited_header_rebuilds_the_extension(unpacked_sdist: Path, tmp_path: Path) -> None:
    """A build after the edit of one header compiles anew, and one after that does nothing."""
    build: list[str | Path] = [
        sys.executable,
        "setup.py",
        "build_ext",
        "--build-lib",
        tmp_path / "lib",
    ]
    build += ["--build-temp", tmp_path / "temp"]
    extension = tmp_path / "lib" / EXTENSION
    run(*build, cwd=unpacked_sdist)
    first = extension.stat().st_mtime_ns
    run(*build, cwd=unpacked_sdist)
    assert first == extension.stat().st_mtime_ns
    header = unpacked_sdist / "csrc" / "base" / "mv_bytes.h"
    os.utime(header, ns=(first + 10**9, first + 10**9))
    run(*build, cwd=unpacked_sdist)
    assert first < extension.stat().st_mtime_ns
