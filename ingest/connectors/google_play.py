"""Google Play: releases and roll-outs, reviews, Android vitals, crashes and ANRs, installs, ratings, store listings.

API: https://developers.google.com/android-publisher, https://developers.google.com/play/developer/reporting and the
monthly reports in Cloud Storage, https://support.google.com/googleplay/android-developer/answer/6135870. Needs: a
service account that is invited in the Play Console (Users and permissions) with "View app information and download bulk
reports (read-only)", for the whole account where there is a `bucket`, and with "Reply to reviews" for reviews, which
Aurora reads and never answers; both APIs enabled in its Google Cloud project; up to a day may pass until Google lets it
in. `service_account = "env:NAME"`: the variable holds the key as JSON or the path of its file; `token` takes an access
token that somebody else keeps fresh. `bucket` is the Cloud Storage URI that the Console copies under "Download reports"
(pubsite_prod_...); without it there are no installs, no ratings and only reviews of the last week.

To which part of the users a release goes, and that it is halted, stands in a draft edit alone: one is opened, read and
thrown away, and nothing is changed. Google lets an account have one open edit, so give Aurora an account of its own
that releases nothing; with `edits = false` none is opened, and a halted release looks released. Play does not tell when
a release came out: that is when Aurora first saw it out, and of what was out before that nothing is known.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from aurora.contracts import COMMON, Row
from aurora.contracts.delivery import Deployments
from aurora.contracts.mobile import (
    MobileApps,
    MobileBuilds,
    MobileInstallsDaily,
    MobileReleases,
    MobileVitalsDaily,
    StoreRatingsDaily,
    StoreReviews,
)
from aurora.contracts.operations import ErrorGroups
from aurora.errors import SourceError
from aurora.settings import Duration, Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.http import Site
from ingest.vendors.bills import noted, raise_noted
from ingest.vendors.google_sign_in import grant_form
from ingest.vendors.oauth import ClientCredentials
from ingest.vendors.play_api import SCOPES, Host, Play, limited
from ingest.vendors.play_issues import issues
from ingest.vendors.play_listings import Told, listing_row
from ingest.vendors.play_reading import Reading
from ingest.vendors.play_releases import read_releases, release_items
from ingest.vendors.play_reports import Month, months
from ingest.vendors.play_reviews import Kept, review_pages, review_rows
from ingest.vendors.play_versions import Builds, Shown
from ingest.vendors.play_vitals import SETS, MetricSet, complete_until, parts, read_vitals, span_of

Package = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$")]
CORRECTED = timedelta(days=4)


class PlayOptions(Frozen):
    """`packages` are the apps; `tracks` are asked for where no edit tells them; `history` is how far back it goes."""

    packages: tuple[Package, ...] = Field(min_length=1, max_length=200)
    service_account: Secret | None = None
    token: Secret | None = None
    bucket: str | None = Field(None, pattern="^[a-z0-9][a-z0-9._-]+$")
    tracks: tuple[str, ...] = ("production", "beta", "alpha", "internal")
    edits: bool = True
    history: Duration = timedelta(days=400)
    vitals_history: Duration = Field(timedelta(days=60), ge=timedelta(days=7))
    url: str = Field("https://androidpublisher.googleapis.com", pattern="^https?://[^/]")
    reporting_url: str = Field("https://playdeveloperreporting.googleapis.com", pattern="^https?://[^/]")
    storage_url: str = Field("https://storage.googleapis.com", pattern="^https?://[^/]")
    login_url: str = Field("https://oauth2.googleapis.com", pattern="^https?://[^/]")

    @field_validator("bucket", mode="before")
    @classmethod
    def _bare(cls, bucket: object) -> object:
        return bucket.removeprefix("gs://").partition("/")[0] if isinstance(bucket, str) else bucket

    @model_validator(mode="after")
    def _one_way_in(self) -> "PlayOptions":
        if (self.service_account is None) == (self.token is None):
            raise ValueError("give either service_account or token")
        return self


PlayRun = Run[PlayOptions]


def connect(options: PlayOptions) -> Site:
    """The Publisher API; the token comes later, from another host."""
    return Site(options.url, secrets=(options.token.reveal(),) if options.token else (), limited=limited)


connector = Connector("google_play", PlayOptions, connect)


def play_of(run: PlayRun) -> Play:
    """The three hosts with one token for them. Raises SourceError(auth) for a key that is none."""
    told = run.options
    token = told.token.reveal if told.token else credentials(run).token
    hosts = (told.url, told.reporting_url, told.storage_url)
    return Play(
        run, *(Host(run.http, Site(url, secrets=run.http.site.secrets, limited=limited), token) for url in hosts)
    )


def credentials(run: PlayRun) -> ClientCredentials:
    """Tokens of the service account for its three scopes."""
    form = grant_form(run.options.service_account, "https://oauth2.googleapis.com/token", SCOPES)
    login = Site(run.options.login_url, secrets=(form["assertion"],))
    return ClientCredentials(run.http, login, "token", form, "make a new key for the service account")


@connector.stream(MobileReleases, Deployments, MobileBuilds, every="30m")
def fetch_releases(run: PlayRun) -> Iterator[Item]:
    """Releases on all tracks as they stand; what came out, was halted or went on since the last run is a deployment."""
    play, builds, failures = play_of(run), Builds(run), list[SourceError]()
    before = landed_releases(run)
    for package in run.options.packages:
        with noted(run, failures):
            found = read_releases(play, package, run.options.tracks, run.options.edits)
            yield from release_items(run, package, found, builds, before.get(run.id(package), {}))
    raise_noted(failures)


def landed_releases(run: PlayRun) -> dict[str, dict[str, Row]]:
    """Rows of releases by app and id, as they can land again."""
    found: dict[str, dict[str, Row]] = {}
    for row in run.landed(MobileReleases).iter_rows(named=True):
        own = {name: value for name, value in row.items() if name not in COMMON}
        found.setdefault(row["store_app_id"], {})[row["mobile_release_id"]] = own
    return found


@connector.stream(StoreReviews, MobileBuilds, every="1h")
def fetch_reviews(run: PlayRun) -> Iterator[Item]:
    """Reviews that were written or changed in the last week; the cursor holds the page with which a list goes on."""
    play, builds, failures = play_of(run), Builds(run), list[SourceError]()
    kept, left = Kept(run), dict((run.cursor or {}).get("left", {}))
    for package in run.options.packages:
        with noted(run, failures, "rate_limited"):  # the quota is one of each app
            for page, onward in review_pages(play, package, left.get(package)):
                yield from ((StoreReviews, row) for row in review_rows(run, package, page, kept, builds))
                yield from builds.rows()
                left[package] = onward
                yield Checkpoint({"left": {name: token for name, token in left.items() if token}})
    raise_noted(failures)


@connector.stream(MobileInstallsDaily, StoreRatingsDaily, StoreReviews, MobileBuilds, every="6h")
def fetch_reports(run: PlayRun) -> Iterator[Item]:
    """Months of reports of which a file changed, each whole and with a checkpoint of its own."""
    if run.options.bucket is None:
        return
    play, failures, told = play_of(run), list[SourceError](), run.cursor or {}
    reading = Reading(play, run.options.bucket, told.get("shown", {}))
    seen: dict[str, dict[str, str]] = dict(told.get("seen", {}))
    for package in run.options.packages:
        listed = list[Month]()
        with noted(run, failures):
            listed = list(months(play, run.options.bucket, package, run.now - run.options.history))
        known = {one.key: mark for one in listed if (mark := seen.get(package, {}).get(one.key))}
        for month in (one for one in listed if known.get(one.key) != one.mark):
            with noted(run, failures):
                yield from reading.items(package, month)
                known[month.key] = month.mark
                seen[package] = dict(known)
                yield Checkpoint({"seen": dict(seen), "shown": reading.shown.said})
    raise_noted(failures)


@connector.stream(MobileVitalsDaily, every="6h")
def fetch_vitals(run: PlayRun) -> Iterator[Item]:
    """Vitals of the days that are complete, by version, device model and country; the last days are read again."""
    play, failures, told = play_of(run), list[SourceError](), run.cursor or {}
    shown, until = Shown(Builds(run), told.get("shown", {})), dict(told.get("complete", {}))
    for package, metric_set in ((package, one) for package in run.options.packages for one in SETS):
        key = f"{package} {metric_set.name}"
        with noted(run, failures):
            end = known_end(play, package, metric_set)
            span = span_of(end, until.get(key), run.options.vitals_history, CORRECTED) if end else None
            for part in parts(span) if span else ():
                yield from ((MobileVitalsDaily, row) for row in read_vitals(play, package, metric_set, part, shown))
                until[key] = part.end.isoformat()
                yield Checkpoint({"complete": dict(until), "shown": shown.said})
    raise_noted(failures)


def known_end(play: Play, package: str, metric_set: MetricSet) -> date | None:
    """The first day that is not complete; None also for a set that this app does not have."""
    try:
        return complete_until(play, package, metric_set)
    except SourceError as error:
        if metric_set.is_rare and error.error_class in ("not_found", "bad_query"):
            return None
        raise


@connector.stream(ErrorGroups, every="1h")
def fetch_issues(run: PlayRun) -> Iterator[Item]:
    """Crashes, ANRs and non-fatal errors with a report in the last 28 days, counted over them."""
    play, builds, failures = play_of(run), Builds(run), list[SourceError]()
    first_seen = dict(run.landed(ErrorGroups).select("error_group_id", "first_seen_at").iter_rows())
    for package in run.options.packages:
        with noted(run, failures):
            yield from ((ErrorGroups, row) for row in issues(play, package, builds, first_seen))
    raise_noted(failures)


@connector.stream(MobileApps, every="6h")
def fetch_listings(run: PlayRun) -> Iterator[Item]:
    """The store listings today, with what the other streams brought of them."""
    play, told = play_of(run), Told(run)
    found = play.listed(play.reporting, "v1beta1/apps:search", "apps", {"pageSize": 1000})
    names = {one.get("packageName"): one.get("displayName") for one in found}
    for package in run.options.packages:
        if package in names:
            yield MobileApps, listing_row(run, package, names[package], told)
        else:
            run.warn(f"{package} is not among the apps that the account may see: invite it in the Play Console")
