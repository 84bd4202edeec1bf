"""Store reviews of the small estate: ten calm weeks, then a day of one star after a release."""

from datetime import datetime
from typing import Any

from aurora.contracts import Row
from aurora.contracts.mobile import MobileReleases, StoreReviews
from tests.frames import DAY, HOUR, NOW, put, row
from warehouse.lake import Lake

WAVE = NOW - 2 * DAY


def review(number: int, at: datetime, stars: int | None, body: str, **values: Any) -> Row:
    """One review of the listing s1:store."""
    told = {"review_id": f"s1:r{number}", "store_app_id": "s1:store", "rating": stars, "body": body}
    return row(StoreReviews, number, **{"created_at": at, "updated_at": at} | told | values)


def reviews(lake: Lake) -> None:
    """The reviews and the release."""
    calm = [
        review(0, NOW - 70 * DAY, 5, "Great app"),
        review(1, NOW, 3, "Okay", replied_at=NOW + HOUR, reply_body="Hi"),
    ]
    wave = [review(2 + n, WAVE + n * HOUR / 4, 1, "Crashes after login", version="2.0") for n in range(6)]
    put(lake, StoreReviews, calm + wave)
    came = {"store_app_id": "s1:store", "version": "2.0", "track": "production", "state": "released"}
    put(lake, MobileReleases, [row(MobileReleases, released_at=WAVE - DAY, **came)])
