"""Server time of each page over the demo estate, against a page that says hello."""

from collections.abc import Iterator
from pathlib import Path

from aurora.bench.demo import DAYS, land_demo, settings_in
from aurora.bench.frame import Bench, Figure, SkippedError, benchmark
from aurora.bench.measure import in_child, medians
from aurora.settings import ROOT, environment_for
from warehouse.lake import Lake
from warehouse.publish import publish

FOLDER = ROOT / "pages"
TIMES = 9
TIMEOUT_S = 60
HELLO = 'import streamlit as st\nst.write("hello")\n'


@benchmark
def pages(bench: Bench) -> Iterator[Figure]:
    """Median of nine first runs (caches empty, session new) and of nine further runs of each page."""
    found = sorted(path for path in FOLDER.rglob("*.py") if not path.name.startswith("_"))
    if not found:
        raise SkippedError(f"there are no pages in {FOLDER.name}/")
    settings = settings_in(bench.folder)
    land_demo(settings, bench.size(DAYS, 2))
    publish(Lake(settings.lake), settings.data)
    hello = bench.folder / "hello.py"
    hello.write_text(HELLO, encoding="utf-8")
    for page in found:
        name = page.relative_to(FOLDER).with_suffix("").as_posix()
        told = in_child(measure, page, hello, environment=environment_for(settings))
        if isinstance(told, str):
            bench.say(f"{name} is left out: {told}")
            continue
        for which, (ours, floor) in zip(("first", "cached"), told, strict=True):
            yield Figure(f"page {name}, {which} / st.write hello", 1000 * ours, "ms", 1000 * floor)


def measure(page: Path, hello: Path) -> list[list[float]] | str:
    """[page, hello] median seconds of the first and of the further runs, or why the page cannot run."""
    import logging

    import streamlit as st
    from streamlit.testing.v1 import AppTest

    logging.disable()

    def first(path: Path) -> AppTest:
        st.cache_data.clear()
        st.cache_resource.clear()
        return AppTest.from_file(str(path), default_timeout=TIMEOUT_S).run()

    tests = [first(hello), first(page)]
    if tests[1].exception:
        return str(tests[1].exception[0].message)
    return [
        medians(TIMES, lambda: first(page), lambda: first(hello)),
        medians(TIMES, lambda: tests[1].run(), lambda: tests[0].run()),
    ]
