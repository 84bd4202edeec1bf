"""The page of store reviews: figures by hand, filters in the URL, spikes in words, hostile and right-to-left text."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from aurora.contracts import Row
from aurora.contracts.estate import AppLinks
from aurora.contracts.mobile import MobileApps, MobileReleases, StoreReviews
from aurora.ui.review_text import FSI, PDI, paragraph, short, upright
from aurora.ui.reviews import spike_words, tie_words
from ingest.land import land
from tests.estate_reviews import review
from tests.frames import ROOT, link, put, row, stamp
from tests.templates import copy_of
from tests.test_pages import sentences, shown
from warehouse.lake import Batch, Lake
from warehouse.publish import publish

PAGE = ROOT / "pages" / "mobile" / "reviews.py"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HOSTILE = "![x](https://evil.example/x.png) <b>b</b> <script>alert(1)</script> \u202egnp.exe"


def told(lake: Lake, reviews: list[Row]) -> None:
    """Land reviews now: counts by day reach back from the newest landing."""
    landed = land(lake, StoreReviews, reviews, stamp(at=datetime.now(UTC)), Batch("t1/reviews", 1))
    assert landed.quarantined_count == 0


def estate(data: Path) -> datetime:
    """Ten calm weeks, then nine of one star after release 2.0; five stars answered, four in Arabic, three hostile."""
    lake, now = Lake(data / "lake"), datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - DAY
    put(lake, MobileApps, [row(MobileApps, store_app_id="s1:store", platform="android", name="Shop <i>x</i>")])
    put(lake, AppLinks, [link("shop", "store_app", "s1:store")])
    wave = [review(10 + n, now - 2 * DAY + n * HOUR / 9, 1, "Crashes after login", version="2.0") for n in range(9)]
    told(lake, [
        review(0, now - 70 * DAY, 5, "Fine"),
        *wave,
        review(1, now - HOUR, 5, "Great", replied_at=now + 3 * HOUR, reply_body="Thanks", country="AE", language="en"),
        review(2, now - 2 * HOUR, 4, "تطبيق ممتاز وسهل", country="SA", language="ar", version="1.9"),
        review(3, now - 3 * HOUR, 3, HOSTILE, title=HOSTILE, device_model=HOSTILE, version=HOSTILE),
    ])  # fmt: skip
    of = {"store_app_id": "s1:store", "version": "2.0", "track": "production", "state": "halted"}
    put(lake, MobileReleases, [row(MobileReleases, released_at=now - 3 * DAY, **of)])
    publish(lake, data)
    return now


def figures(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


def listed(test: AppTest) -> list[dict[str, Any]]:
    """The rows of the list of reviews."""
    return [dict(one) for one in test.dataframe[-1].value.to_dict("records")]


def test_figures_and_words_by_hand(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve reviews in 30 days: 9 x 1, 5, 4 and 3 stars: mean 21 / 12 = 1.75; 9 of 12 low; one answered after 4 h."""
    estate(begun)
    test = shown(PAGE, begun, monkeypatch)
    assert not test.exception
    assert figures(test) == {
        "Average rating": "1.75 ★", "Reviews": "12", "1 or 2 stars": "75.0%", "Answered": "8.3%",
        "Median time to answer": "4 h", "Low and unanswered": "9",
    }  # fmt: skip
    said = sentences(test)
    assert "9 reviews with 1 or 2 stars on" in said
    assert "9 speak of **crashes**" in said
    assert "9 of 9 that tell a version are of **2\\.0**" in said
    assert "Fits best: the release **Release 2\\.0**" in said
    by_theme = test.dataframe[0].value
    assert by_theme["label"].to_list()[:2] == ["Crashes", "Login"]
    assert by_theme["review_count"].to_list() == [9, 9, 2, 1]  # the hostile one says "alert"
    assert [sum(trend) for trend in by_theme["trend"]] == [9, 9, 2, 1]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"stars": "1"}, 9), ({"reply": "answered"}, 1), ({"country": "SA"}, 1), ({"language": "en"}, 1),
        ({"version": "2.0"}, 9), ({"theme": "login"}, 9), ({"theme": "praise"}, 2), ({"q": "ممتاز"}, 1),
        ({"q": "CRASHES"}, 9),
        ({"q": "thanks"}, 1), ({"app": "shop"}, 12), ({"platform": "Android"}, 12), ({"platform": "iOS"}, 0),
        ({"q": "'; drop table x; --"}, 0), ({"q": "%"}, 0),
    ],
)  # fmt: skip
def test_filters_live_in_the_url(
    query: dict[str, str], count: int, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = shown(PAGE, filled, monkeypatch, **query)
    assert not test.exception
    assert figures(test)["Reviews"] == str(count)
    if count:
        assert len(listed(test)) == count
    else:
        assert "No review matches" in sentences(test)


@pytest.fixture(scope="module")
def filled(unfilled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The estate, to look at."""
    data = copy_of(unfilled, tmp_path_factory.mktemp("reviews"))
    estate(data)
    return data


def test_what_strangers_write_is_text_and_keeps_its_direction(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = shown(PAGE, filled, monkeypatch)
    rows = {one["stars"]: one for one in listed(test)}
    assert rows["★★★★☆"]["said"].endswith(f"{FSI}تطبيق ممتاز وسهل{PDI}")
    assert "\u202e" not in rows["★★★☆☆"]["said"]
    assert rows["★★★☆☆"]["said"].startswith(FSI)
    said = sentences(test)
    assert "<i>" not in said
    assert "![x]" not in said


def test_a_paragraph_is_escaped_and_reads_from_its_own_side() -> None:
    told = paragraph(f"{HOSTILE}\nتطبيق")
    assert told.startswith('<p dir="auto"')
    assert "<b>" not in told
    assert "<script" not in told
    assert "\u202e" not in told
    assert "&lt;b&gt;" in told
    assert upright(" \u200f \u0000") is None
    assert upright(None) is None
    assert upright("a\u202eb\n c") == f"{FSI}ab c{PDI}"
    assert short("one two three", 9) == "one two…"


def test_a_spike_and_its_ties_are_said_in_words() -> None:
    day = datetime(2026, 3, 1).date()  # noqa: DTZ001
    spike = {"store_app": "A*b", "started_on": day, "ended_on": day + DAY, "low_count": 1, "usual_low_count": 0.0}
    spike |= {"theme": None, "theme_count": None, "version": None, "version_count": None, "versioned_count": None}
    assert spike_words(spike) == ("**A\\*b**: 1 review with 1 or 2 stars from 1 Mar to 2 Mar, where 0 would be usual.")
    assert tie_words([]).startswith("No release, crash, incident")
    tie = {"kind": "incident", "title": "<b>", "occurred_at": datetime(2026, 3, 1, 9, 5), "reason": "open"}  # noqa: DTZ001
    assert tie_words([tie, tie | {"kind": "release", "title": "Release 2"}]) == (
        "Fits best: the incident **\\<b\\>** of 1 Mar 09:05 UTC: open. Also near in time: the release Release 2."
    )


def test_nothing_written_in_the_range_says_so(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told(Lake(begun / "lake"), [review(1, datetime.now(UTC) - 60 * DAY, 5, "Fine")])
    publish(Lake(begun / "lake"), begun)
    test = shown(PAGE, begun, monkeypatch)
    assert not test.exception
    assert figures(test)["Average rating"] == "n/a"
    assert "No review matches" in sentences(test)
