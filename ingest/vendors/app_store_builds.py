"""Builds as they were uploaded, and what a device downloads of them; sizes are asked once for each build."""

from datetime import datetime
from typing import Any

from aurora.contracts import Row
from aurora.contracts.mobile import MobileBuilds
from ingest.connector import Json, Run
from ingest.vendors.app_store_api import App, Client, Included, moment, needed, part, related, text

STATES = {"processing": "processing", "failed": "invalid", "invalid": "invalid", "valid": "valid"}
MAX_SIZES = 200  # a run asks for; each costs a request, and the hour has 3,500
ASKED = {
    "limit": 200,
    "filter[preReleaseVersion.platform]": "IOS",
    "sort": "-uploadedDate",
    "include": "preReleaseVersion,buildBundles",
    "limit[buildBundles]": 50,
}


class Sizes:
    """Sizes of builds: those that landed, and so many that a run may ask for."""

    def __init__(self, run: Run[Any], client: Client) -> None:
        self.client, self.left = client, MAX_SIZES
        landed = run.landed(MobileBuilds).select("build_id", "size_bytes")
        self.known = {build_id: size for build_id, size in landed.iter_rows() if size is not None}

    def of(self, build_id: str, bundles: list[Json]) -> int | None:
        """Bytes, None where Apple does not tell or the run has asked for enough of them."""
        if build_id in self.known or self.left <= 0:
            return self.known.get(build_id)
        apps = [one for one in bundles if (one.get("attributes") or {}).get("bundleType", "APP") == "APP"]
        if not apps:
            return None
        self.left -= 1
        path = f"/v1/buildBundles/{part(apps[0]['id'])}/buildBundleFileSizes"
        return download_bytes(list(self.client.items(path, {"limit": 200})))


def download_bytes(sizes: list[Json]) -> int | None:
    """The largest download of any device; that of the universal build, which nobody downloads, if it is all there is.

    None where no size is told.
    """
    told = [one.get("attributes") or {} for one in sizes if isinstance(one, dict)]
    counted = [one for one in told if isinstance(one.get("downloadBytes"), int) and one["downloadBytes"] > 0]
    thinned = [one for one in counted if str(one.get("deviceModel")).lower() != "universal"]
    return max((one["downloadBytes"] for one in thinned or counted), default=None)


def build_row(run: Run[Any], app: App, sizes: Sizes, since: datetime, among: Included, build: Json) -> Row:
    """A build of one version; of one that was uploaded before `since` no size is asked for."""
    about, build_id = build["attributes"], run.id(build["id"])
    version = related(build, "preReleaseVersion", among)[0]["attributes"]["version"]
    raw, minimum = about.get("processingState"), text(about.get("minOsVersion"), 40)
    state, uploaded_at = run.word(STATES, raw), moment(about["uploadedDate"])
    is_sized = state == "valid" and uploaded_at >= since
    return {
        "build_id": build_id,
        "store_app_id": app.store_app_id,
        "version": needed(text(version, 100)),
        "build_number": needed(text(about["version"], 100)),
        "uploaded_at": uploaded_at,
        "state": "expired" if state == "valid" and about.get("expired") is True else state,
        "state_raw": raw,
        "supported_os": f"iOS {minimum}" if minimum else None,
        "size_bytes": sizes.of(build_id, related(build, "buildBundles", among)) if is_sized else None,
    }
