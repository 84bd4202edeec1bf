"""The SQL page in a real browser, over the estate of the pages' tests: one server start for all."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurora.ui import codemirror
from tests.product import Product, started
from tests.templates import copy_of
from tests.test_pages import acme  # noqa: F401
from tests.test_product import Visit, browser  # noqa: F401
from warehouse.lake import Lake
from warehouse.publish import publish

SLOW = "select count(*) from range(100000000) a, range(1000000) b where a.range % 7 = b.range % 5"


@pytest.fixture(scope="module")
def product(acme: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:  # noqa: F811
    folder = tmp_path_factory.mktemp("explorer")
    # The views of the copy name files of the template's folder, which a query's process may not read.
    publish(Lake(copy_of(acme, folder / "data") / "lake"), folder / "data", rebuild=True)
    (folder / "aurora.toml").write_text("", encoding="utf-8")
    with started(folder, "--no-demo") as running:
        running.wait()
        yield running


@pytest.fixture
def visit(browser: Any, product: Product) -> Visit:  # noqa: F811
    """The page, open, with the cursor in its editor."""
    if codemirror.folder() is None:
        pytest.skip("the nicegui package is not installed: the editor is a text area")
    visit = Visit(browser, product, "light", 1440)
    visit.open("sql")
    visit.page.wait_for_selector(".cm-content")
    return visit


def write(visit: Visit, sql: str, *, over: bool = True) -> None:
    """Type into the editor, in place of what stands there."""
    visit.page.click(".cm-content")
    if over:
        visit.page.keyboard.press("Control+a")
    visit.page.keyboard.type(sql)
    visit.page.keyboard.press("Escape")


def run(visit: Visit) -> None:
    visit.page.keyboard.press("Control+Enter")


def tab(visit: Visit, name: str) -> Any:
    return visit.page.locator(".st-key-sql-tabs").get_by_text(name, exact=True)


def test_what_is_typed_is_completed_run_cancelled_and_taken_along(visit: Visit) -> None:
    page = visit.page
    page.click(".cm-content")
    page.keyboard.type("select c.worst")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+a")
    page.keyboard.type("select c.status, count(*) as n from component_sta", delay=20)
    page.wait_for_selector(".cm-tooltip-autocomplete li:has-text('component_status')")
    page.wait_for_timeout(300)
    page.keyboard.press("Tab")
    page.keyboard.type(" c where c.", delay=20)
    page.wait_for_selector(".cm-tooltip-autocomplete li:has-text('status_reason')")
    page.keyboard.press("Escape")
    page.keyboard.type("status is not null group by all")
    page.keyboard.press("Escape")
    run(visit)
    tab(visit, "1 · component_status").wait_for()
    page.wait_for_selector("text=/ rows? · .* ms$/")
    assert "q=" in page.url
    visit.rest()

    # Of two lines the selected one alone.
    write(visit, "select 'first' as a")
    page.keyboard.press("Enter")
    page.keyboard.type("select 'second' as b from deployments limit 3")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Home")
    run(visit)
    tab(visit, "2 · deployments").wait_for()
    page.wait_for_selector("text=/^3 rows · /")
    visit.rest()

    page.locator(".st-key-sql-actions").get_by_role("button", name="Format").click()
    visit.rest()

    # A file of all rows, by the server's own route.
    page.locator("[class*=st-key-sql-download-] button").first.click()
    with page.context.expect_event("page") as opened, page.context.expect_event("download") as loaded:
        page.get_by_role("link", name="CSV").click()
    opened.value.close()
    page.bring_to_front()
    assert Path(loaded.value.path()).read_text(encoding="utf-8").splitlines() == ["b", *["second"] * 3]
    page.keyboard.press("Escape")

    write(visit, SLOW)
    run(visit)
    page.wait_for_selector("text=/Running for/")
    page.locator(".st-key-sql-actions").get_by_role("button", name="Cancel").click()
    page.wait_for_selector("text=You stopped it")
    assert visit.faults == []


def test_a_link_shows_the_same_to_somebody_else(visit: Visit) -> None:
    write(visit, "select 40 + 2 as answer")
    run(visit)
    visit.page.wait_for_url(re.compile(r"\?q="))
    visit.page.wait_for_selector("text=/^1 row · /")
    visit.page.goto(visit.page.url)
    visit.page.wait_for_selector(".cm-content:has-text('40 + 2')")
    visit.page.wait_for_selector("text=/^1 row · /")
    assert visit.faults == []
