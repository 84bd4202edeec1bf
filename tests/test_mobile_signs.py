"""Crashes, use and what may have caused trouble of store apps, worked out by hand."""

import json
from datetime import timedelta
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.delivery import Deployments
from aurora.contracts.estate import Applications, AppLinks, ComponentEdges, Components
from aurora.contracts.mobile import (
    MobileApps,
    MobileEngagementDaily,
    MobileInstallsDaily,
    MobileReleases,
    MobileVitalsDaily,
    ReleaseHealthDaily,
    StoreRatingsDaily,
)
from aurora.contracts.operations import ComponentHealth1d, ErrorGroups, Incidents
from aurora.doctor import check_model
from tests.conftest import Published
from tests.estate_mobile import PLAY, app, group, on, sessions, used, version, vital
from tests.frames import DAY, HOUR, NOW, component, link, put, row
from warehouse.lake import Lake

CRASH = "user_perceived_crash"
TRENDS: list[tuple[Row, str]] = [
    ({}, "steady"),
    ({"first_seen_at": NOW - 6 * DAY}, "new"),
    ({"last_seen_at": NOW - 15 * DAY}, "quiet"),
    ({"state_raw": "unresolved (regressed)", "first_seen_at": NOW - 6 * DAY}, "regressed"),
    ({"state_raw": "unresolved (escalating)"}, "rising"),
    ({"state": "resolved", "state_raw": "resolved"}, "resolved"),
    ({"state": "ignored"}, "ignored"),
]


def test_groups_of_crashes_and_how_they_move(lake: Lake, published: Published) -> None:
    """60 events in 60 days are one a day; each of seven alike is a seventh of all. A web error is none of an app."""
    put(lake, MobileApps, [app()])
    put(lake, MobileReleases, [version("1", 9), version("2", 2), version("3", 1, state="halted")])
    groups = [group(n, event_count=60, last_version="2") | more for n, (more, _) in enumerate(TRENDS)]
    put(lake, ErrorGroups, [*groups, group(99, store_app_id=None, platform="web")])
    warehouse = published()
    told = {one["title"]: one for one in warehouse.rows("from mobile_crashes").iter_rows(named=True)}
    assert {name: one["trend"] for name, one in told.items()} == {f"Error {n}": t for n, (_, t) in enumerate(TRENDS)}
    first = told["Error 0"]
    assert (first["events_per_day"], first["share_pct"]) == (pytest.approx(1.0), pytest.approx(100 / 7))
    assert (first["newest_version"], first["is_in_newest"], first["listing_id"]) == ("2", True, "android:com.shop")


def put_trouble(lake: Lake) -> None:
    """Crashes of 0.2 % rise to 0.4 % two days ago; the app rests on `api`, which reads from `db`."""
    put(lake, MobileApps, [app()])
    put(lake, MobileVitalsDaily, [vital(CRASH, 0.004 if days <= 2 else 0.002, 100, days) for days in range(12)])
    put(lake, Applications, [row(Applications, app_id="shop", name="Shop")])
    put(lake, AppLinks, [link("shop", "store_app", PLAY), link("shop", "component", "api")])
    put(lake, Components, [component("api", type="api"), component("db", type="database"), component("far")])
    edge = row(ComponentEdges, from_type="component", to_type="component", kind="reads_from", evidence="declared")
    seen = {"first_seen_at": NOW - 9 * DAY, "last_seen_at": NOW}
    edges = [("api", "db"), ("db", "far")]
    put(lake, ComponentEdges, [edge | seen | {"from_id": one, "to_id": other} for one, other in edges])


def deployed(name: str, days: float, **values: Any) -> Row:
    at = NOW - days * DAY
    own: Row = {"deployment_id": name, "environment": "production", "env_tier": "production", "status": "success"}
    own |= {"created_at": at, "started_at": at, "finished_at": at, "updated_at": at, "is_inferred": False}
    return row(Deployments) | own | {"app_id": "shop", "version": name} | values


def test_what_happened_before_crashes_rose_is_ranked_by_how_well_it_fits(lake: Lake, published: Published) -> None:
    """The rise is of two days ago. 100 x (1 - days / 4) x nearness x gravity:

    release a day before, later halted: 100 x 0.75 x 1 x 1 = 75; failed deployment of the app on that day: 100;
    a good one three days before: 100 x 0.25 x 1 x 0.3 = 7.5; a critical incident of db, two steps away, a day before:
    100 x 0.75 x 0.5 x 1 = 37.5; API errors of `api` on that day (5 %, usually 1 %): 100 x 1 x 0.8 x 0.9 = 72.
    Four days before, the day after, planned, in staging, or three steps away: none of them.
    """
    put_trouble(lake)
    put(lake, MobileReleases, [version("2", 3, state="halted")])
    put(lake, Deployments, [
        deployed("bad", 2, status="failed"), deployed("good", 5), deployed("old", 6), deployed("after", 1),
        deployed("test", 2, env_tier="staging"),
    ])  # fmt: skip
    incident = {"env_tier": "production", "severity": "critical", "started_at": NOW - 3 * DAY, "is_planned": False}
    put(lake, Incidents, [
        row(Incidents, incident_id="i", component_id="db") | incident,
        row(Incidents, incident_id="planned", component_id="db") | incident | {"is_planned": True},
        row(Incidents, incident_id="far", component_id="far") | incident,
    ])  # fmt: skip
    put(lake, ComponentHealth1d, [
        row(ComponentHealth1d, component_id="api", ts_start=start, ts_end=start + DAY, rated_requests=1000.0,
            failed_requests=50.0 if days == 2 else 10.0)
        for days in range(2, 12) for start in [NOW - days * DAY - 12 * HOUR]
    ])  # fmt: skip
    warehouse = published()
    told = warehouse.rows("select cause_kind, cause_id, fit_score from store_to_backend order by fit_rank").rows()
    assert {one[1]: round(one[2], 6) for one in told} == {
        "bad": 100.0, "android:com.shop/2": 75.0, f"api/{on(2)}": 72.0, "i": 37.5, "good": 7.5,
    }  # fmt: skip
    assert [one[1] for one in told][:2] == ["bad", "android:com.shop/2"]
    assert check_model(warehouse, "store_to_backend") == []


def test_a_sign_is_the_first_day_of_a_rise_or_a_drop(lake: Lake, published: Published) -> None:
    """0.004 is twice the usual 0.002; the days after it are the same rise. 4.0 is 0.5 below a week before."""
    put_trouble(lake)
    own: Row = {"store_app_id": PLAY, "country": ""}
    put(
        lake,
        StoreRatingsDaily,
        [row(StoreRatingsDaily, **own, day=on(day), rating_avg=r) for day, r in ((8, 4.5), (1, 4.0))],
    )
    told = published().rows("select symptom, day, value, usual_value, text from mobile_symptoms order by day").rows()
    assert told == [
        ("crash_rise", on(2), 0.4, 0.2, "crashes 0.40 %, usually 0.20 %"),
        ("rating_drop", on(1), 4.0, 4.5, "rated 4.00, 4.50 a week before"),
    ]


def test_what_the_store_does_not_count_an_sdk_does(lake: Lake, published: Published) -> None:
    """Google Play tells no sessions: 60 of version 1 and 40 of 2, 30 users. Installs: 8 devices have 1, 12 have 2."""
    put(lake, MobileApps, [app()])
    users = [sessions("1", 1, 60, 0, user_count=20), sessions("2", 1, 40, 0, user_count=10)]
    put(lake, ReleaseHealthDaily, users)
    for name, country, devices in (("1", "AE", 5), ("1", "SA", 3), ("2", "AE", 12)):
        told = {"store_app_id": PLAY, "version": name, "country": country, "active_device_count": devices}
        put(lake, MobileInstallsDaily, [row(MobileInstallsDaily) | told | {"day": day} for day in (on(1), on(2))])
    warehouse = published()
    assert warehouse.rows(
        "select session_count, mean_session_s, device_count, told_by from engagement_days"
    ).rows() == [(100, None, 30, "release_health")]
    columns = "cut, part, share_ratio, devices_per_day, active_device_count"
    assert warehouse.rows(f"select {columns} from engagement_cuts order by cut, part").rows() == [
        ("country", "AE", None, None, 17), ("country", "SA", None, None, 3),
        ("version", "1", 0.6, 20.0, 8), ("version", "2", 0.4, 10.0, 12),
    ]  # fmt: skip
    assert check_model(warehouse, "engagement_cuts") == []


def test_use_by_day_version_country_and_feature(lake: Lake, published: Published) -> None:
    """Yesterday, of all together: 100 sessions of 9,000 s are 90 s each, of 40 devices. Versions: 75 + 25 sessions.

    Uses of `pay` over 28 days: 30 of 40 + 10 device days, 60 for each 100; 28 days before, 20: half more.
    """
    put(lake, MobileApps, [app()])
    whole = used(1, 100, session_total_s=9000.0, device_count=40, feature_uses=json.dumps({"pay": 20, "bad": "x"}))
    cuts = [used(1, 75, version="2"), used(1, 25, version="1"), used(1, 60, country="AE", version="2", device_count=9)]
    older = [used(20, 10, device_count=10, feature_uses='{"pay": 10}'), used(40, 9, feature_uses='{"pay": 20}')]
    put(lake, MobileEngagementDaily, [whole, *cuts, *older, used(57, 1, feature_uses='{"pay": 1}')])
    warehouse = published()
    day = warehouse.rows(
        f"select session_count, mean_session_s, device_count from engagement_days where day = '{on(1)}'"
    )
    assert day.row(0) == (100, 90.0, 40)
    cut = warehouse.rows("select cut, part, session_count, share_ratio from engagement_cuts order by cut, part").rows()
    assert cut == [("country", "AE", 60, 1.0), ("version", "1", 25, 0.25), ("version", "2", 75, 0.75)]
    used_now = warehouse.rows("select feature, use_count, uses_per_100, change_pct from feature_use_now").rows()
    assert used_now == [("pay", 30, 60.0, pytest.approx(50.0))]
    assert [
        model for model in ("engagement_days", "engagement_cuts", "feature_use_now") if check_model(warehouse, model)
    ] == []
    assert warehouse.rows("select min(told_on) from feature_use_now").item() == NOW.date() - timedelta(days=1)
