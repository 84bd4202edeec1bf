"""Announcing maintenance on the status page: what is refused and why, versions, ends, withdrawals, races."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from aurora.contracts import Row
from aurora.contracts.operations import MaintenanceWindows
from aurora.insights.status import refusal
from aurora.settings import ROOT
from aurora.ui.data import LastGood, utc_now
from tests.frames import put
from tests.test_pages import shown
from tests.test_status import owned, window_of
from warehouse.lake import Lake
from warehouse.publish import publish
from warehouse.query import Warehouse

AT = datetime(2026, 3, 10, 20)  # noqa: DTZ001  as a form gives it
HOUR = timedelta(hours=1)
PAGE = ROOT / "pages" / "operate" / "status_page.py"


@pytest.mark.parametrize(
    ("title", "about", "start", "end", "said"),
    [
        ("Move", "Application:a", AT, AT + HOUR, None),
        ("Move", "Application:a", AT, AT + timedelta(days=31), None),
        (" ", "Application:a", AT, AT + HOUR, "Write a title"),
        ("x" * 121, "Application:a", AT, AT + HOUR, "Shorten the title to 120"),
        ("Move", None, AT, AT + HOUR, "Choose the application or component"),
        ("Move", "Application:a", None, AT, "Say when it starts"),
        ("Move", "Application:a", AT, AT, "Let it end after it starts"),
        ("Move", "Application:a", AT, AT + timedelta(days=32), "Let it last 31 days at most"),
    ],
)
def test_what_cannot_stand_is_said(
    title: str, about: str | None, start: datetime | None, end: datetime | None, said: str | None
) -> None:
    told = refusal(title, about, start, end)
    assert (told is None) == (said is None)
    assert (told or "").startswith(said or "")


@pytest.fixture
def folder(data: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one application of one component, as the pages see it."""
    owned(lake, "shop", "a")
    publish(lake, data)
    monkeypatch.setenv("AURORA_DATA", str(data))
    monkeypatch.setenv("AURORA_CONFIG", str(data / "aurora.toml"))
    monkeypatch.setattr("aurora.ui.data._last_good", LastGood())
    st.cache_data.clear()
    st.cache_resource.clear()
    return data


def form(window: Row | None = None) -> AppTest:
    def script(window: dict) -> None:  # type: ignore[type-arg]
        from aurora.ui.maintenance import form

        form(window)

    return AppTest.from_function(script, default_timeout=60, kwargs={"window": window}).run()


def pressed(test: AppTest, label: str) -> AppTest:
    return next(button for button in test.button if button.label == label).click().run()


def versions(lake: Lake) -> list[Row]:
    return list(lake.read(MaintenanceWindows).sort("maintenance_id", "version").iter_rows(named=True))


def standing(data: Path) -> list[Row]:
    return list(Warehouse(data / "published").rows("from maintenance_now").iter_rows(named=True))


def announce(title: str, about: str, start: datetime | None = None) -> AppTest:
    test = form()
    test.text_input[0].set_value(title)
    test.selectbox[0].set_value(about)
    if start:
        test.datetime_input[0].set_value(start)
        test.datetime_input[1].set_value(start + 2 * HOUR)
    return pressed(test, "Announce")


def test_an_announcement_is_refused_with_a_sentence_and_then_written(folder: Path, lake: Lake) -> None:
    test = pressed(form(), "Announce")
    assert [error.value for error in test.error] == [
        "Write a title: what is done, in words that everybody may read."
    ]  # fmt: skip
    assert lake.version(MaintenanceWindows) is None
    assert not announce(" Move ", "Application:shop").error
    one = versions(lake)[0]
    assert (one["title"], one["app_id"], one["component_id"], one["version"]) == ("Move", "shop", None, 1)
    assert (one["is_public"], one["changed_by"], one["source"]) == (True, "test@example.com", "people")
    assert one["ends_at"] - one["starts_at"] == HOUR


def test_a_change_is_a_new_version_and_who_was_overtaken_is_told(folder: Path, lake: Lake) -> None:
    announce("Move", "Component:a")
    window = standing(folder)[0]
    test = form(window)
    assert (test.text_input[0].value, test.selectbox[0].value) == ("Move", "Component:a")
    test.text_input[0].set_value("Move of racks")
    test.toggle[0].set_value(False)
    assert not pressed(test, "Save").error
    assert [(one["version"], one["title"], one["is_public"]) for one in versions(lake)] == [
        (1, "Move", True), (2, "Move of racks", False),
    ]  # fmt: skip
    late = form(window)
    late.text_input[0].set_value("Mine")
    said = pressed(late, "Save").error[0].value
    assert said.startswith("This was not saved: ")
    assert "changed by somebody else meanwhile" in said
    assert len(versions(lake)) == 2


def opened() -> AppTest:
    def script() -> None:
        from aurora.ui import maintenance

        maintenance.listed()

    test = AppTest.from_function(script, default_timeout=60)
    test.session_state["announcements"] = True
    return test.run()


def test_what_is_under_way_can_be_ended_and_what_comes_be_withdrawn(folder: Path, lake: Lake) -> None:
    now = utc_now()
    announce("Comes", "Application:shop", now + 24 * HOUR)
    announce("Runs", "Application:shop", now - HOUR)
    page = opened()
    assert [button.label for button in page.button] == ["Change", "End now", "Withdraw", "Change", "Withdraw"]
    pressed(page, "End now")
    runs = next(one for one in standing(folder) if one["title"] == "Runs")
    assert now <= runs["ends_at"] <= utc_now()
    page = opened()
    assert not [button for button in page.button if button.label == "End now"]
    [button for button in page.button if button.label == "Withdraw"][1].click().run()
    assert [one["title"] for one in standing(folder)] == ["Runs"]
    states = Warehouse(folder / "published").rows("from status_notices order by state")["state"].to_list()
    assert states == ["cancelled", "ended"]


def test_what_a_source_announced_is_changed_there(folder: Path, data: Path, lake: Lake) -> None:
    start = utc_now().replace(tzinfo=UTC) + HOUR
    put(lake, MaintenanceWindows, [window_of(1) | {"starts_at": start, "ends_at": start + HOUR}])
    publish(lake, data)
    page = opened()
    assert not page.button
    assert [caption.value for caption in page.caption] == ["Comes from t1: change it there."]


def test_the_button_of_the_page_opens_the_form(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = pressed(shown(PAGE, folder, monkeypatch), "Announce maintenance")
    assert not test.exception
    assert [field.label for field in test.text_input] == ["Title"]
