"""A small Google Play: tracks, reviews, vitals and a bucket of reports that a test fills; pages have two items."""

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import polars as pl
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from aurora.contracts import Table
from aurora.contracts.platform import Quarantine
from aurora.settings import Settings, SourceSettings
from ingest.connectors.google_play import connector
from ingest.history import Outcome
from ingest.run import Ingest
from tests.replay import response as answered
from warehouse.lake import Lake

APP, BUCKET = "com.example.shop", "pubsite_prod_rev_01234567890987654321"
NOW = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
OPTIONS: dict[str, Any] = {"packages": [APP], "token": "env:PATH", "bucket": f"gs://{BUCKET}/"}
STATE = "RELEASE_LIFECYCLE_STATE_"
Json = Any


def civil(day: str, zone: str = "America/Los_Angeles") -> Json:
    """A day as the Reporting API writes it."""
    year, month, number = map(int, day.split("-"))
    return {"year": year, "month": month, "day": number, "timeZone": {"id": zone}}


def at(*parts: int) -> datetime:
    """An instant of 2026 as it stands in the lake."""
    return datetime(2026, *parts, tzinfo=UTC).replace(tzinfo=None)


def review(name: str, day: int, stars: Json = 4, **told: Any) -> Json:
    """A review that was last changed on a day of March 2026."""
    user = {"text": "Works", "lastModified": {"seconds": str(1_772_323_200 + day * 86_400)}, "starRating": stars}
    return {"reviewId": f"gp:{name}", "authorName": "Sam", "comments": [{"userComment": user | told}]}


class Play(BaseAdapter):
    """Answers for all three hosts. `refusals` maps the end of a path to the answers that come instead, one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.tracks: dict[str, list[Json]] = {}
        self.summaries: dict[str, list[Json]] = {}
        self.reviews: list[Json] = []
        self.fresh: dict[str, str] = {}
        self.rows: dict[tuple[str, str], list[Json]] = {}
        self.files: dict[str, bytes] = {}
        self.apps = [{"name": f"apps/{APP}", "packageName": APP, "displayName": "Example Shop"}]
        self.issues: list[Json] = []
        self.open_edits: set[str] = set()
        self.refusals: dict[str, list[Json]] = {}
        self.asked: list[tuple[str, str, dict[str, str], Json]] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        url = urlsplit(str(request.url))
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        sent = json.loads(request.body) if request.headers.get("Content-Type") == "application/json" else None
        self.asked.append((str(request.method), url.path, asked, sent))
        for end, waiting in self.refusals.items():
            if waiting and url.path.endswith(end):
                return answered(waiting.pop(0), request)
        if asked.get("alt") == "media":
            return self._file(unquote(url.path.rpartition("/o/")[2]), request)
        body = self._body(str(request.method), url.path, asked, sent)
        return answered({"body": body} if body is not None else {"status": 404, "body": missing()}, request)

    def _file(self, name: str, request: requests.PreparedRequest) -> requests.Response:
        answer = answered({}, request)
        answer.raw = HTTPResponse(io.BytesIO(self.files[name]), {}, 200, preload_content=False)
        return answer

    def _body(self, method: str, path: str, asked: dict[str, str], sent: Json) -> Json:
        if path.endswith("/edits"):
            self.open_edits.add("7")
            return {"id": "7", "expiryTimeSeconds": "1"}
        if path.endswith("/edits/7"):
            self.open_edits.discard("7")
            return "" if method == "DELETE" else None
        if path.endswith("/edits/7/tracks"):
            return {"tracks": [{"track": name, "releases": told} for name, told in self.tracks.items()]}
        if path.endswith("/releases"):
            track = path.split("/")[-2]
            return {"releases": self.summaries.get(track, [])} if track in self.tracks else None
        if path.endswith("/reviews"):
            page, onward = self._page(self.reviews, asked.get("token"))
            return {"reviews": page, "tokenPagination": {"nextPageToken": onward} if onward else {}}
        if path.endswith(":query"):
            return self._rows(path.split("/")[-1].removesuffix(":query"), sent)
        if "MetricSet" in path:
            return self._freshness(path.split("/")[-1])
        return self._list(path, asked)

    def _list(self, path: str, asked: dict[str, str]) -> Json:
        if path.endswith("/o"):
            names = sorted(name for name in self.files if name.startswith(asked["prefix"]))
            told = [{"name": name, "generation": "1", "md5Hash": mark(self.files[name])} for name in names]
            field, items = "items", told
        else:
            field, items = ("apps", self.apps) if path.endswith("apps:search") else ("errorIssues", self.issues)
        page, onward = self._page(items, asked.get("pageToken"))
        return ({field: page} if page else {}) | ({"nextPageToken": onward} if onward else {})

    def _freshness(self, name: str) -> Json:
        if name not in self.fresh:
            return {"name": name, "freshnessInfo": {}}
        told = {"aggregationPeriod": "DAILY", "latestEndTime": civil(self.fresh[name])}
        return {"name": name, "freshnessInfo": {"freshnesses": [told]}}

    def _rows(self, name: str, sent: Json) -> Json:
        cut = next((one for one in sent["dimensions"] if one != "startType"), "")
        spec = sent["timelineSpec"]
        within = [
            one
            for one in self.rows.get((name, cut), [])
            if _at(spec["startTime"]) <= _at(one["startTime"]) < _at(spec["endTime"])
        ]
        page, onward = self._page(within, sent.get("pageToken"))
        return ({"rows": page} if page else {}) | ({"nextPageToken": onward} if onward else {})

    def _page(self, items: list[Json], token: str | None) -> tuple[list[Json], str | None]:
        start = int(token or 0)
        return items[start : start + 2], str(start + 2) if start + 2 < len(items) else None

    def close(self) -> None:
        """Nothing is open."""


def _at(told: Json) -> tuple[int, int, int]:
    return told["year"], told["month"], told["day"]


def missing() -> Json:
    """Google's error for what is not there."""
    return {"error": {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}}


def mark(raw: bytes) -> str:
    """What stands for a file's MD5."""
    return hashlib.sha256(raw).hexdigest()[:24]


class Console:
    """A source of Google Play with a lake of its own; each run is half an hour after the last."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.play, self.now = Play(), NOW
        told = {"name": "play", "connector": "google_play", **OPTIONS, **options}
        self.source = SourceSettings.model_validate(told)
        self.settings = Settings(data=folder / "data", config=folder / "aurora.toml")
        self.lake = Lake(self.settings.lake)

    def run(self, stream: str, after: timedelta = timedelta(minutes=30)) -> Outcome:
        """One run of a stream."""
        self.now += after
        clock = iter(self.now + timedelta(milliseconds=step) for step in range(1000))
        ingest = Ingest(self.lake, self.settings, {"google_play": connector}, self.play, clock=lambda: next(clock))
        self.play.asked.clear()
        return ingest.run(self.source, {stream})[0]

    def rows(self, table: type[Table], *columns: str) -> list[tuple[Any, ...]]:
        """What landed, sorted, without the source's name before ids."""
        frame = self.lake.read(table).select(columns)
        bare = [pl.col(name).str.strip_prefix("play:") for name in columns if frame.schema[name] == pl.String]
        return sorted(frame.with_columns(bare).rows(), key=str)

    def refused(self) -> list[str]:
        """Why rows were quarantined."""
        return sorted(self.lake.read(Quarantine)["message"].to_list())
