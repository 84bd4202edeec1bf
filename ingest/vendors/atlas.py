"""How MongoDB Atlas is asked: sign-in by API key or service account, paging, errors, and measurements by their unit."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from pydantic import Field, model_validator
from requests import PreparedRequest
from requests.auth import AuthBase, HTTPDigestAuth, _basic_auth_str

from aurora.errors import ErrorClass, SourceError
from aurora.settings import Frozen, Secret
from ingest.connector import Json, Run
from ingest.http import Answer, Site

API = "api/atlas/v2"
VERSION = "application/vnd.atlas.2025-03-12+json"  # each resource answers in its newest version up to this day
TOKEN_PATH = "api/oauth/token"  # noqa: S105 - an address
PAGE_SIZE = 500
MAX_PAGES = 100
_CODES: dict[int, ErrorClass] = {401: "auth", 403: "permission", 404: "not_found", 429: "rate_limited"}
# unit -> (what it measures, factor to the unit of that); Atlas calls multiples of 1024 mega and giga
UNITS = {
    "PERCENT": ("pct", 1.0),
    "SCALAR": ("count", 1.0),
    "SCALAR_PER_SECOND": ("per_minute", 60.0),
    "BYTES": ("bytes", 1.0),
    "KILOBYTES": ("bytes", 1024.0),
    "MEGABYTES": ("bytes", 1024.0**2),
    "GIGABYTES": ("bytes", 1024.0**3),
    "MILLISECONDS": ("ms", 1.0),
    "SECONDS": ("ms", 1000.0),
}
Points = dict[datetime, dict[str, float]]


class AtlasOptions(Frozen):
    """An API key (`public_key`, `private_key`) or a service account (`client_id`, `client_secret`); all projects
    that it sees, or those whose ids stand in `projects`; `cost = true` reads the invoices of its organisations."""

    url: str = "https://cloud.mongodb.com"
    public_key: str | None = None
    private_key: Secret | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    projects: tuple[str, ...] = Field((), max_length=500)
    cost: bool = False

    @model_validator(mode="after")
    def _one_way_in(self) -> "AtlasOptions":
        ways = [self.public_key and self.private_key, self.client_id and self.client_secret]
        if sum(bool(way) for way in ways) != 1:
            raise ValueError("give either public_key and private_key, or client_id and client_secret")
        return self


AtlasRun = Run[AtlasOptions]


class ServiceAccount(AuthBase):
    """Signs the request for a token with the account's secret and all others with the token."""

    def __init__(self, client_id: str, secret: str) -> None:
        self._basic, self.token = _basic_auth_str(client_id, secret), ""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        is_sign_in = str(request.url).split("?")[0].endswith(TOKEN_PATH)
        request.headers["Authorization"] = self._basic if is_sign_in else f"Bearer {self.token}"
        if is_sign_in:
            request.headers["Accept"] = "application/json"
        return request


def connect(options: AtlasOptions) -> Site:
    """The site with either sign-in. Raises SettingsError for an unset secret."""
    secret = (options.private_key or options.client_secret).reveal()  # type: ignore[union-attr]  # one of them is set
    auth: Any = HTTPDigestAuth(str(options.public_key), secret)
    if options.client_id:
        auth = ServiceAccount(options.client_id, secret)
    return Site(options.url, {"Accept": VERSION}, auth, secrets=(secret,))


def sign_in(run: AtlasRun) -> None:
    """Fetch the token of a service account, once per run: it lives an hour and a run minutes."""
    account: Any = run.http.site.auth
    if isinstance(account, ServiceAccount) and not account.token:
        account.token = checked(run, run.http.post(TOKEN_PATH, form={"grant_type": "client_credentials"}))[
            "access_token"
        ]


def checked(run: AtlasRun, page: Json) -> Json:
    """The page, unless it is an error that came with status 200. Raises SourceError."""
    if isinstance(page, dict) and "errorCode" in page:
        kind = _CODES.get(int(page.get("error") or 0), "bad_query")
        raise SourceError(f"{run.source_instance}: Atlas says {page['errorCode']}: {page.get('detail')}", kind)
    return page


def listed(run: AtlasRun, path: str, **params: Any) -> Iterator[Json]:
    """Every item of a list, page by page along its `next` links."""
    pages = run.http.pages(f"{API}/{path}", {"itemsPerPage": PAGE_SIZE, **params}, following=_next)
    for number, page in enumerate(pages, 1):
        yield from checked(run, page)["results"]
        if number == MAX_PAGES:
            run.warn(f"{path}: only the first {MAX_PAGES} pages were read: name fewer projects")
            return


def _next(page: Json, answer: Answer, asked: dict[str, Any]) -> str | None:
    links = page.get("links") or [] if isinstance(page, dict) else []
    return next((link["href"] for link in links if link.get("rel") == "next"), None)


def projects(run: AtlasRun) -> list[str]:
    """Ids of the projects to read."""
    return list(run.options.projects) or [project["id"] for project in listed(run, "groups")]


def place(*parts: str) -> str:
    """A path of ids, each as one piece whatever stands in it."""
    return "/".join(quote(part, safe=":") for part in parts)


@dataclass(frozen=True)
class Window:
    """Instants to ask for: points after `start`, up to `end`."""

    start: datetime
    end: datetime


def windows(since: datetime, until: datetime, size: timedelta) -> Iterator[Window]:
    """The time from `since` to `until` in slices, the last one shorter."""
    while since < until:
        end = min(since + size, until)
        yield Window(since, end)
        since = end


def points(run: AtlasRun, path: str, window: Window, step: timedelta, wanted: Set[str]) -> Points:
    """Those measurements that are wanted, by instant and `<name> <unit>`; null points are absent.

    One step more is asked, because the first point of a rate is always null.
    """
    start, end = window.start - step, window.end
    asked = {"granularity": f"PT{int(step.total_seconds() // 60)}M", "start": stamp(start), "end": stamp(end)}
    answer = checked(run, run.http.get(f"{API}/{path}/measurements", asked))
    found: Points = {}
    for measurement in answer["measurements"]:
        if measurement["name"] not in wanted:
            continue
        kind, factor = UNITS.get(measurement["units"], (None, 0.0))
        name = f"{measurement['name']} {kind}"
        if kind is None:  # a figure in an unknown unit is no figure: it is counted and left out
            run.word({}, measurement["units"])
        for point in measurement["dataPoints"]:
            at = datetime.fromisoformat(point["timestamp"])
            if point["value"] is not None and window.start < at <= end:
                found.setdefault(at, {})[name] = point["value"] * factor
    return found


def stamp(at: datetime) -> str:
    """An instant as Atlas wants it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
