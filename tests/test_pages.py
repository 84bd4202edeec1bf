"""Every page: with data, without any, stale and broken; a new page is tested without a line here."""

import ast
import json
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from aurora.settings import ROOT
from aurora.ui import frame
from aurora.ui.data import LastGood
from aurora.ui.frame import LOOK_EVERY
from aurora.ui.navigation import page_files
from ingest.history import Outcome, record_run, sync_row
from ingest.importing import import_file
from ingest.land import Landed
from tests.templates import copy_of, shared, with_demo
from warehouse.heartbeat import Heartbeat, Planned, beat
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.query import Warehouse

PAGES = page_files(ROOT / "pages")
over_pages = pytest.mark.parametrize("path", [page.path for page in PAGES], ids=[page.path.stem for page in PAGES])
LIMIT_S = 60


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo estate under another name with a source that fails, for all who only read it."""
    return shared(tmp_path_factory, "acme", with_demo)


@pytest.fixture
def estate(acme: Path, tmp_path: Path) -> Path:
    """The same, to write in."""
    return copy_of(acme, tmp_path / "estate")


@pytest.fixture(scope="module")
def empty(unfilled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty lake, published, to look at."""
    return copy_of(unfilled, tmp_path_factory.mktemp("empty"))


def shown(path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """The page as a visitor of that data folder sees it."""
    monkeypatch.setenv("AURORA_DATA", str(data))
    monkeypatch.setenv("AURORA_CONFIG", str(data / "aurora.toml"))
    monkeypatch.setattr("aurora.ui.data._last_good", LastGood())
    st.cache_data.clear()
    st.cache_resource.clear()
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=LIMIT_S)
    test.query_params.update(query)
    # AppTest.switch_page knows pages by their path, st.navigation by their address: give it the latter.
    page = next(page for page in PAGES if page.path == path)
    test._page_hash = "" if page is PAGES[0] else calc_hash(page.url_path)
    return test.run()


def sentences(test: AppTest) -> str:
    """All that the page says in words."""
    parts = [*test.error, *test.warning, *test.info, *test.markdown, *test.caption, *test.title]
    return " ".join(str(part.value) for part in parts)


def shows_rows(test: AppTest) -> bool:
    """True if a table has rows, or a card is drawn."""
    cards = [block for block in test.get("html") if "aurora-card" in block.proto.body]
    return bool(cards) or any(len(frame.value) for frame in test.dataframe)


@over_pages
def test_a_page_with_data_shows_rows_whatever_their_source_is_called(
    path: Path, acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = Warehouse(acme / "published").rows(
        "select arg_max(deployment_id, over_at) as id from prod_deployments where source_instance = 'acme'"
    )
    query = {"component": "acme:payment-gateway", "app": "owner-portal", "deployment": newest["id"][0]}
    test = shown(path, acme, monkeypatch, **query)
    assert not test.exception
    assert not [error.value for error in test.error if "cannot be shown" in error.value]
    assert shows_rows(test)
    assert "Demo data" not in sentences(test)


@over_pages
def test_a_page_before_the_first_data_says_so(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(path, tmp_path, monkeypatch)
    assert not test.exception
    assert "loading its first data" in sentences(test)


@over_pages
def test_an_empty_page_says_what_would_fill_it(path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(path, empty, monkeypatch)
    assert not test.exception
    assert ":material/inbox:" in sentences(test)
    assert not [metric for metric in test.metric if metric.value not in ("0", "n/a")]


@over_pages
def test_a_page_over_broken_data_says_one_sentence(path: Path, begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in (begun / "published").glob("*.duckdb"):
        file.write_bytes(b"no database")
    test = shown(path, begun, monkeypatch)
    assert not test.exception
    assert "cannot be shown now" in sentences(test)
    assert "aurora doctor" in sentences(test)


def test_a_failing_source_is_told_where_it_is_seen(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = shown(ROOT / "pages/platform/sources.py", acme, monkeypatch)
    failing = {metric.label: metric.value for metric in sources.metric}
    assert failing["Failing"] == "1"
    said = sources.dataframe[0].value
    assert any("nothing answers at http://127.0.0.1:9" in str(error) for error in said["error"])


def test_a_page_with_nothing_to_show_leads_to_the_source_that_fails(
    begun: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, at = Lake(begun / "lake"), datetime.now(UTC)
    failed = Outcome("bills", "costs", "failed", Landed(), error_class="auth", error="the key is wrong")
    record_run(lake, "bills", "costs", "run-1", sync_row("aws_cost", "costs", at, at, failed), at)
    publish(lake, begun)
    plan = (Planned("bills", "aws_cost", "costs", 3600.0, at.isoformat(), False),)
    beat(begun, Heartbeat(1, at.isoformat(), at.isoformat(), None, plan))
    for path in ("cost/costs.py", "mobile/crashes.py", "operate/slos.py"):
        test = shown(ROOT / "pages" / path, begun, monkeypatch)
        links = [link.proto.label for link in test.get("page_link")]
        assert [label for label in links if "1 source failing" in label], path


def test_a_scheduler_that_stands_still_is_told_on_every_page(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    beat(estate, Heartbeat(1, long_ago, long_ago, "aurora.toml, line 3: port: wrong", ()))
    said = sentences(shown(ROOT / "pages/operate/system_health.py", estate, monkeypatch))
    assert "The scheduler stopped 2 h ago" in said
    assert "line 3" in said


def test_old_samples_are_unknown_and_never_healthy(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(Lake(estate / "lake"), estate, now=datetime.now(UTC) + timedelta(hours=30))
    test = shown(ROOT / "pages/operate/system_health.py", estate, monkeypatch)
    counts = next(caption.value for caption in test.caption if "unknown" in caption.value)
    assert "● 0 healthy" in counts
    assert "✕ 0 down" in counts


def test_hostile_names_are_only_text(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "![x](https://evil.example/x.png) <b>b</b>"
    file = tmp_path / "components.jsonl"
    row = {"component_id": "x:1", "name": hostile, "type": "api", "first_seen_at": "2026-03-01T10:00:00Z"}
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    lake = Lake(begun / "lake")
    import_file(lake, file)
    publish(lake, begun)
    for page in PAGES:
        test = shown(page.path, begun, monkeypatch, component="x:1", app=hostile)
        assert not test.exception
        parts = [*test.title, *test.markdown, *test.caption, *test.error]
        said = [str(part.value) for part in parts] + [button.label for button in test.button]
        assert not [text for text in said if "![x]" in text or "<b>" in text], page.title


def test_filters_live_in_the_url(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(ROOT / "pages/operate/system_health.py", acme, monkeypatch, status="down", range="7d")
    states = {word for cell in test.dataframe[0].value["state"] for word in cell}
    assert states == {"✕ Down"}


def test_run_now_is_recorded_as_an_edit(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from aurora.contracts.estate import Edits

    plan = (Planned("broken", "prometheus", "health", 60.0, datetime.now(UTC).isoformat(), False),)
    now = datetime.now(UTC).isoformat()
    beat(estate, Heartbeat(1, now, now, None, plan))
    test = shown(ROOT / "pages/platform/sources.py", estate, monkeypatch)
    next(button for button in test.button if button.label == "Run now").click().run()
    (estate / "worker.json").unlink()
    unplanned = shown(ROOT / "pages/platform/sources.py", estate, monkeypatch)
    assert next(button for button in unplanned.button if button.label == "Run now").disabled
    edits = Lake(estate / "lake").read(Edits)
    assert edits.filter(edits["field"] == "run_requested_at")["entity_id"].to_list() == ["broken"]


def test_paused_pages_stand_still_say_so_and_keep_what_was_chosen(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timers: list[str | None] = []
    fragment = st.fragment

    def noted(*args: object, run_every: str | None = None) -> object:
        timers.append(run_every)
        return fragment(*args, run_every=run_every)

    monkeypatch.setattr("streamlit.fragment", noted)
    test = shown(ROOT / "pages" / "operate" / "system_health.py", acme, monkeypatch, status="degraded", q="pay")
    assert timers == [LOOK_EVERY]
    assert "Updates are paused" not in sentences(test)

    timers.clear()
    kept = dict(test.query_params)
    test.toggle(key="live_updates").set_value(False).run()
    assert not timers
    assert "Updates are paused" in sentences(test)
    assert dict(test.query_params) == kept

    test.toggle(key="live_updates").set_value(True).run()
    assert timers == [LOOK_EVERY]
    assert dict(test.query_params) == kept


def test_an_open_page_is_drawn_again_when_there_is_something_new_but_never_under_an_open_dialog(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state: dict[str, object] = {}
    seen: list[tuple[int | None, bool, str | None]] = [(7, False, None)]
    redrawn: list[int] = []
    monkeypatch.setattr("streamlit.session_state", state)
    monkeypatch.setattr("streamlit.rerun", lambda: redrawn.append(1))
    monkeypatch.setattr(frame, "_seen", lambda: seen[0])

    def look(drawn_s_ago: float) -> int:
        redrawn.clear()
        frame._look((7, False, None), time.monotonic() - drawn_s_ago)
        return len(redrawn)

    assert look(1) == 0
    assert look(frame.REDRAW_S + 1) == 1  # ages in words, and what grew stale
    seen[0] = (8, False, None)
    assert look(1) == 1
    seen[0] = (7, True, None)
    assert look(1) == 1
    state[frame.ASKING_KEY] = True
    assert look(frame.REDRAW_S + 1) == 0


def test_a_key_belongs_to_one_kind_of_widget() -> None:
    """What was chosen lives on when another page is opened, and a widget of another kind cannot read it."""
    alike = {"_several": "multiselect"}
    kinds: dict[str, set[str]] = defaultdict(set)
    for path in [*(ROOT / "pages").rglob("*.py"), *(ROOT / "aurora" / "ui").glob("*.py")]:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                keys = [word.value for word in call.keywords if word.arg == "key"]
                keys += call.args[2:3] if name in ("pills", "_several") else []
                for key in keys:
                    if isinstance(key, ast.Constant):
                        kinds[str(key.value)].add(alike.get(name, name))
    assert len(kinds) > 30
    assert {key: names for key, names in kinds.items() if len(names) > 1} == {}
