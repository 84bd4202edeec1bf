"""Vitals of store apps against the limits of their stores, and the listings of several sources: by hand."""

from datetime import timedelta
from typing import Any

import pytest

from aurora.contracts.estate import Applications, AppLinks
from aurora.contracts.mobile import (
    MobileApps,
    MobileInstallsDaily,
    MobileReleases,
    MobileVitalsDaily,
    ReleaseHealthDaily,
)
from aurora.doctor import check_model
from tests.conftest import Published
from tests.estate_mobile import PLAY, app, on, sessions, version, vital
from tests.frames import NOW, link, put, row
from warehouse.lake import Lake

CRASH, ANR = "user_perceived_crash", "user_perceived_anr"
LINE = {days: 0.0100 - 0.00002 * days for days in range(28)}


def now(published: Published, sql: str = "from mobile_vitals_now") -> dict[tuple[str, str], dict[str, Any]]:
    """Vital and phone model -> row."""
    return {(one["vital"], one["device_model"]): one for one in published().rows(sql).iter_rows(named=True)}


def test_sources_of_one_app_make_one_listing(lake: Lake, published: Published) -> None:
    """Two sources tell Apple's app 7; a crash reporter knows its bundle id only. A bundle id of two is of neither."""
    apple = {"platform": "ios", "store_native_id": "7", "bundle_id": "com.seven"}
    put(lake, MobileApps, [
        app(store_app_id="itunes:7", **apple, name="Seven", rating_avg=4.4, day=on(1)),
        app(store_app_id="asc:7", **apple, name="Seven", rating_avg=None, current_version="2.0"),
        app(store_app_id="asc:8", platform="ios", store_native_id="8", bundle_id="both", name="Eight"),
        app(store_app_id="play:both", store_native_id="both", name="Both"),
    ])  # fmt: skip
    put(lake, ReleaseHealthDaily, [sessions("2.0", 1, 10, 1, store_app_id="fb:com.seven")])
    put(lake, ReleaseHealthDaily, [sessions("2.0", 1, 10, 1, store_app_id="fb:both", project_id="other")])
    put(lake, Applications, [row(Applications, app_id="seven", name="Seven")])
    put(lake, AppLinks, [link("seven", "store_app", "asc:7")])
    warehouse = published()
    ids = dict(warehouse.rows("select store_app_id, listing_id from mobile_listings").rows())
    assert ids == {
        "itunes:7": "ios:7", "asc:7": "ios:7", "fb:com.seven": "ios:7", "asc:8": "ios:8", "play:both": "android:both"
    }  # fmt: skip
    columns = "app_id, name, rating_avg, current_version, crash_free_pct, vital_state"
    told = warehouse.rows(f"select {columns} from mobile_apps_now where listing_id = 'ios:7'").row(0)
    assert told == ("seven", "Seven", 4.4, "2.0", 90.0, "unknown")
    assert check_model(warehouse, "mobile_apps_now") == []


def test_a_day_is_what_the_store_told_of_the_whole_else_the_mean_of_its_cuts(lake: Lake, published: Published) -> None:
    """Today the whole is told, 0.5 %. Yesterday by version: (0.01 x 300 + 0.02 x 100) / 400 = 1.25 %; the models are a
    cut of the same users and do not count again. Of model a: (0.04 x 10 + 0.02 x 30) / 40 = 2.5 % over two countries.
    """
    put(lake, MobileVitalsDaily, [
        vital(CRASH, 0.005, 400), vital(CRASH, 0.9, 100, version="1"),
        vital(CRASH, 0.01, 300, 1, version="1"), vital(CRASH, 0.02, 100, 1, version="2"),
        vital(CRASH, 0.04, 10, 1, device_model="a", country="AE"),
        vital(CRASH, 0.02, 30, 1, device_model="a", country="SA"),
        vital(ANR, 0.001, None, 1, version="1"), vital(ANR, 0.003, None, 1, version="2"),
    ])  # fmt: skip
    put(lake, MobileApps, [app()])
    sql = "select vital, version, device_model, day, value, user_count from mobile_vital_days"
    told = {one[:4]: one[4:] for one in published().rows(sql).rows()}
    assert told[CRASH, "", "", on(0)] == (0.005, 400)
    assert told[CRASH, "", "", on(1)] == (pytest.approx(0.0125), 400)
    assert told[CRASH, "2", "", on(1)] == (0.02, 100)
    assert told[CRASH, "", "a", on(1)] == (pytest.approx(0.025), 40)
    assert told[ANR, "", "", on(1)] == (pytest.approx(0.002), None)


def test_a_vital_that_rises_reaches_its_limit_on_a_stated_day(lake: Lake, published: Published) -> None:
    """1.00 % today and 0.002 points more each day: 7 days 1.00 - 3 x 0.002 = 0.994 %, 28 days 1.00 - 13.5 x 0.002 =
    0.973 %. The line reaches 1.09 % after (1.09 - 1.00) / 0.002 = 45 days and the mean of 28 days 13.5 days later: on
    day 59. One day of 2 % leaves slope and level as they are: 0.973 + 1.02 / 28 = 1.009 % is the mean.
    """
    put(lake, MobileApps, [app()])
    values = LINE | {10: 0.02}
    put(lake, MobileVitalsDaily, [vital(CRASH, value, 1000, days + 2) for days, value in values.items()])
    told = now(published)[CRASH, ""]
    assert told["told_on"] == on(2)
    assert [told[name] for name in ("mean_7d", "mean_28d")] == pytest.approx([0.00994, 0.00973 + 0.0102 / 28])
    assert told["daily_change"] == pytest.approx(0.00002)
    assert (told["state"], told["crosses_on"]) == ("rising", on(2) + timedelta(days=59))
    assert told["distance"] == pytest.approx(0.0109 - told["mean_28d"])


FLAT, SAW = dict.fromkeys(range(28), 0.01), {days: 0.0100 + 0.0004 * (days % 2) for days in range(28)}
FALLING = {days: 0.0080 + 0.00002 * days for days in range(28)}
SLOW = {days: 0.0020 - 0.00002 * days for days in range(28)}
FEW = {days: value for days, value in LINE.items() if days < 13}
OVER = dict.fromkeys(range(28), 0.0109)
STATES = [
    ("near", FLAT), ("near", SAW), ("within", FALLING), ("within", SLOW), ("near", FEW), ("over", OVER),
]  # fmt: skip


@pytest.mark.parametrize(("state", "values"), STATES, ids=["flat", "noise", "falls", "years", "13 days", "at it"])
def test_no_day_is_foretold_without_ground(
    lake: Lake, published: Published, state: str, values: dict[int, float]
) -> None:
    """From 90 % of 1.09 %, 0.981, on it is near. What rises by 0.002 from 0.20 takes 445 days: further than 180."""
    put(lake, MobileApps, [app()])
    put(lake, MobileVitalsDaily, [vital(CRASH, value, 1000, days) for days, value in values.items()])
    told = now(published)[CRASH, ""]
    assert (told["state"], told["crosses_on"]) == (state, None)


def test_limits_by_phone_model_and_platform(lake: Lake, published: Published) -> None:
    """A model may crash for 8 %; wake locks have a limit overall, 5 %, but none by model; Apple states none for ANR."""
    put(lake, MobileApps, [app(), app(store_app_id="s1:9", platform="ios", store_native_id="9")])
    put(lake, MobileVitalsDaily, [
        vital(CRASH, 0.08, 50, device_model="old"), vital(CRASH, 0.079, 50, device_model="new"),
        vital(CRASH, 0.0109, 100),
        vital("wake_lock", 0.05, 100), vital("wake_lock", 0.3, 50, device_model="old"),
        vital(ANR, 0.9, 100, store_app_id="s1:9"), vital("launch_time", 400.0, 10, store_app_id="s1:9", unit="ms"),
        vital("slow_start_cold", 0.5, 100),
    ])  # fmt: skip
    states = {key: (one["limit_value"], one["state"]) for key, one in now(published).items()}
    assert states == {
        (CRASH, "old"): (0.08, "over"), (CRASH, "new"): (0.08, "near"), (CRASH, ""): (0.0109, "over"),
        ("wake_lock", ""): (0.05, "over"), ("wake_lock", "old"): (None, "no_limit"), (ANR, ""): (None, "no_limit"),
        ("launch_time", ""): (400.0, "over"), ("slow_start_cold", ""): (None, "no_limit"),
    }  # fmt: skip


def test_an_app_as_it_stands(lake: Lake, published: Published) -> None:
    """28 days up to the last told, yesterday: 300 sessions of which 3 crashed, 99 %; day 29 is out."""
    put(lake, MobileApps, [app(rating_avg=4.1, download_count=9)])
    told = [sessions("1", 1, 100, 0), sessions("1", 28, 200, 3), sessions("1", 29, 500, 500)]
    put(lake, ReleaseHealthDaily, [*told, sessions("1", 1, 9, 9, env_tier="testing")])
    put(lake, MobileReleases, [version("1", 20), version("2", 2, state="rolling_out", rollout_ratio=0.2)])
    put(lake, MobileReleases, [version("3", 1, track="beta")])
    active = {"store_app_id": PLAY, "version": "2", "country": "", "day": on(1), "active_device_count": 5}
    older = active | {"version": "1", "active_device_count": 15}
    put(lake, MobileInstallsDaily, [row(MobileInstallsDaily) | one for one in (active, older)])
    put(lake, MobileVitalsDaily, [vital(CRASH, 0.002, 100), vital(ANR, 0.005, 100)])
    one = published().rows("from mobile_apps_now").row(0, named=True)
    assert (one["crash_free_pct"], one["session_count"], one["active_device_count"]) == (pytest.approx(99.0), 300, 20)
    assert (one["current_version"], one["rollout_ratio"], one["rating_avg"]) == ("2", 0.2, 4.1)
    assert (one["vital_state"], one["vital"]) == ("over", ANR)
    assert one["last_released_at"] == (NOW - timedelta(days=2)).replace(tzinfo=None)
