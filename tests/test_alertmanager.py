"""Alertmanager: episodes over polls, foreign answers, and a real server that Prometheus tells an alert."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from pydantic import ValidationError

from aurora.contracts import Row
from aurora.contracts.operations import Alerts
from aurora.errors import SourceError
from ingest.connectors import prometheus
from ingest.connectors.alertmanager import connector
from ingest.vendors import promql
from ingest.vendors.alerting import AlertOptions
from tests.replay import Recording, cursor_of, refused, replayed, rows_of, run_of
from tests.servers import Monitoring, monitored

__all__ = ["monitored"]
Json = Any
URL = "http://alertmanager.example:9093"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def alert(mark: str = "aa", began: str = "2026-03-01T11:50:00.000Z", **labels: str) -> Json:
    """One alert of /api/v2/alerts, firing."""
    return {
        "labels": {"alertname": "DiskFills", "severity": "warning", "instance": "db:9100"} | labels,
        "annotations": {},
        "fingerprint": mark,
        "startsAt": began,
        "endsAt": "2026-03-01T12:04:00.000Z",
        "updatedAt": "2026-03-01T12:00:00.000Z",
        "receivers": [{"name": "ops"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
    }


def told(body: Json, status: int = 200, cursor: Json = None, **options: Any) -> Recording:
    """A recording of one poll."""
    exchange = {"request": {"method": "GET", "path": "/api/v2/alerts"}, "response": {"status": status, "body": body}}
    return Recording({"url": URL} | options, NOW, [exchange], cursor)


def polled(found: list[Json], cursor: Json, after: timedelta) -> tuple[list[Row], Json]:
    """The rows and the cursor of a poll that long after NOW."""
    items, _, _ = replayed(connector, "alerts", replace(told(found, cursor=cursor), now=NOW + after))
    assert refused(items) == {}
    return rows_of(items, Alerts), cursor_of(items)


def test_an_alert_that_stays_away_is_resolved_from_the_first_poll_without_it() -> None:
    """Seen at 0 min, away at 1, 2 and 3 min: two minutes after the first miss it is over, since 1 min."""
    first, cursor = polled([alert()], None, 0 * MINUTE)
    missed, cursor = polled([], cursor, 1 * MINUTE)
    waiting, cursor = polled([], cursor, 2 * MINUTE)
    over, cursor = polled([], cursor, 3 * MINUTE)
    assert [row["state"] for row in first] == ["firing"]
    assert (missed, waiting) == ([], [])
    assert [(row["state"], row["ended_at"], row["is_end_inferred"]) for row in over] == [
        ("resolved", NOW + MINUTE, True)
    ]
    assert over[0]["alert_id"] == first[0]["alert_id"]
    assert over[0]["last_seen_at"] == NOW
    assert cursor == {"open": {}}


def test_an_alertmanager_that_was_restarted_resolves_nothing() -> None:
    _, cursor = polled([alert()], None, 0 * MINUTE)
    _, cursor = polled([], cursor, 1 * MINUTE)
    back, cursor = polled([alert()], cursor, 2 * MINUTE)
    _, cursor = polled([], cursor, 3 * MINUTE)
    still, cursor = polled([], cursor, 4 * MINUTE)
    assert [(row["state"], row["ended_at"]) for row in back] == [("firing", None)]
    assert (still, len(cursor["open"])) == ([], 1)


def test_an_alert_that_fires_anew_is_another_episode_of_the_same_fingerprint() -> None:
    first, cursor = polled([alert()], None, 0 * MINUTE)
    again, _ = polled([alert(began="2026-03-01T12:00:30Z")], cursor, 1 * MINUTE)
    assert first[0]["fingerprint"] == again[0]["fingerprint"]
    assert first[0]["alert_id"] != again[0]["alert_id"]


def test_two_alerts_that_differ_only_in_external_labels_stay_two_with_one_fingerprint() -> None:
    found = [alert("aa", region="eu"), alert("bb", region="us")]
    items, _, _ = replayed(connector, "alerts", told(found, external_labels=["region"]))
    rows = rows_of(items, Alerts)
    plain = {"alertname": "DiskFills", "severity": "warning", "instance": "db:9100"}
    assert {row["fingerprint"] for row in rows} == {promql.fingerprint(plain)}
    assert len({row["alert_id"] for row in rows}) == 2


def test_components_are_those_of_another_source_or_none() -> None:
    items, _, _ = replayed(connector, "alerts", told([alert()]))
    assert rows_of(items, Alerts)[0]["component_id"] is None
    items, _, _ = replayed(connector, "alerts", told([alert(), alert("bb", instance="")], components_of="prom"))
    assert [row["component_id"] for row in rows_of(items, Alerts)] == ["prom:db:9100", None]


@pytest.mark.parametrize("body", [{"status": "success", "data": []}, "no route", None, {"message": "Not found"}])
def test_an_answer_that_is_no_list_is_schema_drift(body: Json) -> None:
    text = '"no route"' if isinstance(body, str) else "null" if body is None else body
    with pytest.raises(SourceError, match="no list of alerts") as caught:
        replayed(connector, "alerts", told(text))
    assert caught.value.error_class == "schema_drift"


def test_a_refusal_is_a_bare_string_and_its_words_are_told() -> None:
    with pytest.raises(SourceError, match="bad matcher format") as caught:
        replayed(connector, "alerts", told('"bad matcher format: team"', 400, matchers=["team"]))
    assert caught.value.error_class == "bad_query"


def test_one_signs_in_by_token_by_password_or_by_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AM_SECRET", "abc123")
    _, run, adapter = replayed(connector, "alerts", told([], token="env:AM_SECRET", headers={"X-Scope-OrgID": "shop"}))
    sent = adapter.asked[0].headers
    assert (sent["Authorization"], sent["X-Scope-OrgID"]) == ("Bearer abc123", "shop")
    assert run.http.redact("it said abc123") == "it said ***"
    _, run, adapter = replayed(connector, "alerts", told([], user="aurora", password="env:AM_SECRET"))
    assert adapter.asked[0].headers["Authorization"].startswith("Basic ")
    assert run.http.redact("abc123") == "***"
    _, run, adapter = replayed(connector, "alerts", told([], headers={"X-Api-Key": "env:AM_SECRET"}))
    assert adapter.asked[0].headers["X-Api-Key"] == "abc123"
    assert run.http.redact("abc123") == "***"


@pytest.mark.parametrize(
    "options",
    [
        {"user": "me"},
        {"user": "me", "password": "env:A", "token": "env:B"},
        {"token": "plain"},
        {"headers": {"Authorization": "Bearer plain"}},
        {"url": "alertmanager:9093"},
        {"components_of": "No Slug"},
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AlertOptions.model_validate({"url": URL} | options)


def live(url: str, cursor: Json = None, now: datetime | None = None) -> tuple[list[Row], Json]:
    """What a real server says, whatever else fires there."""
    recording = Recording({"url": url}, now or datetime.now(UTC), [], cursor)
    items = list(connector.streams["alerts"].fetch(run_of(connector, "alerts", recording, None)))
    assert refused(items) == {}
    return rows_of(items, Alerts), cursor_of(items)


def until(look: Callable[[], Json]) -> Json:
    """The first answer that says something, within twenty seconds: Prometheus looks for its Alertmanager every five."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    pytest.fail("nothing within 20 s")


def send(url: str, path: str, body: Json) -> Json:
    """The answer to a POST to a real server."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{url}/api/v2/{path}", json=body, timeout=5)
        answer.raise_for_status()
        return answer.json() if answer.text else None


def test_a_real_alertmanager_tells_the_alert_of_a_real_prometheus_by_the_same_fingerprint(
    monitored: Monitoring,
) -> None:
    rows = until(lambda: [row for row in live(monitored.alertmanager)[0] if row["title"] == "AlwaysFiring"])
    recording = Recording({"url": monitored.prometheus}, datetime.now(UTC), [])
    run = run_of(prometheus.connector, "alerts", recording, None)
    own = rows_of(prometheus.connector.streams["alerts"].fetch(run), Alerts)
    assert [row["fingerprint"] for row in rows] == [row["fingerprint"] for row in own]
    assert [(row["state"], row["severity"], row["message"]) for row in rows] == [
        ("firing", "critical", "This one always fires")
    ]


def test_a_real_alertmanager_tells_what_is_silenced_suppressed_and_over(monitored: Monitoring) -> None:
    """Three alerts are sent: a cause, what it suppresses, and one that a silence matches; then the last one ends."""
    url, now = monitored.alertmanager, datetime.now(UTC)
    labels = {"cause": {"role": "cause"}, "effect": {"role": "effect"}, "quiet": {"team": "quiet"}}
    send(url, "alerts", [{"labels": {"alertname": name} | more} for name, more in labels.items()])
    matchers = [{"name": "team", "value": "quiet", "isRegex": False, "isEqual": True}]
    times = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
    send(url, "silences", {"matchers": matchers, **times, "createdBy": "test", "comment": "test"})

    def settled() -> Json:
        found = {row["title"]: row for row in live(url)[0] if row["title"] in labels}
        states = {name: row["state"] for name, row in found.items()}
        return found if states == {"cause": "firing", "effect": "suppressed", "quiet": "silenced"} else None

    found = until(settled)
    assert found["effect"]["suppressed_by"] == found["cause"]["alert_id"]
    _, cursor = live(url)
    send(url, "alerts", [{"labels": {"alertname": "quiet"} | labels["quiet"], "endsAt": now.isoformat()}])
    until(lambda: all(row["title"] != "quiet" for row in live(url)[0]))
    _, cursor = live(url, cursor)
    over, _ = live(url, cursor, datetime.now(UTC) + timedelta(minutes=3))
    ended = [row for row in over if row["title"] == "quiet"]
    assert [(row["state"], row["alert_id"]) for row in ended] == [("resolved", found["quiet"]["alert_id"])]
