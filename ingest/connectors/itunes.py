"""App Store listings, ratings and reviews as anybody sees them: the iTunes lookup and the feed of customer reviews.

API: https://developer.apple.com/library/archive/documentation/AudioVideo/Conceptual/iTuneSearchAPI/LookupExamples.html.
Needs: no account; the way to itunes.apple.com, and per app its number in the App Store (the digits after `id` in its
address). Every storefront counts its own ratings: the rating of all `countries` together is the mean weighted by how
many people rated, sum(average x count) / sum(count), and stands in the rows whose country is ''. The feed tells the
newest 500 reviews of a storefront. Apple takes about 20 calls a minute. The current version lands as a deployment to
production too; set `deployments = false` where another source tells the releases of the same apps.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from aurora.contracts import Row
from aurora.contracts.delivery import Deployments
from aurora.contracts.mobile import MobileApps, MobileReleases, StoreRatingsDaily, StoreReviews
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Connector, Item, Json, Options, Run
from ingest.http import Site
from ingest.vendors.bills import noted, raise_noted
from ingest.vendors.itunes_api import entries_of, listing_of, lookup, review_page
from ingest.vendors.itunes_rows import (
    Listing,
    app_row,
    deployment_row,
    rating_row,
    release_row,
    review_row,
    together,
    updated_at,
)

MAX_PAGES = 10
OVERLAP = timedelta(days=1)
AppNumber = Annotated[str, BeforeValidator(str), Field(pattern="^[0-9]{1,15}$")]
Country = Annotated[str, Field(pattern="^[A-Za-z]{2}$")]


class ItunesOptions(Options):
    """`apps`: numbers of the App Store; `countries`: storefronts by their two letters, such as "ae"."""

    apps: tuple[AppNumber, ...] = Field(min_length=1)
    countries: tuple[Country, ...] = Field(min_length=1)
    deployments: bool = True
    calls_a_minute: int = Field(20, ge=1, le=60_000)
    url: str = Field("https://itunes.apple.com", pattern="^https?://[^/]")


ItunesRun = Run[ItunesOptions]


def connect(options: ItunesOptions) -> Site:
    """Apple's public site, asked no faster than it takes."""
    return Site(options.url, gap_s=60 / options.calls_a_minute)


connector = Connector("itunes", ItunesOptions, connect)


@connector.stream(MobileApps, StoreRatingsDaily, MobileReleases, Deployments, every="6h")
def fetch_listings(run: ItunesRun) -> Iterator[Item]:
    """Each app as it stands today in every storefront: listing, ratings, current version.

    All apps land by one commit, since a day's listings are replaced together; an app that fails stops no other.
    """
    failures, read = list[SourceError](), 0
    for app in dict.fromkeys(run.options.apps):
        with noted(run, failures):
            for item in list(app_items(run, app)):
                read += 1
                yield item
    if failures and read:
        yield Checkpoint({"until": run.now.isoformat()})
    raise_noted(failures)


def app_items(run: ItunesRun, app: str) -> Iterator[Item]:
    """Rows of one app; storefronts may lag behind, so the version is that of the one with the newest release."""
    listings = list(known_listings(run, app))
    if not listings:
        return
    newest = max(listings, key=lambda one: one.released_at.timestamp() if one.released_at else 0.0)
    everywhere = together(listings)
    yield MobileApps, app_row(run, newest, everywhere)
    for rating in (*(one.rating for one in listings), everywhere):
        yield StoreRatingsDaily, rating_row(run, app, rating)
    if newest.version and newest.released_at:
        yield MobileReleases, release_row(run, newest, newest.version, newest.released_at)
        if run.options.deployments:
            yield Deployments, deployment_row(run, newest, newest.version, newest.released_at)


def known_listings(run: ItunesRun, app: str) -> Iterator[Listing]:
    """The app's listing in each storefront that has it; those that have not are told in one sentence."""
    missing = list[str]()
    for country in unique(run.options.countries):
        found = listing_of(lookup(run, app, country), app)
        if found is None:
            missing.append(country)
        elif (listing := read_listing(run, found, app, country)) is not None:
            yield listing
    if missing:
        run.warn(
            f"the App Store of {', '.join(missing)} has no app {app}: check its number, or whether it is sold there"
        )


def read_listing(run: ItunesRun, found: Json, app: str, country: str) -> Listing | None:
    """The listing; what cannot be one is quarantined."""
    try:
        return Listing.of(found, app, country)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        said = f"the listing of app {app} in {country} cannot be read ({error})"
        run.refuse(MobileApps, "unreadable", said, {"store_native_id": app, "country": country})
        return None


@connector.stream(StoreReviews, every="6h")
def fetch_reviews(run: ItunesRun) -> Iterator[Item]:
    """Reviews of each app and storefront since they were read, that which waited longest first, each with a cursor.

    The feed tells when a review was last changed; one that was changed keeps the day on which it was first seen.
    """
    feeds: dict[str, dict[str, str]] = dict((run.cursor or {}).get("feeds", {}))
    wanted = [(app, country) for app in dict.fromkeys(run.options.apps) for country in unique(run.options.countries)]
    before = first_told(run)
    for app, country in sorted(wanted, key=lambda one: feeds.get("/".join(one), {}).get("read_at", "")):
        name = f"{app}/{country}"
        until = feeds.get(name, {}).get("until")
        newest = datetime.fromisoformat(until) if until else None
        for entry in new_entries(run, app, country, newest):
            if (row := read_review(run, entry, app, country)) is not None:
                until = max(until or "", row["updated_at"].isoformat())
                created_at = min(row["created_at"], before.get(row["review_id"], row["created_at"]))
                yield StoreReviews, row | {"created_at": created_at}
        feeds = feeds | {name: {"read_at": run.now.isoformat()} | ({"until": until} if until else {})}
        yield Checkpoint({"feeds": feeds})


def new_entries(run: ItunesRun, app: str, country: str, newest: datetime | None) -> Iterator[Json]:
    """Entries of the feed from the newest down to a day before what is known; the feed ends with an empty page."""
    for number in range(1, MAX_PAGES + 1):
        entries = entries_of(run, review_page(run, app, country, number))
        if not entries and number == 1 and newest:
            run.warn(f"the reviews of app {app} in {country} came empty though there were some: asked again later")
        yield from entries
        instants = [updated_at(entry) for entry in entries]
        if not entries or (newest and all(at and at < newest - OVERLAP for at in instants)):
            return


def read_review(run: ItunesRun, entry: Json, app: str, country: str) -> Row | None:
    """The row of a review; what cannot be one is quarantined, without the name of who wrote it."""
    try:
        return review_row(run, entry, app, country)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        said = f"a review of app {app} in {country} cannot be read ({type(error).__name__}: {error})"
        told = {name: value for name, value in entry.items() if name != "author"} if isinstance(entry, dict) else {}
        run.refuse(StoreReviews, "unreadable", said, {"store_app_id": run.id(app), "country": country, "entry": told})
        return None


def first_told(run: ItunesRun) -> dict[str, datetime]:
    """When each review that has landed was first written, as far as is known."""
    landed = run.landed(StoreReviews)
    return dict(zip(landed["review_id"].to_list(), landed["created_at"].to_list(), strict=True))


def unique(countries: tuple[str, ...]) -> list[str]:
    """The countries in upper case, each once."""
    return list(dict.fromkeys(country.upper() for country in countries))
