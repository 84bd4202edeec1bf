"""Status: days, outages and announcements worked out by hand; what is public and what is not; feeds that parse."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.estate import Applications, AppLinks, Components
from aurora.contracts.operations import ComponentHealth, ComponentHealth1d, MaintenanceWindows
from tests.conftest import Published
from tests.frames import DAY, HOUR, NOW, component, health, link, put, row
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


def announced(lake: Lake, number: int, start: datetime, end: datetime, **values: Any) -> None:
    window = row(MaintenanceWindows, maintenance_id=f"m{number}", title=f"Upgrade {number}", starts_at=start)
    window |= {"ends_at": end, "version": 1, "changed_at": NOW - DAY, "is_deleted": False, "is_public": True}
    put(lake, MaintenanceWindows, [window | values])


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
