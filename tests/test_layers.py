"""Who may import whom. Each rule stands beside its reason; the imports are read from the syntax tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.frames import ROOT

FOLDERS = ("aurora", "ingest", "warehouse", "pages")


def modules() -> Iterator[tuple[str, Path]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path
    if (ROOT / "app.py").exists():
        yield "app", ROOT / "app.py"


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a module imports, anywhere in it: module and module.name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a thing comes from"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


ALL = {name: (path, set(imported(path))) for name, path in modules()}


def under(name: str, *roots: str) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


ON_TOP = (
    "app",
    "pages",
    "aurora.cli",
    "aurora.cli_gate",
    "aurora.cli_record",
    "aurora.commands",
    "aurora.gateway",
    "aurora.doctor",
    "aurora.up",
    "aurora.bench",
    "aurora.judge",
)
# (modules, what they must not import, why)
FORBIDDEN = [
    (
        ("aurora.contracts",),
        ("warehouse", "ingest", "pages", "aurora.ui", "aurora.insights", "aurora.settings", *ON_TOP),
        "contracts say what the data are and know nobody who uses them",
    ),
    (("aurora.errors",), ("aurora.", "warehouse", "ingest"), "everybody raises errors, so they depend on nothing"),
    (
        ("aurora.settings",),
        ("aurora.contracts", "warehouse", "ingest", "pages", "aurora.ui", "aurora.insights", *ON_TOP),
        "settings are read before anything else is loaded",
    ),
    (
        ("warehouse",),
        ("ingest", "pages", "aurora.ui", "aurora.insights", *ON_TOP),
        "the warehouse serves both sides and knows neither",
    ),
    (
        ("ingest",),
        ("pages", "aurora.ui", "aurora.insights", "streamlit", *ON_TOP),
        "ingestion runs without a page being open",
    ),
    (
        ("aurora.insights",),
        ("ingest", "pages", "aurora.ui", "streamlit", "warehouse.lake", "warehouse.maintain", *ON_TOP),
        "insights are plain functions over rows, testable without a page",
    ),
    (
        ("aurora.explore",),
        ("ingest", "pages", "aurora.ui", "aurora.settings", "streamlit", *ON_TOP),
        "the explorer's engine serves pages, reports and the command line, and a query's process imports little",
    ),
    (("aurora.ui",), ("ingest", "pages", *ON_TOP), "components are used by pages, never the other way round"),
    (("pages", "app"), ("ingest",), "a page never waits for a vendor: it reads what has landed"),
    (
        ("pages", "app"),
        ("duckdb", "deltalake", "polars.read_parquet"),
        "pages read through warehouse.query, which knows the newest generation",
    ),
    (
        ("aurora.reports", "aurora.words"),
        ("ingest", "pages", "streamlit", "aurora.ui", *ON_TOP),
        "reports are made by worker and command line, where no page is",
    ),
    (
        ("ingest.connectors", "ingest.demo"),
        ("warehouse", "ingest.land", "ingest.run", "ingest.schedule", "deltalake", "duckdb"),
        "a connector yields rows; landing them is the runner's part",
    ),
]


@pytest.mark.parametrize(("who", "whom", "why"), FORBIDDEN, ids=[" ".join(rule[0]) for rule in FORBIDDEN])
def test_imports_go_one_way(who: tuple[str, ...], whom: tuple[str, ...], why: str) -> None:
    mine = {name: names for name, (_, names) in ALL.items() if under(name, *who)}
    assert mine or who[0] in ("pages", "app"), f"there is nothing under {who}: mend this rule"
    wrong = [f"{name} imports {other}" for name, names in mine.items() for other in names if under(other, *whom)]
    assert wrong == [], why


# (what may be imported by few only, by whom, why)
RESERVED = [
    (
        ("deltalake.write_deltalake", "deltalake.CommitProperties", "deltalake.Transaction"),
        ("warehouse.lake", "warehouse.delta", "warehouse.maintain", "aurora.bench"),
        "one module writes the lake, so that exactly-once is argued once",
    ),
    (("deltalake",), ("warehouse", "aurora.bench"), "the lake's format is nobody else's business"),
    (("requests", "urllib3"), ("ingest",), "only ingestion speaks to the world"),
    (
        ("duckdb",),
        (
            "warehouse",
            "aurora.bench",
            "aurora.doctor",
            "aurora.commands",
            "aurora.ui.frame",
            "aurora.explore",
            "aurora.reports.make",
        ),
        "one way to read: warehouse.query (the others only name its errors)",
    ),
    (("apprise",), ("aurora.reports.deliver",), "what leaves by e-mail leaves through one door"),
    (("typst",), ("aurora.reports", "aurora.bench"), "reports are drawn in one way"),
    (("vl_convert",), ("aurora.pictures", "aurora.bench"), "charts become pictures in one way"),
    (("fcntl",), ("warehouse.locks",), "locks are taken in one way"),
    (
        ("streamlit",),
        ("aurora.ui", "aurora.gateway", "pages", "app", "aurora.bench"),
        "what is not a page runs without Streamlit",
    ),
]


@pytest.mark.parametrize(("what", "by", "why"), RESERVED, ids=[rule[0][0] for rule in RESERVED])
def test_some_modules_are_for_few(what: tuple[str, ...], by: tuple[str, ...], why: str) -> None:
    users = {name for name, (_, names) in ALL.items() if any(under(other, *what) for other in names)}
    assert users, f"nobody imports {what}: mend this rule"
    assert [name for name in sorted(users) if not under(name, *by)] == [], why


def test_one_module_reads_the_environment() -> None:
    """What Aurora depends on must be visible in one place; the command line may pass --no-demo on to its children."""
    users = set()
    for name, (path, names) in ALL.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        read = any(
            isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
            for node in ast.walk(tree)
        )
        if read or names & {"os.environ", "os.getenv"}:
            users.add(name)
    # Benchmarks set up processes to be measured; they ship no behaviour.
    assert {name for name in users if not under(name, "aurora.bench")} <= {"aurora.settings", "aurora.cli"}
    told = [line for line in (ROOT / "aurora" / "cli.py").read_text().splitlines() if "environ" in line]
    assert [line.strip() for line in told] == ['os.environ["AURORA_NO_DEMO"] = "1"']


def test_the_rules_see_what_they_forbid(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text(
        "def f():\n    from ingest import run\n    import streamlit as st\nif True:\n    import warehouse.lake\n"
    )
    assert set(imported(file)) == {"ingest", "ingest.run", "streamlit", "warehouse.lake"}
    assert under("ingest.run", "ingest")
    assert not under("ingestion", "ingest")
