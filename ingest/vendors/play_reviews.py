"""Reviews on Google Play as rows: those of the last week from the API, older ones from the monthly reports.

Play tells the API only when a review was last changed: created_at is that of its first sight, or of the report's line.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aurora.contracts import Row
from aurora.contracts.mobile import StoreReviews
from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.vendors.play_api import Play
from ingest.vendors.play_csv import EPOCH, Cells, instant, lines, whole, word
from ingest.vendors.play_versions import Builds

PAGES, PAGE_ROWS = 150, 100
ANONYMOUS = "A Google user"  # what Play calls everybody who gives no name
NEEDED = ("package name", "star rating", "review submit millis since epoch")


class Kept:
    """What landed of each review: it stays in its month, and the report does not take away what the API told."""

    def __init__(self, run: Run[Any]) -> None:
        columns = ("review_id", "created_at", "updated_at", "replied_at", "author_hash")
        landed = run.landed(StoreReviews).select(columns)
        self.rows = {row[0]: row[1:] for row in landed.iter_rows()}

    def created_at(self, review_id: str, told: datetime) -> datetime:
        """When a review was created."""
        at: datetime = self.rows[review_id][0] if review_id in self.rows else told
        return at

    def author_hash(self, review_id: str) -> str | None:
        """Who wrote it, if that was told."""
        told: str | None = self.rows[review_id][3] if review_id in self.rows else None
        return told

    def is_old(self, row: Row) -> bool:
        """Whether a row tells nothing newer than what landed."""
        landed = self.rows.get(row["review_id"])
        if landed is None:
            return False
        replied = [at or EPOCH for at in (row["replied_at"], landed[2])]
        return bool(row["updated_at"] <= landed[1] and replied[0] <= replied[1])


def review_pages(play: Play, package: str, token: str | None) -> Iterator[tuple[list[Json], str | None]]:
    """Pages of an app's reviews from `token` on, each with the token of the next. Raises SourceError.

    Google allows 200 requests an hour for an app: a long list goes on in the next run.
    """
    path = f"{play.app(package)}/reviews"
    for _ in range(PAGES):
        page, token = _page(play, path, token)
        onward = (page.get("tokenPagination") or {}).get("nextPageToken") or None
        onward = None if onward == token else onward
        yield play.items(page, "reviews", path), onward
        if onward is None:
            return
        token = onward
    play.run.warn(f"{package}: after {PAGES} pages of reviews the rest is left to the next run")


def _page(play: Play, path: str, token: str | None) -> tuple[Json, str | None]:
    asked: dict[str, Any] = {"maxResults": PAGE_ROWS}
    try:
        return play.publisher.get(path, asked | ({"token": token} if token else {})), token
    except SourceError as error:
        if token is None or error.error_class != "bad_query":
            raise
        return play.publisher.get(path, asked), None  # a token of a run that was cut off may be too old


def review_rows(run: Run[Any], package: str, page: list[Json], kept: Kept, builds: Builds) -> Iterator[Row]:
    """The reviews of a page; what is none is refused."""
    for review in page:
        try:
            row = review_row(run, package, review, kept, builds)
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            message = f"a review of {package}: {type(error).__name__}: {error}"
            run.refuse(StoreReviews, "answer", message, {name: review[name] for name in review if name != "authorName"})
        else:
            if row:
                yield row


def review_row(run: Run[Any], package: str, review: Json, kept: Kept, builds: Builds) -> Row | None:
    """A review of the API; None for one without a comment of its user. Raises KeyError for what is none."""
    comments = review.get("comments") or ()
    user = next((one["userComment"] for one in comments if one.get("userComment")), None)
    if user is None:
        return None
    reply: Json = next((one["developerComment"] for one in comments if one.get("developerComment")), {})
    review_id, changed = run.id(review["reviewId"]), stamp(user["lastModified"])
    title, tab, body = (user.get("originalText") or user.get("text") or "").partition("\t")
    code, name = str(user.get("appVersionCode") or ""), user.get("appVersionName") or None
    builds.saw(package, code, name, changed)
    return {
        "review_id": review_id,
        "store_app_id": run.id(package),
        "language": user.get("reviewerLanguage") or None,
        "rating": stars_given(user.get("starRating")),
        "title": (title.strip() or None) if tab else None,
        "body": (body if tab else title).strip() or None,
        "author_hash": author_hash(review.get("authorName")),
        "version": name or (builds.name(package, code) if code else None),
        "device_model": user.get("device") or None,
        "created_at": kept.created_at(review_id, changed),
        "updated_at": changed,
        "replied_at": stamp(reply["lastModified"]) if reply.get("lastModified") else None,
        "reply_body": (reply.get("text") or "").strip() or None,
    }


def reported(run: Run[Any], package: str, file: str, text: str, kept: Kept, builds: Builds) -> Iterator[Row]:
    """The reviews of a monthly report that tell more than what landed; lines that are none are refused."""
    for cells in lines(run, StoreReviews, file, text, NEEDED):
        try:
            row = reported_row(run, package, cells, kept, builds)
        except (ValueError, OverflowError) as error:
            run.refuse(StoreReviews, "report", f"{file}: {error}", dict(cells))
        else:
            if not kept.is_old(row):
                yield row


def reported_row(run: Run[Any], package: str, cells: Cells, kept: Kept, builds: Builds) -> Row:
    """A line of a report of reviews. Raises ValueError or OverflowError."""
    if cells["package name"].strip() != package:
        raise ValueError(f"a line of {cells['package name'][:100]!r}, not of {package}")
    submitted = instant(cells["review submit millis since epoch"])
    if submitted is None:
        raise ValueError("a review without the time at which it was submitted")
    changed = instant(cells.get("review last update millis since epoch")) or submitted
    code, name = word(cells.get("app version code")) or "", word(cells.get("app version name"))
    builds.saw(package, code, name, submitted if changed == submitted else changed)
    review_id = run.id(review_key(package, cells))
    return {
        "review_id": review_id,
        "store_app_id": run.id(package),
        "language": word(cells.get("reviewer language")),
        "rating": stars_given(whole(cells["star rating"])),
        "title": cells.get("review title", "").strip() or None,
        "body": cells.get("review text", "").strip() or None,
        "author_hash": kept.author_hash(review_id),
        "version": name or (builds.name(package, code) if code else None),
        "device_model": word(cells.get("device")),
        "created_at": kept.created_at(review_id, submitted),
        "updated_at": changed,
        "replied_at": instant(cells.get("developer reply millis since epoch")),
        "reply_body": cells.get("developer reply text", "").strip() or None,
    }


def review_key(package: str, cells: Cells) -> str:
    """The id of the API, which stands in the link; a rating without text has none: what never changes is its key."""
    link = urlsplit((cells.get("review link") or "").strip())
    for part in (link.query, link.fragment.partition(":")[2]):
        named = parse_qs(part)
        if found := named.get("reviewId") or named.get("id"):
            return found[0]
    parts = ("review submit millis since epoch", "reviewer language", "device")
    told = "\n".join((package, *(cells.get(name) or "" for name in parts)))
    return f"{package}/{hashlib.sha256(told.encode(errors='replace')).hexdigest()[:32]}"


def stars_given(rating: Any) -> int:
    """One to five stars. Raises ValueError."""
    if not isinstance(rating, int) or not 1 <= rating <= 5:
        raise ValueError(f"{str(rating)[:40]!r} is no number of stars from 1 to 5")
    return rating


def author_hash(name: Any) -> str | None:
    """The hash of an author's name, by which reviews of one person meet; None for nobody in particular."""
    told = str(name or "").strip()
    return None if told in ("", ANONYMOUS) else hashlib.sha256(told.encode(errors="replace")).hexdigest()[:32]


def stamp(told: Json) -> datetime:
    """Seconds and nanoseconds since 1970 as an instant. Raises KeyError, ValueError or OverflowError."""
    return EPOCH + timedelta(seconds=int(told["seconds"]), microseconds=int(told.get("nanos") or 0) // 1000)
