"""Azure Monitor: tokens, refusals of single resources, odd addresses and restarts, which the recordings do not show."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ComponentHealth
from aurora.errors import ErrorClass, SourceError
from ingest.connector import Item
from ingest.connectors.azure_monitor import AzureOptions, connector, next_link, status_fields
from ingest.http import Answer
from ingest.vendors import oauth
from tests.replay import Recording, Replay, cursor_of, load, replayed, rows_of, run_of

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
OPTIONS = {"tenant": "t", "client_id": "me", "client_secret": "env:PATH", "subscription": "sub"}
WEB = "/subscriptions/sub/resourceGroups/Shop/providers/Microsoft.Web/sites"
Json = Any


def exchange(path: str, body: Json, method: str = "GET", status: int = 200, **asked: Json) -> Json:
    """One exchange."""
    return {"request": {"method": method, "path": path, **asked}, "response": {"status": status, "body": body}}


def signed(expires_in: int = 3600, value: str = "one") -> Json:
    """The sign-in."""
    body = {"access_token": value, "expires_in": expires_in, "token_type": "Bearer"}
    return exchange("/t/oauth2/v2.0/token", body, "POST")


def listed(*names: str) -> Json:
    """The list of web apps."""
    apps = [{"id": f"{WEB}/{name}", "name": name, "type": "Microsoft.Web/sites"} for name in names]
    return exchange("/subscriptions/sub/resources", {"value": apps})


def available(*said: Json) -> Json:
    """What Resource Health says."""
    return exchange("/subscriptions/sub/providers/Microsoft.ResourceHealth/availabilityStatuses", {"value": list(said)})


def metrics(name: str, status: int = 200, interval: str = "PT5M", **asked: Json) -> Json:
    """600 requests at 11:45."""
    points = [{"timeStamp": "2026-03-10T11:45:00Z", "total": 600.0}]
    value = [{"name": {"value": "Requests"}, "errorCode": "Success", "timeseries": [{"data": points}]}]
    body = {"interval": interval, "value": value} if status == 200 else {"error": {"code": "BadRequest"}}
    return exchange(f"{WEB}/{name}/providers/Microsoft.Insights/metrics", body, status=status, **asked)


def read(*exchanges: Json, stream: str = "health", **more: Any) -> tuple[list[Item], Any, Replay]:
    """All that a stream yields from 11:45 on, its run and its adapter."""
    since = datetime(2026, 3, 10, 11, 45, tzinfo=UTC)
    return replayed(connector, stream, Recording(OPTIONS, NOW, list(exchanges), None, more.get("since", since)))


@pytest.mark.parametrize("stream", ["health", "alerts"])
def test_the_recordings_are_read_to_their_end(stream: str) -> None:
    items, run, adapter = replayed(connector, stream, load("azure_monitor", stream))
    assert adapter.unused == []
    assert sum(run.unknown_words.values()) == 2
    assert cursor_of(items) == {"until": f"2026-03-10T{'11:55' if stream == 'health' else '12:01'}:00+00:00"}
    assert run.http.request_count == len(adapter.asked)


def test_a_metric_that_failed_inside_a_good_answer_makes_the_run_partial() -> None:
    _, run, _ = replayed(connector, "health", load("azure_monitor", "health"))
    assert run.warnings == ["orders: memory_percent: InternalServerError: The metric could not be read"]


def test_every_request_but_the_sign_in_carries_the_token_and_its_secret_goes_nowhere_else() -> None:
    _, _, adapter = read(signed(), listed("a"), available(), metrics("a"))
    assert [request.headers.get("Authorization") for request in adapter.asked] == [None, *["Bearer one"] * 3]
    hosts = [str(request.url).split("/")[2] for request in adapter.asked]
    assert hosts == ["login.microsoftonline.com", *["management.azure.com"] * 3]
    assert [bool(request.body) for request in adapter.asked] == [True, False, False, False]


def test_a_token_that_ends_is_asked_for_anew() -> None:
    """oauth.EARLY_S = 120: a token of 60 s serves one request."""
    assert oauth.EARLY_S == 120
    tokens = [signed(60, name) for name in ("one", "two", "three")]
    _, _, adapter = read(*tokens, listed("a"), available(), metrics("a"))
    used = [request.headers.get("Authorization") for request in adapter.asked]
    assert used == [None, "Bearer one", None, "Bearer two", None, "Bearer three"]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "unauthorized_client", "error_description": "AADSTS700016: no such application"}, "auth"),
        (401, {"error": "invalid_client", "error_description": "AADSTS7000215: wrong secret"}, "auth"),
        (200, {"token_type": "Bearer"}, "schema_drift"),
    ],
)
def test_a_refused_sign_in_is_said(status: int, body: Json, kind: ErrorClass) -> None:
    with pytest.raises(SourceError) as raised:
        read(exchange("/t/oauth2/v2.0/token", body, "POST", status))
    assert raised.value.error_class == kind


def test_a_resource_whose_metrics_are_refused_does_not_stop_the_others() -> None:
    items, run, _ = read(signed(), listed("a", "b"), available(), metrics("a", 400), metrics("b"))
    assert [row["requests_per_minute"] for row in rows_of(items, ComponentHealth)] == [120.0]
    assert len(run.warnings) == 1
    assert run.warnings[0].startswith("a: ")


def test_when_all_are_refused_the_run_fails() -> None:
    with pytest.raises(SourceError) as raised:
        read(signed(), listed("a", "b"), available(), metrics("a", 400), metrics("b", 403))
    assert raised.value.error_class == "bad_query"


def test_another_grain_than_the_asked_one_is_not_taken_for_it() -> None:
    _, run, _ = read(signed(), listed("a", "b"), available(), metrics("a", interval="PT1H"), metrics("b"))
    assert "set a longer step" in run.warnings[0]


def test_a_kill_between_two_slices_goes_on_with_the_second() -> None:
    """From 2026-03-09 18:00 to 11:55 are 215 buckets of 5 minutes: a slice of 200 to 10:40, then one of 15."""
    first = {"timespan": "2026-03-09T18:00:00Z/2026-03-10T10:40:00Z"}
    second = {"timespan": "2026-03-10T10:40:00Z/2026-03-10T11:55:00Z"}
    since = datetime(2026, 3, 9, 18, 0, tzinfo=UTC)
    exchanges = [signed(), listed("a"), available(), metrics("a", params=first), metrics("a", 500, params=second)]
    adapter, taken = Replay(exchanges), list[Item]()
    run = run_of(connector, "health", Recording(OPTIONS, NOW, exchanges, None, since), adapter)
    with pytest.raises(SourceError) as raised:
        taken.extend(connector.streams["health"].fetch(run))
    assert raised.value.error_class == "vendor_5xx"
    assert cursor_of(taken) == {"until": "2026-03-10T10:40:00+00:00"}
    reached = datetime(2026, 3, 10, 10, 40, tzinfo=UTC)
    items, _, again = read(signed(), listed("a"), available(), metrics("a", params=second), since=reached)
    assert again.unused == []
    assert len(rows_of(items, ComponentHealth)) == 1


@pytest.mark.parametrize(
    ("link", "following"),
    [
        ("https://management.azure.com:443/x?a=1&$skiptoken=b", "https://management.azure.com/x?a=1&$skiptoken=b"),
        ("https://management.azure.com/x", "https://management.azure.com/x"),
        ("http://127.0.0.1:8443/x", "http://127.0.0.1:8443/x"),
        (None, None),
        ("", None),
    ],
)
def test_the_next_page_is_on_the_same_host_with_its_port_or_without(link: str | None, following: str | None) -> None:
    assert next_link({"nextLink": link}, Answer("", 200, {}, ""), {}) == following


def test_a_next_page_on_another_host_is_refused() -> None:
    page = listed("a")
    page["response"]["body"]["nextLink"] = "https://evil.example/x"
    with pytest.raises(SourceError, match="another host"):
        read(signed(), page)


def test_a_system_database_is_no_component() -> None:
    items, _, _ = replayed(connector, "health", load("azure_monitor", "health"))
    assert [row["name"] for row in rows_of(items, Components)] == ["web-1", "orders", "shop-api"]


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"availabilityState": "Unavailable", "reasonType": "Planned"}, "maintenance"),
        ({"availabilityState": "Unavailable", "context": "Customer Initiated"}, "maintenance"),
        ({"availabilityState": "Unavailable", "reasonType": "Unplanned"}, "down"),
        ({"availabilityState": "Degraded"}, "degraded"),
        ({"availabilityState": "Available", "category": "Planned"}, "healthy"),
        ({"availabilityState": "Unknown"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_planned_work_is_maintenance(told: Json, status: str) -> None:
    run = run_of(connector, "health", Recording(OPTIONS, NOW, []), None)
    assert status_fields(run, told)["status"] == status


def test_an_alert_without_its_resolved_instant_ends_with_its_last_change() -> None:
    essentials = {
        "severity": "Sev0",
        "alertState": "New",
        "monitorCondition": "Resolved",
        "startDateTime": "2026-03-10T11:00:00Z",
        "lastModifiedDateTime": "2026-03-10T11:50:00Z",
    }
    alert = {"id": "/subscriptions/sub/x/alerts/guid", "name": "cpu", "properties": {"essentials": essentials}}
    path = "/subscriptions/sub/providers/Microsoft.AlertsManagement/alerts"
    items, _, _ = read(signed(), exchange(path, {"value": [alert]}), stream="alerts")
    (row,) = rows_of(items, Alerts)
    assert (row["ended_at"], row["is_end_inferred"]) == (datetime(2026, 3, 10, 11, 50, tzinfo=UTC), True)
    assert (row["component_id"], row["fingerprint"]) == (None, "cpu|")


@pytest.mark.parametrize("wrong", [{"step": "2m"}, {"step": "90s"}, {"resource_types": ["x/y"]}, {"tenant": "a/b"}])
def test_wrong_options_are_refused(wrong: Json) -> None:
    with pytest.raises(ValidationError):
        AzureOptions.model_validate(OPTIONS | wrong)
