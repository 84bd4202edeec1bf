"""Spikes of low ratings and what lies behind them, against what a person worked out by hand."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.delivery import Deployments
from aurora.contracts.estate import AppLinks, Components
from aurora.contracts.mobile import MobileApps, MobileReleases, StoreReviews
from aurora.contracts.operations import ApiEndpointStats, ErrorGroups, Incidents
from tests.conftest import Published
from tests.estate import deployed
from tests.estate_reviews import review
from tests.frames import DAY, HOUR, NOW, component, link, put, row
from warehouse.lake import Lake

LAST = NOW - DAY  # Monday, 9 March 2026
SINCE, UNTIL = "timestamp '2026-02-01'", "timestamp '2026-03-10 12:00'"
Counts = dict[int, int]  # days before LAST -> reviews with one star


def low(lake: Lake, counts: Counts, body: str = "Bad", **values: Any) -> None:
    """So many reviews of one star so many days before the last one, and one of five stars ten weeks ago."""
    rows = [review(0, LAST - 70 * DAY, 5, "Fine")]
    for ago, count in counts.items():
        said = values if ago < 7 else {}
        text = body if ago < 7 else "Bad"
        rows += [review(1000 * (ago + 1) + n, LAST - ago * DAY - n * HOUR / 60, 1, text, **said) for n in range(count)]
    put(lake, StoreReviews, rows)


def spikes(published: Published) -> list[tuple[date, date, int, float]]:
    found = published().rows("from store_review_spikes order by started_on")
    return [
        (row["started_on"], row["ended_on"], row["low_count"], row["usual_low_count"])
        for row in found.iter_rows(named=True)
    ]


def weeks(*counts: int) -> Counts:
    """Reviews on the same weekday, one week before and further back."""
    return {7 * (place + 1): count for place, count in enumerate(counts)}


def test_nine_are_a_spike_where_one_and_a_half_are_usual_and_seven_are_not(lake: Lake, published: Published) -> None:
    """Median of 1 2 1 2 1 2 1 2 is 1.5: 2 (sqrt(9.375) - sqrt(1.875)) = 3.385; of 7: 2 (sqrt(7.375) - ...) = 2.693."""
    low(lake, weeks(1, 2, 1, 2, 1, 2, 1, 2) | {0: 9, 1: 0})
    assert spikes(published) == [(LAST.date(), LAST.date(), 9, 1.5)]
    assert published().rows("from store_review_spikes")["score"][0] == pytest.approx(3.385, abs=0.001)


def test_seven_are_none(lake: Lake, published: Published) -> None:
    low(lake, weeks(1, 2, 1, 2, 1, 2, 1, 2) | {0: 7})
    assert spikes(published) == []


def test_a_day_is_compared_with_its_own_weekday(lake: Lake, published: Published) -> None:
    """Ten each Monday are usual on a Monday; ten on a Tuesday are not: 2 (sqrt(10.375) - sqrt(0.375)) = 5.217."""
    low(lake, weeks(10, 10, 10, 10, 10, 10, 10, 10) | {0: 10, 6: 10})
    tuesday = (LAST - 6 * DAY).date()
    assert spikes(published) == [(tuesday, tuesday, 10, 0.0)]


def test_a_listing_younger_than_four_weeks_is_not_judged(lake: Lake, published: Published) -> None:
    put(lake, StoreReviews, [review(n, LAST - n * HOUR / 60, 1, "Bad") for n in range(30)])
    put(lake, StoreReviews, [review(100, LAST - 27 * DAY, 5, "Fine")])
    assert spikes(published) == []


@pytest.mark.parametrize(("second", "spans"), [(2, 1), (3, 2)])
def test_one_calm_day_does_not_end_a_spike_two_do(second: int, spans: int, lake: Lake, published: Published) -> None:
    low(lake, {0: 8, second: 8})
    found = spikes(published)
    assert len(found) == spans
    assert sum(one[2] for one in found) == 16


def test_a_spike_says_what_it_is_about_and_of_which_version(lake: Lake, published: Published) -> None:
    low(lake, {0: 8, 1: 6, 14: 1}, "It crashes", version="2.0")
    found = published().rows("from store_review_spikes").row(0, named=True)
    assert (found["theme"], found["theme_count"], found["version"]) == ("crash", 14, "2.0")
    assert (found["version_count"], found["versioned_count"]) == (14, 14)


def test_a_listing_that_two_sources_tell_counts_once(lake: Lake, published: Published) -> None:
    """Of both, the reviews of the one with more; a listing that no source describes counts as it is."""
    apps = [row(MobileApps, store_app_id=f"{one}:42", platform="ios", store_native_id="42") for one in ("a", "b")]
    put(lake, MobileApps, [app | {"name": "Shop"} for app in apps])
    rows = [review(n, LAST, 5, "Fine", store_app_id="b:42") for n in range(3)]
    rows += [review(10 + n, LAST, 1, "Bad", store_app_id="a:42") for n in range(2)]
    put(lake, StoreReviews, [*rows, review(20, LAST, 4, "Fine", store_app_id="c:com.example.x")])
    found = published().rows(
        "select store_app, count(*) as n, avg(rating) as stars from store_reviews_told group by 1 order by 1"
    )
    assert found.rows() == [("Shop", 3, 5.0), ("com.example.x", 1, 4.0)]


def test_reviews_that_are_gone_or_from_the_future_do_not_count(lake: Lake, published: Published) -> None:
    rows = [review(1, LAST, 5, "Fine"), review(2, LAST, 1, "Bad", deleted_seen_at=NOW)]
    put(lake, StoreReviews, [*rows, review(3, NOW + 900 * DAY, 9, "Bad")])
    warehouse = published()
    assert warehouse.rows("select review_count, rating from store_review_days where theme = ''").rows() == [(1, 5)]
    told = warehouse.rows("select review_id, rating from store_reviews_told order by 1")
    assert told.rows() == [("s1:r1", 5), ("s1:r3", None)]  # nine stars are none that we know


def with_app(lake: Lake) -> None:
    """The listing belongs to the shop, whose backend is the bff."""
    put(lake, AppLinks, [link("shop", "store_app", "s1:store"), link("shop", "component", "c:bff")])
    put(lake, AppLinks, [link("api", "component", "c:bff")], "s2")
    put(lake, Components, [component("c:bff", type="api")])
    put(lake, MobileApps, [row(MobileApps, store_app_id="s1:store", platform="android", name="Shop")])


def ties(published: Published) -> list[Row]:
    sql = f"from store_review_ties({SINCE}, {UNTIL}) order by place"
    return list(published().rows(sql).iter_rows(named=True))


def midnight(at: datetime) -> datetime:
    return at.replace(hour=0)


def test_a_crash_group_of_the_version_fits_before_its_release(lake: Lake, published: Published) -> None:
    """The release of the day before: 1 / (1 + 1) x 1 x 1 = 0.5; the crash first seen that midnight in it: 1."""
    with_app(lake)
    low(lake, {0: 9}, "It crashes", version="2.0")
    of = {"store_app_id": "s1:store", "track": "production", "state": "halted"}
    begun = midnight(LAST)
    releases = [row(MobileReleases, 1, version="2.0", released_at=begun - DAY, **of)]
    releases += [row(MobileReleases, 2, version="1.9", released_at=begun - 5 * DAY, **of)]
    put(lake, MobileReleases, releases)
    group = {"store_app_id": "s1:store", "kind": "crash", "title": "NullPointerException", "event_count": 70}
    put(lake, ErrorGroups, [row(ErrorGroups, first_version="2.0", first_seen_at=begun, **group)])
    crash, release = ties(published)
    assert (crash["kind"], crash["score"], release["kind"], release["score"]) == ("crash_group", 1.0, "release", 0.5)
    assert crash["reason"] == "first seen in version 2.0, 70 times since"
    assert release["reason"] == "9 of 9 low ratings that tell a version are of it; it was halted"


def test_a_login_that_fails_fits_before_a_release_that_nobody_names(lake: Lake, published: Published) -> None:
    """30 % of 1,000 calls fail: 1 x 1 x min(1, 5 x 0.3) = 1; the same of /maps 0.4; a release 3 days old 1/4 x 0.7."""
    with_app(lake)
    low(lake, {0: 9}, "Cannot log in any more")
    begun = midnight(LAST)
    calls = {"component_id": "c:bff", "method": "post", "call_count": 1000}
    stats = [
        row(
            ApiEndpointStats, n, ts_start=at, ts_end=at + HOUR, endpoint=endpoint, error_count=errors, **calls
        )
        for n, (endpoint, at, errors) in enumerate(
            [
                ("/auth/login", begun + 6 * HOUR, 300), ("/auth/login", begun - DAY, 10),
                ("/maps", begun + 6 * HOUR, 300), ("/maps", begun - DAY, 10),
                ("/always", begun + 6 * HOUR, 300), ("/always", begun - DAY, 290),
            ]
        )
    ]  # fmt: skip
    put(lake, ApiEndpointStats, stats)
    of = {"store_app_id": "s1:store", "track": "production", "state": "released"}
    put(lake, MobileReleases, [row(MobileReleases, version="2.0", released_at=begun - 3 * DAY, **of)])
    found = ties(published)
    assert [(one["title"], round(one["score"], 3)) for one in found] == [
        ("POST /auth/login", 1.0), ("POST /maps", 0.4), ("Release 2.0", 0.175),
    ]  # fmt: skip
    assert found[0]["reason"] == "30.0% of its calls failed in these days, 1.0% in the week before"


def test_incidents_and_bad_deployments_of_the_backend_are_candidates(lake: Lake, published: Published) -> None:
    """Payment fails: an open critical incident named so, half a day in: 1; a bad deployment at that midnight: 0.8."""
    with_app(lake)
    low(lake, {0: 9}, "Payment fails")
    begun = midnight(LAST)
    trouble = {"severity": "critical", "env_tier": "production", "component_id": "c:bff", "state": "open"}
    put(lake, Incidents, [row(Incidents, 1, title="Card payments fail", started_at=begun + 12 * HOUR, **trouble)])
    bad = deployed("s1:d1", 0, "a" * 40, component_id="c:bff", app_id="api", version="7", status="failed")
    put(lake, Deployments, [bad | dict.fromkeys(("created_at", "started_at", "finished_at"), begun)])
    found = ties(published)
    assert [(one["kind"], round(one["score"], 3)) for one in found] == [("incident", 1.0), ("deployment", 0.8)]
    assert found[0]["reason"] == "critical incident of c:bff, still open"
    assert found[1]["title"] == "Deployment 7 of api"


def test_nothing_near_is_no_tie(lake: Lake, published: Published) -> None:
    with_app(lake)
    low(lake, {0: 9}, "Payment fails")
    put(lake, MobileReleases, [row(MobileReleases, store_app_id="s1:store", released_at=LAST - 30 * DAY)])
    assert ties(published) == []


def test_counts_by_day_know_theme_language_and_reply(lake: Lake, published: Published) -> None:
    rows = [review(1, LAST, 5, "Great, great", language="en-GB", country="AE", replied_at=LAST + timedelta(hours=5))]
    put(lake, StoreReviews, [*rows, review(2, LAST, 1, "التطبيق بطيء")])
    found = published().rows(
        "select theme, language, country, is_replied, review_count from store_review_days order by 1, 2"
    )
    assert found.rows() == [
        ("", "ar", "", False, 1), ("", "en", "AE", True, 1), ("performance", "ar", "", False, 1),
        ("praise", "en", "AE", True, 1),
    ]  # fmt: skip
    assert published().rows("select max(reply_age_s) as s from store_reviews_told")["s"][0] == 5 * 3600
    spoken = published().rows("select review_id, theme from store_review_themes order by 1, 2").rows()
    assert spoken == [("s1:r1", ""), ("s1:r1", "praise"), ("s1:r2", ""), ("s1:r2", "performance")]
