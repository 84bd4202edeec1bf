"""Google Cloud Monitoring: how the key signs, what is no success under HTTP 200, and going on after a kill."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt
from pydantic import ValidationError

from aurora.contracts.operations import Alerts, ComponentHealth
from aurora.errors import SourceError
from ingest.connector import Item
from ingest.connectors.google_monitoring import AUDIENCE, GoogleOptions, connect, connector
from ingest.vendors.google_metrics import MEASURES, native_id, number, points
from tests.replay import Recording, Replay, cursor_of, load, replayed, rows_of, run_of

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FIVE = timedelta(minutes=5)
OPTIONS = {"project": "shop", "token": "env:PATH"}
Json = Any


def exchange(body: Json, path: str = "timeSeries", status: int = 200, **params: Json) -> Json:
    """One exchange of the API."""
    request = {"method": "GET", "path": f"/v3/projects/shop/{path}", "params": params}
    return {"request": request, "response": {"status": status, "body": body}}


def slice_of(cpu: Json, since: str, until: str) -> list[Json]:
    """One answer for each metric type of a slice: `cpu` for the first, nothing for the others."""
    window = {"interval.startTime": f"2026-03-{since}:00Z", "interval.endTime": f"2026-03-{until}:00Z"}
    return [cpu | {"request": cpu["request"] | {"params": window}}, *[exchange({}, **window)] * (len(MEASURES) - 1)]


def cpu(end: str, value: float = 0.5) -> Json:
    """CPU of one machine in one bucket."""
    series = {
        "metric": {"type": MEASURES[0].metric, "labels": {"instance_name": "web-1"}},
        "resource": {"type": "gce_instance", "labels": {"instance_id": "1", "zone": "europe-west1-b"}},
        "points": [{"interval": {"endTime": end}, "value": {"doubleValue": value}}],
    }
    return exchange({"timeSeries": [series]})


def read(exchanges: list[Json], stream: str = "health", **more: Any) -> tuple[list[Item], Any, Replay]:
    """All that a stream yields, its run and its adapter."""
    since = more.get("since", NOW - 3 * FIVE)
    return replayed(connector, stream, Recording(OPTIONS, NOW, exchanges, more.get("cursor"), since))


@cache
def key() -> tuple[str, str]:
    """A service account's key as JSON, and the public half."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    private = made.private_bytes(pem, serialization.PrivateFormat.PKCS8, none).decode()
    public = made.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    told = {
        "type": "service_account",
        "client_email": "aurora@shop.iam.gserviceaccount.com",
        "private_key_id": "1",
        "private_key": private,
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return json.dumps(told), public


@pytest.mark.parametrize("is_file", [False, True])
def test_the_key_signs_a_token_for_this_api_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_file: bool
) -> None:
    text, public = key()
    path = tmp_path / "key.json"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("KEY", str(path) if is_file else text)
    site = connect(GoogleOptions.model_validate({"project": "shop", "service_account": "env:KEY"}))
    token = site.headers["Authorization"].removeprefix("Bearer ")
    told = jwt.decode(token, certs=public.encode(), audience=AUDIENCE)
    assert told["iss"] == told["sub"] == "aurora@shop.iam.gserviceaccount.com"
    assert told["exp"] - told["iat"] == 3600
    assert site.secrets == (token,)


@pytest.mark.parametrize("text", ["nothing", "{}", "{", '{"client_email": "a", "private_key": "b"}', "/"])
def test_a_key_that_is_none_is_said_without_showing_it(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("KEY", text)
    with pytest.raises(SourceError, match="is no service account key") as raised:
        connect(GoogleOptions.model_validate({"project": "shop", "service_account": "env:KEY"}))
    assert raised.value.error_class == "auth"
    assert "private_key" not in str(raised.value)


@pytest.mark.parametrize("stream", ["health", "alerts"])
def test_the_recordings_are_read_to_their_end(stream: str) -> None:
    items, run, adapter = replayed(connector, stream, load("google_monitoring", stream))
    assert adapter.unused == []
    assert run.warnings == []
    until = "11:55" if stream == "health" else "12:01"
    cursor = cursor_of(items)
    assert cursor is not None
    assert cursor["until"] == f"2026-03-10T{until}:00+00:00"


def test_a_point_is_stamped_with_the_end_of_its_bucket() -> None:
    """The bucket that ends at 11:50 began at 11:45; one that ends where the slice begins is not of it."""
    window = (datetime(2026, 3, 10, 11, 45, tzinfo=UTC), datetime(2026, 3, 10, 11, 55, tzinfo=UTC))
    ends = ("11:45", "11:50", "11:55", "12:00")
    stamped = [{"interval": {"endTime": f"2026-03-10T{at}:00Z"}, "value": {"doubleValue": 1.0}} for at in ends]
    assert [at for at, _ in points({"points": stamped}, window, FIVE)] == [window[0], window[0] + FIVE]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"doubleValue": 0.5}, 0.5),
        ({"int64Value": "12"}, 12.0),
        ({"boolValue": True}, 1.0),
        ({"distributionValue": {"count": "3", "mean": 7.5}}, 7.5),
        ({"distributionValue": {"count": "0"}}, None),
        ({"distributionValue": {}}, None),
        ({"stringValue": "x"}, None),
        ({}, None),
    ],
)
def test_a_typed_value_is_a_number_or_nothing(value: Json, told: float | None) -> None:
    assert number(value) == told


@pytest.mark.parametrize(
    ("resource", "native"),
    [
        ({"type": "gce_instance", "labels": {"instance_id": "1"}}, "1"),
        ({"type": "gce_instance", "labels": {"instance_id": ""}}, None),
        ({"type": "cloud_run_revision", "labels": {"project_id": "p", "location": "l", "service_name": "s"}}, "p/l/s"),
        ({"type": "cloud_run_revision", "labels": {"location": "l"}}, None),
        ({"type": "k8s_node", "labels": {"node_name": "n"}}, None),
        ({}, None),
    ],
)
def test_only_a_whole_known_resource_is_a_component(resource: Json, native: str | None) -> None:
    assert native_id(resource) == native


def test_errors_beside_the_data_are_no_success() -> None:
    answer = exchange({"timeSeries": [], "executionErrors": [{"code": 4, "message": "deadline exceeded"}]})
    with pytest.raises(SourceError, match="deadline exceeded") as raised:
        read([answer])
    assert raised.value.error_class == "partial"


def test_a_metric_type_that_the_project_lacks_is_absent_and_a_quota_is_not() -> None:
    lacking = exchange({"error": {"code": 404, "status": "NOT_FOUND"}}, status=404)
    exchanges = [cpu("2026-03-10T11:50:00Z"), *[lacking] * (len(MEASURES) - 1)]
    items, run, adapter = read(exchanges)
    assert [row["cpu_pct"] for row in rows_of(items, ComponentHealth)] == [50.0]
    assert (adapter.unused, run.warnings) == ([], [])
    spent = exchange({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, status=429)
    with pytest.raises(SourceError) as raised:
        read([lacking, *[spent] * 4])
    assert raised.value.error_class == "rate_limited"


def test_a_kill_between_two_slices_goes_on_with_the_second() -> None:
    """From 18:00 of the day before to 11:55 are 215 buckets: a slice of 200 to 10:40, then one of 15."""
    since, reached = datetime(2026, 3, 9, 18, 0, tzinfo=UTC), datetime(2026, 3, 10, 10, 40, tzinfo=UTC)
    first = slice_of(cpu("2026-03-09T18:05:00Z"), "09T18:00", "10T10:40")
    broken = exchange({"error": {"code": 500}}, status=500)
    run = run_of(connector, "health", Recording(OPTIONS, NOW, [], None, since), Replay([*first, broken]))
    taken: list[Item] = []
    with pytest.raises(SourceError):
        taken.extend(connector.streams["health"].fetch(run))
    assert cursor_of(taken) == {"until": reached.isoformat()}
    second = slice_of(cpu("2026-03-10T10:45:00Z"), "10T10:40", "10T11:55")
    items, _, adapter = read(second, since=reached)
    assert adapter.unused == []
    assert [row["ts_start"] for row in rows_of(items, ComponentHealth)] == [reached]


def alert(state: str, opened: str, closed: str | None = None) -> Json:
    """One alert."""
    told = {"name": f"projects/shop/alerts/{opened}", "state": state, "openTime": f"2026-03-10T{opened}:00Z"}
    return told | ({"closeTime": f"2026-03-10T{closed}:00Z"} if closed else {})


def test_an_alert_that_stays_open_is_asked_for_until_it_is_closed() -> None:
    first, _, _ = read([exchange({"alerts": [alert("OPEN", "08:00")]}, "alerts")], "alerts", since=NOW - FIVE * 60)
    cursor = cursor_of(first)
    assert cursor == {"until": NOW.isoformat(), "oldest": "2026-03-10T08:00:00+00:00"}
    later = [alert("OPEN", "11:59"), alert("CLOSED", "08:00", "11:58"), alert("CLOSED", "07:00", "07:30")]
    items, _, _ = read([exchange({"alerts": later}, "alerts")], "alerts", cursor=cursor, since=NOW - FIVE)
    ended = {row["started_at"].hour: row["ended_at"] for row in rows_of(items, Alerts)}
    assert ended == {11: None, 8: datetime(2026, 3, 10, 11, 58, tzinfo=UTC)}
    assert cursor_of(items) == {"until": NOW.isoformat(), "oldest": "2026-03-10T11:59:00+00:00"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"project": "shop"},
        {"project": "shop", "token": "env:PATH", "service_account": "env:PATH"},
        {"project": "a/b", "token": "env:PATH"},
        {"project": "shop", "token": "env:PATH", "step": "7m"},
    ],
)
def test_wrong_options_are_refused(wrong: Json) -> None:
    with pytest.raises(ValidationError):
        GoogleOptions.model_validate(wrong)
