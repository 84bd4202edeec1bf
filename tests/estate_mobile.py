"""The stores of the small estate: an Android app whose second version is worse, so that its marts have rows."""

from datetime import date, datetime
from typing import Any

from aurora.contracts import Row
from aurora.contracts.estate import AppLinks, Components
from aurora.contracts.mobile import (
    MobileApps,
    MobileEngagementDaily,
    MobileReleases,
    MobileVitalsDaily,
    ReleaseHealthDaily,
)
from aurora.contracts.operations import ErrorGroups, Incidents
from tests.frames import DAY, NOW, component, link, put, row
from warehouse.lake import Lake

PLAY = "s1:com.shop"


def on(days: int) -> date:
    """The day so many days before today."""
    return (NOW - days * DAY).date()


def app(**values: Any) -> Row:
    """A listing of Google Play today."""
    own = {"store_app_id": PLAY, "platform": "android", "store_native_id": "com.shop", "name": "Shop", "day": on(0)}
    return row(MobileApps) | own | values


def version(name: str, days: float, **values: Any) -> Row:
    """A version in production, released so many days ago."""
    at: datetime = NOW - days * DAY
    own: Row = {"mobile_release_id": f"s1:{name}", "store_app_id": PLAY, "version": name, "track": "production"}
    own |= {"state": "released", "rollout_ratio": 1.0, "created_at": at, "released_at": at, "updated_at": at}
    return row(MobileReleases) | own | values


def vital(name: str, value: float, users: int | None, days: int = 0, **values: Any) -> Row:
    """A vital of the whole app so many days ago."""
    own = {"store_app_id": PLAY, "version": "", "device_model": "", "country": "", "vital": name, "unit": "ratio"}
    told = {"value": value, "user_count": users, "day": on(days)}
    return row(MobileVitalsDaily) | own | told | values


def sessions(name: str, days: int, count: int, crashed: int, **values: Any) -> Row:
    """Sessions of a version in production so many days ago."""
    own = {"project_id": "s1:errors", "store_app_id": PLAY, "version": name, "env_tier": "production", "day": on(days)}
    return row(ReleaseHealthDaily) | own | {"session_count": count, "crashed_session_count": crashed} | values


def used(days: int, count: int, **values: Any) -> Row:
    """Sessions as the store counts them, so many days ago."""
    own = {"store_app_id": PLAY, "version": "", "country": "", "day": on(days), "session_count": count}
    return row(MobileEngagementDaily) | own | values


def group(number: int, **values: Any) -> Row:
    """A group of crashes of the app."""
    own = {"error_group_id": f"s1:{number}", "project_id": "s1:errors", "store_app_id": PLAY, "kind": "crash"}
    seen = {"state": "open", "first_seen_at": NOW - 60 * DAY, "last_seen_at": NOW, "title": f"Error {number}"}
    return row(ErrorGroups) | own | seen | values


def stores(lake: Lake) -> None:
    """A listing with two versions, vitals of ten days, groups of crashes, and an incident before its crashes rose."""
    put(lake, MobileApps, [app()], "s9")
    put(lake, MobileReleases, [version("1", 30), version("2", 9)])
    crash = "user_perceived_crash"
    put(lake, MobileVitalsDaily, [vital(crash, 0.01 if days < 3 else 0.002, 500, days) for days in range(10)])
    put(lake, ReleaseHealthDaily, [sessions("2", days, 200, 2) for days in range(9)] + [sessions("1", 2, 100, 1)])
    put(lake, MobileEngagementDaily, [used(1, 50, session_total_s=500.0, device_count=9, feature_uses='{"pay": 7}')])
    put(lake, MobileEngagementDaily, [used(1, 50, version="2", country="AE", device_count=9)])
    put(lake, ErrorGroups, [group(1), group(2, store_app_id=None)])
    put(lake, Components, [component("s1:store-api")])
    at: Row = {"started_at": NOW - 3 * DAY, "app_id": "store", "is_planned": False}
    put(lake, Incidents, [row(Incidents, incident_id="s1:outage", **at)])
    links = [link("store", "store_app", PLAY), link("store", "project", "s1:errors")]
    put(lake, AppLinks, [*links, link("store", "component", "s1:store-api")], "s9")
