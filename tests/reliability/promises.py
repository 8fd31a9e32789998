"""What the store promises, and the tests that prove it: one row for each test of a promise."""

from __future__ import annotations

from dataclasses import dataclass

PROMISES = {
    "R1": "a commit that returned survives kill and power cut; any other is wholly there or absent",
    "R2": "AS OF t gives the same bytes until GC passes t; afterwards it raises",
    "R3": "an isolation level shows none of the anomalies that it forbids",
    "R4": "a restore to t equals AS OF t of the source, for all that the backup claims",
    "R5": "a damaged, incomplete or exchanged backup is refused before the first write",
    "R6": "no input file crashes, hangs, over-allocates or writes outside the target",
    "R7": "after an I/O error the handle says so and takes no writes until it is reopened",
    "R8": "a killed process holds up no other for more than 2 s",
}


@dataclass(frozen=True, slots=True)
class Row:
    """The proof of one aspect of a promise, or of several at once."""

    promises: tuple[str, ...]
    """Keys of PROMISES."""
    aspect: str
    """What is proved, in a few words."""
    demanded: str
    """The figure to reach."""
    tests: tuple[str, ...]
    """What pytest runs: paths or node ids. A test tells its figure by `record_property("figure", text)`."""
    environment: tuple[tuple[str, str], ...] = ()
    """What is set for these tests, to run them at full count."""


ROWS: tuple[Row, ...] = (
    Row(
        promises=("R1", "R2"),
        aspect="power cuts over commits, merges, swaps and drops of the log, GC, and the making of a store",
        demanded="10,000 states, 0 wrong; 6 of 6 planted bugs of durability found; "
        "the recorder counts what strace counts",
        tests=("tests/reliability/test_power_cuts.py", "tests/crash/test_recorder.py"),
    ),
    Row(
        promises=("R1",),
        aspect="a writer killed at random moments",
        demanded="60 kills, 0 acknowledged commits lost",
        tests=("tests/crash/test_kills.py",),
        environment=(("MVCC_KILLS", "60"),),
    ),
    Row(
        promises=("R2", "R4"),
        aspect="random writes, reads in the past, GC, backups and restores against the oracle",
        demanded="500 random runs of 40 steps, 0 differences",
        tests=("tests/model/test_time_travel.py",),
        environment=(("MVCC_MODEL_EXAMPLES", "500"),),
    ),
    Row(
        promises=("R2", "R4"),
        aspect="log, runs and merges in any order, by two processes, between the pages of any read",
        demanded="2,000 random runs of 40 steps, 0 differences",
        tests=("tests/engine/test_log_model.py",),
        environment=(("MVCC_LOG_EXAMPLES", "2000"),),
    ),
    Row(
        promises=("R2",),
        aspect="reads above the threshold of GC stay, reads below it raise",
        demanded="every read path of both engines",
        tests=(
            "tests/engine/test_conformance_upkeep.py::test_gc_changes_no_read_at_or_above_its_threshold",
            "tests/engine/test_conformance_upkeep.py::test_reads_below_the_threshold_are_refused",
        ),
    ),
    Row(
        promises=("R2", "R3"),
        aspect="a memtable's readers beside its writer, under the thread sanitizer",
        demanded="60 s, 0 reports, every published row found",
        tests=("tests/reliability/test_stress.py::test_readers_find_all_that_was_published",),
    ),
    Row(
        promises=("R2", "R3"),
        aspect="every call of the engine beside every other, under the thread sanitizer",
        demanded="60 s, 0 reports, every sum over a snapshot right, AS OF repeats, 10 closes",
        tests=("tests/reliability/test_stress.py::test_every_call_beside_every_other",),
    ),
    Row(
        promises=("R1", "R2", "R3", "R4"),
        aspect="rules of the protocol broken one by one, 14 in builds of the core",
        demanded="15 of 15 planted bugs found, each by the wrong answer that it gives",
        tests=("tests/planted/test_planted.py",),
    ),
    Row(
        promises=("R3",),
        aspect="scripted conflicts, lost updates and write skew at both levels",
        demanded="each refused or allowed as its level says",
        tests=("tests/store/test_isolation.py",),
    ),
    Row(
        promises=("R4",),
        aspect="every layer's end, tables that come and go, golden collections",
        demanded="restored byte for byte",
        tests=("tests/backup/test_round_trip.py", "tests/backup/test_golden.py"),
    ),
    Row(
        promises=("R4",),
        aspect="restores of random chains, tombstones, drops and collections included",
        demanded="150 chains x 5 restores, 0 differing bytes",
        tests=("tests/reliability/test_backups.py::test_random_chains_come_back",),
    ),
    Row(
        promises=("R5",),
        aspect="any damage to a chain of six",
        demanded="every single one (at least 5,000), 0 accepted, target untouched",
        tests=("tests/reliability/test_backups.py::test_every_single_damage_is_refused",),
    ),
    Row(
        promises=("R5",),
        aspect="any two damages to a chain of six",
        demanded="10,000 random pairs, 0 accepted, target untouched",
        tests=("tests/reliability/test_backups.py::test_every_pair_of_damages_is_refused",),
    ),
    Row(
        promises=("R5",),
        aspect="a damaged chain: files and layers removed, cut, doubled, swapped, renamed, replaced",
        demanded="every single mutation and random pairs: 0 accepted, nothing left at the target",
        tests=("tests/backup/test_damage.py", "tests/backup/test_chain.py"),
    ),
    Row(
        promises=("R5",),
        aspect="a destination that fails, a process that dies, at every call in turn",
        demanded="no half layer, no half store",
        tests=("tests/backup/test_failures.py",),
    ),
    Row(
        promises=("R5",),
        aspect="a damaged manifest",
        demanded="each of 8 bit flips of every byte, every truncation: all refused",
        tests=(
            "tests/backup/test_manifest.py::test_every_flip_of_a_bit_is_refused",
            "tests/backup/test_manifest.py::test_every_truncation_and_extension_is_refused",
        ),
    ),
    Row(
        promises=("R6",),
        aspect="any bytes as an SST",
        demanded="20 s and the whole corpus for each decoder, 0 findings",
        tests=("tests/reliability/test_fuzz.py",),
    ),
    Row(
        promises=("R6",),
        aspect="damaged SSTs",
        demanded="each of 8 bit flips of every byte and every truncation of the golden files: "
        "refused, or the same answer",
        tests=(
            "tests/sst/test_damage.py::test_no_flipped_bit_changes_an_answer",
            "tests/sst/test_damage.py::test_every_truncation_is_refused",
        ),
    ),
    Row(
        promises=("R6",),
        aspect="damaged records of data.mdb",
        demanded="a byte of every part of each kind of record, by every read path: 0 answered",
        tests=("tests/engine/test_damage.py",),
    ),
    Row(
        promises=("R1", "R2", "R8"),
        aspect="8 writers and 8 readers on one store, one of them killed every second",
        demanded="60 s: no acknowledged commit lost, none half visible, timestamps rising, reads repeat, "
        "no commit waits over 2 s; kills during merges, with the write lock and in slices",
        tests=("tests/processes/test_storm.py::test_a_storm",),
        environment=(("MVCC_STORM_SECONDS", "60"),),
    ),
    Row(
        promises=("R8",),
        aspect="the holder of the write lock is killed, in a commit and in a slice of a merge",
        demanded="50 kills, the next writer goes on within 1 s",
        tests=(
            "tests/processes/test_lock_holder.py::test_the_next_writer_goes_on_within_a_second",
        ),
        environment=(("MVCC_HOLDER_KILLS", "50"),),
    ),
    Row(
        promises=("R8",),
        aspect="readers of the file are killed with a snapshot in hand",
        demanded="50 kills, places back within 5 s, the file at most twice what it holds",
        tests=("tests/processes/test_stale_readers.py",),
        environment=(("MVCC_READER_KILLS", "50"),),
    ),
    Row(
        promises=("R8",),
        aspect="a child forked beside threads that commit and merge",
        demanded="refused at every call, waits for nothing",
        tests=("tests/processes/test_fork.py",),
    ),
)
