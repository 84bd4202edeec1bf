"""Status: days, outages and announcements worked out by hand; what is public and what is not."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts import Row
from aurora.contracts.estate import Applications, AppLinks, Components
from aurora.contracts.operations import ComponentHealth, ComponentHealth1d, Incidents, MaintenanceWindows
from aurora.insights.status import Overall, bars, details, headline, overall
from aurora.ui.availability import said, summary
from tests.conftest import Published
from tests.frames import DAY, HOUR, MINUTE, NOW, component, health, link, put, row
from warehouse.lake import Lake
from warehouse.rollup import roll_up

TODAY = NOW.replace(hour=0)
STATES = ("healthy_s", "degraded_s", "down_s", "maintenance_s", "unknown_s")
SPAN = "since := timestamp '2026-03-08 05:00', until := timestamp '2026-03-10 12:00'"


def owned(lake: Lake, app_id: str, *components: str, **values: Any) -> None:
    """An application and its components."""
    put(lake, Applications, [row(Applications, app_id=app_id, name=app_id.title(), updated_at=NOW)], app_id)
    put(lake, AppLinks, [link(app_id, "component", name) for name in components], app_id)
    put(lake, Components, [component(name, **values) for name in components], app_id)


def hours(name: str, start: datetime, words: str) -> list[Row]:
    """Samples of an hour each from `start` on: h healthy, g degraded, d down, m maintenance, u unknown, . none."""
    said = {"h": "healthy", "g": "degraded", "d": "down", "m": "maintenance", "u": "unknown"}
    return [
        health(name, start + place * HOUR, 3600, status=said[word]) for place, word in enumerate(words) if word != "."
    ]


def window_of(number: int, start: datetime = NOW, end: datetime = NOW + HOUR) -> Row:
    window = row(MaintenanceWindows, maintenance_id=f"m{number}", title=f"Upgrade {number}", starts_at=start)
    return window | {"ends_at": end, "version": 1, "changed_at": NOW - DAY, "is_deleted": False, "is_public": True}


def announced(lake: Lake, number: int, start: datetime, end: datetime, **values: Any) -> None:
    put(lake, MaintenanceWindows, [window_of(number, start, end) | values])


def told(published: Published, sql: str, *key: str) -> dict[Any, Row]:
    return {tuple(one[name] for name in key): one for one in published().rows(sql).iter_rows(named=True)}


def days_of(published: Published, model: str, key: str) -> dict[Any, tuple[list[float], str, float | None]]:
    rows = told(published, f"from {model}({SPAN})", key, "day")
    return {
        (name, day.day): ([one[state] for state in STATES], one["worst_status"], one["uptime_pct"])
        for (name, day), one in rows.items()
    }


def estate(lake: Lake) -> None:
    """Shop of a and b; of the 9th a: 12 h healthy, 3 degraded, 4 down, 1 maintenance, 1 unknown, 3 not seen."""
    owned(lake, "shop", "a", "b")
    put(lake, ComponentHealth, hours("a", TODAY - DAY, "hhhhhhhhhhhhgggddddmu..."))
    put(lake, ComponentHealth, hours("b", TODAY - DAY, "h" * 24) + hours("b", TODAY, "h" * 9 + "ddd"))


def test_the_days_of_components_by_hand(lake: Lake, published: Published) -> None:
    """15 h up of 19 h observed are 78.9 %; today is 12 h long so far; the 8th is whole, though asked from 5:00 on."""
    estate(lake)
    days = days_of(published, "component_days", "component_id")
    assert days["a", 9] == ([43200, 10800, 14400, 3600, 14400], "down", pytest.approx(100 * 15 / 19))
    assert days["b", 9] == ([86400, 0, 0, 0, 0], "healthy", 100)
    assert days["b", 10] == ([32400, 0, 10800, 0, 0], "down", 75)
    assert days["a", 10] == ([0, 0, 0, 0, 43200], "unknown", None)
    assert days["a", 8] == ([0, 0, 0, 0, 86400], "unknown", None)
    assert len(days) == 6


def test_the_days_of_an_application_by_hand(lake: Lake, published: Published) -> None:
    """The 9th: a and b together 36 + 3 h up, 4 h down; today: b alone is known, 9 h up and 3 h down."""
    estate(lake)
    days = days_of(published, "status_days", "app_id")
    assert days["shop", 9] == ([129600, 10800, 14400, 3600, 14400], "down", pytest.approx(100 * 39 / 43))
    assert days["shop", 10] == ([32400, 0, 10800, 0, 43200], "down", 75)
    assert days["shop", 8] == ([0, 0, 0, 0, 172800], "unknown", None)


def test_days_say_the_same_after_rolling_up(lake: Lake, data: Path, published: Published) -> None:
    estate(lake)
    before = days_of(published, "status_days", "app_id")
    roll_up(lake, data / "published", NOW)
    assert lake.read(ComponentHealth1d).height
    assert days_of(published, "status_days", "app_id") == before


def test_a_day_of_which_less_than_half_is_known_is_not_healthy(lake: Lake, published: Published) -> None:
    owned(lake, "shop", "half", "less", "kept")
    put(lake, ComponentHealth, hours("half", TODAY - DAY, "h" * 12) + hours("less", TODAY - DAY, "h" * 11))
    put(lake, ComponentHealth, hours("kept", TODAY - DAY, "h" * 11 + "m" * 13))
    days = days_of(published, "component_days", "component_id")
    assert [days[name, 9][1] for name in ("half", "less", "kept")] == ["healthy", "unknown", "maintenance"]
    assert days["less", 9][2] == 100, "of what was observed"


def test_two_sources_of_one_component_are_one(lake: Lake, published: Published) -> None:
    """24 h by one and 12 h by the other, 6 of them down: of 36 h 1/6 is down, of the day's 24 h known that is 4."""
    owned(lake, "shop", "a")
    put(lake, Components, [component("twin", same_as="a")])
    put(lake, ComponentHealth, hours("a", TODAY - DAY, "h" * 24) + hours("twin", TODAY - DAY, "h" * 6 + "d" * 6))
    days = days_of(published, "status_days", "app_id")
    assert days["shop", 9][0] == pytest.approx([72000, 0, 14400, 0, 0])
    assert days["shop", 9][1:] == ("down", pytest.approx(100 * 5 / 6))


def test_announced_maintenance_counts_as_maintenance_and_a_terminated_component_ends(
    lake: Lake, published: Published
) -> None:
    owned(lake, "shop", "a")
    put(lake, Components, [component("old", lifecycle="terminated") | {"last_seen_at": TODAY - 2 * HOUR}])
    put(lake, ComponentHealth, hours("a", TODAY - DAY, "d" * 24))
    announced(lake, 1, TODAY - DAY, TODAY - 4 * HOUR, app_id="shop")
    days = days_of(published, "component_days", "component_id")
    assert days["a", 9] == ([0, 0, 14400, 72000, 0], "down", 0)
    assert sorted(day for name, day in days if name == "old") == [8, 9]


@pytest.mark.parametrize(
    ("statuses", "open_incidents", "status", "sentence"),
    [
        (["healthy", "healthy"], 0, "healthy", "All systems operational"),
        (["unknown", "unknown"], 0, "unknown", "Nothing is known about any application at the moment"),
        (["unknown", "healthy"], 0, "unknown", "1 application is in an unknown state"),
        (["maintenance", "healthy"], 0, "maintenance", "1 application is under maintenance"),
        (["healthy"], 1, "degraded", "1 incident is open, though no application is down"),
        (["maintenance"], 2, "degraded", "2 incidents are open, though no application is down"),
        (
            ["healthy", "unknown", "down", "down", "degraded", "maintenance"],
            3,
            "down",
            "2 applications are down, 1 is not working as usual, 1 is in an unknown state, 1 is under maintenance",
        ),
    ],
)
def test_the_big_sentence(statuses: list[str], open_incidents: int, status: str, sentence: str) -> None:
    assert overall(statuses, open_incidents) == Overall(status, sentence)


def test_nothing_but_known_health_is_operational() -> None:
    """Of all mixes of three states and incidents, only healthy everywhere without an incident is operational."""
    words = ("healthy", "degraded", "down", "unknown", "maintenance")
    mixes = [[one, other, third] for one in words for other in words for third in words]
    good = [mix for mix in mixes for incidents in (0, 1) if overall(mix, incidents).status == "healthy"]
    assert good == [["healthy"] * 3]


def test_a_day_without_a_row_is_grey() -> None:
    row = dict.fromkeys(STATES, 0.0) | {"day": date(2026, 3, 9), "worst_status": "healthy", "uptime_pct": 100.0}
    frame = pl.DataFrame([row | {"healthy_s": 64800.0, "unknown_s": 21600.0, "elapsed_s": 86400.0}])
    days = bars(frame, date(2026, 3, 10), 3)
    assert [(day.day.day, day.status, day.uptime_pct, day.unknown_pct) for day in days] == [
        (8, "unknown", None, 100), (9, "healthy", 100, 25), (10, "unknown", None, 100),
    ]  # fmt: skip
    assert [said(day) for day in days] == [
        "08 Mar 2026: no data", "09 Mar 2026: healthy, uptime 100.00%, 25% not known", "10 Mar 2026: no data",
    ]  # fmt: skip
    assert summary("Shop", days) == "Shop, last 3 days: 2 unknown, 1 healthy"


def incident(lake: Lake, number: int, **values: Any) -> None:
    least = row(Incidents, incident_id=f"i{number}", title="db-7.internal is out of memory", started_at=NOW - HOUR)
    put(lake, Incidents, [least | {"env_tier": "production", "severity": "high", "state": "open"} | values])


def test_status_of_applications_by_hand(lake: Lake, published: Published) -> None:
    """Worst component counts; 9 h up of 12 h observed are 75 %, and 12 h of 89.5 days are 0.56 % observed."""
    owned(lake, "shop", "a", "b")
    owned(lake, "blog")
    put(lake, Applications, [row(Applications, 3, app_id="old", lifecycle="retired")], "x")
    put(lake, Applications, [row(Applications, 1, app_id="test", env_tier="staging")], "y")
    put(lake, ComponentHealth, hours("b", TODAY, "h" * 9 + "ddd"))
    put(lake, ComponentHealth, [health("a", NOW - 2 * MINUTE, status="healthy")])
    apps = told(published, "from status_apps", "app_id")
    assert set(apps) == {("shop",), ("blog",)}
    shop, blog = apps["shop",], apps["blog",]
    assert (shop["status"], blog["status"], blog["uptime_90d_pct"], blog["coverage_90d_pct"]) == (
        "down", "unknown", None, None,
    )  # fmt: skip
    assert shop["uptime_90d_pct"] == pytest.approx(100 * (9 * 3600 + 60) / (12 * 3600 + 60))
    assert shop["coverage_90d_pct"] == pytest.approx(100 * (12 * 3600 + 60) / (2 * 89.5 * 86400))


def test_notices_tell_names_and_states_and_nothing_of_the_inside(lake: Lake, published: Published) -> None:
    owned(lake, "shop", "a")
    put(lake, Applications, [row(Applications, 1, app_id="test", env_tier="staging")], "y")
    incident(lake, 1, component_id="a", severity="critical")
    incident(lake, 2, state="resolved", resolved_at=NOW - MINUTE, affected_apps=["shop", "test"])
    incident(lake, 3, app_id="test")
    incident(lake, 4, component_id="a", env_tier="staging")
    incident(lake, 5, component_id="a", is_planned=True)
    incident(lake, 6, component_id="nobodys-db", severity="unknown")
    incident(lake, 7, component_id="a", started_at=NOW - 91 * DAY, state="resolved")
    announced(lake, 1, NOW - HOUR, NOW + HOUR, component_id="a")
    announced(lake, 2, NOW + HOUR, NOW + 2 * HOUR, is_public=False)
    announced(lake, 3, NOW + DAY, NOW + DAY + HOUR)
    put(lake, MaintenanceWindows, [window_of(3) | {"version": 2, "is_deleted": True, "changed_at": NOW - MINUTE}])
    notices = published().rows("from status_notices order by kind, starts_at, notice_id")
    rows = list(notices.iter_rows(named=True))
    assert sorted((headline(one), one["state"]) for one in rows) == [
        ("Maintenance withdrawn", "cancelled"), ("Other systems: incident", "open"),
        ("Shop: major outage", "open"), ("Shop: serious trouble", "resolved"), ("Upgrade 1", "in_progress"),
    ]  # fmt: skip
    public = str(rows) + " ".join(headline(one) + details(one) for one in rows)
    assert not [word for word in ("internal", "nobodys", "i1", "m1") if f"'{word}" in public or f"{word}." in public]
    window = next(one for one in rows if one["state"] == "in_progress")
    assert details(window) == "It is under way. Concerns Shop. 10 Mar 2026, 11:00 to 13:00 UTC."
    assert window["updated_at"] == (NOW - HOUR).replace(tzinfo=None), "it began"


def test_maintenance_of_an_application_is_the_status_of_its_components(lake: Lake, published: Published) -> None:
    owned(lake, "shop", "a")
    put(lake, Components, [component("twin", same_as="a")])
    put(lake, ComponentHealth, [health(name, NOW - 2 * MINUTE, status="down") for name in ("a", "twin")])
    announced(lake, 1, NOW - HOUR, NOW + HOUR, app_id="shop")
    one = told(published, "from component_status", "component_id")["a",]
    assert (one["status"], one["status_reason"]) == ("maintenance", "Upgrade 1")


def outages(published: Published) -> list[tuple[Any, ...]]:
    """(component, minutes before now of start and end, minutes it took, reason) of each outage."""
    found = published().rows(f"from component_downtimes({SPAN}) order by component_id, started_at")
    now = NOW.replace(tzinfo=None)
    return [
        (one["component_id"], (now - one["started_at"]) / MINUTE, one["ended_at"] and (now - one["ended_at"]) / MINUTE,
         one["duration_s"] / 60, one["reason"])
        for one in found.iter_rows(named=True)
    ]  # fmt: skip


def minutes(name: str, before: int, words: str, **values: Any) -> list[Row]:
    """Samples of a minute each, the first so many minutes before now: d down, h healthy, . none."""
    said = {"h": "healthy", "d": "down"}
    return [
        health(name, NOW - (before - place) * MINUTE, 60, status=said[word]) | values
        for place, word in enumerate(words)
        if word != "."
    ]


def test_consecutive_down_samples_are_one_outage(lake: Lake, published: Published) -> None:
    """Three minutes down; two with a sample missing between; one that lasts; before a gap and after it."""
    put(lake, Components, [component(name) for name in ("a", "gap", "now", "well")])
    samples = [*minutes("a", 60, "hdddhd.dh"), *minutes("now", 3, "hdd"), *minutes("well", 3, "hhh")]
    samples += [*minutes("gap", 60, "d....d...dh")]
    samples[1] |= {"status_reason": None}
    samples[2] |= {"status_reason": "no answer"}
    samples[3] |= {"status_reason": "later word"}
    put(lake, ComponentHealth, samples)
    assert outages(published) == [
        ("a", 59, 56, 3, "no answer"), ("a", 55, 52, 3, None), ("gap", 60, 59, 1, None), ("gap", 55, 50, 5, None),
        ("now", 2, None, 2, None),
    ]  # fmt: skip


def test_announced_maintenance_is_no_outage_and_divides_one(lake: Lake, published: Published) -> None:
    put(lake, Components, [component("a")])
    put(lake, ComponentHealth, minutes("a", 60, "dddddddd"))
    announced(lake, 1, NOW - 57 * MINUTE, NOW - 55 * MINUTE, component_id="a")
    assert outages(published) == [("a", 60, 57, 3, None), ("a", 55, 52, 3, None)]


def test_what_two_sources_saw_is_one_outage(lake: Lake, published: Published) -> None:
    """One sees 60 to 55 before now down, the other 57 to 52; and later something that only one of them sees."""
    put(lake, Components, [component("a"), component("twin", same_as="a")])
    put(lake, ComponentHealth, minutes("a", 60, "ddddd" + "h" * 15) + minutes("twin", 57, "dddddhhhdh"))
    assert outages(published) == [("a", 60, 52, 8, None), ("a", 49, 48, 1, None)]
