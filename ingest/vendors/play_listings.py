"""Store listings on Google Play as they stand, from what the reports and releases told of them."""

from typing import Any

import polars as pl

from aurora.contracts import Row
from aurora.contracts.mobile import MobileInstallsDaily, MobileReleases, StoreRatingsDaily
from ingest.connector import Run


class Told:
    """What landed of all apps of a source."""

    def __init__(self, run: Run[Any]) -> None:
        everywhere = (pl.col("country") == "") & (pl.col("version") == "")
        self.installs = run.landed(MobileInstallsDaily).filter(everywhere).sort("day")
        rated = (pl.col("country") == "") & pl.col("rating_avg").is_not_null()
        self.ratings = run.landed(StoreRatingsDaily).filter(rated).sort("day")
        # A watch's app, say, has a production track and version codes of its own.
        out = (pl.col("track_raw") == "production") & pl.col("state").is_in(["released", "rolling_out"])
        self.releases = run.landed(MobileReleases).filter(out)


def listing_row(run: Run[Any], package: str, name: str | None, told: Told) -> Row:
    """A listing today. Play tells no number of ratings, nor an app's size."""
    mine = pl.col("store_app_id") == run.id(package)
    ratings = told.ratings.filter(mine)["rating_avg"]
    version, build = _current(told.releases.filter(mine))
    count, since = _downloads(told.installs.filter(mine))
    return {
        "store_app_id": run.id(package),
        "platform": "android",
        "store_native_id": package,
        "bundle_id": package,
        "name": name or package,
        "current_version": version,
        "current_build": build,
        "rating_avg": ratings[-1] if ratings.len() else None,
        "download_count": count,
        "download_since_on": since,
        "last_released_at": told.releases.filter(mine)["released_at"].max(),
        "day": run.now.date(),
    }


def _current(releases: pl.DataFrame) -> tuple[str | None, str | None]:
    """Version and code of the newest production release that all users get, else of one on its way to them."""
    coded = [
        (row["state"] == "released", int(row["mobile_release_id"].rpartition("/")[2]), row["version"])
        for row in releases.iter_rows(named=True)
    ]
    _, code, version = max(coded, default=(False, None, None))
    return version, str(code) if code is not None else None


def _downloads(installs: pl.DataFrame) -> tuple[int | None, Any]:
    """Users who ever installed it, where Play tells; else new users since the first day that a report tells, and it."""
    lifetime = installs["lifetime_user_count"].drop_nulls()
    if lifetime.len():
        return int(lifetime[-1]), None
    told = installs.filter(pl.col("first_download_count").is_not_null())
    return (int(told["first_download_count"].sum()), told["day"][0]) if told.height else (None, None)
