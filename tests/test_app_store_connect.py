"""App Store Connect: what recordings cannot show: versions on their way, builds, reviews, listings, broken entries."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aurora.contracts.delivery import Deployments
from aurora.contracts.mobile import MobileApps, MobileBuilds, MobileReleases, StoreReviews
from aurora.contracts.platform import Quarantine
from ingest.vendors.app_store_versions import rolled
from tests.apple import APP_ID, DAY, NOW, STORE_APP, Apple, Json, resource, world


@pytest.mark.parametrize(
    ("word", "day", "state", "ratio"),
    [
        ("ACTIVE", 1, "rolling_out", 0.01),  # Apple's days: 1, 2, 5, 10, 20, 50 and 100 %
        ("ACTIVE", 6, "rolling_out", 0.5),
        ("ACTIVE", 9, "rolling_out", 1.0),
        ("ACTIVE", None, "rolling_out", None),
        ("PAUSED", 3, "halted", 0.05),
        ("COMPLETE", 7, "released", 1.0),
        ("INACTIVE", None, "released", None),
        (None, None, "released", 1.0),
    ],
)
def test_a_phased_release_reaches_part_of_the_users(
    word: str | None, day: int | None, state: str, ratio: float | None
) -> None:
    phased = {"phasedReleaseState": word, "currentDayNumber": day}
    assert rolled("released", "READY_FOR_DISTRIBUTION", phased) == (state, ratio)


def version(state: str, **more: Json) -> Json:
    about = {"versionString": "2.0", "appVersionState": state, "createdDate": "2026-03-01T08:00:00Z"}
    return resource("appStoreVersions", "v1", **(about | more))


def test_a_version_comes_out_when_it_is_first_seen_on_sale(tmp_path: Path) -> None:
    """In review at 12:10, on sale at 13:10, unchanged at 14:10: released at 13:10, and not touched since."""
    found = []
    for hours, state in enumerate(("IN_REVIEW", "READY_FOR_DISTRIBUTION", "READY_FOR_DISTRIBUTION")):
        apple = Apple()
        apple.lists[f"/v1/apps/{APP_ID}/appStoreVersions"] = [version(state)]
        ingest, source = world(tmp_path, apple, NOW + timedelta(hours=hours))
        assert ingest.run(source, {"versions"})[0].status == "success"
        (release,), (deployment,) = (ingest.lake.read(one).to_dicts() for one in (MobileReleases, Deployments))
        found.append((release["state"], release["released_at"], deployment["status"], deployment["finished_at"]))
        assert deployment["updated_at"] == release["updated_at"]
    out = datetime(2026, 3, 4, 13, 10)  # noqa: DTZ001 - the lake keeps UTC without a zone
    assert found == [("in_review", None, "queued", None), *[("released", out, "success", out)] * 2]
    assert (release["store_app_id"], release["updated_at"]) == (STORE_APP, out)


def test_a_release_that_is_paused_is_rolled_back_and_goes_on(tmp_path: Path) -> None:
    found = []
    for hours, (word, day) in enumerate((("ACTIVE", 2), ("PAUSED", 2), ("ACTIVE", 3), ("COMPLETE", 7))):
        apple = Apple()
        phased = {"startDate": "2026-03-03T08:00:00Z", "phasedReleaseState": word, "currentDayNumber": day}
        apple.included = [resource("appStoreVersionPhasedReleases", "p", **phased)]
        relation = {"appStoreVersionPhasedRelease": {"data": {"type": "appStoreVersionPhasedReleases", "id": "p"}}}
        on_sale = version("READY_FOR_DISTRIBUTION") | {"relationships": relation}
        apple.lists[f"/v1/apps/{APP_ID}/appStoreVersions"] = [on_sale]
        ingest, source = world(tmp_path, apple, NOW + timedelta(hours=hours))
        ingest.run(source, {"versions"})
        (row,) = ingest.lake.read(Deployments).to_dicts()
        found.append((row["status"], row["finished_at"] and row["finished_at"].hour))
    assert found == [("running", None), ("rolled_back", 13), ("running", None), ("success", 8)]


def test_entries_that_cannot_be_read_stop_no_other(tmp_path: Path) -> None:
    apple = Apple()
    odd = [None, 7, {"id": "x"}, version("IN_REVIEW", createdDate="yesterday"), version("IN_REVIEW", createdDate=None)]
    lone = version("IN_REVIEW", versionString="2\ud800\x000")
    apple.lists[f"/v1/apps/{APP_ID}/appStoreVersions"] = [*odd, version("IN_REVIEW", versionString=None), lone]
    ingest, source = world(tmp_path, apple)
    (outcome,) = ingest.run(source, {"versions"})
    assert (outcome.status, ingest.lake.read(MobileReleases)["version"].to_list()) == ("success", ["2? 0"])
    assert ingest.lake.read(Quarantine).height == len(odd) + 1


def build(number: int, days_ago: int, **more: Json) -> Json:
    at = (NOW - days_ago * DAY).isoformat()
    about = {"version": str(number), "uploadedDate": at, "processingState": "VALID", "minOsVersion": "16.0"}
    relations = {
        "preReleaseVersion": {"data": {"type": "preReleaseVersions", "id": "r"}},
        "buildBundles": {"data": [{"type": "buildBundles", "id": f"b{number}"}]},
    }
    return resource("builds", str(number), **(about | more)) | {"relationships": relations}


def test_sizes_of_builds_are_asked_once_and_old_builds_not_again(tmp_path: Path) -> None:
    size = resource("buildBundleFileSizes", "1", deviceModel="iPhone15,3", downloadBytes=5_000_000)
    states = []
    for hour, newest in enumerate(("PROCESSING", "VALID", "VALID")):
        apple = Apple()
        apple.lists["/v1/builds"] = [build(3, 0, processingState=newest), build(2, 99), build(1, 300, expired=True)]
        apple.included = [resource("preReleaseVersions", "r", version="2.0"), *bundles(1, 2, 3)]
        for number in (1, 2, 3):
            apple.lists[f"/v1/buildBundles/b{number}/buildBundleFileSizes"] = [size]
        ingest, source = world(tmp_path, apple, NOW + timedelta(hours=hour))
        assert ingest.run(source, {"builds"})[0].status == "success"
        states.append([path.split("/")[3] for path in apple.paths() if "FileSizes" in path])
    assert states == [["b2", "b1"], ["b3"], []]
    apple.lists["/v1/builds"] = [build(3, 0), build(0, 101)]
    assert ingest.run(source, {"builds"})[0].status == "success"
    assert "/v1/buildBundles/b0/buildBundleFileSizes" not in apple.paths()
    rows = {row["build_id"]: row for row in ingest.lake.read(MobileBuilds).to_dicts()}
    assert [rows[f"apple:{number}"]["state"] for number in (1, 2, 3)] == ["expired", "valid", "valid"]
    assert {row["size_bytes"] for row in rows.values()} == {5_000_000}


def bundles(*numbers: int) -> list[Json]:
    return [resource("buildBundles", f"b{number}", bundleType="APP") for number in numbers]


def review(number: int, days_ago: float, **more: Json) -> Json:
    at = (NOW - days_ago * DAY).isoformat()
    about = {"rating": 4, "title": "T", "body": "B", "reviewerNickname": "waterman", "createdDate": at}
    return resource("customerReviews", f"r{number}", **(about | {"territory": "ARE"} | more))


def test_a_review_that_is_gone_is_marked_and_comes_back(tmp_path: Path) -> None:
    """Review 1 is gone in the second run; an empty list in the third is not taken for a store without reviews."""
    path, found = f"/v1/apps/{APP_ID}/customerReviews", []
    both = [review(2, 1), review(1, 3)]
    for hours, listed in enumerate((both, both[:1], [], both)):
        apple = Apple()
        apple.lists[path] = listed
        ingest, source = world(tmp_path, apple, NOW + timedelta(hours=hours))
        assert ingest.run(source, {"reviews"})[0].status == "success"
        rows = ingest.lake.read(StoreReviews).sort("review_id")
        found.append([at and at.hour for at in rows["deleted_seen_at"]])
    assert found == [[None, None], [13, None], [13, None], [None, None]]


def test_names_of_authors_are_in_no_row(tmp_path: Path) -> None:
    apple = Apple()
    apple.lists[f"/v1/apps/{APP_ID}/customerReviews"] = [review(1, 1), review(2, 2), review(3, 3, rating=9)]
    ingest, source = world(tmp_path, apple)
    ingest.run(source, {"reviews"})
    rows, kept = ingest.lake.read(StoreReviews), ingest.lake.read(Quarantine)
    assert (rows["author_hash"].n_unique(), rows["author_hash"].str.len_chars().to_list()) == (1, [32, 32])
    assert kept.height == 1
    assert "waterman" not in str(rows.to_dicts()) + str(kept.to_dicts())


def test_a_listing_is_made_of_what_landed(tmp_path: Path) -> None:
    apple = Apple()
    apple.lists[f"/v1/apps/{APP_ID}/appStoreVersions"] = [version("READY_FOR_DISTRIBUTION")]
    apple.lists["/v1/builds"] = [build(3, 1), build(2, 2)]
    apple.included = [resource("preReleaseVersions", "r", version="2.0"), *bundles(3)]
    size = resource("buildBundleFileSizes", "1", deviceModel="iPhone15,3", downloadBytes=5_000_000)
    apple.lists["/v1/buildBundles/b3/buildBundleFileSizes"] = [size]
    apple.said[f"/v1/apps/{APP_ID}/customerReviews"] = [{"body": {"data": [], "meta": {"paging": {"total": 17}}}}]
    ingest, source = world(tmp_path, apple)
    assert {one.status for one in ingest.run(source, {"versions", "builds", "apps"})} == {"success"}
    (row,) = ingest.lake.read(MobileApps).to_dicts()
    told = [row[name] for name in ("current_version", "current_build", "supported_os", "bundle_size_bytes")]
    assert (told, row["review_count"]) == (["2.0", "3", "iOS 16.0", 5_000_000], 17)
    assert (row["download_count"], row["rating_avg"]) == (None, None)


def test_a_run_that_was_cut_off_goes_on_with_the_next_application(tmp_path: Path) -> None:
    """The second application breaks: the first one is read from three years ago once, then from 30 days ago."""
    apple = Apple()
    apple.lists["/v1/apps"].append(resource("apps", "1500000002", name="Gate"))
    apple.lists[f"/v1/apps/{APP_ID}/customerReviews"] = [review(1, 5), review(2, 500)]
    second = "/v1/apps/1500000002/customerReviews"
    apple.said[second] = [{"status": 500, "body": "oops"}]
    apple.lists[second] = [review(3, 400)]
    ingest, source = world(tmp_path, apple)
    assert ingest.run(source, {"reviews"})[0].error_class == "vendor_5xx"
    assert ingest.lake.read(StoreReviews).height == 2
    assert ingest.lake.cursor(StoreReviews, "apple/reviews")[1] == {"apps": {APP_ID: NOW.isoformat()}}
    apple.lists[f"/v1/apps/{APP_ID}/customerReviews"] = [review(1, 5), review(4, 600)]
    ingest, source = world(tmp_path, apple, NOW + timedelta(hours=1))
    assert ingest.run(source, {"reviews"})[0].status == "success"
    assert set(ingest.lake.read(StoreReviews)["review_id"]) == {"apple:r1", "apple:r2", "apple:r3"}
