"""Bitbucket: pull requests that change while they are read, pipelines that wait, limits, refusals, and words."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from aurora.contracts.delivery import CiRuns, Deployments, PullRequests
from aurora.errors import SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connector import Checkpoint
from ingest.connectors.bitbucket import connector
from ingest.run import Ingest
from tests.replay import Recording, Replay, cursor_of, load, replayed, response, rows_of, run_of
from warehouse.lake import Lake

Json = Any
NOW = datetime(2026, 3, 4, 12, 10, tzinfo=UTC)
OPTIONS = {"workspace": "acme", "token": "env:HOME"}
WEB = {"uuid": "{w-1}", "full_name": "acme/web"}
PAY = {"uuid": "{p-1}", "full_name": "acme/pay"}
API = "/2.0/repositories/acme"
HOST = "https://api.bitbucket.org"


def exchange(path: str, body: Json, status: int = 200, headers: Json = None, **params: Json) -> Json:
    return {
        "request": {"method": "GET", "path": API + path, "params": params},
        "response": {"status": status, "body": body, "headers": headers or {}},
    }


def listed(*repositories: Json) -> Json:
    return exchange("", {"values": list(repositories)})


def error(message: str) -> Json:
    return {"type": "error", "error": {"message": message, "detail": "more", "fields": {}}}


def pull_request(number: int, at: datetime, state: str = "OPEN") -> Json:
    created = "2026-03-01T00:00:00+00:00"
    return {"id": number, "state": state, "created_on": created, "updated_on": at.isoformat()}


def pipeline(number: int, at: datetime, name: str = "COMPLETED") -> Json:
    state = {"name": name, "result": {"name": "SUCCESSFUL"}} if name == "COMPLETED" else {"name": name}
    return {"uuid": f"{{{number}}}", "build_number": number, "created_on": at.isoformat(), "state": state}


@dataclass
class Workspace(BaseAdapter):
    """One repository whose pull requests change while they are read, and whose hour has a number of requests."""

    pull_requests: list[Json] = field(default_factory=list)
    pipelines: list[Json] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    left: int = 10_000
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        self.asked.append(f"{parts.path}?{unquote(parts.query)}")
        if self.left <= 0:
            headers = {"Retry-After": "1800", "X-RateLimit-Limit": "1000", "X-RateLimit-NearLimit": "true"}
            return response(
                {"status": 429, "body": error("Rate limit for this resource has been exceeded"), "headers": headers},
                request,
            )
        self.left -= 1
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return response({"body": self._body(parts.path, asked, str(request.url))}, request)

    def _body(self, path: str, asked: dict[str, str], url: str) -> Json:
        if path == API:
            return {"values": [WEB]}
        if path.endswith("/pullrequests"):
            since = datetime.fromisoformat(asked["q"].removeprefix("updated_on>="))
            found = [one for one in self.pull_requests if datetime.fromisoformat(one["updated_on"]) >= since]
            body = self._page(sorted(found, key=lambda one: (one["updated_on"], one["id"])), asked, url)
            self._change()
            return body
        if path.endswith("/pipelines/"):
            return self._page(sorted(self.pipelines, key=lambda one: one["created_on"], reverse=True), asked, url)
        return {"values": []}

    def _page(self, found: list[Json], asked: dict[str, str], url: str) -> Json:
        size, page = int(asked["pagelen"]), int(asked.get("page", 1))
        onward = f"{url.partition('&page=')[0]}&page={page + 1}" if len(found) > page * size else None
        return {"values": found[(page - 1) * size : page * size], "page": page} | ({"next": onward} if onward else {})

    def _change(self) -> None:
        if self.touched:
            number, at = self.touched.pop(0), NOW + timedelta(seconds=len(self.asked))
            self.pull_requests = [
                pull_request(number, at, "DECLINED") if one["id"] == number else one for one in self.pull_requests
            ]

    def close(self) -> None:
        """Nothing is open."""


def read(adapter: BaseAdapter, stream: str, **more: Any) -> list[Any]:
    return list(
        connector.streams[stream].fetch(run_of(connector, stream, Recording(OPTIONS, NOW, [], **more), adapter))
    )


def test_nothing_slips_between_two_pages_while_people_go_on_working() -> None:
    start = NOW - timedelta(days=2)
    workspace = Workspace(
        [pull_request(number, start + timedelta(minutes=number)) for number in range(130)], touched=[5, 17]
    )
    rows = rows_of(read(workspace, "pull_requests"), PullRequests)
    last = {row["number"]: row["state"] for row in rows}
    assert sorted(last) == list(range(130))
    assert [number for number in last if last[number] == "closed"] == [5, 17]
    assert len(rows) == 132, "each state of a pull request once"


def test_pull_requests_of_one_instant_are_read_by_next() -> None:
    workspace = Workspace([pull_request(number, NOW - timedelta(hours=1)) for number in range(120)])
    assert len(rows_of(read(workspace, "pull_requests"), PullRequests)) == 120
    assert sum("page=2" in asked for asked in workspace.asked) == 1


def test_a_run_that_meets_the_limit_keeps_what_it_read_and_goes_on_there(tmp_path: Path) -> None:
    """250 pipelines, an hour of 130 requests: the run ends as rate limited with the first hundred under its cursor."""
    settings = Settings(data=tmp_path / "data", config=tmp_path / "aurora.toml")
    source = SourceSettings.model_validate({"name": "code", "connector": "bitbucket", **OPTIONS})
    start = NOW - timedelta(days=5)
    workspace = Workspace(
        pipelines=[pipeline(number, start + timedelta(minutes=number)) for number in range(250)], left=130
    )
    clock = [NOW]
    ingest = Ingest(Lake(settings.lake), settings, {"bitbucket": connector}, adapter=workspace, clock=lambda: clock[0])
    (first,) = ingest.run(source, {"pipelines"})
    assert (first.status, first.error_class) == ("failed", "rate_limited")
    read_first = ingest.lake.read(CiRuns).height
    assert 100 <= read_first < 130
    clock[0], workspace.left, workspace.asked = NOW + timedelta(minutes=15), 10_000, []
    (second,) = ingest.run(source, {"pipelines"})
    assert second.status == "success"
    assert ingest.lake.read(CiRuns).height == 250
    assert sum("/steps/" in asked for asked in workspace.asked) <= 160 + 10, "the first hundred are not read again"


def test_a_pipeline_that_waits_is_read_again_until_it_is_over_and_its_steps_alone() -> None:
    waits, done = NOW - timedelta(days=3), NOW - timedelta(days=2)
    cursor = {"read": {"w-1": (NOW - timedelta(minutes=15)).isoformat()}, "open": {"w-1": ["{1}", "{9}"]}}
    workspace = Workspace(pipelines=[pipeline(1, waits, "IN_PROGRESS"), pipeline(2, done), pipeline(3, NOW, "PENDING")])
    items = read(workspace, "pipelines", cursor=cursor)
    assert [row["number"] for row in rows_of(items, CiRuns)] == [1, 3]
    assert cursor_of(items) == {"read": {"w-1": NOW.isoformat()}, "open": {"w-1": ["{1}", "{3}"]}}
    workspace = Workspace(pipelines=[pipeline(1, waits), pipeline(2, done), pipeline(3, NOW)])
    items = read(workspace, "pipelines", cursor=cursor_of(items))
    assert [row["number"] for row in rows_of(items, CiRuns)] == [1, 3]
    assert cursor_of(items) == {"read": {"w-1": NOW.isoformat()}}


def test_a_pipeline_that_waits_for_more_than_a_week_is_let_go() -> None:
    old = NOW - timedelta(days=8)
    items = read(Workspace(pipelines=[pipeline(1, old, "IN_PROGRESS")]), "pipelines")
    assert [row["status"] for row in rows_of(items, CiRuns)] == ["running"]
    assert cursor_of(items) == {"read": {"w-1": NOW.isoformat()}}


def test_new_pipelines_are_checkpointed_in_the_order_in_which_they_were_made() -> None:
    start = NOW - timedelta(days=5)
    items = read(
        Workspace(pipelines=[pipeline(number, start + timedelta(minutes=number)) for number in range(250)]), "pipelines"
    )
    marks = [item.cursor["read"]["w-1"] for item in items if isinstance(item, Checkpoint)]
    assert marks == [
        (start + timedelta(minutes=99)).isoformat(),
        (start + timedelta(minutes=199)).isoformat(),
        NOW.isoformat(),
    ]


def test_deployments_are_read_back_to_a_day_before_the_cursor_and_no_further() -> None:
    def one(number: int, hours: int) -> Json:
        state = {
            "name": "COMPLETED",
            "status": {"name": "SUCCESSFUL"},
            "started_on": (NOW - timedelta(hours=hours)).isoformat(),
        }
        environment = {"name": "prod", "environment_type": {"name": "Production"}}
        return {"uuid": f"{{{number}}}", "environment": environment, "state": state}

    onward = f"{HOST}{API}/web/deployments/?page=2"
    waiting = {"uuid": "{0}", "environment": {"uuid": "{x}"}, "state": {"name": "UNDEPLOYED"}}
    exchanges = [
        listed(WEB),
        exchange("/web/deployments/", {"values": [waiting, one(1, 1), one(2, 25), one(3, 26)], "next": onward}),
    ]
    cursor = {"read": {"w-1": (NOW - timedelta(hours=1)).isoformat()}}
    items, _, adapter = replayed(connector, "deployments", Recording(OPTIONS, NOW, exchanges, cursor=cursor))
    assert [row["deployment_id"] for row in rows_of(items, Deployments)] == ["test:1", "test:2"]
    assert len(adapter.asked) == 2


@pytest.mark.parametrize("status", [403, 404])
def test_one_repository_that_refuses_is_a_warning_and_all_of_them_a_failure(status: int) -> None:
    exchanges = [
        listed(WEB, PAY),
        exchange("/web/pipelines/", error("no"), status),
        exchange("/pay/pipelines/", {"values": []}),
    ]
    items, run, _ = replayed(connector, "pipelines", Recording(OPTIONS, NOW, exchanges))
    assert cursor_of(items) == {"read": {"p-1": NOW.isoformat()}}
    assert "web/pipelines" in run.warnings[0]
    with pytest.raises(SourceError) as raised:
        replayed(
            connector,
            "pipelines",
            Recording(OPTIONS, NOW, [listed(WEB), exchange("/web/pipelines/", error("no"), status)]),
        )
    assert raised.value.error_class in ("permission", "not_found")


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (error("Token is invalid or not supported for this endpoint."), 401, "auth"),
        (error("Invalid field name: updatedon"), 400, "bad_query"),
        (error("The diff is too large"), 555, "vendor_5xx"),
        (error("Something went wrong"), 200, "schema_drift"),
        ({"values": None}, 200, "schema_drift"),
        ([], 200, "schema_drift"),
        ("text", 200, "schema_drift"),
    ],
)
def test_every_shape_of_an_error_is_told(body: Json, status: int, kind: str) -> None:
    exchanges = [listed(WEB), exchange("/web/environments/", json.dumps(body), status)]
    with pytest.raises(SourceError) as raised:
        replayed(connector, "environments", Recording(OPTIONS, NOW, exchanges))
    assert raised.value.error_class == kind


def test_named_repositories_are_asked_for_by_name_and_one_that_is_gone_stops_no_other() -> None:
    exchanges = [
        exchange("/gone", error("gone"), 404),
        exchange("/web", WEB),
        exchange("/web/environments/", {"values": []}),
    ]
    recording = Recording(OPTIONS | {"repositories": ["gone", "web"]}, NOW, exchanges)
    _, run, adapter = replayed(connector, "environments", recording)
    assert adapter.unused == []
    assert len(run.warnings) == 1


def test_a_next_page_on_another_host_is_not_asked_for() -> None:
    exchanges = [listed(WEB), exchange("/web/environments/", {"values": [], "next": "https://evil.example/2.0/x"})]
    with pytest.raises(SourceError, match="another host"):
        replayed(connector, "environments", Recording(OPTIONS, NOW, exchanges))


@pytest.mark.parametrize(("more", "scheme"), [({}, "Bearer "), ({"user": "ada@acme.example"}, "Basic ")])
def test_a_token_of_a_person_goes_with_their_address(more: Json, scheme: str) -> None:
    recording = Recording(OPTIONS | more, NOW, [])
    adapter = Replay([listed()])
    list(connector.streams["repositories"].fetch(run_of(connector, "repositories", recording, adapter)))
    (asked,) = adapter.asked
    assert asked.headers["Authorization"].startswith(scheme)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ("pull_requests", {"FROZEN": 1}),
        ("pipelines", {"EXPLODED": 1, "MOLTEN": 1}),
        ("environments", {"moonbase": 1, "Space": 1}),
        ("deployments", {"COMPLETED": 1}),
    ],
)
def test_words_that_are_not_known_are_counted(stream: str, words: dict[str, int]) -> None:
    _, run, _ = replayed(connector, stream, load("bitbucket", stream))
    assert dict(run.unknown_words) == words
