"""Reviews of Google Play: pages, the quota of an hour, going on after a kill, and hostile text."""

from pathlib import Path
from typing import Any

import pytest
import requests

from aurora.contracts.mobile import MobileBuilds, StoreReviews
from aurora.contracts.platform import Quarantine
from ingest.vendors import play_reviews
from ingest.vendors.play_reviews import author_hash
from tests.google_play_fake import APP, Console, at, review
from tests.replay import response

CRASH = "crashRateMetricSet"
Json = Any


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return Console(tmp_path)


def test_reviews_over_four_pages_land_and_a_changed_one_stays_in_its_month(console: Console) -> None:
    console.play.reviews = [review(str(number), 8 - number) for number in range(7)]
    assert console.run("reviews").status == "success"
    assert len(console.rows(StoreReviews, "review_id")) == 7
    console.play.reviews = [review("3", 9, stars=1)]
    console.run("reviews")
    columns = ("review_id", "rating", "created_at", "updated_at")
    (row,) = (row for row in console.rows(StoreReviews, *columns) if row[0] == "gp:3")
    assert row[1:] == (1, at(3, 6), at(3, 10))
    assert len(console.rows(StoreReviews, "review_id")) == 7


def test_after_a_kill_a_list_goes_on_with_the_page_that_did_not_land(console: Console) -> None:
    console.play.reviews = [review(str(number), 1) for number in range(6)]
    failing = iter([None, None, {"status": 500, "body": "oops"}])
    whole, send = console.play, console.play.send

    def once(request: requests.PreparedRequest, **more: Any) -> requests.Response:
        told = next(failing, None)
        return response(told, request) if told else send(request, **more)

    whole.send = once
    assert console.run("reviews").error_class == "vendor_5xx"
    assert len(console.rows(StoreReviews, "review_id")) == 4
    console.run("reviews")
    assert [asked.get("token") for _, _, asked, _ in whole.asked] == ["4"]
    assert len(console.rows(StoreReviews, "review_id")) == 6
    console.run("reviews")
    assert [asked.get("token") for _, _, asked, _ in whole.asked] == [None, "2", "4"]


def test_a_page_that_is_too_old_to_go_on_with_begins_the_list_anew(console: Console) -> None:
    console.play.reviews = [review(str(number), 1) for number in range(6)]
    console.play.refusals = {"/reviews": []}
    refused = {
        "status": 400,
        "body": {"error": {"code": 400, "message": "Invalid token", "status": "INVALID_ARGUMENT"}},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(play_reviews, "PAGES", 1)
        assert console.run("reviews").status == "partial"
    console.play.refusals = {"/reviews": [refused]}
    assert console.run("reviews").status == "success"
    assert [asked.get("token") for _, _, asked, _ in console.play.asked] == ["2", None, "2", "4"]


def test_a_long_list_stays_within_the_quota_of_an_hour(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Google allows 200 requests an hour for an app; a run takes 150 and leaves the rest to the next."""
    assert play_reviews.PAGES == 150
    monkeypatch.setattr(play_reviews, "PAGES", 3)
    console.play.reviews = [review(str(number), 1) for number in range(10)]
    outcome = console.run("reviews")
    assert outcome.status == "partial"
    assert "the rest is left to the next run" in str(outcome.error)
    assert console.run("reviews").status == "success"
    assert [asked.get("token") for _, _, asked, _ in console.play.asked] == ["6", "8"]
    assert len(console.rows(StoreReviews, "review_id")) == 10


def test_an_app_at_its_quota_keeps_no_other_waiting(tmp_path: Path) -> None:
    console = Console(tmp_path, packages=["com.example.busy", APP])
    console.play.reviews = [review("1", 1)]
    told = {"status": 429, "headers": {"Retry-After": "3600"}, "body": {"error": {"status": "RESOURCE_EXHAUSTED"}}}
    console.play.refusals = {"/com.example.busy/reviews": [told]}
    assert console.run("reviews").error_class == "rate_limited"
    assert console.rows(StoreReviews, "store_app_id") == [(APP,)]


def test_hostile_reviews_are_refused_without_the_names_of_people(console: Console) -> None:
    odd: list[Json] = [review("six", 1, stars=6), review("none", 1, stars=None), review("text", 1, stars="5")]
    odd += [review("far", 1, lastModified={"seconds": "9" * 30}), review("when", 1, lastModified={})]
    odd += [{"authorName": "Sam", "comments": [{"userComment": {"text": "x"}}]}, review("list", 1, text=["x"])]
    silent = [
        {"reviewId": "gp:silent", "comments": [{"developerComment": {"text": "Hello"}}]},
        {"reviewId": "gp:empty"},
    ]
    console.play.reviews = [
        *odd,
        *silent,
        review("good", 2, text="<b>\u202e\0' OR 1=1 --", appVersionCode=7, appVersionName="1.0"),
    ]
    assert console.run("reviews").status == "success"
    assert [row[0] for row in console.rows(StoreReviews, "review_id")] == ["gp:good"]
    assert len(console.refused()) == len(odd)
    assert "Sam" not in str(console.rows(StoreReviews, "author_hash", "body"))
    assert not console.lake.read(Quarantine)["payload"].str.contains("Sam").any()
    assert console.rows(MobileBuilds, "build_number", "version") == [("7", "1.0")]


def test_an_author_is_a_hash_and_nobody_in_particular_is_none() -> None:
    assert author_hash("Sam Example") == "86f3439098109e2a660883cecc7936c9"  # sha256, the first 32 digits
    assert author_hash(" Sam Example ") == author_hash("Sam Example")
    assert [author_hash(name) for name in ("A Google user", "", None)] == [None, None, None]
