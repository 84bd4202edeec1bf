"""Written reviews of the App Store with the answers to them; ratings without a text are not in this API."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from aurora.contracts import COMMON, Row
from aurora.contracts.mobile import StoreReviews
from ingest.connector import Json, Run
from ingest.vendors.app_store_api import App, Client, Included, about_related, moment, moment_or_none, part, rows, text
from ingest.vendors.countries import country

ASKED = {"limit": 200, "sort": "-createdDate", "include": "response"}


def review_rows(run: Run[Any], client: Client, app: App, since: datetime) -> Iterator[Row]:
    """Reviews that were written or changed since then, newest first, and those that are gone."""
    seen = set[str]()
    for found, among in client.lists(f"/v1/apps/{part(app.native_id)}/customerReviews", ASKED):
        made = list(rows(run, StoreReviews, found, partial(review_row, run, app, among)))
        seen.update(run.id(one.get("id")) for one in found if isinstance(one, dict))
        yield from (row for row in made if row["created_at"] >= since)
        if made and made[-1]["created_at"] < since:
            break
    if seen:
        yield from _gone(run, app, since, seen)


def review_row(run: Run[Any], app: App, among: Included, review: Json) -> Row:
    """A review; one that its author changes gets a new date and keeps its id."""
    about, rating = review["attributes"], review["attributes"]["rating"]
    if rating not in (1, 2, 3, 4, 5):
        raise ValueError(f"{str(rating)[:20]} is no rating of 1 to 5")
    answer = about_related(review, "response", among)
    created_at = moment(about["createdDate"])
    return {
        "review_id": run.id(review["id"]),
        "store_app_id": app.store_app_id,
        "country": country(run, about.get("territory")),
        "rating": int(rating),
        "title": text(about.get("title"), 1_000),
        "body": text(about.get("body"), 20_000),
        "author_hash": author_hash(about.get("reviewerNickname")),
        "created_at": created_at,
        "updated_at": created_at,
        "replied_at": moment_or_none(answer.get("lastModifiedDate")),
        "reply_body": text(answer.get("responseBody"), 20_000),
    }


def author_hash(nickname: Any) -> str | None:
    """The same mark for the same name, None for none; the name itself is not kept."""
    if not isinstance(nickname, str) or not nickname.strip():
        return None
    return hashlib.sha256(nickname.strip().encode(errors="replace")).hexdigest()[:32]


def _gone(run: Run[Any], app: App, since: datetime, seen: set[str]) -> Iterator[Row]:
    """Reviews that landed and that the store does not list any more."""
    mine = (pl.col("store_app_id") == app.store_app_id) & (pl.col("created_at") >= since)
    landed = run.landed(StoreReviews).filter(mine, pl.col("deleted_seen_at").is_null())
    for row in landed.drop(COMMON, strict=False).iter_rows(named=True):
        if row["review_id"] not in seen:
            yield row | {"deleted_seen_at": run.now}
