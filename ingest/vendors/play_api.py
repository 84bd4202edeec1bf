"""The three hosts of Google Play as one run asks them: Publisher API, Developer Reporting API, Cloud Storage.

https://developers.google.com/android-publisher, https://developers.google.com/play/developer/reporting,
https://cloud.google.com/storage/docs/json_api. Errors are {"error": {"code", "message", "status", "details"}}; a
used-up quota is a 429, or a 403 that names a limit as its reason.
"""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.http import Answer, Http, Site
from ingest.paging import by_cursor
from ingest.vendors.oauth import SignedIn

SCOPES = tuple(
    f"https://www.googleapis.com/auth/{name}"
    for name in ("androidpublisher", "playdeveloperreporting", "devstorage.read_only")
)
MAX_PAGES = 1000
_LIMITS = re.compile(r'"reason"\s*:\s*"(?:(?:userR|r)ateLimitExceeded|quotaExceeded|RATE_LIMIT_EXCEEDED)"')


def limited(answer: Answer, attempt: int) -> float | None:
    """Seconds to wait where a 403 means a limit and no lack of permission; None for any other refusal."""
    return 2.0**attempt if answer.status == 403 and _LIMITS.search(answer.text) else None


class Host(SignedIn):
    """One host, asked with the run's own connection and limits; what is asked counts for the run."""

    def __init__(self, http: Http, site: Site, token: Callable[[], str]) -> None:
        self.run_http, other = http, copy.copy(http)
        other.site = site
        super().__init__(other, token)

    def ask(self, method: str, path: str, **kwargs: Any) -> Answer:
        """The answer to one request, signed in. Raises SourceError."""
        before = self.http.request_count, self.http.rate_limited_s
        try:
            return super().ask(method, path, **kwargs)
        finally:
            self.run_http.request_count += self.http.request_count - before[0]
            self.run_http.rate_limited_s += self.http.rate_limited_s - before[1]


@dataclass(frozen=True)
class Object:
    """A file in the bucket; `mark` changes with what stands in it."""

    name: str
    mark: str


@dataclass(frozen=True)
class Play:
    """What a run asks Google Play by. Every method raises SourceError."""

    run: Run[Any]
    publisher: Http
    reporting: Http
    storage: Http

    def app(self, package: str) -> str:
        """Where an app is in the Publisher API."""
        return f"androidpublisher/v3/applications/{quote(package, safe='')}"

    def listed(self, http: Http, path: str, field: str, asked: dict[str, Any]) -> Iterator[Json]:
        """Every item of a list that goes on by `nextPageToken`."""
        for page in http.pages(path, asked, following=by_cursor("nextPageToken", "pageToken")):
            yield from self.items(page, field, path)

    def queried(self, path: str, body: dict[str, Any]) -> Iterator[Json]:
        """Every row of a query of the Reporting API, page by page."""
        token, seen = None, set[str]()
        while len(seen) < MAX_PAGES:
            page = self.reporting.post(path, body=body | ({"pageToken": token} if token else {}))
            yield from self.items(page, "rows", path)
            token = page.get("nextPageToken")
            if not token or token in seen:
                return
            seen.add(token)
        self.run.warn(f"{path}: only the first {MAX_PAGES} pages were read")

    def items(self, page: Json, field: str, path: str) -> list[Json]:
        """The objects of a page's list; an absent list is an empty one."""
        found = page.get(field, []) if isinstance(page, dict) else None
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise SourceError(f"{self.run.source_instance}: {path} answered without a list of {field}", "schema_drift")
        return found

    def objects(self, bucket: str, prefix: str) -> list[Object]:
        """The files whose names begin so. An unchanged file that is written anew keeps its MD5."""
        asked = {"prefix": prefix, "maxResults": 1000}
        asked["fields"] = "items(name,generation,md5Hash,size,updated),nextPageToken"
        found = self.listed(self.storage, f"storage/v1/b/{quote(bucket, safe='')}/o", "items", asked)
        return [Object(one["name"], str(one.get("md5Hash") or one["generation"])) for one in found]

    def save(self, bucket: str, name: str, path: Path) -> None:
        """A file of the bucket as it is."""
        where = f"storage/v1/b/{quote(bucket, safe='')}/o/{quote(name, safe='')}"
        self.storage.ask("GET", where, params={"alt": "media"}, into=path)
