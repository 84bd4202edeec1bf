"""App Store Connect: versions, builds, reviews, downloads, sessions, crashes and performance of applications for iOS.

API: https://developer.apple.com/documentation/appstoreconnectapi and
https://developer.apple.com/documentation/analytics-reports. Needs: an API key (Users and Access, Integrations): a
team's with `issuer_id`, or a person's without it; `private_key = "env:NAME"` holds the text or the path of its .p8
file. Roles: Customer Support reads reviews, Developer versions, builds and performance, Sales and Reports the sales and
analytics reports; App Manager with access to reports reads all of it. The first request for analytics reports of an
application is made by Aurora and needs a key with the role Admin, once; a smaller one reads them from then on, first
after one or two days. `vendor_number` (Payments and Financial Reports) turns sales reports on: they tell downloads to
the last one; without it analytics reports tell them. Days are those of Cupertino, told by `day_tz`; a day that is not
told yet has no row, and days that Apple corrects are read again. A paused phased release is halted, and its deployment
rolled back. Averages of ratings are not in this API: add a source of connector itunes.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from pydantic import Field, model_validator

from aurora.contracts.delivery import Deployments
from aurora.contracts.mobile import (
    MobileApps,
    MobileBuilds,
    MobileEngagementDaily,
    MobileInstallsDaily,
    MobileReleases,
    MobileVitalsDaily,
    ReleaseHealthDaily,
    StoreRatingsDaily,
    StoreReviews,
)
from aurora.errors import SourceError
from aurora.settings import Duration, Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.http import Site
from ingest.vendors import app_store_builds, app_store_versions
from ingest.vendors.app_store_analytics import analytics_items
from ingest.vendors.app_store_api import App, Client, limited, moment, part, rows
from ingest.vendors.app_store_builds import Sizes, build_row
from ingest.vendors.app_store_keys import bearer, pem_of
from ingest.vendors.app_store_listings import Listings
from ingest.vendors.app_store_reviews import review_rows
from ingest.vendors.app_store_sales import sales_items
from ingest.vendors.app_store_versions import deployment_row, known_releases, release_row
from ingest.vendors.app_store_vitals import vital_rows


class AppStoreOptions(Frozen):
    """`apps`: Apple ids, all that the key sees when empty; `history`: how far back reports are read at first."""

    key_id: str | None = Field(None, pattern="^[0-9A-Za-z]+$")
    issuer_id: str | None = Field(None, pattern="^[0-9A-Za-z-]+$")
    private_key: Secret | None = None
    token: Secret | None = None
    apps: tuple[str, ...] = ()
    vendor_number: str | None = Field(None, pattern=r"^\d+$")
    analytics: bool = True
    history: Duration = Field(timedelta(days=90), ge=timedelta(days=1))
    url: str = Field("https://api.appstoreconnect.apple.com", pattern="^https?://[^/]")

    @model_validator(mode="after")
    def _one_way_in(self) -> "AppStoreOptions":
        if (self.token is None) == (self.private_key is None) or (self.private_key and not self.key_id):
            raise ValueError("give either private_key and key_id, or a token that somebody else keeps fresh")
        if any(not one.isdecimal() for one in self.apps):
            raise ValueError('apps lists Apple ids, such as "123456789"')
        return self


AppStoreRun = Run[AppStoreOptions]


def connect(options: AppStoreOptions) -> Site:
    """The API; each request is signed anew. Raises SourceError(auth) for a key that is none."""
    key = pem_of(options.private_key.reveal()) if options.private_key else ""
    return Site(options.url, secrets=(bearer(options), key), limited=limited)


connector = Connector("app_store_connect", AppStoreOptions, connect)


@connector.stream(MobileReleases, Deployments, every="1h")
def fetch_versions(run: AppStoreRun) -> Iterator[Item]:
    """Versions of each application with their state in the store, and as deployments to production."""
    client, known = Client(run), known_releases(run)
    for app in client.apps():
        path = f"/v1/apps/{part(app.native_id)}/appStoreVersions"
        for found, among in client.lists(path, app_store_versions.ASKED):
            for release in rows(run, MobileReleases, found, partial(release_row, run, app, known, among)):
                yield MobileReleases, release
                deployment = deployment_row(run, app, release)
                if deployment:
                    yield Deployments, deployment


@connector.stream(MobileBuilds, every="1h", lookback="400d", overlap="100d")
def fetch_builds(run: AppStoreRun) -> Iterator[Item]:
    """Builds since the cursor and of the last 100 days, newest first: they expire after 90."""
    client = Client(run)
    sizes, marks = Sizes(run, client), Marks(run)
    for app in client.apps():
        since = marks.since(app)
        asked = app_store_builds.ASKED | {"filter[app]": app.native_id}
        for found, among in client.lists("/v1/builds", asked):
            made = list(rows(run, MobileBuilds, found, partial(build_row, run, app, sizes, since, among)))
            yield from ((MobileBuilds, row) for row in made if row["uploaded_at"] >= since)
            if made and made[-1]["uploaded_at"] < since:
                break
        yield marks.reached(app)


@connector.stream(StoreReviews, every="1h", lookback="1095d", overlap="30d")
def fetch_reviews(run: AppStoreRun) -> Iterator[Item]:
    """Reviews since the cursor and of the 30 days before it with their answers; those that are gone are marked."""
    client, marks = Client(run), Marks(run)
    for app in client.apps():
        for row in review_rows(run, client, app, marks.since(app)):
            yield StoreReviews, row
        yield marks.reached(app)


class Marks:
    """Until when each application was read, so that a run that was cut off goes on with the next one."""

    def __init__(self, run: AppStoreRun) -> None:
        self.run, self.marks = run, dict((run.cursor or {}).get("apps", {}))

    def since(self, app: App) -> datetime:
        """From where to read an application: a little before its mark, else as far back as a first run reads."""
        stream = connector.streams[self.run.stream]
        try:
            return min(moment(self.marks.get(app.native_id)), self.run.now) - stream.overlap
        except ValueError:
            return self.run.now - stream.lookback

    def reached(self, app: App) -> Checkpoint:
        """The application is complete up to now."""
        self.marks = self.marks | {app.native_id: self.run.now.isoformat()}
        return Checkpoint({"apps": self.marks})


@connector.stream(MobileInstallsDaily, every="6h")
def fetch_sales(run: AppStoreRun) -> Iterator[Item]:
    """Downloads by version, country and day from sales reports, if `vendor_number` is given."""
    if not run.options.vendor_number:
        return
    client = Client(run)
    apps = client.apps()
    if apps:
        yield from sales_items(run, client, run.options.vendor_number, apps)


@connector.stream(
    MobileEngagementDaily,
    MobileInstallsDaily,
    StoreRatingsDaily,
    ReleaseHealthDaily,
    MobileVitalsDaily,
    every="6h",
)
def fetch_analytics(run: AppStoreRun) -> Iterator[Item]:
    """Sessions, crashes, installs, downloads and views of store pages from analytics reports."""
    if run.options.analytics:
        client = Client(run)
        yield from analytics_items(run, client, client.apps())


@connector.stream(MobileVitalsDaily, every="24h")
def fetch_performance(run: AppStoreRun) -> Iterator[Item]:
    """Launch time, hangs and memory of the newest versions by device."""
    client = Client(run)
    for app in client.apps():
        for row in vital_rows(run, client, app):
            yield MobileVitalsDaily, row


@connector.stream(MobileApps, every="6h")
def fetch_apps(run: AppStoreRun) -> Iterator[Item]:
    """Store listings as of today, out of the releases, builds and downloads that landed."""
    client, listings = Client(run), Listings(run)
    found = [listings.row(app, review_count(client, app)) for app in client.apps()]
    yield from ((MobileApps, row) for row in found)


def review_count(client: Client, app: App) -> int | None:
    """How many reviews the store has, None for a key that may not read them."""
    try:
        page = client.get(f"/v1/apps/{part(app.native_id)}/customerReviews", {"limit": 1})
    except SourceError as error:
        if error.error_class != "permission":
            raise
        return None
    total = (((page if isinstance(page, dict) else {}).get("meta") or {}).get("paging") or {}).get("total")
    return total if isinstance(total, int) else None
