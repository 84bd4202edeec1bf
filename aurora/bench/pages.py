"""Server time of each page over the demo estate, against a page that says hello."""

import logging
import os
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

from aurora.bench.demo import DAYS, land_demo, settings_in
from aurora.bench.frame import Bench, Figure, Goal, SkippedError, benchmark
from aurora.bench.measure import in_child, seconds
from aurora.settings import ROOT, Settings, environment_for
from warehouse.lake import Lake
from warehouse.publish import publish

FOLDER = ROOT / "pages"
TIMES = 9
TIMEOUT_S = 60


@benchmark
def pages(bench: Bench) -> Iterator[Figure]:
    """Median of nine runs with empty caches and of nine runs after those, of each page."""
    found = sorted(path for path in FOLDER.rglob("*.py") if not path.name.startswith("_"))
    if not found:
        raise SkippedError(f"there are no pages in {FOLDER.name}/")
    settings = settings_in(bench.folder)
    land_demo(settings, bench.size(DAYS, 2))
    publish(Lake(settings.lake), settings.data)
    for page in found:
        name = page.relative_to(FOLDER).with_suffix("").as_posix()
        yield from page_figures(bench, page, settings, f"page {name}", (None, None))


def page_figures(
    bench: Bench, page: Path, settings: Settings, name: str, goals_ms: tuple[float | None, float | None]
) -> Iterator[Figure]:
    """Milliseconds of a page with empty caches and with full ones, against a page that says hello."""
    hello = bench.folder / "hello.py"
    hello.write_text('import streamlit as st\nst.write("hello")\n', encoding="utf-8")
    environment = environment_for(settings) | {"STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "full"}
    told = in_child(measure, page, hello, bench.size(TIMES), environment=environment)
    if isinstance(told, str):
        bench.say(f"{name} is left out: {told}")
        return
    for which, limit, (ours, floor) in zip(("first", "cached"), goals_ms, told, strict=True):
        goal = None if limit is None else Goal("value", "<=", limit)
        yield Figure(f"{name}, {which} / st.write hello", 1000 * ours, "ms", 1000 * floor, goal)


def measure(page: Path, hello: Path, times: int) -> list[tuple[float, float]] | str:
    """(page, hello) median seconds of first and of further runs, or why the page cannot run. For a fresh process."""
    logging.getLogger("streamlit").setLevel(logging.ERROR)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 -- Streamlit prints there what this returns
    tests = [opened(page), opened(hello)]
    took: list[list[list[float]]] = [[[], []], [[], []]]
    for _ in range(times):
        for number, path in enumerate((page, hello)):
            tests[number] = opened(path)
            for which in took:
                which[number].append(seconds(tests[number].run))
    if tests[0].exception:
        return str(tests[0].exception[0].message)
    first, cached = [(statistics.median(ours), statistics.median(floor)) for ours, floor in took]
    return [first, cached]


def opened(path: Path) -> AppTest:
    """A session that is about to show that page, with empty caches; a page of Aurora's runs inside app.py."""
    is_ours = FOLDER in path.parents
    # Both have run once: the app to know its pages, and both to leave the cost of a new session out.
    test = AppTest.from_file(str(ROOT / "app.py" if is_ours else path), default_timeout=TIMEOUT_S).run()
    if is_ours:
        test.switch_page(path.relative_to(ROOT).as_posix())
    st.cache_data.clear()
    st.cache_resource.clear()
    return test
