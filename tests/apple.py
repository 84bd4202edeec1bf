"""App Store Connect in a few lines: lists by path, packed reports, and a storage beside it that wants no sign-in."""

import gzip
import hashlib
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import polars as pl
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from aurora.contracts import Table
from aurora.settings import Settings, SourceSettings
from ingest.connectors.app_store_connect import connector
from ingest.history import Outcome
from ingest.run import Ingest
from tests.replay import UnknownRequestError
from warehouse.lake import Lake

Json = Any
NOW = datetime(2026, 3, 4, 12, 10, tzinfo=UTC)
DAY = timedelta(days=1)
OPTIONS = {"token": "env:PATH"}
APP_ID, STORE_APP = "1500000001", "apple:1500000001"
STORAGE = "storage.example"
SESSIONS, CRASHES = "App Sessions Standard", "App Crashes"
INSTALLS, DOWNLOADS = "App Store Installation and Deletion Standard", "App Downloads Standard"
DISCOVERY = "App Store Discovery and Engagement Standard"
HEADS = {
    SESSIONS: ("Date", "App Version", "Territory", "Sessions", "Total Session Duration", "Unique Devices"),
    CRASHES: ("Date", "App Version", "Crashes", "Unique Devices"),
    INSTALLS: ("Date", "App Version", "Territory", "Event", "Download Type", "Counts"),
    DOWNLOADS: ("Date", "App Version", "Territory", "Download Type", "Counts"),
    DISCOVERY: ("Date", "Event", "Page Type", "Territory", "Counts", "Unique Counts"),
}


def resource(kind: str, native_id: str, **attributes: Json) -> Json:
    """A resource of JSON:API."""
    return {"type": kind, "id": native_id, "attributes": attributes}


def table(head: Iterable[object], *lines: Iterable[object]) -> bytes:
    """A report as Apple packs it."""
    text = "".join("\t".join(map(str, line)) + "\n" for line in (head, *lines))
    return gzip.compress(text.encode(), mtime=0)


class Apple(BaseAdapter):
    """Answers lists (`lists`) and other things (`said`) by path, files by path at the storage; `asked` is in order."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[requests.PreparedRequest] = []
        self.lists: dict[str, list[Json]] = {"/v1/apps": [resource("apps", APP_ID, name="Pump")]}
        self.included: list[Json] = []
        self.said: dict[str, list[Json]] = {}
        self.files: dict[str, bytes] = {}
        self.headers = {"X-Rate-Limit": "user-hour-lim:3500;user-hour-rem:3000;"}

    def tells(self, name: str, processed_on: str, *lines: Iterable[object], **more: Json) -> str:
        """Let a report have an instance with these lines; the path of its file."""
        requests_, listed = f"/v1/apps/{APP_ID}/analyticsReportRequests", "/v1/analyticsReportRequests/req/reports"
        self.lists[requests_] = [resource("analyticsReportRequests", "req", accessType="ONGOING")]
        mark = name.replace(" ", "-")
        report = resource("analyticsReports", mark, name=name, category="APP_USAGE")
        if report not in self.lists.setdefault(listed, []):
            self.lists[listed].append(report)
        instance = resource("x", f"{mark}@{processed_on}", granularity="DAILY", processingDate=processed_on)
        self.lists.setdefault(f"/v1/analyticsReports/{mark}/instances", []).insert(0, instance)
        file = more.pop("file", None)
        file = table(HEADS[name], *lines) if file is None else file
        path, digest = f"/{mark}/{processed_on}", hashlib.md5(file, usedforsecurity=False).hexdigest()
        self.files[path] = file
        address = f"https://{STORAGE}{path}?X-Amz-Signature=0123456789abcdef"
        about = {"url": address, "checksum": digest, "sizeInBytes": len(file)}
        segment = resource("s", "s", **(about | more))
        self.lists[f"/v1/analyticsReportInstances/{mark}@{processed_on}/segments"] = [segment]
        return path

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        self.asked.append(request)
        parts = urlsplit(str(request.url))
        path = unquote(parts.path)
        if self.said.get(path):
            told = self.said[path].pop(0)
            return self._answer(request, told.get("status", 200), told.get("body", ""), told.get("headers", {}))
        if parts.netloc == STORAGE and path in self.files:
            return self._answer(request, 200, self.files[path], {})
        if path not in self.lists:
            raise UnknownRequestError(f"nobody answers {request.method} {request.url}")
        return self._answer(request, 200, {"data": self.lists[path], "included": self.included, "links": {}}, {})

    def _answer(
        self, request: requests.PreparedRequest, status: int, body: Json, headers: dict[str, str]
    ) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = status, str(request.url), request
        answer.headers.update(self.headers | headers)
        sent = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        answer.raw = HTTPResponse(io.BytesIO(sent), answer.headers, status, preload_content=False)
        return answer

    def close(self) -> None:
        """Nothing is open."""

    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [unquote(urlsplit(str(request.url)).path) for request in self.asked]

    def params(self, name: str) -> list[str]:
        """The values of a parameter, in the order in which it was asked."""
        told = [dict(parse_qsl(urlsplit(str(request.url)).query)) for request in self.asked]
        return [one[name] for one in told if name in one]


def world(folder: Path, apple: Apple, now: datetime = NOW, **options: Json) -> tuple[Ingest, SourceSettings]:
    """A lake and a source that Apple answers, at an instant; the lake is the same for the same folder."""
    settings = Settings(data=folder / "data", config=folder / "aurora.toml")
    ingest = Ingest(Lake(settings.lake), settings, {connector.name: connector}, apple, clock=lambda: now)
    told = {"name": "apple", "connector": connector.name} | ({} if "private_key" in options else OPTIONS) | options
    return ingest, SourceSettings.model_validate(told)


def kept(ingest: Ingest, of: type[Table], *names: str) -> list[tuple[Any, ...]]:
    """What stands in a table, in order."""
    return ingest.lake.read(of).select(*names).sort(pl.all()).rows()


def analysed(folder: Path, apple: Apple, days: int = 0, **options: Json) -> tuple[Ingest, Outcome]:
    """The lake after a run for analytics reports so many days later, and what came of it."""
    ingest, source = world(folder, apple, NOW + days * DAY, **options)
    return ingest, ingest.run(source, {"analytics"})[0]
