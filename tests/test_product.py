"""The whole product as its user meets it: started, looked at in a browser in both themes, asked, and ended."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aurora.settings import ROOT
from aurora.ui.navigation import page_files
from tests.product import Product, chromium, environment, started

PAGES = page_files(ROOT / "pages")
ARTIFACTS = ROOT / "artifacts" / "screens"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
]  # fmt: skip
# Streamlit looks for its endpoints below a page's own path before it finds them at the root.
HARMLESS = re.compile(r"_stcore/(health|host-config)")
FOLLOW = """path => location.pathname === '/' + path
    || document.querySelector(`[data-testid=stSidebarNavLink][href$="/${path}"]`)?.click()"""
QUIET = "() => !document.querySelector('[data-testid=\"stStatusWidget\"]')"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("product")
    with started(folder) as running:
        running.wait()
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    path = chromium()
    with playwright.sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=path, args=FLAGS)


@pytest.fixture(autouse=True)
def _closed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pages follow the world: one that a test left open would take the next test's time."""
    yield
    if "browser" in request.fixturenames:
        for context in request.getfixturevalue("browser").contexts:
            context.close()


class Visit:
    """A page in the browser, with everything that went wrong while it was open."""

    def __init__(self, browser: Any, product: Product, theme: str, width: int, context: Any = None) -> None:
        self.product, self.faults = product, list[str]()
        size = {"width": width, "height": 900}
        self.page = (context or browser.new_context(viewport=size, color_scheme=theme)).new_page()
        self.page.set_default_timeout(90_000)  # two cores, and the other half of the tests beside it
        self.page.on("console", lambda message: self._note(message.type == "error", message.text, message.location))
        self.page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        # What is still on its way when the next page is opened is given up, as it should be.
        self.page.on(
            "requestfailed",
            lambda request: self._note(request.failure != "net::ERR_ABORTED", f"failed: {request.url}", {}),
        )
        self.page.on(
            "request", lambda request: self._note(self._is_foreign(request.url), f"left home: {request.url}", {})
        )

    def _is_foreign(self, url: str) -> bool:
        return url.startswith("http") and not url.startswith(self.product.url)

    def _note(self, is_fault: bool, text: str, where: dict[str, Any]) -> None:
        if is_fault and not HARMLESS.search(f"{text} {where.get('url', '')}"):
            self.faults.append(text)

    def open(self, path: str) -> str:
        """Open a path, wait until it is drawn; what it says."""
        self.page.goto(f"{self.product.url}/{path}")
        self.page.wait_for_selector("h1", timeout=90_000)
        self.rest()
        return self.said()

    def follow(self, path: str) -> str:
        """Open a page by its link in the navigation, or by its address if it stands in none; what it says."""
        link = self.page.locator(f'[data-testid=stSidebarNavLink][href$="/{path}"]')
        if not link.count():
            return self.open(f"{path}?component=demo:payment-gateway&app=owner-portal")
        # A click while the navigation is being drawn anew is lost, as a person's would be.
        self.page.wait_for_function(FOLLOW, arg=path, polling=2000)
        self.page.wait_for_selector("h1")
        self.rest()
        return self.said()

    def look(self, theme: str, width: int) -> None:
        """Go on in another theme and width."""
        self.page.emulate_media(color_scheme=theme)
        self.page.set_viewport_size({"width": width, "height": 900})

    def rest(self) -> None:
        """Wait until nothing is being drawn."""
        self.page.wait_for_timeout(400)
        self.page.wait_for_function(QUIET, timeout=120_000)
        self.page.wait_for_timeout(400)

    def said(self) -> str:
        """What the page says in words."""
        return str(self.page.inner_text("[data-testid=stMainBlockContainer]"))


def test_a_bookmarked_page_opens_as_the_first_one_after_a_start(browser: Any, product: Product) -> None:
    visit = Visit(browser, product, "light", 1440)
    visit.open("sources")
    assert visit.page.inner_text("h1") == "Sources"
    assert visit.faults == []


def test_all_pages_open_without_a_fault_in_both_themes_and_widths(browser: Any, product: Product) -> None:
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    visit = Visit(browser, product, "light", 1440)
    visit.open("")
    for page in PAGES:
        said = visit.follow(page.url_path if page is not PAGES[0] else "")
        visit.page.screenshot(path=ARTIFACTS / f"{page.path.stem}-light-1440.png")
        visit.look("dark", 390)
        visit.rest()
        visit.page.screenshot(path=ARTIFACTS / f"{page.path.stem}-dark-390.png")
        said += visit.said()
        visit.look("light", 1440)
        assert "cannot be shown" not in said
        assert "Traceback" not in said
        # of none, of Aurora's own runs alone, and of one that is not named
        assert "Demo data" in said or page.path.stem in ("sources", "reports", "deployment")
        assert visit.faults == [], page.title


def test_the_first_screen_has_rows_of_this_machine_and_of_the_demo(browser: Any, product: Product) -> None:
    visit = Visit(browser, product, "light", 1440)
    visit.open("")
    for told in ("DAMAC Hills 2 CRM", "Needs attention", "Demo data", "What changed"):
        visit.page.wait_for_selector(f"text={told}")
    answer = product.aurora(
        "sql", "select count(*) as n from component_health where source = 'host'", "--format", "csv"
    )
    assert int(answer.stdout.split()[1]) > 0


def test_a_card_leads_to_its_application_and_back(browser: Any, product: Product) -> None:
    visit = Visit(browser, product, "light", 1440)
    visit.open("")
    visit.page.get_by_role("link", name="Payment System").first.click()
    visit.page.wait_for_url(re.compile(r"application\?app=payment-system"))
    visit.page.wait_for_selector("text=Where the points go")
    visit.page.get_by_role("link", name="Applications").first.click()
    visit.page.wait_for_url(re.compile("/applications"))
    assert visit.faults == []


def test_a_chosen_node_is_drawn_alone_with_what_it_rests_on(browser: Any, product: Product) -> None:
    visit = Visit(browser, product, "light", 1440)
    visit.open("graph")
    visit.page.wait_for_selector("g.node")
    whole = visit.page.locator("g.node").count()
    visit.page.get_by_role("button", name=re.compile("Redis Cache")).first.click()
    visit.page.wait_for_function("whole => document.querySelectorAll('g.node').length < whole", arg=whole)
    assert visit.faults == []


def click_row(page: Any, row: int) -> None:
    """Tick a row of the page's first table; tables are drawn on a canvas, so by place."""
    page.wait_for_selector("canvas")
    page.wait_for_timeout(1000)
    box = page.locator("canvas").first.bounding_box()
    page.mouse.click(box["x"] + 18, box["y"] + 34 * row + 50)


def test_a_click_on_a_component_opens_it(browser: Any, product: Product) -> None:
    visit = Visit(browser, product, "light", 1440)
    visit.open("system-health?status=down")
    click_row(visit.page, 0)
    visit.page.wait_for_url(re.compile("component=demo"), timeout=60_000)
    visit.page.wait_for_selector("h1:has-text('Payment Gateway')")
    assert visit.faults == []


def test_a_click_on_a_source_shows_its_runs_and_run_now_asks_the_worker(browser: Any, product: Product) -> None:
    visit = Visit(browser, product, "light", 1440)
    visit.open("sources")
    click_row(visit.page, 1)
    visit.page.wait_for_selector("h3:has-text('Runs of demo'), h2:has-text('Runs of demo')", timeout=60_000)
    visit.page.get_by_role("button", name="Run now").click()
    visit.page.wait_for_selector("text=was asked to run")
    assert visit.faults == []


def test_the_rows_behind_a_page_can_be_seen(browser: Any, product: Product) -> None:
    visit = Visit(browser, product, "light", 1440)
    visit.open("")
    visit.page.get_by_text("Rows and SQL behind this page").click()
    visit.page.wait_for_selector("text=from app_overview")
    visit.page.locator(".stExpander").get_by_text("CSV", exact=True).wait_for()
    assert visit.faults == []


def test_the_range_is_in_the_address(browser: Any, product: Product) -> None:
    visit = Visit(browser, product, "light", 1440)
    visit.open("system-health")
    visit.page.get_by_text("7d", exact=True).first.click()
    visit.page.wait_for_url(re.compile("range=7d"))


def test_an_edit_of_the_settings_is_taken_up_and_a_wrong_one_is_told(browser: Any, product: Product) -> None:
    config = product.folder / "aurora.toml"
    right = config.read_text(encoding="utf-8")
    visit = Visit(browser, product, "light", 1440)
    visit.open("sources")
    try:
        config.write_text(right + '\n[[source]]\nname = "x"\nconnector = "host"\nevery = "soon"\n', encoding="utf-8")
        visit.page.wait_for_selector("text=Settings are wrong", timeout=90_000)  # by itself: nobody loads it again
        said = visit.page.inner_text("body")
        assert "every: 'soon' is no duration" in said
    finally:
        config.write_text(right, encoding="utf-8")


def test_an_open_page_tells_what_is_new_and_keeps_what_was_chosen(browser: Any, product: Product) -> None:
    visit = Visit(browser, product, "light", 1440)
    visit.open("deployments?q=v7.7.7")
    visit.page.wait_for_selector("text=No deployment matches")
    answer = product.aurora(
        "record", "deployment", "--app", "shop", "--env", "prod", "--version", "v7.7.7", "--status", "success"
    )
    assert answer.returncode == 0, answer.stderr
    visit.page.wait_for_selector("text=No deployment matches", state="detached", timeout=90_000)
    assert visit.page.locator("input[value='v7.7.7']").count() == 1
    assert "q=v7.7.7" in visit.page.url
    assert visit.faults == []


def test_a_second_aurora_says_who_runs(product: Product) -> None:
    command = [sys.executable, "-m", "aurora.cli", "up", "--port", "0"]
    port = product.url.rpartition(":")[2]
    command[-1] = str(int(port) - 1)
    second = subprocess.run(
        command, env=environment(product.folder), capture_output=True, text=True, timeout=240, cwd=ROOT
    )
    assert second.returncode == 1
    assert f"process {product.process.pid}" in second.stderr.replace("\n", " ")
    worker = subprocess.run(
        [sys.executable, "-m", "aurora.cli", "worker"], env=environment(product.folder), capture_output=True, text=True,
        timeout=240, cwd=ROOT,
    )  # fmt: skip
    assert worker.returncode == 1
    assert "a scheduler runs already" in worker.stderr.replace("\n", " ")


def test_the_demo_leaves_no_row_and_all_pages_go_on(browser: Any, product: Product) -> None:
    answer = product.aurora("demo", "remove")
    assert answer.returncode == 0, answer.stderr
    tables = product.aurora(
        "sql",
        "select distinct table_name from duckdb_columns() where column_name = 'source_instance'",
        "--format",
        "csv",
    )
    asked = [
        f"select '{table}' as name, count(*) as n from {table} where source_instance = 'demo'"
        for table in tables.stdout.split()[1:]
        if not table.endswith("_now") and table not in ("app_overview", "component_status", "source_freshness")
    ]
    assert len(asked) > 60
    left = product.aurora("sql", f"select * from ({' union all '.join(asked)}) where n > 0", "--format", "csv")
    assert left.stdout.split() == ["name,n"]
    visit = Visit(browser, product, "light", 1440)
    for address in ("", "system-health", "delivery", "sources"):  # every page without a row of any source: test_pages
        said = visit.open(address)
        assert "cannot be shown" not in said
        assert "Demo data" not in said
    assert visit.faults == []


def test_zz_it_ends_cleanly_and_at_once(product: Product) -> None:
    assert product.end() == 0
    assert "Traceback" not in product.log()
    assert product.health()[0] == 0


def test_it_starts_again_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "aurora.toml").write_text(
        '[[source]]\nname = "me"\nconnector = "host"\nevery = "1s"\n', encoding="utf-8"
    )
    for start in (1, 2):
        with started(tmp_path, "--no-demo") as running:
            running.wait()
            assert running.end() == 0
        assert running.log().count("Aurora is at") == start
