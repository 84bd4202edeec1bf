"""Releases of store apps: how they spread, whether to go on with them, which old ones to end. Worked out by hand."""

from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.mobile import (
    MobileApps,
    MobileEngagementDaily,
    MobileInstallsDaily,
    MobileReleases,
    MobileVitalsDaily,
    ReleaseHealthDaily,
    StoreRatingsDaily,
)
from aurora.doctor import check_model
from tests.conftest import Published
from tests.estate_mobile import PLAY, app, on, sessions, used, version, vital
from tests.frames import put, row
from warehouse.lake import Lake

ANR = "user_perceived_anr"


def test_a_version_is_adopted_from_a_tenth_on(lake: Lake, published: Published) -> None:
    """Day 3 ago: 9 of 100 sessions, day 2 ago: 10 of 100; yesterday only devices are told: 30 of 40, 75 %.

    Version 2 came out four days ago, so these are days 1, 2 and 3 of it. Beta versions and totals do not count.
    """
    put(lake, MobileApps, [app()])
    put(lake, MobileReleases, [version("2", 4), version("2", 9, track="beta", mobile_release_id="s1:beta")])
    told = [used(3, 91, version="1"), used(3, 9, version="2"), used(3, 999)]
    told += [used(2, 60, version="1", country="AE"), used(2, 30, version="1", country="SA"), used(2, 10, version="2")]
    put(lake, MobileEngagementDaily, told)
    devices = [("1", 10), ("2", 30)]
    put(lake, MobileInstallsDaily, [
        row(MobileInstallsDaily, store_app_id=PLAY, version=name, country="", day=on(1), active_device_count=count)
        for name, count in devices
    ])  # fmt: skip
    sql = "from release_adoption where version = '2' order by day"
    found = published().rows(sql).select("age_days", "basis", "share_ratio", "adopted_on").rows()
    assert found == [(1, "sessions", 0.09, on(2)), (2, "sessions", 1.0, on(2)), (3, "devices", 0.75, on(2))]


def ratings(days: list[int], rating: float) -> list[Row]:
    own: Row = {"store_app_id": PLAY, "country": "", "day_rating_avg": rating}
    return [row(StoreRatingsDaily, **own, day=on(day)) for day in days]


# Version 1 is out for 20 days, 2 for 4: its days 0 to 3 (4 to 1 days ago) are held against days 20 to 17 ago.
OWN, BASE = (4, 3, 2, 1), (20, 19, 18, 17)
CALM = {"crashed": 3, "base_crashed": 3}
VERDICTS: list[tuple[str, dict[str, Any], str, list[str]]] = [
    ("nothing worse", CALM, "go_on", ["no measure is worse than in 1"]),
    # 20 and 12 of 2,000: 1.67 times as many, but z = 0.004 / sqrt(0.008 x 0.992 / 1,000) = 1.42
    ("by chance", CALM | {"crashed": 5}, "go_on", ["no measure is worse than in 1"]),
    # 120 and 60 of 2,000: z = 0.03 / sqrt(0.045 x 0.955 / 1,000) = 4.58
    ("doubled", CALM | {"crashed": 30, "base_crashed": 15}, "halt", ["6.00 % of sessions crash, 3.00 % in 1"]),
    # 80 and 60 of 2,000: 1.33 times, z = 0.01 / sqrt(0.035 x 0.965 / 1,000) = 1.72: by chance; 92: z = 2.65
    ("a third more", CALM | {"crashed": 20, "base_crashed": 15}, "go_on", ["no measure is worse than in 1"]),
    ("half more", CALM | {"crashed": 23, "base_crashed": 15}, "hold", ["4.60 % of sessions crash, 3.00 % in 1"]),
    ("too few", CALM | {"count": 249}, "not_yet", ["996 of 1,000 sessions so far"]),
    ("too few before", CALM | {"base_count": 10}, "not_yet", ["1 had 40 sessions in its first days, 1,000 are needed"]),
    ("hangs doubled", CALM | {"anr": 0.0094, "base_anr": 0.0047}, "halt", ["ANR 0.94 %, 0.47 % in 1"]),
    ("hangs, in the limit", CALM | {"anr": 0.0046, "base_anr": 0.001}, "go_on", ["no measure is worse than in 1"]),
    ("slow", CALM | {"start": 0.06, "base_start": 0.05}, "hold", ["it starts 20 % slower"]),
    ("disliked", CALM | {"rating": 4.0, "base_rating": 4.3}, "hold", ["rated 4.0, 4.3 in the days of 1"]),
]  # fmt: skip


@pytest.mark.parametrize(("case", "verdict", "reasons"), [one[1:] for one in VERDICTS], ids=[v[0] for v in VERDICTS])
def test_whether_a_roll_out_goes_on(
    lake: Lake, published: Published, case: dict[str, Any], verdict: str, reasons: list[str]
) -> None:
    """500 sessions on each of four days unless said otherwise; what is long after or before does not count."""
    put(lake, MobileApps, [app()])
    put(lake, MobileReleases, [version("1", 20), version("2", 4, state="rolling_out", rollout_ratio=0.5)])
    own = [sessions("2", day, case.get("count", 500), case["crashed"]) for day in OWN]
    base = [sessions("1", day, case.get("base_count", 500), case["base_crashed"]) for day in BASE]
    put(lake, ReleaseHealthDaily, [*own, *base, sessions("1", 5, 10_000, 9_000), sessions("1", 1, 10_000, 9_000)])
    sides = [("2", 2, "", OWN), ("1", 18, "base_", BASE)]
    vitals = [
        vital(name, case[side + key], 100, day, version=of)
        for of, day, side, _ in sides
        for name, key in ((ANR, "anr"), ("slow_start_cold", "start"))
        if side + key in case
    ]
    put(lake, MobileVitalsDaily, vitals)
    rated = [
        one for _, _, side, days in sides if side + "rating" in case for one in ratings([*days], case[side + "rating"])
    ]
    put(lake, StoreRatingsDaily, rated)
    warehouse = published()
    told = warehouse.rows("from release_watch").row(0, named=True)
    assert (told["version"], told["previous_version"], told["day_count"]) == ("2", "1", 4)
    assert (told["verdict"], told["reasons"]) == (verdict, reasons)
    assert check_model(warehouse, "release_watch") == []


def test_a_halted_version_is_no_measure_for_the_next(lake: Lake, published: Published) -> None:
    put(lake, MobileApps, [app()])
    put(lake, MobileReleases, [version("1", 20), version("2", 9, state="halted"), version("3", 4)])
    sql = "select version, previous_version, place from mobile_versions order by place"
    assert published().rows(sql).rows() == [("3", "1", 1), ("2", "1", 2), ("1", None, 3)]


def test_old_versions_that_people_should_leave(lake: Lake, published: Published) -> None:
    """Of 200 sessions a day 5 has 160, the others 10, 20, 8 and 2 (1 %, still told): 5 %, 10 %, 4 %, 1 %; 0.5 is gone.

    Of the users of 5 0.4 % crash; of 4 0.6 %, 1.5 times as many; 3 was halted; 2 is three versions behind; 1 four.
    """
    put(lake, MobileApps, [app()])
    put(lake, MobileReleases, [
        version("5", 5), version("4", 20), version("3", 30, state="halted"), version("2", 40), version("1", 50),
        version("6", 1, state="rolling_out", rollout_ratio=0.1),
    ])  # fmt: skip
    counts = {"5": 160, "4": 10, "3": 20, "2": 8, "1": 2}
    put(lake, MobileEngagementDaily, [used(day, n, version=of) for of, n in counts.items() for day in range(1, 8)])
    crash = "user_perceived_crash"
    put(lake, MobileVitalsDaily, [vital(crash, 0.004, 100, 1, version="5"), vital(crash, 0.006, 9, 1, version="4")])
    warehouse = published()
    told = {one[0]: one[1:] for one in warehouse.rows(
        "select version, verdict, reason, share_ratio, behind_count from force_update_candidates"
    ).rows()}  # fmt: skip
    assert told == {
        "4": ("force", "0.60 % of its users crash, 0.40 % of those of 5", 0.05, 1),
        "3": ("force", "it was halted", 0.1, 2),
        "2": ("ask", "3 versions behind", 0.04, 3),
        "1": ("ask", "4 versions behind", 0.01, 4),
    }
    assert check_model(warehouse, "force_update_candidates") == []
