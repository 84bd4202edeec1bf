"""Store listings of the App Store as they stand, out of what landed of their releases, builds and downloads."""

from typing import Any

import polars as pl

from aurora.contracts import Row
from aurora.contracts.mobile import MobileBuilds, MobileInstallsDaily, MobileReleases
from ingest.connector import Run
from ingest.vendors.app_store_api import App


class Listings:
    """What a store listing is as of now, out of what landed of its releases, builds and downloads."""

    def __init__(self, run: Run[Any]) -> None:
        self.run = run
        self.releases = run.landed(MobileReleases).filter(pl.col("state").is_in(("released", "rolling_out")))
        self.builds = run.landed(MobileBuilds)
        downloads = pl.sum_horizontal("first_download_count", "redownload_count")
        installs = run.landed(MobileInstallsDaily).filter(pl.col("first_download_count").is_not_null())
        told = installs.group_by("store_app_id").agg(downloads.sum().alias("count"), pl.col("day").min())
        self.downloads = {row[0]: row[1:] for row in told.select("store_app_id", "count", "day").iter_rows()}

    def row(self, app: App, review_count: int | None) -> Row:
        """The row of today (UTC)."""
        release = self._release(app)
        build = self._build(app, release.get("version"))
        count, since = self.downloads.get(app.store_app_id, (None, None))
        return {
            "store_app_id": app.store_app_id,
            "platform": "ios",
            "store_native_id": app.native_id,
            "bundle_id": app.bundle_id,
            "name": app.name,
            "current_version": release.get("version"),
            "current_build": build.get("build_number"),
            "review_count": review_count,
            "download_count": count,
            "download_since_on": since,
            "supported_os": build.get("supported_os"),
            "bundle_size_bytes": build.get("size_bytes"),
            "last_released_at": release.get("released_at"),
            "day": self.run.now.date(),
        }

    def _release(self, app: App) -> Row:
        """The newest release that users get."""
        mine = self.releases.filter(
            pl.col("store_app_id") == app.store_app_id, ~pl.col("state_raw").str.starts_with("REPLACED")
        )
        newest = mine.sort(pl.coalesce("released_at", "created_at"), "created_at")
        return newest.row(-1, named=True) if newest.height else {}

    def _build(self, app: App, version: str | None) -> Row:
        """The newest build of a version that can be used."""
        if version is None:
            return {}
        of_version = (pl.col("store_app_id") == app.store_app_id) & (pl.col("version") == version)
        usable = self.builds.filter(of_version, pl.col("state").is_in(("valid", "expired"))).sort("uploaded_at")
        return usable.row(-1, named=True) if usable.height else {}
