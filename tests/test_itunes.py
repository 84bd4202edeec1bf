"""App Store by Apple's public site: what recordings cannot show: odd feeds, kills, changed reviews, limits."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts.mobile import MobileApps, StoreRatingsDaily, StoreReviews
from aurora.errors import SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connector import Checkpoint
from ingest.connectors.itunes import ItunesOptions, connect, connector
from ingest.http import Http, Site
from ingest.run import Ingest
from ingest.vendors.itunes_rows import Listing, together
from tests.replay import Recording, Replay, UnknownRequestError, cursor_of, load, replayed, rows_of, run_of, walked
from warehouse.lake import Lake

NOW = datetime(2026, 3, 4, 12, 10, tzinfo=UTC)
APP = "1500000001"
OPTIONS: dict[str, Any] = {"apps": [APP], "countries": ["ae"], "calls_a_minute": 60_000}
Json = Any


def label(text: Any) -> Json:
    return {"label": text}


def review(number: int, at: str = "2026-03-03T10:00:00-07:00", **told: Json) -> Json:
    entry = {"id": label(str(number)), "im:rating": label("4"), "im:version": label("4.2.0"), "updated": label(at)}
    return entry | {"title": label("Good"), "content": label("Works."), "author": {"name": label("Sam")}} | told


def page(number: int, entries: Json, country: str = "ae") -> Json:
    feed = {"title": label("reviews")} | ({} if entries is None else {"entry": entries})
    path = f"/{country}/rss/customerreviews/page={number}/id={APP}/sortBy=mostRecent/json"
    return {"request": {"method": "GET", "path": path}, "response": {"body": {"feed": feed}}}


def listing(country: str = "ae", **told: Json) -> Json:
    result = {"kind": "software", "trackId": int(APP), "trackName": "Homes", "version": "4.2.0"} | told
    body = {"resultCount": 1, "results": [result]}
    return {"request": {"method": "GET", "path": "/lookup", "params": {"country": country}}, "response": {"body": body}}


def reviews(exchanges: list[Json], **told: Any) -> tuple[list[Any], Any, Replay]:
    return replayed(connector, "reviews", Recording(OPTIONS, NOW, exchanges, **told))


class Store:
    """A source of the App Store with a lake of its own."""

    def __init__(self, folder: Path, **options: Any) -> None:
        told = {"name": "store", "connector": "itunes", **OPTIONS, **options}
        self.source = SourceSettings.model_validate(told)
        self.settings = Settings(data=folder / "data", config=folder / "aurora.toml")
        self.lake = Lake(self.settings.lake)
        self.clock = iter(NOW + timedelta(milliseconds=step) for step in range(1000))

    def run(self, stream: str, exchanges: list[Json]) -> Any:
        adapter = Replay(exchanges)
        ingest = Ingest(self.lake, self.settings, {"itunes": connector}, adapter, clock=lambda: next(self.clock))
        return ingest.run(self.source, {stream})[0]

    def names(self) -> list[str]:
        return sorted(self.lake.read(MobileApps)["name"].to_list())


def test_each_person_counts_once_in_the_rating_of_all_storefronts() -> None:
    """(4.8 x 1000 + 4.2 x 500 + 3.0 x 500) / 2000 = 8400 / 2000 = 4.2; the mean of the three would be 4.0."""
    told = [("AE", 4.8, 1000), ("SA", 4.2, 500), ("DE", 3.0, 500), ("FR", 0, 0)]
    found = [
        Listing.of({"trackName": "x", "averageUserRating": average, "userRatingCount": count}, APP, country)
        for country, average, count in told
    ]
    assert (together(found).average, together(found).count) == (4.2, 2000)
    assert (together([]).average, together([]).count) == (None, None)


def test_an_app_that_no_storefront_has_is_told_and_makes_no_row() -> None:
    exchanges = [listing(), listing("sa")]
    for one in exchanges:
        one["response"]["body"] = {"resultCount": 0, "results": []}
    recording = Recording(OPTIONS | {"countries": ["ae", "SA", "AE"]}, NOW, exchanges)
    items, run, _ = replayed(connector, "listings", recording)
    assert rows_of(items, MobileApps) == []
    assert run.warnings == [f"the App Store of AE, SA has no app {APP}: check its number, or whether it is sold there"]


def test_the_version_is_that_of_the_storefront_with_the_newest_release() -> None:
    old = {"version": "4.1", "currentVersionReleaseDate": "2026-02-01T00:00:00Z", "fileSizeBytes": "5"}
    new = {"version": "4.2", "currentVersionReleaseDate": "2026-03-01T00:00:00Z", "fileSizeBytes": "7"}
    recording = Recording(OPTIONS | {"countries": ["ae", "sa"]}, NOW, [listing(**old), listing("sa", **new)])
    items, _, _ = replayed(connector, "listings", recording)
    assert [(row["current_version"], row["bundle_size_bytes"]) for row in rows_of(items, MobileApps)] == [("4.2", 7)]


@pytest.mark.parametrize(
    "told",
    [
        {"averageUserRating": 9, "userRatingCount": 3},
        {"averageUserRating": "NaN", "userRatingCount": 3},
        {"fileSizeBytes": "big"},
        {"fileSizeBytes": 1e400},
        {"fileSizeBytes": -1},
        {"trackName": {"a": 1}},
        {"version": ["1"]},
        {"currentVersionReleaseDate": "soon"},
        {"userRatingCount": True},
    ],
)
def test_a_listing_that_cannot_be_read_is_quarantined_and_the_others_land(told: Json) -> None:
    exchanges = [listing(**told), listing("sa", averageUserRating=4.5, userRatingCount="2")]
    recording = Recording(OPTIONS | {"countries": ["ae", "sa"]}, NOW, exchanges)
    items, run, _ = replayed(connector, "listings", recording)
    assert [(row["country"], row["rating_avg"]) for row in rows_of(items, StoreRatingsDaily)] == [
        ("SA", 4.5),
        ("", 4.5),
    ]
    assert [reject.rule for _, reject in run.refused] == ["unreadable"]


@pytest.mark.parametrize("body", [{"errorMessage": "Invalid value(s) for key(s): [country]"}, [], "7", {"results": 3}])
def test_an_error_in_place_of_results_is_no_success(body: Json) -> None:
    exchange = listing()
    exchange["response"]["body"] = body
    with pytest.raises(SourceError) as raised:
        replayed(connector, "listings", Recording(OPTIONS, NOW, [exchange]))
    assert raised.value.error_class == "schema_drift"


def test_apps_of_the_mac_are_not_apps_of_a_phone() -> None:
    items, run, _ = replayed(connector, "listings", Recording(OPTIONS, NOW, [listing(kind="mac-software")]))
    assert rows_of(items, MobileApps) == []
    assert len(run.warnings) == 1


def test_a_single_review_comes_as_an_object_and_an_end_without_entries() -> None:
    items, _, adapter = reviews([page(1, review(1)), page(2, None)])
    assert [row["review_id"] for row in rows_of(items, StoreReviews)] == ["test:1"]
    assert adapter.unused == []


def test_the_app_itself_is_no_review() -> None:
    app = {"im:name": label("Homes"), "id": label("https://apps.apple.com/ae/app/id1")}
    items, run, _ = reviews([page(1, [app, review(1)]), page(2, app)])
    assert len(rows_of(items, StoreReviews)) == 1
    assert run.refused == []


def test_the_feed_has_ten_pages() -> None:
    items, _, adapter = reviews([page(number, [review(number)]) for number in range(1, 11)])
    assert len(rows_of(items, StoreReviews)) == 10
    assert len(adapter.asked) == 10


@pytest.mark.parametrize(
    "entry",
    [
        "text",
        review(1, **{"im:rating": label("6")}),
        review(1, **{"im:rating": label("good")}),
        review(1, id={}),
        review(1, at=""),
        review(1, at="yesterday"),
        review(1, title=label(["x"])),
    ],
)
def test_a_review_that_cannot_be_read_is_quarantined_without_its_author(entry: Json) -> None:
    items, run, _ = reviews([page(1, [entry, review(2)]), page(2, None)])
    assert [row["review_id"] for row in rows_of(items, StoreReviews)] == ["test:2"]
    assert [(reject.rule, "author" in str(reject.payload)) for _, reject in run.refused] == [("unreadable", False)]


@pytest.mark.parametrize("body", [{"feed": None}, {"error": "x"}, [], "text"])
def test_an_answer_without_a_feed_is_no_empty_feed(body: Json) -> None:
    exchange = page(1, None)
    exchange["response"]["body"] = body
    with pytest.raises(SourceError) as raised:
        reviews([exchange])
    assert raised.value.error_class == "schema_drift"


def test_a_feed_that_was_read_is_not_read_again_after_a_kill() -> None:
    """Killed in the second storefront, the next run begins with that one; the first is read to what is known."""
    options = OPTIONS | {"countries": ["ae", "sa"]}
    first = [page(1, [review(1)]), page(2, [review(2, "2026-02-01T00:00:00Z")]), page(3, None)]
    recording = Recording(options, NOW, first)
    stream = iter(connector.streams["reviews"].fetch(run_of(connector, "reviews", recording, Replay(first))))
    items = list(islice(stream, 3))
    with pytest.raises(UnknownRequestError):
        next(stream)
    cursor = cursor_of(items)
    assert isinstance(items[-1], Checkpoint)
    again = [page(1, [review(9)], "sa"), page(2, None, "sa"), page(1, [review(3)]), page(2, [review(2, "2026-02-01")])]
    resumed, _, adapter = replayed(connector, "reviews", Recording(options, NOW, deepcopy(again), cursor))
    assert [row["review_id"] for row in rows_of(resumed, StoreReviews)] == ["test:9", "test:3", "test:2"]
    assert "/sa/" in str(adapter.asked[0].url)
    assert adapter.unused == []


def test_a_feed_that_suddenly_is_empty_is_told_and_keeps_its_place() -> None:
    cursor = {"feeds": {f"{APP}/AE": {"until": "2026-03-03T10:00:00+00:00"}}}
    items, run, _ = reviews([page(1, None)], cursor=cursor)
    assert "came empty" in run.warnings[0]
    assert (cursor_of(items) or {})["feeds"][f"{APP}/AE"]["until"] == "2026-03-03T10:00:00+00:00"


def test_a_review_that_was_changed_stays_one_row_of_its_first_day(tmp_path: Path) -> None:
    """Written in February and changed in March: one row, of February's part, with the new words."""
    store = Store(tmp_path)
    changed = review(1, "2026-03-03T10:00:00Z", **{"im:rating": label("1")})
    for entry in (review(1, "2026-02-20T10:00:00Z"), changed):
        assert store.run("reviews", [page(1, [entry]), page(2, None)]).status == "success"
    frame = store.lake.read(StoreReviews)
    assert frame["rating"].to_list() == [1]
    assert frame["created_at"].dt.month().to_list() == [2]
    assert frame["updated_at"].dt.month().to_list() == [3]


def other(**told: Json) -> Json:
    exchange = listing(trackId=2, trackName="Guard", **told)
    exchange["request"]["params"]["id"] = "2"
    return exchange


def test_all_apps_of_a_day_stand_together_and_again_later(tmp_path: Path) -> None:
    store = Store(tmp_path, apps=[APP, "2"])
    assert store.run("listings", [listing(), other()]).status == "success"
    assert store.run("listings", [listing(trackName="Home"), other()]).status == "success"
    assert store.names() == ["Guard", "Home"]


def test_an_app_that_fails_stops_no_other(tmp_path: Path) -> None:
    store, broken = Store(tmp_path, apps=[APP, "2"]), listing()
    broken["response"] = {"body": {"errorMessage": "no"}}
    outcome = store.run("listings", [broken, other()])
    assert (outcome.status, outcome.error_class) == ("failed", "schema_drift")
    assert store.names() == ["Guard"]


def test_a_store_that_knows_the_app_no_more_keeps_what_it_said_before(tmp_path: Path) -> None:
    store, empty = Store(tmp_path), listing()
    empty["response"]["body"] = {"resultCount": 0, "results": []}
    assert store.run("listings", [listing()]).status == "success"
    assert store.run("listings", [empty]).status == "partial"
    assert store.names() == ["Homes"]


def test_apple_is_asked_no_faster_than_it_takes() -> None:
    """20 calls a minute are one in three seconds."""
    assert connect(ItunesOptions.model_validate({"apps": [APP], "countries": ["ae"]})).gap_s == 3
    waits: list[float] = []
    adapter = Replay([listing(), listing(), listing()])
    http = Http("test", Site("https://itunes.example", gap_s=3), lambda: 60.0, adapter=adapter, sleep=waits.append)
    for _ in range(3):
        http.get("lookup", {"country": "ae"})
    assert len(waits) == 2
    assert all(2 < wait <= 3 for wait in waits)


def test_a_refusal_says_that_apple_is_asked_too_often() -> None:
    exchange = listing()
    exchange["response"] = {"status": 403, "body": "Forbidden"}
    with pytest.raises(SourceError, match="calls_a_minute"):
        replayed(connector, "listings", Recording(OPTIONS, NOW, [exchange]))


@pytest.mark.parametrize(
    "told", [{"apps": ["com.acme"]}, {"apps": []}, {"countries": ["uae"]}, {"countries": []}, {"calls_a_minute": 0}]
)
def test_options_that_mean_nothing_are_refused(told: Json) -> None:
    with pytest.raises(ValidationError):
        ItunesOptions.model_validate(OPTIONS | told)


def test_numbers_of_apps_may_be_written_as_numbers() -> None:
    assert ItunesOptions.model_validate(OPTIONS | {"apps": [1500000001]}).apps == (APP,)


def test_where_another_source_tells_releases_no_deployment_lands() -> None:
    recording = load("itunes", "listings")
    recording.options["deployments"] = False
    run = run_of(connector, "listings", recording, Replay(recording.exchanges))
    tables = {item[0].spec.name for item in walked(connector, "listings", run) if not isinstance(item, Checkpoint)}
    assert tables == {"mobile_apps", "store_ratings_daily", "mobile_releases"}
