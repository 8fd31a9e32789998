"""What a power cut may leave of changes, by their kind and by what was synced."""

from __future__ import annotations

import random
from pathlib import Path

from tests.crash.cuts import ALL, STRICT, Remains, choose, remains
from tests.crash.disk import SECTOR, Disk
from tests.crash.image import Image
from tests.crash.recording import Kind, Record

ROOT, FOLDER, FILE, OTHER = 1, 2, 3, 4
A, B = b"a" * SECTOR, b"b" * SECTOR

MAKE = Record(Kind.CREATE, "file", FILE)
NAMED = (MAKE, Record(Kind.SYNC, "", ROOT))
SYNC = Record(Kind.SYNC, "file", FILE)


def write(data: bytes, sector: int = 0, inode: int = FILE) -> Record:
    """A write that begins with a sector."""
    return Record(Kind.WRITE, "", inode, sector * SECTOR, data)


def disk_of(*records: Record) -> Disk:
    """An empty folder to which these were applied."""
    disk = Disk.empty(ROOT)
    for each in records:
        disk.apply(each)
    return disk


def contents(left: Remains) -> dict[str, bytes]:
    """The files that are left."""
    return {path: kept.content() for path, kept in left.files.items()}


def left(disk: Disk, variant: int, seed: int = 0) -> dict[str, bytes]:
    """The files after a cut."""
    return contents(remains(disk, choose(disk, variant, random.Random(seed))))


def some(*records: Record) -> list[dict[str, bytes]]:
    """The different outcomes of many random cuts."""
    disk = disk_of(*records)
    outcomes: list[dict[str, bytes]] = []
    for seed in range(300):
        outcome = left(disk, 2, seed)
        if outcome not in outcomes:
            outcomes.append(outcome)
    return outcomes


def test_a_write_is_there_or_not_until_its_file_is_synced() -> None:
    """Then it is there in every cut."""
    disk = disk_of(*NAMED, write(A))
    assert [{"file": b""}, {"file": A}] == [left(disk, STRICT), left(disk, ALL)]
    assert [{"file": A}] == some(*NAMED, write(A), SYNC)


def test_each_sector_is_there_for_itself() -> None:
    """In the form that either write gave it."""
    outcomes = some(*NAMED, write(A + A), SYNC, write(B + B))
    assert {A + A, A + B, B + A, B + B} == {each["file"] for each in outcomes}


def test_a_sector_may_be_that_of_any_write_since_the_sync() -> None:
    """Not only the last one's."""
    outcomes = some(*NAMED, write(b"0" * SECTOR), SYNC, write(A), write(B))
    assert {b"0" * SECTOR, A, B} == {each["file"] for each in outcomes}


def test_a_synced_write_does_not_sync_what_was_written_before() -> None:
    """Only its own sectors."""
    synced = Record(Kind.SYNC_RANGE, "file", FILE, SECTOR, length=SECTOR)
    begin = (*NAMED, write(bytes(2 * SECTOR)), SYNC)
    outcomes = some(*begin, write(A), write(B, 1), synced)
    assert {bytes(SECTOR) + B, A + B} == {each["file"] for each in outcomes}


def test_a_file_may_have_grown_without_its_content() -> None:
    """What stands there then is zeros, noise or an old sector."""
    outcomes = [each["file"] for each in some(*NAMED, write(A), SYNC, write(B, 1))]
    assert {SECTOR, 2 * SECTOR} == {len(each) for each in outcomes}
    assert {A + B, A + bytes(SECTOR), A + A} <= set(outcomes)


def test_a_name_is_there_once_its_folder_is_synced() -> None:
    """A sync of the file is not enough."""
    assert {0, 1} == {len(each) for each in some(MAKE, write(A), SYNC)}
    assert [{"file": A}] == some(MAKE, write(A), SYNC, Record(Kind.SYNC, "", ROOT))


def test_a_rename_is_there_as_a_whole_or_not() -> None:
    """With the content that each file then has: a rename syncs nothing."""
    renamed = Record(Kind.RENAME, "file", FILE, other="other")
    outcomes = some(*NAMED, write(A), SYNC, renamed)
    assert sorted([{"file": A}, {"other": A}], key=str) == sorted(outcomes, key=str)
    empty = some(*NAMED, write(A), renamed, Record(Kind.SYNC, "", ROOT))
    assert {"other": b""} in empty


def test_a_folder_that_is_lost_takes_its_files_with_it() -> None:
    """Even where their own names were synced."""
    folder = Record(Kind.MKDIR, "folder", FOLDER)
    inner = Record(Kind.CREATE, "folder/file", FILE)
    outcomes = some(folder, inner, Record(Kind.SYNC, "folder", FOLDER))
    assert [{}, {"folder/file": b""}] == sorted(outcomes, key=len)


def test_what_was_cut_off_does_not_come_back_after_a_sync() -> None:
    """A file that shrank and grew again has zeros there."""
    records = (*NAMED, write(A + A), SYNC, Record(Kind.TRUNCATE, "file", FILE, SECTOR))
    grown = (*records, Record(Kind.TRUNCATE, "file", FILE, 2 * SECTOR))
    assert {A, A + A} == {each["file"] for each in some(*records)}
    assert [{"file": A + bytes(SECTOR)}] == some(*grown, SYNC)


def test_a_move_between_folders_leaves_one_name_or_both() -> None:
    """The new one is there once its folder is synced; the old one never goes before."""
    begin = (*NAMED, Record(Kind.MKDIR, "folder", FOLDER), Record(Kind.SYNC, "", ROOT))
    move = Record(Kind.RENAME, "file", FILE, other="folder/file")
    names = sorted(sorted(each) for each in some(*begin, move))
    assert [["file"], ["file", "folder/file"], ["folder/file"]] == names
    synced = some(*begin, move, Record(Kind.SYNC, "folder", FOLDER))
    assert [["file", "folder/file"], ["folder/file"]] == sorted(sorted(each) for each in synced)
    assert [{"folder/file": b""}] == some(*begin, move, Record(Kind.SYNC, "", ROOT))


def random_record(rng: random.Random, files: list[int]) -> Record:
    """Some change of some file."""
    inode = rng.choice(files)
    path = f"{inode}"
    match rng.randrange(6):
        case 0:
            return Record(Kind.SYNC, path, inode)
        case 1:
            return Record(Kind.TRUNCATE, path, inode, rng.randrange(8 * SECTOR))
        case 2:
            return Record(Kind.SYNC, "", ROOT)
    data = rng.randbytes(rng.randrange(1, 4 * SECTOR))
    return Record(Kind.WRITE, path, inode, rng.randrange(8 * SECTOR), data)


def test_an_image_shows_exactly_what_is_left(tmp_path: Path, rng: random.Random) -> None:
    """Cut after cut, whatever it has shown before and what a look has done to it."""
    files = [FILE, OTHER]
    disk = disk_of(*(Record(Kind.CREATE, f"{inode}", inode) for inode in files))
    image = Image(tmp_path / "image")
    for _ in range(400):
        disk.apply(random_record(rng, files))
        state = remains(disk, choose(disk, rng.randrange(5), rng))
        image.show(state)
        shown = {path.name: path.read_bytes() for path in image.folder.iterdir()}
        assert contents(state) == shown
        if rng.random() < 0.1:
            (image.folder / "lock").write_bytes(b"of a look")
            for path in state.files:
                (image.folder / path).write_bytes(rng.randbytes(3 * SECTOR))
