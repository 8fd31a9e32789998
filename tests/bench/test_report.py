"""docs/performance.md says what the results say."""

from __future__ import annotations

import pytest

from bench import report
from mvcc.bench.results import Results, read
from tests.bench.synthetic import results


def test_the_document_is_in_step_with_the_results() -> None:
    """Written by `python -m bench.report`, not by hand."""
    text = report.DOCUMENT.read_text(encoding="utf-8")
    assert text == report.with_section(text, report.generated(read(report.COMMITTED)))


def test_a_section_replaces_the_one_before() -> None:
    """What stands around it stays."""
    document = f"before\n{report.BEGIN}old\n{report.END}after\n"
    once = report.with_section(document, "new")
    assert f"before\n{report.BEGIN}\nnew\n{report.END}after\n" == once
    assert once == report.with_section(once, "new")


def test_a_document_without_marks_is_refused() -> None:
    """Rather than overwritten."""
    with pytest.raises(ValueError, match="substring"):
        report.with_section("by hand", "new")


def test_the_section_has_date_commit_table_and_growth() -> None:
    """Of results; and says so where there are none."""
    text = report.section(results())
    for part in ("2026-11-25, commit abc", "| load | 1.51 rows/s", "full grows as rows^1.00"):
        assert part in text
    assert "Nothing has been measured yet.\n" == report.section(Results())
