"""Runs the questions of `mvcc.bench` under pytest-benchmark and keeps what comes of them.

Options: --rows, --pairs, --large, --results. The results go where they are committed only if workload W has
its full size; else below build/.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from mvcc.bench import results as stored
from mvcc.bench import suite, table
from mvcc.bench.growth import fits, sentence
from mvcc.bench.results import GrowthPoint, Results
from mvcc.bench.stock import Scale, Stock
from mvcc.bench.turns import Question, outcome_of

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "bench"
COMMITTED = ROOT / "docs" / "performance.json"
PAIRS = 3
LARGE_PAIRS = {"full at 10 N": 3, "incr at 10 N": 3}
"""What is asked so often in the long run; the rest once."""
RESULTS = pytest.StashKey[Results]()

Answer = Callable[..., None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """What a run can choose."""
    group = parser.getgroup("mvcc bench")
    group.addoption("--rows", type=int, default=Scale().rows, help="N (default: %(default)s)")
    group.addoption("--pairs", type=int, help=f"measured in turn (default: {PAIRS})")
    group.addoption("--large", action="store_true", help="ask what takes long, and only that")
    group.addoption("--results", type=Path, help="file that the results are merged into")


def pytest_configure(config: pytest.Config) -> None:
    """Reads the results that are there."""
    config.addinivalue_line("markers", "large: takes long (make bench-large)")
    config.addinivalue_line("markers", "always: also asked in the long run")
    config.addinivalue_line("markers", "question(name): which question a test asks")
    config.stash[RESULTS] = stored.read(results_path(config))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Takes the questions of one run or of the other, in the order of the suite."""
    large = config.getoption("--large")
    wanted = [
        item
        for item in items
        if large == (item.get_closest_marker("large") is not None)
        or (large and item.get_closest_marker("always") is not None)
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
    order = list(suite.QUESTIONS) + list(suite.LARGE_QUESTIONS)
    items[:] = sorted(wanted, key=lambda item: _place(item, order))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Prints the table."""
    results = config.stash[RESULTS]
    from mvcc.cli.bench import render  # brings rich and typer, for the end alone

    terminalreporter.write_line("")
    terminalreporter.write(render(results))
    for growth in fits(results.grid):
        terminalreporter.write_line(sentence(growth))
    terminalreporter.write_line(table.summary(results.judgements()))
    terminalreporter.write_line(f"results: {results_path(config)}")


def results_path(config: pytest.Config) -> Path:
    """The file of this run's results."""
    chosen: Path | None = config.getoption("--results")
    if chosen is not None:
        return chosen
    full = config.getoption("--rows") == Scale().rows
    return COMMITTED if full else BUILD / "performance.json"


@pytest.fixture(scope="session")
def commit() -> str:
    """The commit that is measured, with a + where files differ from it."""
    git = partial(subprocess.run, cwd=ROOT, capture_output=True, text=True, check=False)
    name = git(["git", "rev-parse", "--short", "HEAD"]).stdout.strip()
    changed = git(["git", "status", "--porcelain", "--", "mvcc", "csrc", "setup.py"]).stdout
    return f"{name}+" if changed else name


@pytest.fixture(scope="session")
def stock(pytestconfig: pytest.Config) -> Iterator[Stock]:
    """Stores of the workload, below build/: on the disk that the checkout is on."""
    BUILD.mkdir(parents=True, exist_ok=True)
    scale = Scale.of(pytestconfig.getoption("--rows"))
    if not pytestconfig.getoption("--large"):
        scale = scale.with_few_puts()
    with suite.stocked(scale, BUILD) as made:
        yield made


@pytest.fixture
def answer(
    stock: Stock, commit: str, benchmark: BenchmarkFixture, pytestconfig: pytest.Config
) -> Answer:
    """Asks the question of a name: pytest-benchmark times the first turn, which is ours."""

    def ask(name: str) -> None:
        question = {**suite.QUESTIONS, **suite.LARGE_QUESTIONS}[name](stock)
        found = take_pairs(benchmark, question, pairs_of(pytestconfig, name))
        outcome = suite.complete(stock, outcome_of(question, found), commit)
        keep(pytestconfig, lambda results: results.add(outcome))
        if not question.turns:
            pytest.skip("not built: " + "; ".join(sorted(set(question.not_built.values()))))

    return ask


@pytest.fixture
def keep_grid(pytestconfig: pytest.Config, commit: str) -> Callable[[list[GrowthPoint]], None]:
    """Puts points of the grid in the place of those that varied the same."""

    def put(points: list[GrowthPoint]) -> None:
        def change(results: Results) -> None:
            varied = {point.varied for point in points}
            kept = [point for point in results.grid if point.varied not in varied]
            results.grid, results.grid_commit = kept + points, commit
            results.grid_date = outcome_of(Question("grid", "s", 0), []).date

        keep(pytestconfig, change)

    return put


def keep(config: pytest.Config, change: Callable[[Results], None]) -> None:
    """Changes the results, and writes them at once: a run that is broken off keeps what it has."""
    change(config.stash[RESULTS])
    stored.write(results_path(config), config.stash[RESULTS])


def pairs_of(config: pytest.Config, name: str) -> int:
    """How many pairs a question gets."""
    chosen: int | None = config.getoption("--pairs")
    if chosen is not None:
        return chosen
    return LARGE_PAIRS.get(name, 1) if config.getoption("--large") else PAIRS


def take_pairs(
    benchmark: BenchmarkFixture, question: Question, pairs: int
) -> list[dict[str, float]]:
    """The pairs of a question; in each, the peers come first and ours is what the benchmark times."""
    if not question.turns:
        return []
    ours, *others = question.turns
    found: list[dict[str, float]] = []

    def before() -> None:
        found.append({})
        for turn in others:
            found[-1].update(turn.take())
        ours.prepare_settled()

    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: found[-1].update(ours.run()), setup=before, teardown=ours.finish, rounds=pairs
    )
    benchmark.extra_info["pairs"] = found
    return found


def _place(item: pytest.Item, order: list[str]) -> int:
    """Where an item's question stands in the suite; what is no question comes last."""
    marker = item.get_closest_marker("question")
    return order.index(marker.args[0]) if marker else len(order)
