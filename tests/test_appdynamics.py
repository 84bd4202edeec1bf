"""AppDynamics: tokens that end, the XML trap, names with bars, violations that outlive what is asked."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from requests.adapters import BaseAdapter

from aurora.contracts.delivery import Deployments
from aurora.contracts.estate import ComponentEdges, Components
from aurora.contracts.operations import Alerts, ChangeEvents, ComponentHealth
from aurora.errors import SourceError
from ingest.connectors.appdynamics import connector
from ingest.vendors import appdynamics
from tests.landing import Landing, until_it_breaks
from tests.replay import Recording, cursor_of, golden, load, plain, replayed, response, rows_of, run_of

Json = Any
NOW = datetime(2026, 3, 1, 12, 2, 7, tzinfo=UTC)
OPTIONS = {"url": "https://shop.example", "account": "shop", "client": "aurora", "secret": "env:PATH"}


class Stub(BaseAdapter):
    """A controller of nothing but applications: numbers its tokens, takes each `uses` times, writes XML by default."""

    def __init__(self, uses: int = 1000, expires_in: Json = 300, wants_vendor_form: bool = False) -> None:
        super().__init__()
        self.uses, self.expires_in, self.wants_vendor_form = uses, expires_in, wants_vendor_form
        self.granted, self.used, self.bearers = 0, 0, list[str]()

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        if urlsplit(str(request.url)).path == "/controller/api/oauth/access_token":
            return response(self._token(request), request)
        return response(self._listing(request), request)

    def _token(self, request: requests.PreparedRequest) -> Json:
        if self.wants_vendor_form and "vnd.appd" not in str(request.headers["Content-Type"]):
            return {"status": 415, "body": "Unsupported Media Type"}
        form = parse_qs(str(request.body))
        assert (form["grant_type"], form["client_id"]) == (["client_credentials"], ["aurora@shop"])
        self.granted, self.used = self.granted + 1, 0
        return {"body": {"access_token": f"token-{self.granted}", "expires_in": self.expires_in}}

    def _listing(self, request: requests.PreparedRequest) -> Json:
        self.bearers.append(str(request.headers.get("Authorization")))
        self.used += 1
        if self.bearers[-1] != f"Bearer token-{self.granted}" or self.used > self.uses:
            return {"status": 401, "body": "<html>401 Unauthorized</html>"}
        is_json = parse_qs(urlsplit(str(request.url)).query).get("output") == ["JSON"]
        return {"body": "[]" if is_json else "<applications/>"}

    def close(self) -> None:
        """Nothing is open."""


def controller(stub: Stub) -> appdynamics.Controller:
    return appdynamics.Controller(run_of(connector, "alerts", Recording(OPTIONS, NOW, []), stub))


def test_a_token_is_used_until_it_ends() -> None:
    stub = Stub()
    asked = controller(stub)
    assert [asked.get("applications") for _ in range(5)] == [[]] * 5
    assert (stub.granted, set(stub.bearers)) == (1, {"Bearer token-1"})


def test_a_token_is_renewed_at_four_fifths_of_its_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """300 s: at 239 s the first one still serves, at 241 s there is a second."""
    clock = [1000.0]
    monkeypatch.setattr(appdynamics.time, "monotonic", lambda: clock[0])
    stub = Stub()
    run = run_of(connector, "alerts", Recording(OPTIONS, NOW, []), stub)
    run.deadline = 10_000.0
    asked = appdynamics.Controller(run)
    for at in (1000.0, 1239.0, 1241.0, 1300.0):
        clock[0] = at
        asked.get("applications")
    assert stub.bearers == ["Bearer token-1"] * 2 + ["Bearer token-2"] * 2


def test_a_token_that_is_refused_early_is_renewed_once() -> None:
    stub = Stub(uses=2)
    asked = controller(stub)
    assert [asked.get("applications") for _ in range(5)] == [[]] * 5
    assert stub.granted == 3  # two uses each, the third try of each is refused and asked again


def test_a_role_that_is_never_let_in_is_told_and_not_asked_for_ever() -> None:
    stub = Stub(uses=0)
    with pytest.raises(SourceError) as raised:
        controller(stub).get("applications")
    assert (raised.value.error_class, stub.granted) == ("auth", 1)


def test_controllers_that_take_the_form_under_their_own_name_only() -> None:
    stub = Stub(wants_vendor_form=True)
    assert controller(stub).get("applications") == []


@pytest.mark.parametrize("body", [{}, [], {"access_token": None}])
def test_an_answer_without_a_token_is_drift(body: Json) -> None:
    token = {"request": {"method": "POST", "path": "/controller/api/oauth/access_token"}, "response": {"body": body}}
    with pytest.raises(SourceError, match="no access token") as raised:
        replayed(connector, "health", Recording(OPTIONS, NOW, [token]))
    assert raised.value.error_class == "schema_drift"


def test_xml_is_told_as_what_it_is() -> None:
    recording = load("appdynamics", "alerts")
    xml = recording.exchanges[1] | {"response": {"body": "<applications><application/></applications>"}}
    with pytest.raises(SourceError, match="not JSON"):
        replayed(connector, "alerts", replace(recording, exchanges=[recording.exchanges[0], xml]))


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("Overall Application Performance|Calls per Minute", "application:7"),
        ("Overall Application Performance|Web|Calls per Minute", "tier:71"),
        ("Overall Application Performance|Pipe\\|Line|Calls per Minute", "tier:72"),
        ("Overall Application Performance|Back\\\\slash|Calls per Minute", "tier:73"),
        ("Overall Application Performance|Web|Individual Nodes|n1|Calls per Minute", "node:701"),
        ("Application Infrastructure Performance|Web|Individual Nodes|n1|Hardware Resources|CPU|%Busy", "node:701"),
        ("Overall Application Performance|Gone|Calls per Minute", None),
        ("Overall Application Performance|Web|External Calls|Call|to|Calls per Minute", None),
        ("METRIC DATA NOT FOUND", None),
    ],
)
def test_a_metric_path_tells_its_component(path: str, owner: str | None) -> None:
    names: appdynamics.Names = {
        (): "application:7",
        ("Web",): "tier:71",
        ("Pipe|Line",): "tier:72",
        ("Back\\slash",): "tier:73",
        ("Web", "n1"): "node:701",
    }
    assert appdynamics.owner_of(path, names) == owner


def test_longer_buckets_keep_their_length() -> None:
    """Beyond a day the controller answers in steps of ten minutes: 11:50 to 12:00 is one row of 600 s."""
    path = "Overall Application Performance|Calls per Minute"
    start = datetime(2026, 3, 1, 11, 50, tzinfo=UTC)
    point = {"startTimeInMillis": int(start.timestamp() * 1000), "value": 30}
    answer = [{"metricPath": path, "frequency": "TEN_MIN", "metricValues": [point]}]
    found = appdynamics.buckets("calls", answer, {(): "application:7"}, start, NOW)
    assert found == {("application:7", point["startTimeInMillis"], 600): {"calls": 30}}


def test_a_killed_run_goes_on_after_the_last_whole_window() -> None:
    """Twelve queries for each of two applications make a window; the first of the second one is refused."""
    whole = load("appdynamics", "health")
    refused = whole.exchanges[6 + 24] | {"response": {"status": 500, "body": "oops"}}
    before = until_it_breaks(connector, "health", replace(whole, exchanges=[*whole.exchanges[: 6 + 24], refused]))
    cursor = cursor_of(before)
    assert cursor == {"until": "2026-03-01T11:59:00+00:00"}
    since = datetime.fromisoformat(cursor["until"])
    rest = [*whole.exchanges[:6], *whole.exchanges[6 + 24 :]]
    items, _, adapter = replayed(connector, "health", replace(whole, cursor=cursor, since=since, exchanges=rest))
    assert adapter.unused == []
    both = [row for row in plain(before) + plain(items) if row[0] == "component_health"]
    assert both == [row for row in golden("appdynamics", "health") if row[0] == "component_health"]


def test_open_violations_out_of_reach_or_out_of_sight_stay_open() -> None:
    """One is older than 14 days, one is of an application that is not shown: neither was seen to end."""
    recording = load("appdynamics", "alerts")
    cursor = json.loads(json.dumps(recording.cursor))
    old = json.loads(cursor["open"].pop("test:7/200")) | {"started_at": "2026-01-01T00:00:00+00:00"}
    cursor["open"]["test:7/200"] = json.dumps(old)
    exchanges = [{**one, "request": {**one["request"], "params": {}}} for one in recording.exchanges]
    items, _, _ = replayed(connector, "alerts", replace(recording, cursor=cursor, exchanges=exchanges))
    assert "test:7/200" not in {row["alert_id"] for row in rows_of(items, Alerts)}
    assert set((cursor_of(items) or {})["open"]) == {"test:7/266", "test:7/269", "test:7/200", "test:9/300"}


def test_an_application_that_is_not_shown_is_told() -> None:
    recording = load("appdynamics", "changes")
    options = recording.options | {"applications": ["Shop", "Shopp"]}
    items, run, _ = replayed(connector, "changes", replace(recording, options=options))
    assert run.warnings == ["the controller shows no application Shopp: check applications and the role"]
    assert len(rows_of(items, ChangeEvents)) == 2


@pytest.mark.parametrize("stream", ["health", "alerts", "changes"])
def test_recordings_land_without_a_refused_row(stream: str, tmp_path: Path) -> None:
    recording = load("appdynamics", stream)
    landing = Landing(tmp_path, connector, recording.options | {"window_points": 1440})
    exchanges = [{**one, "request": _any_range(one["request"])} for one in recording.exchanges]
    first, _ = landing.run(stream, exchanges, NOW)
    second, _ = landing.run(stream, exchanges, NOW + timedelta(seconds=1))
    assert (first.status, second.status) == ("success", "success")
    assert first.landed.quarantined_count == second.landed.quarantined_count == 0
    assert first.landed.row_count > 0
    tables = (ComponentHealth, Components, ComponentEdges, Alerts, ChangeEvents, Deployments)
    assert sum(landing.doubles(table) for table in tables) == 0


def _any_range(request: Json) -> Json:
    params = request.get("params", {})
    return request | {"params": {name: value for name, value in params.items() if name == "metric-path"}}
