"""Datadog: errors under status 200, the life of an alert, resuming, objectives that come and go."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ComponentHealth, SloPoints, Slos
from aurora.errors import ErrorClass, SourceError
from ingest.connectors.datadog import DatadogOptions, connector
from ingest.vendors import datadog, datadog_cost, datadog_monitors
from tests.landing import Landing, until_it_breaks
from tests.replay import Recording, cursor_of, golden, load, plain, replayed, rows_of, run_of

Json = Any
NOW = datetime(2026, 3, 1, 12, 2, 7, tzinfo=UTC)
NOON = 1772366400
OPTIONS = {"site": "datadoghq.com", "api_key": "env:PATH", "application_key": "env:PATH"}
NO_HOSTS = {"request": {"method": "GET", "path": "/api/v1/hosts"}, "response": {"body": {"host_list": []}}}


def monitors(*listed: Json) -> Json:
    return {"request": {"method": "GET", "path": "/api/v1/monitor"}, "response": {"body": list(listed)}}


def monitor(status: str, **group: Json) -> Json:
    """A monitor of one group."""
    told = {"status": status, "last_triggered_ts": None, "last_resolved_ts": None, "last_nodata_ts": None}
    return {"id": 1, "name": "CPU", "state": {"groups": {"service:shop": told | group}}}


def polled(told: Json, now: datetime, cursor: Json) -> tuple[list[Json], Json]:
    """The alert rows of one poll and the cursor after it."""
    since = now - timedelta(minutes=6)
    recording = Recording(OPTIONS, now, [NO_HOSTS, monitors(*told)], cursor, since)
    items, _, _ = replayed(connector, "alerts", recording)
    return rows_of(items, Alerts), cursor_of(items)


def test_an_alert_keeps_its_id_while_it_goes_on_and_a_new_episode_has_another() -> None:
    first, cursor = polled([monitor("Warn", last_triggered_ts=NOON)], NOW, None)
    assert [(row["state"], row["severity"]) for row in first] == [("firing", "warning")]
    worse, cursor = polled([monitor("Alert", last_triggered_ts=NOON + 300)], NOW + timedelta(minutes=5), cursor)
    assert [(row["alert_id"], row["severity"]) for row in worse] == [(first[0]["alert_id"], "critical")]
    again, cursor = polled(
        [monitor("Alert", last_triggered_ts=NOON + 600, last_resolved_ts=NOON + 500)],
        NOW + timedelta(minutes=10),
        cursor,
    )
    assert [(row["alert_id"] == first[0]["alert_id"], row["state"]) for row in again] == [
        (True, "resolved"),
        (False, "firing"),
    ]
    assert again[0]["ended_at"] == datetime.fromtimestamp(NOON + 500, UTC)
    gone, cursor = polled([], NOW + timedelta(minutes=15), cursor)
    assert [(row["alert_id"], row["state"], row["is_end_inferred"]) for row in gone] == [
        (again[1]["alert_id"], "resolved", True)
    ]
    assert cursor["open"] == {}


def test_a_monitor_that_is_not_evaluated_neither_opens_nor_ends_an_alert() -> None:
    assert polled([monitor("Skipped")], NOW, None)[0] == []
    rows, cursor = polled([monitor("Alert", last_triggered_ts=NOON)], NOW, None)
    kept, _ = polled([monitor("Ignored")], NOW + timedelta(minutes=1), cursor)
    assert [(row["alert_id"], row["state"]) for row in kept] == [(rows[0]["alert_id"], "unknown")]


@pytest.mark.parametrize(
    ("muted", "group", "expected"),
    [
        ({"options": {"silenced": {"*": None}}}, "host:a", True),
        ({"options": {"silenced": {"host:a": 1}}}, "host:a,env:prod", True),
        ({"options": {"silenced": {"host:b": 1}}}, "host:a", False),
        ({"matching_downtimes": [{"scope": ["env:prod", "host:a"]}]}, "host:a", False),
        ({"matching_downtimes": [{"scope": ["env:prod", "host:a"]}]}, "host:a,env:prod", True),
        ({}, "*", False),
    ],
)
def test_a_mute_counts_for_what_it_covers(muted: Json, group: str, expected: bool) -> None:
    assert datadog_monitors.is_silenced(muted, group) is expected


@pytest.mark.parametrize(
    ("status", "priority", "expected"),
    [
        ("Alert", None, "critical"),
        ("Alert", 2, "critical"),
        ("Alert", 3, "warning"),
        ("Alert", 4, "info"),
        ("Warn", 1, "warning"),
        ("No Data", None, "warning"),
        ("Haywire", None, "warning"),
    ],
)
def test_severity_is_state_and_priority(status: str, priority: int | None, expected: str) -> None:
    assert datadog_monitors.severity(status, priority) == expected


@pytest.mark.parametrize(
    ("errors", "kind"),
    [("no such metric", "bad_query"), (["Rate limit of requests in 3600 seconds reached."], "rate_limited")],
)
@pytest.mark.parametrize("stream", ["health", "alerts", "slos"])
def test_an_error_under_status_200_is_a_failure(stream: str, errors: Json, kind: ErrorClass) -> None:
    refused = {"response": {"status": 200, "body": {"errors": errors}}}
    exchanges = [one | refused for one in load("datadog", stream).exchanges]
    with pytest.raises(SourceError) as raised:
        replayed(connector, stream, replace(load("datadog", stream), exchanges=exchanges))
    assert raised.value.error_class == kind


def test_a_killed_run_goes_on_after_the_last_whole_window() -> None:
    """The second window is refused; the run after it asks that one alone and brings the rows that were missing."""
    whole = load("datadog", "health")
    broken = [*whole.exchanges[:4], whole.exchanges[4] | {"response": {"status": 500, "body": "oops"}}]
    told = until_it_breaks(connector, "health", replace(whole, exchanges=broken))
    cursor = cursor_of(told)
    assert cursor == {"until": "2026-03-01T11:59:00+00:00"}
    later = replace(whole, cursor=cursor, since=datetime.fromisoformat(cursor["until"]))
    later.exchanges[:] = [*whole.exchanges[:2], *whole.exchanges[4:]]
    items, _, adapter = replayed(connector, "health", later)
    assert adapter.unused == []
    health = [row for row in plain(told) + plain(items) if row[0] == "component_health"]
    assert health == [row for row in golden("datadog", "health") if row[0] == "component_health"]


def test_units_are_the_vendors_and_the_environment_narrows_every_query() -> None:
    ask = datadog.Ask("env:prod", 60, 0, 120_000)
    body = datadog.request(ask, "service", datadog.SERVICE_QUERIES, "web.request")
    assert [one["query"] for one in body["data"]["attributes"]["queries"]] == [
        "sum:trace.web.request.hits{env:prod} by {service}.as_count().rollup(sum, 60)",
        "sum:trace.web.request.errors{env:prod} by {service}.as_count().rollup(sum, 60)",
        "avg:trace.web.request{env:prod} by {service}.rollup(avg, 60)",
    ]
    unit = {"family": "time", "name": "millisecond", "scale_factor": 0.001}
    series = {"group_tags": ["service:shop"], "query_index": 2, "unit": [unit, None]}
    answer = {"data": {"attributes": {"series": [series], "times": [0, 60_000, 120_000], "values": [[250, None, 9]]}}}
    found = datadog.wide(answer, ask, "service", list(datadog.SERVICE_QUERIES))
    assert found == {("shop", 0): {"duration": 0.25}}  # 120000 is outside, null is no value
    assert datadog.service_measures(found["shop", 0], 60)["response_time_ms"] == 250


def test_requests_per_minute_come_from_counts_of_a_bucket() -> None:
    """600 hits in 300 s are 120 a minute; 30 errors of 600 are 5 %."""
    told = datadog.service_measures({"hits": 600, "errors": 30}, 300)
    assert told == {"requests_per_minute": 120, "error_rate_pct": 5.0, "response_time_ms": None}


def test_hosts_with_metrics_that_are_not_listed_are_told() -> None:
    items, run, _ = replayed(connector, "health", load("datadog", "health"))
    assert run.warnings == ["hosts that are measured but not listed are left out: 1, such as lost-1"]
    assert run.unknown_words == {"blue": 1}
    assert len(rows_of(items, Components)) == 5


def test_objectives_land_once_and_a_deleted_one_ends(tmp_path: Path) -> None:
    recording = load("datadog", "slos")
    landing = Landing(tmp_path, connector, recording.options)
    hours = [one for one in recording.exchanges if "from_ts" not in one["request"]["params"]]
    early = {"data": {"type": "monitor", "overall": {"sli_value": 100.0, "errors": []}}, "errors": None}
    points = [
        {"request": {"method": "GET", "path": f"/api/v1/slo/{name}/history"}, "response": {"body": early}}
        for name in ("aaa111", "bbb222", "ccc333", "eee555") * 3
    ]
    first, _ = landing.run("slos", hours + points, NOW)
    assert first.status == "partial"  # the yearly objective has no window
    assert first.landed.quarantined_count == 0
    assert len(landing.rows(SloPoints, "slo_id")) == 12
    left = [one for one in hours if one["request"]["params"]["page[number]"] == 2]
    left[0]["request"]["params"]["page[number]"] = 0
    second, adapter = landing.run("slos", [*left, points[3]], NOW + timedelta(hours=1))
    assert (second.status, adapter.unused) == ("success", [])
    assert landing.rows(Slos, "slo_id", "version", "is_deleted") == [
        ("test:aaa111", 1, False),
        ("test:aaa111", 2, True),
        ("test:bbb222", 1, False),
        ("test:bbb222", 2, True),
        ("test:ccc333", 1, False),
        ("test:ccc333", 2, True),
        ("test:eee555", 1, False),
    ]


def test_health_lands_once_and_a_second_run_reads_only_what_is_new(tmp_path: Path) -> None:
    recording = load("datadog", "health")
    landing = Landing(tmp_path, connector, recording.options | {"window_points": 240})
    data = [_any_time(one) for one in recording.exchanges[2:4]]
    first, _ = landing.run("health", [*recording.exchanges[:2], *data], NOW)
    second, adapter = landing.run("health", [*recording.exchanges[:2], *data], NOW + timedelta(minutes=1))
    assert first.landed.quarantined_count == second.landed.quarantined_count == 0
    spans = [json.loads(one.body)["data"]["attributes"] for one in adapter.asked if one.method == "POST"]
    assert {(span["to"] - span["from"]) // 60_000 for span in spans} == {11}  # ten minutes of overlap and the new one
    assert landing.doubles(ComponentHealth) == landing.doubles(Components) == 0
    assert "lost-1" in str(second.error)


def _any_time(exchange: Json) -> Json:
    queries = exchange["request"]["json"]["data"]["attributes"]["queries"]
    return exchange | {
        "request": exchange["request"] | {"json": {"data": {"attributes": {"queries": queries}}}},
    }


def test_month_to_date_totals_become_days() -> None:
    """10, 25, 25 and 24 month to date are 10, 15, 0 and -1 (a correction); the first of the next month starts anew."""
    february, march = date(2026, 2, 27), date(2026, 3, 1)
    told = {february: Decimal("2.5"), march: Decimal(10)}
    told |= {march + timedelta(days=n): Decimal(cost) for n, cost in ((1, 25), (2, 25), (3, 24))}
    assert list(datadog_cost.daily(told).values()) == [Decimal("2.5"), 10, 15, 0, -1]
    assert datadog_cost.month_before(date(2026, 1, 31)) == date(2025, 12, 1)
    assert datadog_cost.month_before(date(2026, 3, 1)) == date(2026, 2, 1)


def entry(organisation: str, day: str, **charges: float) -> Any:
    """What an organisation's products cost up to a day, or in a month."""
    told = [{"product_name": name, "charge_type": "on_demand", "cost": cost} for name, cost in charges.items()]
    return {"attributes": {"public_id": organisation, "org_name": "Shop", "date": f"{day}T00:00:00Z", "charges": told}}


def test_a_closed_month_adds_up_to_what_is_billed_and_is_no_estimate_any_more() -> None:
    """February 10 + 15 of hosts billed at 26.5: 1.5 more on the 28th; 3 of logs not billed; 2 of apm never told.

    March goes on as an estimate, as does another organisation, of which nothing is billed yet.
    """
    estimated = [entry("a", "2026-02-01", hosts=10), entry("a", "2026-02-02", hosts=25, logs=3)]
    estimated += [entry("a", "2026-03-01", hosts=4), entry("b", "2026-02-01", hosts=1)]
    final = [entry("a", "2026-02-01", hosts=26.5, apm=2), entry("c", "2026-02-01", hosts=9)]
    run = run_of(connector, "cost", Recording(OPTIONS, NOW, []), None)
    rows = datadog_cost.cost_rows(run, estimated, final)
    told = {(row["account_id"], row["service"], row["day"].isoformat(), row["category"]): row for row in rows}
    assert {key[1:]: row["billed_cost"] for key, row in told.items() if key[0] == "a"} == {
        ("apm", "2026-02-28", "adjustment"): Decimal(2),
        ("hosts", "2026-02-01", "usage"): Decimal(10),
        ("hosts", "2026-02-02", "usage"): Decimal(15),
        ("hosts", "2026-02-28", "adjustment"): Decimal("1.5"),
        ("hosts", "2026-03-01", "usage"): Decimal(4),
        ("logs", "2026-02-02", "usage"): Decimal(3),
        ("logs", "2026-02-28", "adjustment"): Decimal(-3),
    }
    open_ones = {key[:3] for key, row in told.items() if row["is_estimated"]}
    assert open_ones == {("a", "hosts", "2026-03-01"), ("b", "hosts", "2026-02-01")}
    assert not [key for key in told if key[0] == "c"]


@pytest.mark.parametrize(
    ("tags", "env", "expected"),
    [
        (["env:prod", "team:a"], "prod", False),
        (["env:staging"], "prod", True),
        (["env:staging", "env:prod"], "prod", False),
        (["team:a"], "prod", False),
        (["env:staging"], None, False),
    ],
)
def test_what_names_another_environment_is_elsewhere(tags: list[str], env: str | None, expected: bool) -> None:
    assert datadog.is_elsewhere(tags, env) is expected


def test_costs_are_asked_only_where_they_are_wanted() -> None:
    assert replayed(connector, "cost", Recording(OPTIONS, NOW, []))[0] == []


@pytest.mark.parametrize("site", ["api.datadoghq.com.evil.example", "https://datadoghq.com", "", "datadoghq.org"])
def test_only_datadogs_sites_are_asked(site: str) -> None:
    with pytest.raises(ValidationError):
        DatadogOptions.model_validate(OPTIONS | {"site": site})
