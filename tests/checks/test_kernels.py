"""The gate on instruction counts reads dumps right, fails on a slowdown, and says what it cannot compare."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.kernels.gate import (
    STORED,
    Count,
    Report,
    callgrind_counts,
    format_report,
    judge,
    parse_report,
    report_of,
)

# 12 own instructions, 30 of a library, and what the callee spent told once more behind `calls`.
DUMP = """\
# callgrind format

part: 1


desc: I1 cache:
desc: Trigger: Client Request: crc32c

positions: line
events: Ir
summary: 42


ob=/build/kernels
fl=csrc/base/mv_crc32c.c
fn=mv_crc32c
75 5
72 7
cob=/lib/libc.so.6
cfn=memcpy
calls=1 11
76 30

ob=/lib/libc.so.6
fl=memcpy.S
fn=memcpy
11 30

totals: 42

part: 2

desc: Trigger: Program termination

positions: line
events: Ir
summary: 9

ob=/build/kernels
fn=main
1 9
"""

STORED_REPORT = Report(
    "gcc 12.2.0 on x86_64",
    "glibc 2.36",
    (Count("get", "row", 100, 10_000, 40_000), Count("crc32c", "KiB", 64, 32_800, 0)),
)


def with_get(own: int, libraries: int) -> Report:
    """The stored report with other counts of its first kernel."""
    get = replace(STORED_REPORT.counts[0], own=own, libraries=libraries)
    return replace(STORED_REPORT, counts=(get, STORED_REPORT.counts[1]))


def test_a_dump_is_split_into_own_code_and_libraries() -> None:
    """What a callee spent counts once, and what comes after the last kernel not at all."""
    assert {"crc32c": (12, 30)} == callgrind_counts(DUMP, "/build/kernels")


def test_a_dump_whose_lines_do_not_sum_up_is_refused() -> None:
    """A line that was misread is seen by callgrind's own total."""
    with pytest.raises(ValueError, match="lines of 43 instructions, not 42"):
        callgrind_counts(DUMP.replace("75 5", "75 6"), "/build/kernels")


def test_the_driver_and_the_dump_are_joined_by_name() -> None:
    """Names and units come from the driver, counts from callgrind."""
    report = report_of(["gcc 12.2.0", "glibc 2.36", "crc32c KiB 64"], {"crc32c": (12, 30)})
    assert ("glibc 2.36", (Count("crc32c", "KiB", 64, 12, 30),)) == (
        report.libraries,
        report.counts,
    )


def test_what_is_stored_reads_back() -> None:
    """A rewritten file holds the same report."""
    assert STORED_REPORT == parse_report(format_report(STORED_REPORT))


def test_the_stored_file_is_in_the_form_that_a_rewrite_gives() -> None:
    """No line of it was written by hand."""
    text = STORED.read_text(encoding="utf-8")
    assert text == format_report(parse_report(text))


@pytest.mark.parametrize(
    ("own", "libraries", "status", "verdict"),
    [
        (10_000, 40_000, 0, ""),
        (10_390, 40_000, 0, ""),
        (10_410, 40_000, 1, "SLOWER"),
        (9_000, 40_000, 0, "faster"),
        (10_000, 44_000, 0, ""),
        (10_000, 44_200, 1, "SLOWER"),
    ],
)
def test_only_more_instructions_than_the_tolerance_fail(
    own: int, libraries: int, status: int, verdict: str
) -> None:
    """3 % of our own, 10 % of libraries, and one instruction a unit."""
    found, lines = judge(with_get(own, libraries), STORED_REPORT)
    assert status == found
    assert [verdict] * bool(verdict) == [
        word for line in lines for word in line.split() if word in ("SLOWER", "faster")
    ]


def test_another_compiler_compares_nothing_and_says_so() -> None:
    """One line, even where the counts are far off."""
    now = replace(with_get(99_999, 0), target="gcc 13.1.0 on x86_64")
    status, lines = judge(now, STORED_REPORT)
    assert (0, 1) == (status, len(lines))
    assert "NOTHING COMPARED" in lines[0]


def test_other_libraries_leave_our_own_code_compared() -> None:
    """Their instructions are not looked at, and a line says so; ours still fail."""
    now = replace(with_get(20_000, 99_999), libraries="glibc 2.37")
    status, lines = judge(now, STORED_REPORT)
    assert 1 == status
    assert ["libraries: NOT COMPARED: the stored ones are glibc 2.36, here glibc 2.37"] == [
        line for line in lines if "NOT COMPARED" in line
    ]
    assert ["get"] == [line.split()[0] for line in lines if line.endswith("SLOWER")]


@pytest.mark.parametrize("which", ["now", "stored"])
def test_a_kernel_on_one_side_alone_fails(which: str) -> None:
    """A kernel that is no longer run, or was never stored, is no silence."""
    fewer = replace(STORED_REPORT, counts=STORED_REPORT.counts[:1])
    sides = (fewer, STORED_REPORT) if which == "now" else (STORED_REPORT, fewer)
    status, lines = judge(*sides)
    assert 1 == status
    assert "crc32c: not both counted and stored" in lines
