"""How Apple's public site is asked: the lookup of an app in a storefront, and pages of its feed of reviews."""

from typing import Any

from aurora.errors import SourceError
from ingest.connector import Json, Run

FORMS = ("software", "mac-software")


def lookup(run: Run[Any], app: str, country: str) -> list[Json]:
    """What the storefront knows by this number; an app that it does not have is an empty list. Raises SourceError."""
    told = asked(run, "lookup", {"id": app, "country": country.lower(), "entity": "software"})
    found = told.get("results") if isinstance(told, dict) else None
    if not isinstance(found, list):
        said = told.get("errorMessage") if isinstance(told, dict) else None
        raise SourceError(
            f"{run.source_instance}: the lookup of app {app} in {country} answered with no results "
            f"({str(said)[:200]}): check apps and countries",
            "schema_drift",
        )
    return found


def listing_of(results: list[Json], app: str) -> Json | None:
    """The app itself among the results; None where it is not, or is an app of the Mac."""
    for one in results:
        if isinstance(one, dict) and str(one.get("trackId")) == app and one.get("kind", FORMS[0]) == FORMS[0]:
            return one
    return None


def review_page(run: Run[Any], app: str, country: str, number: int) -> Json:
    """A page of the feed, the newest reviews first. Raises SourceError."""
    return asked(run, f"{country.lower()}/rss/customerreviews/page={number}/id={app}/sortBy=mostRecent/json")


def entries_of(run: Run[Any], page: Json) -> list[Json]:
    """The reviews of a page: one comes as an object and none as nothing; the app itself may stand before them."""
    feed = page.get("feed") if isinstance(page, dict) else None
    if not isinstance(feed, dict):
        said = f"{run.source_instance}: the feed of reviews answered with no feed: check apps and countries"
        raise SourceError(said, "schema_drift")
    told = feed.get("entry")
    entries = told if isinstance(told, list) else [] if told is None else [told]
    return [one for one in entries if not (isinstance(one, dict) and "im:name" in one and "im:rating" not in one)]


def asked(run: Run[Any], path: str, params: dict[str, str] | None = None) -> Json:
    """A parsed answer. Nobody signs in here, so a 403 says that Apple is asked too often. Raises SourceError."""
    try:
        return run.http.get(path, params)
    except SourceError as error:
        if error.error_class != "permission":
            raise
        said = f"{run.source_instance}: Apple refuses {path.split('?')[0]} (403), as it does when asked too often"
        raise SourceError(f"{said}: set calls_a_minute lower", "permission") from error
