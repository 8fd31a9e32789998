"""Writes what is shown of the results: the section of docs/performance.md, the page, and its picture.

`python -m bench.report [--results FILE]`: with a file, only a page and a picture beside it; without, the
document, page and picture of the committed results, and a page of the last run of another size below build/.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mvcc.bench import page, table
from mvcc.bench.growth import fits, sentence
from mvcc.bench.results import Results, read
from mvcc.bench.rows import ROWS

ROOT = Path(__file__).parents[1]
COMMITTED = ROOT / "docs" / "performance.json"
DOCUMENT = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "performance.png"
PAGE = ROOT / "build" / "bench" / "page.html"
UNCOMMITTED = ROOT / "build" / "bench" / "performance.json"

BEGIN = "<!-- results: written by python -m bench.report -->\n"
END = "<!-- end of results -->\n"

CHROMIUM = [
    "chromium",
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
    "--window-size=1180,6200",
]


def section(results: Results) -> str:
    """The results as Markdown."""
    if not results.outcomes:
        return "Nothing has been measured yet.\n"
    judgements = results.judgements()
    parts = [
        *(f"{each}." for each in page.conditions(results)),
        f"**{table.summary(judgements)}.**",
        markdown([table.COLUMNS, *table.lines(results)]),
        "\n".join(f"- {each}" for each in table.notes(results)),
    ]
    if results.grid:
        dated = f"How cost grows ({results.grid_date[:10]}, commit {results.grid_commit}):"
        parts += [dated, "\n".join(f"- {sentence(each)}" for each in fits(results.grid))]
    return "\n\n".join(parts) + "\n"


def limits() -> str:
    """What holds each row back, as Markdown."""
    told = [(row.name, row.what, row.limit) for row in ROWS if row.limit]
    return markdown([("row", "what is measured", "what limits it"), *told]) + "\n"


def markdown(lines: list[tuple[str, ...]]) -> str:
    """A table; the first line is its heading."""
    rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    rows.insert(1, "| " + " | ".join("---" for _ in lines[0]) + " |")
    return "\n".join(rows)


def with_section(document: str, written: str) -> str:
    """The document with what stands between the marks replaced. ValueError: a mark is missing."""
    begin, end = document.index(BEGIN) + len(BEGIN), document.index(END)
    return f"{document[:begin]}\n{written}\n{document[end:]}"


def generated(results: Results) -> str:
    """Everything between the marks."""
    return f"{section(results)}\n### What limits each row, as far as is known\n\n{limits()}"


def take_picture(source: Path, picture: Path) -> None:
    """Opens a page in headless Chromium and keeps what is seen. RuntimeError where that fails."""
    with tempfile.TemporaryDirectory(prefix="mvcc-bench-") as folder:
        picture.unlink(missing_ok=True)
        done = subprocess.run(
            [
                *CHROMIUM,
                f"--user-data-dir={folder}",
                f"--screenshot={picture}",
                source.resolve().as_uri(),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    if done.returncode != 0 or not picture.exists():
        raise RuntimeError(f"chromium took no picture of {source}: {done.stderr}")


def show(results: Path, page_path: Path, picture: Path) -> None:
    """Writes the page of a file of results, and its picture where Chromium is installed."""
    page_path.parent.mkdir(parents=True, exist_ok=True)
    page_path.write_text(page.html(read(results), "mvcc"), encoding="utf-8")
    print(f"page: {page_path}")
    if shutil.which(CHROMIUM[0]) is None:
        print("no picture: chromium is not installed", file=sys.stderr)
        return
    take_picture(page_path, picture)
    print(f"picture: {picture}")


def main() -> None:
    """Shows what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path)
    chosen: Path | None = parser.parse_args().results
    if chosen is None:
        document = DOCUMENT.read_text(encoding="utf-8")
        written = with_section(document, generated(read(COMMITTED)))
        DOCUMENT.write_text(written, encoding="utf-8")
        if COMMITTED.exists():
            show(COMMITTED, PAGE, PICTURE)
        chosen = UNCOMMITTED
    if chosen.exists():
        show(chosen, chosen.with_suffix(".html"), chosen.with_suffix(".png"))


if __name__ == "__main__":
    main()
