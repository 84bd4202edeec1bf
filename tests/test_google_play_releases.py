"""Releases on Google Play: what a first look can know, what comes out, halts and goes on afterwards."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts.delivery import Deployments
from aurora.contracts.mobile import MobileApps, MobileBuilds, MobileReleases
from ingest.vendors.play_releases import track_word
from ingest.vendors.play_versions import name_in
from tests.google_play_fake import NOW, STATE, Console, missing

HALF = timedelta(minutes=30)
Json = Any


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return Console(tmp_path)


def release(code: int, status: str = "completed", name: str | None = None, **told: Any) -> Json:
    return {"name": name or f"{code} (2.{code}.0)", "versionCodes": [str(code)], "status": status} | told


def staged(code: int, part: float, status: str = "inProgress") -> Json:
    return release(code, status, userFraction=part)


def at(run: int) -> Any:
    """The instant of a run, as it lands."""
    return (NOW + run * HALF).replace(tzinfo=None)


def states(console: Console) -> list[tuple[Any, ...]]:
    return console.rows(MobileReleases, "mobile_release_id", "state", "rollout_ratio", "released_at")


def deployed(console: Console) -> list[tuple[Any, ...]]:
    return console.rows(Deployments, "version", "status", "started_at", "finished_at", "duration_s")


def test_of_what_was_out_at_first_contact_nobody_can_say_since_when(console: Console) -> None:
    console.play.tracks = {"production": [release(1)]}
    assert console.run("releases").status == "success"
    assert states(console) == [("com.example.shop/production/1", "released", 1.0, None)]
    assert deployed(console) == []
    assert console.rows(MobileBuilds, "build_number") == []


def test_a_staged_release_is_one_deployment_from_its_first_users_to_its_last(console: Console) -> None:
    """Seen at 07:00 for 10 %, at 07:30 for 50 %, at 08:00 for all: an hour from the first to the last step."""
    console.play.tracks = {"production": [release(1)]}
    console.run("releases")
    for part in (0.1, 0.5):
        console.play.tracks = {"production": [release(1), staged(2, part)]}
        assert console.run("releases").status == "success"
        assert deployed(console) == [("2.2.0", "running", at(2), None, None)]
    assert states(console)[1] == ("com.example.shop/production/2", "rolling_out", 0.5, at(2))
    console.play.tracks = {"production": [release(2)]}
    console.run("releases")
    assert deployed(console) == [("2.2.0", "success", at(2), at(4), 3600.0)]
    console.run("releases")
    assert deployed(console) == [("2.2.0", "success", at(2), at(4), 3600.0)]
    assert console.rows(MobileBuilds, "build_number", "version", "uploaded_at") == [("2", "2.2.0", at(2))]


def test_a_halted_release_is_rolled_back_and_may_go_on(console: Console) -> None:
    console.play.tracks = {"production": [release(1)]}
    console.run("releases")
    console.play.tracks = {"production": [release(1), staged(2, 0.2)]}
    console.run("releases")
    console.play.tracks = {"production": [release(1), staged(2, 0.2, "halted")]}
    console.run("releases")
    assert states(console)[1] == ("com.example.shop/production/2", "halted", 0.2, at(2))
    assert deployed(console) == [("2.2.0", "rolled_back", at(2), at(3), 1800.0)]
    console.play.tracks = {"production": [release(1), staged(2, 0.2)]}
    console.run("releases")
    assert deployed(console) == [("2.2.0", "running", at(2), None, None)]


def test_a_halt_is_told_even_where_the_start_is_not_known(console: Console) -> None:
    console.play.tracks = {"production": [staged(2, 0.2)]}
    console.run("releases")
    console.play.tracks = {"production": [staged(2, 0.2, "halted")]}
    console.run("releases")
    assert deployed(console) == [("2.2.0", "rolled_back", None, at(2), None)]
    assert console.rows(Deployments, "is_inferred") == [(True,)]


def test_a_roll_out_that_another_replaces_is_cancelled(console: Console) -> None:
    console.play.tracks = {"production": [release(1)]}
    console.run("releases")
    console.play.tracks = {"production": [release(1), staged(2, 0.2)]}
    console.run("releases")
    console.play.tracks = {"production": [release(3)]}
    console.run("releases")
    assert [row[1] for row in states(console)] == ["released", "removed", "released"]
    assert deployed(console) == [
        ("2.2.0", "cancelled", at(2), at(3), 1800.0),
        ("2.3.0", "success", at(3), at(3), 0.0),
    ]


def test_other_tracks_are_no_deployments(console: Console) -> None:
    console.play.tracks = {"production": [release(1)]}
    console.run("releases")
    console.play.tracks |= {"beta": [release(5)], "QA": [release(6)]}
    console.play.summaries = {"beta": [summary(5, "IN_REVIEW")]}
    console.run("releases")
    assert console.rows(MobileReleases, "track", "track_raw", "state") == [
        ("alpha", "QA", "released"),
        ("beta", "beta", "in_review"),
        ("production", "production", "released"),
    ]
    assert deployed(console) == []


def summary(code: int, state: str) -> Json:
    told = {"releaseName": f"{code} (2.{code}.0)", "releaseLifecycleState": STATE + state}
    return told | {"activeArtifacts": [{"versionCode": code}]}


def test_what_is_in_review_is_not_out_whatever_the_edit_says(console: Console) -> None:
    console.play.tracks = {"production": [release(1)]}
    console.run("releases")
    console.play.tracks = {"production": [release(2)]}
    console.play.summaries = {"production": [summary(1, "PUBLISHED"), summary(2, "IN_REVIEW")]}
    console.run("releases")
    assert states(console)[1] == ("com.example.shop/production/2", "in_review", None, None)
    assert deployed(console) == []
    console.play.summaries = {"production": [summary(2, "PUBLISHED")]}
    console.run("releases")
    assert deployed(console) == [("2.2.0", "success", at(3), at(3), 0.0)]


def test_a_step_of_a_roll_out_in_review_takes_nothing_back(console: Console) -> None:
    console.play.tracks = {"production": [release(1)]}
    console.run("releases")
    console.play.tracks = {"production": [release(1), staged(2, 0.2)]}
    console.run("releases")
    console.play.tracks = {"production": [release(1), staged(2, 0.5)]}
    console.play.summaries = {"production": [summary(2, "IN_REVIEW")]}
    console.run("releases")
    assert states(console)[1] == ("com.example.shop/production/2", "rolling_out", 0.2, at(2))


def test_the_edit_is_thrown_away_even_when_reading_breaks(console: Console) -> None:
    console.play.tracks = {"production": [release(1)]}
    console.play.refusals = {"/edits/7/tracks": [{"status": 500, "body": "oops"}]}
    assert console.run("releases").status == "failed"
    assert console.play.open_edits == set()
    assert [method for method, path, *_ in console.play.asked if path.endswith("/edits/7")] == ["DELETE"]


def test_an_account_that_may_open_no_edit_gets_summaries_and_a_word_on_it(console: Console) -> None:
    """A summary calls a halted release published: what an edit said before stands."""
    console.play.tracks = {"production": [release(1), staged(2, 0.2, "halted")]}
    console.run("releases")
    denied = {"error": {"code": 403, "message": "The caller does not have permission", "status": "PERMISSION_DENIED"}}
    console.play.refusals = {"/edits": [{"status": 403, "body": denied}]}
    console.play.summaries = {"production": [summary(1, "PUBLISHED"), summary(2, "PUBLISHED")]}
    outcome = console.run("releases")
    assert outcome.status == "partial"
    assert "edits = false" in str(outcome.error)
    assert [row[1] for row in states(console)] == ["released", "halted"]


def test_without_edits_none_is_opened_and_tracks_that_are_not_there_are_none(tmp_path: Path) -> None:
    console = Console(tmp_path, edits=False)
    console.play.tracks = {"production": []}
    console.play.summaries = {"production": [summary(1, "PUBLISHED"), summary(2, "NOT_APPROVED")]}
    assert console.run("releases").status == "success"
    assert [row[1] for row in states(console)] == ["released", "rejected"]
    assert not any("/edits" in path for _, path, *_ in console.play.asked)
    console.play.tracks = {}
    outcome = console.run("releases")
    assert (outcome.status, outcome.error_class) == ("failed", "not_found")


def test_an_app_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    console = Console(tmp_path, packages=["com.example.gone", "com.example.shop"])
    console.play.tracks = {"production": [release(1)]}
    console.play.refusals = {"/com.example.gone/edits": [{"status": 404, "body": missing()}]}
    outcome = console.run("releases")
    assert (outcome.status, outcome.error_class) == ("failed", "not_found")
    assert [row[0] for row in states(console)] == ["com.example.shop/production/1"]


def test_the_listing_shows_the_version_that_all_users_get(console: Console) -> None:
    console.play.tracks = {"production": [release(1), staged(2, 0.2)], "wear:production": [release(900)]}
    console.run("releases")
    assert console.run("listings").status == "success"
    columns = ("store_native_id", "name", "current_version", "current_build", "last_released_at", "rating_avg")
    assert console.rows(MobileApps, *columns) == [("com.example.shop", "Example Shop", "2.1.0", "1", None, None)]


def test_an_app_that_the_account_does_not_see_is_said(console: Console) -> None:
    console.play.apps = []
    outcome = console.run("listings")
    assert outcome.status == "partial"
    assert "com.example.shop is not among" in str(outcome.error)
    assert console.rows(MobileApps, "name") == []


@pytest.mark.parametrize(
    ("release", "code", "version"),
    [
        ("42 (2.4.0)", "42", "2.4.0"),
        ("42 (2.4.0)", "43", None),  # the name of another build that the release keeps
        ("2.4.0", "42", "2.4.0"),
        ("v2.4.0-rc.1", "42", "2.4.0-rc.1"),
        ("42 (Spring)", "42", "Spring"),
        ("Spring release", "42", None),
        ("42", "42", None),
        ("", "42", None),
        ("1." * 50_000, "42", None),
    ],
)
def test_a_release_s_name_may_hold_its_version(release: str, code: str, version: str | None) -> None:
    assert name_in(release, code) == version


def test_tracks_have_one_word_whatever_they_are_called() -> None:
    names = ("production", "wear:production", "beta", "internal", "qa", "Our testers", "automotive:Our testers")
    words = ["production", "production", "beta", "internal", "internal", "alpha", "alpha"]
    assert [track_word(name) for name in names] == words
