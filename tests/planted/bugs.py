"""The rules of the protocol that test builds break one by one, and the tests that must find each."""

from __future__ import annotations

from dataclasses import dataclass

RULES = "tests/planted/rules.py"
WRITES = "tests/engine/test_conformance_writes.py"


@dataclass(frozen=True, slots=True)
class Bug:
    """One broken rule."""

    name: str
    """Of `enum mv_plant`, in small letters."""
    what: str
    """What the build does against the rule."""
    test: str
    """Passes on the engine, and fails on this build."""
    symptom: str
    """A pattern of what the failure says: a wrong answer."""
    plugin: str = ""
    """Where the rule is one above the core: what breaks it, over a build without a bug."""


BUGS = (
    Bug(
        "handshake",
        "an instant above the last commit raises the floor, and does not wait for the commit in flight",
        f"{RULES}::test_an_answer_above_the_last_commit_stays",
        r"assert b'old' == b'new'",
    ),
    Bug(
        "floor",
        "commits do not look at the floor",
        f"{WRITES}::test_a_view_at_the_clock_is_below_every_later_commit[lmdb]",
        r"assert \d+ < \d+",
    ),
    Bug(
        "tick",
        "an instant that outlives the process is kept by the floor alone",
        f"{RULES}::test_an_end_of_a_backup_outlives_a_reboot",
        r"assert b'old' == b'new'",
    ),
    Bug(
        "begin_again",
        "a read takes what memtables are left",
        f"{RULES}::test_a_read_over_the_end_of_a_merge_finds_what_was_in_the_log",
        r"assert b'1' == None",
    ),
    Bug(
        "merge_check",
        "a slice does not ask under the lock whether its merge is still the one under way",
        f"{RULES}::test_a_slice_that_comes_too_late_does_nothing",
        r"assert b'2' == None",
    ),
    Bug(
        "own_meta",
        "a read uses `merged` and `direct` of a newer snapshot than its own",
        f"{RULES}::test_a_read_uses_the_marks_of_its_own_snapshot",
        r"assert b'1' == None",
    ),
    Bug(
        "after_commit",
        "the memtable is filled before LMDB has committed",
        f"{RULES}::test_a_commit_that_failed_is_never_read",
        r"assert \[None, b'1'\] == \[b'lost",
    ),
    Bug(
        "gc_merged",
        "the threshold may pass what is merged",
        f"{RULES}::test_a_collection_amid_a_merge_brings_nothing_back",
        r"assert None is b'1'",
    ),
    Bug(
        "gc_tomb",
        "a collection deletes the tombstone before what lies under it",
        f"{RULES}::test_a_collection_amid_a_key_brings_nothing_back",
        r"assert \{None\} == .*b'2'",
    ),
    Bug(
        "gc_pins",
        "a collection reads the pins before it publishes the threshold",
        f"{RULES}::test_a_snapshot_opened_as_a_collection_begins_keeps_its_versions",
        r"assert b'1' == None",
    ),
    Bug(
        "renew_check",
        "a snapshot without a pin does not look at the threshold again",
        f"{RULES}::test_a_snapshot_without_a_pin_ends_with_the_threshold",
        r"'below the threshold' != 'None'",
    ),
    Bug(
        "trim",
        "changes are trimmed, and `changes_from` stays",
        f"{RULES}::test_a_window_below_the_threshold_is_not_read_from_trimmed_changes",
        r"assert b'' != b''",
    ),
    Bug(
        "ingest_atomic",
        "a load is visible before all of its rows are there",
        f"{RULES}::test_a_load_is_visible_at_once",
        r"assert None == b'2'",
    ),
    Bug(
        "catalog",
        "a commit does not ask whether the catalog is still the one that its tables are from",
        f"{WRITES}::test_a_stale_catalog_is_refused[lmdb]",
        r"DID NOT RAISE .*TransactionRetryError",
    ),
    Bug(
        "half_tables",
        "an increment takes of a table that its parent does not have what its window holds alone",
        "tests/backup/test_round_trip.py"
        "::test_a_store_that_was_restored_into_is_exported_whole_by_its_first_increment",
        r"assert \{.*\} == \{",
        plugin="tests.planted.half_tables",
    ),
)
