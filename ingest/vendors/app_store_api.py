"""How App Store Connect is asked: signed in, page by page, within the limits of its key; and what its texts mean.

https://developer.apple.com/documentation/appstoreconnectapi: JSON:API documents (`data`, `included`, `links.next`),
errors as {"errors": [{"status", "code", "title", "detail"}]}, X-Rate-Limit "user-hour-lim:3500;user-hour-rem:500;".
"""

import copy
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from aurora.contracts import Row, Table
from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.http import Answer, Http, Site
from ingest.vendors.app_store_keys import bearer

RESERVE = 0.02  # of the hour's requests are left to others who use the key
BUSY_S = 20.0  # Apple limits requests by the minute too, and does not say for how long
FAULTS = (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError)
PACIFIC = "America/Los_Angeles"  # days of sales and analytics reports
Included = dict[tuple[str, str], Json]
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]+")
_LEFT = re.compile(r"user-hour-(lim|rem):\s*(\d{1,9})")


@dataclass(frozen=True)
class App:
    """An application of the App Store that has a version for iOS."""

    native_id: str
    store_app_id: str
    name: str
    bundle_id: str | None
    locale: str | None


class Client(Http):
    """The client of a run that signs each request and stops shortly before the key's hour is used up."""

    def __init__(self, run: Run[Any]) -> None:
        # No second connection: sending, counting and redacting stay with the run's own client.
        self.run, self.http, self.who = run, run.http, run.http.who
        self.is_spent = False

    def ask(self, method: str, path: str, **kwargs: Any) -> Answer:
        """The answer to one request, signed in. Raises SourceError."""
        if self.is_spent:
            told = "nearly all requests that Apple allows the key in an hour are used: the next run goes on from here"
            raise SourceError(f"{self.who}: {told}", "rate_limited")
        headers = {"Authorization": f"Bearer {bearer(self.run.options)}", **kwargs.pop("headers", {})}
        answer = self.http.ask(method, path, headers=headers, **kwargs)
        limit, left = hour(answer)
        self.is_spent = limit is not None and left is not None and left <= limit * RESERVE
        return answer

    def redact(self, text: str) -> str:
        """The text without secrets."""
        return self.http.redact(text)

    def lists(self, path: str, params: dict[str, Any]) -> Iterator[tuple[list[Json], Included]]:
        """Each page of a list with what it includes. Raises SourceError for an answer that is no list."""
        for page in self.pages(path, params, following=next_page):
            found = page.get("data") if isinstance(page, dict) else None
            if not isinstance(found, list):
                said = page.get("errors") if isinstance(page, dict) else page
                raise SourceError(f"{self.who}: {path} answered with no list ({str(said)[:200]})", "schema_drift")
            yield found, included(page)

    def items(self, path: str, params: dict[str, Any]) -> Iterator[Json]:
        """Every item of a list. Raises SourceError."""
        for found, _ in self.lists(path, params):
            yield from found

    def resources(self, path: str, params: dict[str, Any]) -> Iterator[tuple[str, Json]]:
        """Id and attributes of every item of a list. Raises SourceError for an item that has none."""
        for one in self.items(path, params):
            yield self._resource(path, one)

    def made(self, path: str, what: Json) -> str:
        """The id of a resource that is made by this request. Raises SourceError."""
        answer = self.post(path, body={"data": what})
        return self._resource(path, answer.get("data") if isinstance(answer, dict) else None)[0]

    def _resource(self, path: str, told: Json) -> tuple[str, Json]:
        about = told.get("attributes", {}) if isinstance(told, dict) and told.get("id") else None
        if not isinstance(about, dict):
            raise SourceError(f"{self.who}: {path} answered with {str(told)[:120]}: no resource", "schema_drift")
        return str(told["id"]), about

    def apps(self) -> list[App]:
        """The applications with a version for iOS that the key sees, or those of them that `apps` names."""
        asked = {
            "limit": 200,
            "filter[appStoreVersions.platform]": "IOS",
            "fields[apps]": "name,bundleId,primaryLocale",
        }
        wanted = self.run.options.apps
        found = list(self.items("/v1/apps", asked | ({"filter[id]": ",".join(wanted)} if wanted else {})))
        seen = [app for app in map(self._app, found) if app and (not wanted or app.native_id in wanted)]
        for absent in sorted(set(wanted) - {app.native_id for app in seen}):
            self.run.warn(f"apps names {absent}, which the key does not see or which has no version for iOS")
        return seen

    def _app(self, told: Json) -> App | None:
        native_id = str(told.get("id")) if isinstance(told, dict) else ""
        if not re.fullmatch(r"\d{1,20}", native_id):
            self.run.warn(f"an application without an Apple id was left out ({native_id[:40]!r})")
            return None
        about = told.get("attributes") or {}
        name, bundle, locale = (text(about.get(one), 200) for one in ("name", "bundleId", "primaryLocale"))
        return App(native_id, self.run.id(native_id), name or native_id, bundle, locale)

    def save(self, path: str, params: dict[str, Any], into: Path) -> None:
        """A compressed report as a file. Raises SourceError."""
        self.ask("GET", path, params=params, headers={"Accept": "application/a-gzip"}, into=into)

    def save_elsewhere(self, url: str, into: Path) -> None:
        """A file from the storage that an answer points to, without our sign-in: its address is signed already."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username:
            raise SourceError(
                f"{self.who}: a report lies at {parts.scheme}://{parts.hostname}: refused", "schema_drift"
            )
        other = copy.copy(self.http)
        signs = (value for _, value in parse_qsl(parts.query) if len(value) >= 12)
        other.site = Site(f"https://{parts.netloc}", secrets=(*self.http.site.secrets, parts.query, *signs))
        other.request_count = 0
        try:
            other.ask("GET", url, into=into)
        except SourceError as error:
            if error.error_class not in ("permission", "bad_query", "not_found", "auth"):
                raise
            # Not our sign-in was refused: such addresses end after some minutes.
            raise SourceError(f"{error}: the next run asks for a new address", "partial") from error
        finally:
            self.http.request_count += other.request_count


def next_page(page: Json, answer: Answer, asked: dict[str, Any]) -> str | None:
    """The address of the next page."""
    links = page.get("links") if isinstance(page, dict) else None
    onward = links.get("next") if isinstance(links, dict) else None
    return str(onward) if onward else None


def hour(answer: Answer) -> tuple[int | None, int | None]:
    """How many requests the key may make in an hour, and how many are left of them; None where it is not told."""
    told = {name: int(number) for name, number in _LEFT.findall(answer.headers.get("X-Rate-Limit", ""))}
    return told.get("lim"), told.get("rem")


def limited(answer: Answer, attempt: int) -> float | None:
    """Seconds to wait after a 429 that does not say so itself: an hour if none is left, else more each time."""
    if answer.status != 429 or answer.headers.get("Retry-After"):
        return None
    return 3600.0 if hour(answer)[1] == 0 else BUSY_S * attempt


def included(page: Json) -> Included:
    """What a page includes, by type and id."""
    listed = page.get("included")
    found = listed if isinstance(listed, list) else []
    return {(str(one.get("type")), str(one.get("id"))): one for one in found if isinstance(one, dict)}


def related(item: Json, name: str, among: Included) -> list[Json]:
    """What an item is related to, as far as it is included."""
    told = ((item.get("relationships") or {}).get(name) or {}).get("data") or []
    marks = told if isinstance(told, list) else [told]
    keys = [(str(one.get("type")), str(one.get("id"))) for one in marks if isinstance(one, dict)]
    return [among[key] for key in keys if key in among]


def about_related(item: Json, name: str, among: Included) -> Json:
    """The attributes of the one thing that an item is related to, {} for none."""
    found = related(item, name, among)
    return (found[0].get("attributes") if found else None) or {}


def part(native: object) -> str:
    """An id as a part of a path."""
    return quote(str(native), safe="")


def rows(run: Run[Any], table: type[Table], found: Iterable[Json], make: Callable[[Json], Row | None]) -> Iterator[Row]:
    """A row of each item; one that cannot be read is quarantined, without a person's name, and stops no other."""
    for one in found:
        try:
            row = make(one)
        except FAULTS as error:
            told = f"an entry of App Store Connect cannot be read ({type(error).__name__}: {str(error)[:200]})"
            run.refuse(table, "unreadable", told, _payload(one))
        else:
            if row is not None:
                yield row


def _payload(one: Json) -> Row:
    if not isinstance(one, dict):
        return {"told": str(one)[:500]}
    about = one.get("attributes")
    kept = {k: v for k, v in about.items() if k != "reviewerNickname"} if isinstance(about, dict) else about
    return {"type": one.get("type"), "id": one.get("id"), "attributes": kept}


def text(told: Any, limit: int) -> str | None:
    """A text that can be stored, without control characters other than line ends; None for none."""
    if not isinstance(told, str):
        return None
    whole = told[:limit].encode(errors="replace").decode()
    return _CONTROL.sub(" ", whole).strip() or None


def needed(told: str | None) -> str:
    """The text. Raises ValueError for none."""
    if told is None:
        raise ValueError("a name that must be there is missing")
    return told


def moment(told: Any) -> datetime:
    """An ISO 8601 text with a zone as a UTC instant. Raises ValueError for anything else."""
    at = datetime.fromisoformat(str(told))
    if at.tzinfo is None:
        raise ValueError(f"{str(told)[:40]!r} has no time zone")
    return at.astimezone(UTC)


def moment_or_none(told: Any) -> datetime | None:
    """The same, None for none."""
    return moment(told) if told else None
