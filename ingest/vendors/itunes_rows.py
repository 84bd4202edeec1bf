"""Rows of the App Store as Apple's public site tells it; all functions are pure."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run

MAX_WHOLE = 2**53


@dataclass(frozen=True)
class Rating:
    """How an app is rated in a country ('': in all that are read); `average` is 1 to 5, None where nobody rated."""

    country: str
    average: float | None
    count: int | None


@dataclass(frozen=True)
class Listing:
    """An app as one storefront shows it."""

    app: str
    rating: Rating
    name: str
    bundle_id: str | None
    version: str | None
    released_at: datetime | None
    supported_os: str | None
    size_bytes: int | None
    notes: str | None
    url: str | None

    @classmethod
    def of(cls, told: Json, app: str, country: str) -> "Listing":
        """The listing in a result of the lookup. Raises ValueError, TypeError or KeyError for what is none."""
        minimum = told.get("minimumOsVersion")
        return cls(
            app=app,
            rating=rating_of(told, country),
            name=text(told["trackName"]) or f"app {app}",
            bundle_id=text(told.get("bundleId")),
            version=text(told.get("version")),
            released_at=instant(told.get("currentVersionReleaseDate") or told.get("releaseDate")),
            supported_os=f"iOS {minimum}" if minimum else None,
            size_bytes=whole(told.get("fileSizeBytes")),
            notes=text(told.get("releaseNotes")),
            url=text(told.get("trackViewUrl")),
        )


def rating_of(told: Json, country: str) -> Rating:
    """The rating of all versions; an average of nobody is told as 0 and is none. Raises ValueError."""
    count, average = whole(told.get("userRatingCount")), told.get("averageUserRating")
    value = None if average is None or not count else float(average)
    if value is not None and not 1 <= value <= 5:
        raise ValueError(f"a rating of {average} is not between 1 and 5")
    return Rating(country, value, count)


def together(listings: Iterable[Listing]) -> Rating:
    """The rating of all storefronts: sum(average x count) / sum(count), so that each person counts once."""
    rated = [one.rating for one in listings if one.rating.count is not None]
    weighed = [(one.average, one.count) for one in rated if one.average is not None and one.count]
    people = sum(count for _, count in weighed)
    mean = math.fsum(average * count for average, count in weighed) / people if people else None
    return Rating("", None if mean is None else round(mean, 5), sum(one.count or 0 for one in rated) if rated else None)


def app_row(run: Run[Any], listing: Listing, everywhere: Rating) -> Row:
    """The listing today; Apple tells nobody how many of the ratings have words, nor how often an app was taken."""
    return {
        "store_app_id": run.id(listing.app),
        "platform": "ios",
        "store_native_id": listing.app,
        "bundle_id": listing.bundle_id,
        "name": listing.name,
        "current_version": listing.version,
        "rating_avg": everywhere.average,
        "rating_count": everywhere.count,
        "supported_os": listing.supported_os,
        "bundle_size_bytes": listing.size_bytes,
        "last_released_at": listing.released_at,
        "day": run.now.date(),
    }


def rating_row(run: Run[Any], app: str, rating: Rating) -> Row:
    """Ratings of an app's whole life as they stand today."""
    return {
        "store_app_id": run.id(app),
        "country": rating.country,
        "day": run.now.date(),
        "rating_avg": rating.average,
        "rating_count": rating.count,
    }


def release_row(run: Run[Any], listing: Listing, version: str, at: datetime) -> Row:
    """The version that the store gives out; it does not tell whether in stages."""
    return {
        "mobile_release_id": run.id(f"{listing.app}/{version}"),
        "store_app_id": run.id(listing.app),
        "version": version,
        "track": "production",
        "state": "released",
        "created_at": at,
        "released_at": at,
        "updated_at": at,
        "notes": listing.notes,
    }


def deployment_row(run: Run[Any], listing: Listing, version: str, at: datetime) -> Row:
    """The same as a deployment to production, seen in the store and told by nobody who deployed."""
    return {
        "deployment_id": run.id(f"release:{listing.app}/{version}"),
        "store_app_id": run.id(listing.app),
        "environment": "App Store",
        "env_tier": "production",
        "version": version,
        "created_at": at,
        "finished_at": at,
        "status": "success",
        "is_inferred": True,
        "url": listing.url,
        "updated_at": at,
    }


def review_row(run: Run[Any], entry: Json, app: str, country: str) -> Row:
    """A review with the version that was reviewed. Raises ValueError, TypeError or KeyError for what is none."""
    rating, at = whole(label(entry, "im:rating")), updated_at(entry)
    if rating is None or not 1 <= rating <= 5:
        raise ValueError(f"a rating of {rating} is not between 1 and 5")
    if at is None:
        raise ValueError("it does not tell when it was written")
    nickname = label(entry.get("author") or {}, "name")
    return {
        "review_id": run.id(entry["id"]["label"]),
        "store_app_id": run.id(app),
        "country": country,
        "rating": rating,
        "title": label(entry, "title"),
        "body": label(entry, "content"),
        "author_hash": _digest(nickname) if nickname else None,
        "version": label(entry, "im:version"),
        "created_at": at,
        "updated_at": at,
    }


def updated_at(entry: Json) -> datetime | None:
    """When a review was written or last changed; None for what tells no instant."""
    try:
        return instant(label(entry, "updated"))
    except (ValueError, TypeError, AttributeError):
        return None


def label(told: Json, name: str) -> str | None:
    """The text of a field of the feed, which stands in its label; None for none."""
    return text((told.get(name) or {}).get("label"))


def text(told: Json) -> str | None:
    """A text; None for none. Raises ValueError for what is no text."""
    if told is not None and not isinstance(told, str):
        raise ValueError(f"{str(told)[:40]!r} is no text")
    return told or None


def instant(told: str | None) -> datetime | None:
    """An instant in UTC; None for none. Raises ValueError or TypeError."""
    if not told:
        return None
    at = datetime.fromisoformat(told)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def whole(told: Json) -> int | None:
    """A count or a size, which may come as text; None for none. Raises ValueError."""
    if told is None or told == "":
        return None
    if isinstance(told, bool) or not 0 <= float(told) < MAX_WHOLE or int(told) != float(told):
        raise ValueError(f"{str(told)[:40]!r} is no whole number")
    return int(told)


def _digest(nickname: str) -> str:
    return hashlib.sha256(nickname.encode(errors="replace")).hexdigest()[:32]
