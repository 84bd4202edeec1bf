"""Status pages: three kinds in one shape, changes and heartbeats, what vanishes, pages that are something else."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from aurora.contracts import Row, Table
from aurora.contracts.estate import Components
from aurora.contracts.operations import ComponentHealth, ThirdPartyIncidents, ThirdPartyStatus
from aurora.errors import SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connector import Item
from ingest.connectors.status_page import HEARTBEAT, StatusPageOptions, connector
from ingest.run import Ingest
from ingest.vendors import status_pages
from tests.replay import Recording, Replay, cursor_of, refused, replayed, rows_of
from warehouse.lake import Lake

Json = Any
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
URL = "https://status.example.com"
MINUTE = timedelta(minutes=1)


def exchange(path: str, body: Json) -> Json:
    return {"request": {"method": "GET", "path": path}, "response": {"body": body}}


def told(*exchanges: Json, cursor: Json = None, now: datetime = NOW, **options: Any) -> Recording:
    """A recording of a page."""
    return Recording({"url": URL} | options, now, list(exchanges), cursor)


def read(stream: str, recording: Recording) -> tuple[list[Item], Any]:
    """What a stream yields, all of which its contracts take, and the run."""
    items, run, adapter = replayed(connector, stream, recording)
    assert refused(items) == {}
    assert adapter.unused == []
    return items, run


def said(items: list[Item], table: type[Table], *columns: str) -> list[Any]:
    return [tuple(row.get(name) for name in columns) for row in rows_of(items, table)]


def summary(*components: Json, incidents: Json = None, maintenances: Json = None, indicator: str = "none") -> Json:
    """The summary of a Statuspage; incident.io leaves the lists out."""
    listed = {"incidents": incidents, "scheduled_maintenances": maintenances}
    page = {"id": "p1", "name": "Example", "url": URL, "updated_at": "2026-03-01T11:00:00Z"}
    return {
        "page": page,
        "status": {"indicator": indicator, "description": "words"},
        "components": list(components),
        **{name: value for name, value in listed.items() if value is not None},
    }


def component(name: str, status: str | None = "operational", **more: Json) -> Json:
    return {"id": f"id-{name}", "name": name, "status": status, **more}


def polled(status: str, cursor: Json, after: timedelta) -> tuple[list[Row], list[Row], Json]:
    """Rows of third_party_status and component_health, and the cursor, of a poll that long after NOW."""
    body = summary(component("api", status))
    items, _ = read("components", told(exchange("/api/v2/summary.json", body), cursor=cursor, now=NOW + after))
    return rows_of(items, ThirdPartyStatus), rows_of(items, ComponentHealth), cursor_of(items)


def test_a_status_is_told_when_it_changes_and_once_an_hour_and_health_at_every_poll() -> None:
    """Polls at 0, 2, 4, 6 and 64 min: told at 0 (first), at 4 (changed) and at 64 (an hour after the last)."""
    first, health, cursor = polled("operational", None, 0 * MINUTE)
    second, more, cursor = polled("operational", cursor, 2 * MINUTE)
    third, _, cursor = polled("major_outage", cursor, 4 * MINUTE)
    fourth, _, cursor = polled("major_outage", cursor, 6 * MINUTE)
    last, _, _ = polled("major_outage", cursor, 4 * MINUTE + HEARTBEAT)
    assert [[row["status"] for row in rows] for rows in (first, second, third, fourth, last)] == [
        ["healthy"],
        [],
        ["down"],
        [],
        ["down"],
    ]
    assert [(row["ts_start"], row["ts_end"]) for row in health + more] == [
        (NOW - 2 * MINUTE, NOW),
        (NOW, NOW + 2 * MINUTE),
    ]


def test_a_renamed_component_stays_the_same_and_was_first_seen_then() -> None:
    items, _ = read("components", told(exchange("/api/v2/summary.json", summary(component("api")))))
    body = summary(component("api") | {"name": "API v2"})
    again = told(exchange("/api/v2/summary.json", body), cursor=cursor_of(items), now=NOW + MINUTE)
    later, _ = read("components", again)
    columns = ("component_id", "name", "first_seen_at", "last_seen_at")
    assert said(later, Components, *columns) == [("test:id-api", "API v2", NOW, NOW + MINUTE)]


def test_a_page_of_no_components_says_nothing_instead_of_healthy() -> None:
    items, _ = read("components", told(exchange("/api/v2/summary.json", summary(indicator="none"))))
    assert [rows_of(items, table) for table in (ThirdPartyStatus, ComponentHealth, Components)] == [[], [], []]


def test_only_wanted_components_are_read_and_one_that_is_not_there_is_told() -> None:
    body = summary(component("api"), component("db"), component("mail"), incidents=[], maintenances=[])
    told_of = told(exchange("/api/v2/summary.json", body), components=["api", "id-db", "gone"])
    items, run = read("components", told_of)
    assert said(items, Components, "name") == [("api",), ("db",)]
    assert run.warnings == ["component 'gone' is not on the page: mend its name or id in components"]


def test_incidents_of_unwanted_components_are_left_out_but_not_those_of_the_whole_page() -> None:
    base = {"status": "investigating", "created_at": "2026-03-01T11:00:00Z", "updated_at": "2026-03-01T11:00:00Z"}
    about = {"mine": [component("api")], "other": [component("mail")], "whole": []}
    incidents = [{"id": name, "name": name, "components": parts, **base} for name, parts in about.items()]
    body = summary(component("api"), component("mail"), incidents=incidents)
    items, _ = read("incidents", told(exchange("/api/v2/summary.json", body), components=["api"], past=False))
    assert said(items, ThirdPartyIncidents, "title", "component_ids") == [("mine", ["test:id-api"]), ("whole", None)]


def test_unknown_words_are_unknown_and_counted() -> None:
    items, run = read("components", told(exchange("/api/v2/summary.json", summary(component("api", "so-so")))))
    assert said(items, ComponentHealth, "status", "status_raw", "status_reason") == [
        ("unknown", "so-so", "Example says so-so")
    ]
    assert run.unknown_words == {"so-so": 1}


def test_an_incident_that_vanishes_is_over_and_a_withdrawn_maintenance_lasted_no_time() -> None:
    base = {"created_at": "2026-03-01T11:00:00Z", "updated_at": "2026-03-01T11:00:00Z", "components": []}
    incident = {"id": "i1", "name": "Slow", "status": "identified", "impact": "minor", **base}
    plan = {"id": "m1", "name": "Move", "status": "scheduled", "scheduled_for": "2026-03-05T01:00:00Z", **base}
    body = summary(component("api"), incidents=[incident], maintenances=[plan])
    items, _ = read("incidents", told(exchange("/api/v2/summary.json", body), past=False))
    assert said(items, ThirdPartyIncidents, "state", "is_maintenance") == [("open", False), ("scheduled", True)]
    empty = exchange("/api/v2/summary.json", summary(component("api")))
    later, _ = read("incidents", told(empty, cursor=cursor_of(items), now=NOW + 5 * MINUTE, past=False))
    ended = {row["third_party_incident_id"]: row for row in rows_of(later, ThirdPartyIncidents)}
    assert {key: (row["state"], row["resolved_at"]) for key, row in ended.items()} == {
        "test:i1": ("resolved", NOW + 5 * MINUTE),
        "test:m1": ("resolved", datetime(2026, 3, 5, 1, tzinfo=UTC)),
    }
    assert (cursor_of(later) or {})["open"] == {}


def test_what_was_resolved_long_before_the_last_run_is_not_written_again() -> None:
    """The last run was at 11:00 and the overlap is a day: an incident of the day before yesterday is known."""
    page = summary(component("api"), incidents=[], maintenances=[])
    ages = {"today": "2026-03-01T08:00:00Z", "before": "2026-02-27T08:00:00Z"}
    past = [
        {"id": name, "name": name, "status": "resolved", "created_at": at, "resolved_at": at, "updated_at": at}
        for name, at in ages.items()
    ]
    found = told(
        exchange("/api/v2/summary.json", page),
        exchange("/api/v2/incidents.json", {"incidents": past}),
        exchange("/api/v2/scheduled-maintenances.json", {"scheduled_maintenances": []}),
        cursor={"until": "2026-03-01T11:00:00+00:00", "open": {}},
    )
    items, _ = read("incidents", replace(found, since=NOW - timedelta(hours=25)))
    assert said(items, ThirdPartyIncidents, "title") == [("today",)]


WIDGET: dict[str, Any] = {
    "page_title": "Example",
    "page_url": URL,
    "ongoing_incidents": [
        {
            "id": "inc-1",
            "name": "Elevated errors",
            "status": "investigating",
            "url": f"{URL}/incidents/inc-1",
            "last_update_at": "2026-03-01T11:50:00.000Z",
            "last_update_message": "We look into it.",
            "current_worst_impact": "full_outage",
            "affected_components": [
                {"id": "api", "name": "API", "group_name": "Core", "current_status": "full_outage"},
                {"id": "web", "name": "Web", "group_name": None},
            ],
        }
    ],
    "in_progress_maintenances": [
        {
            "id": "mnt-1",
            "name": "Database move",
            "status": "maintenance_in_progress",
            "url": f"{URL}/maintenances/mnt-1",
            "last_update_at": "2026-03-01T11:00:00Z",
            "affected_components": [{"id": "db", "name": "Database", "current_status": "operational"}],
            "started_at": "2026-03-01T11:00:00Z",
            "scheduled_end_at": "2026-03-01T13:00:00Z",
        }
    ],
    "scheduled_maintenances": [
        {
            "id": "mnt-2",
            "name": "Network",
            "status": "maintenance_scheduled",
            "last_update_at": "2026-02-28T11:00:00Z",
            "affected_components": [{"id": "net", "name": "Network", "current_status": "operational"}],
            "starts_at": "2026-03-02T01:00:00Z",
            "ends_at": "2026-03-02T02:00:00Z",
        }
    ],
}
QUIET = WIDGET | {"ongoing_incidents": [], "in_progress_maintenances": [], "scheduled_maintenances": []}


def widget(body: Json, cursor: Json = None, now: datetime = NOW) -> Recording:
    return told(exchange("/api/v1/summary", body), kind="incident_io", cursor=cursor, now=now)


def test_incident_io_names_what_is_wrong_and_silence_after_it_is_recovery() -> None:
    items, _ = read("components", widget(WIDGET))
    columns = ("component_id", "status", "status_raw", "status_reason")
    assert said(items, ComponentHealth, *columns) == [
        ("test:db", "maintenance", "under_maintenance", "Database move"),
        ("test:api", "down", "full_outage", "Elevated errors"),
        ("test:web", "down", "full_outage", "Elevated errors"),
    ]
    later, _ = read("components", widget(QUIET, cursor_of(items), NOW + 2 * MINUTE))
    assert {row["component_id"]: row["status"] for row in rows_of(later, ThirdPartyStatus)} == {
        "test:db": "healthy",
        "test:api": "healthy",
        "test:web": "healthy",
    }
    tags = {row["component_id"]: row["tags"] for row in rows_of(later, Components)}
    assert tags["test:api"] == '{"group": "Core", "page": "https://status.example.com"}'


def test_incident_io_incidents_keep_their_beginning_though_the_widget_tells_only_updates() -> None:
    items, _ = read("incidents", widget(WIDGET))
    columns = ("third_party_incident_id", "state", "impact", "is_maintenance", "started_at", "page_id")
    at = {day_hour: datetime(2026, 3, *day_hour, tzinfo=UTC) for day_hour in ((1, 11), (2, 1))}
    began = datetime(2026, 3, 1, 11, 50, tzinfo=UTC)
    assert said(items, ThirdPartyIncidents, *columns) == [
        ("test:inc-1", "open", "critical", False, began, "test:status.example.com"),
        ("test:mnt-1", "open", None, True, at[1, 11], "test:status.example.com"),
        ("test:mnt-2", "scheduled", None, True, at[2, 1], "test:status.example.com"),
    ]
    moved = WIDGET["ongoing_incidents"][0] | {"status": "monitoring", "last_update_at": "2026-03-01T12:04:00Z"}
    later, _ = read("incidents", widget(WIDGET | {"ongoing_incidents": [moved]}, cursor_of(items), NOW + 5 * MINUTE))
    assert said(later, ThirdPartyIncidents, "state", "started_at")[0] == ("monitoring", began)


INSTATUS = {
    "page": {"name": "Example", "url": URL, "status": "HASISSUES"},
    "activeIncidents": [
        {
            "name": "API is down",
            "started": "Sun Mar 01 2026 12:55:50 GMT+0200 (Eastern European Standard Time)",
            "status": "INVESTIGATING",
            "impact": "MAJOROUTAGE",
            "url": f"{URL}/incident/cl4a8n3070721qtmzvts760c4",
        }
    ],
    "activeMaintenances": [
        {
            "id": "mnt-1",
            "name": "Database maintenance",
            "start": "2026-03-02T18:00:00.000Z",
            "status": "NOTSTARTEDYET",
            "duration": "60",
            "url": f"{URL}/maintenance/mnt-1",
            "updatedAt": "2026-03-01T10:00:00.000Z",
        }
    ],
}
PARTS = {
    "components": [
        {"id": "g1", "name": "Europe", "status": "OPERATIONAL"},
        {"id": "c1", "name": "API", "status": "MAJOROUTAGE", "group": {"id": "g1", "name": "Europe"}},
        {"id": "c2", "name": "Web", "status": "UNDERMAINTENANCE", "group": None},
        {
            "id": "g2",
            "name": "Asia",
            "status": "OPERATIONAL",
            "isParent": True,
            "children": [{"id": "c3", "name": "Queue", "status": "DEGRADEDPERFORMANCE"}],
        },
    ]
}


def instatus(summary: Json = INSTATUS, parts: Json = PARTS) -> Recording:
    return told(exchange("/summary.json", summary), exchange("/v3/components.json", parts), kind="instatus")


def test_instatus_components_stand_in_groups_of_either_form() -> None:
    items, _ = read("components", instatus())
    assert said(items, ThirdPartyStatus, "component_id", "status", "indicator") == [
        ("test:c1", "down", "HASISSUES"),
        ("test:c2", "maintenance", "HASISSUES"),
        ("test:c3", "degraded", "HASISSUES"),
    ]
    groups = [json.loads(tags).get("group") for (tags,) in said(items, Components, "tags")]
    assert groups == ["Europe", None, "Asia"]


def test_instatus_incidents_go_by_their_address_and_times_in_the_words_of_a_browser() -> None:
    items, _ = read("incidents", instatus())
    columns = ("third_party_incident_id", "state", "impact", "started_at")
    assert said(items, ThirdPartyIncidents, *columns) == [
        ("test:cl4a8n3070721qtmzvts760c4", "open", "critical", datetime(2026, 3, 1, 10, 55, 50, tzinfo=UTC)),
        ("test:mnt-1", "scheduled", None, datetime(2026, 3, 2, 18, tzinfo=UTC)),
    ]


def test_instatus_leaves_its_lists_out_when_all_is_well() -> None:
    items, _ = read("incidents", instatus({"page": {"name": "Example", "url": URL, "status": "UP"}}))
    assert rows_of(items, ThirdPartyIncidents) == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [("statuspage", "/api/v2/summary.json"), ("incident_io", "/api/v1/summary"), ("instatus", "/summary.json")],
)
@pytest.mark.parametrize("body", [[], {"error": "no such page"}, {"page": None, "components": []}, "null"])
def test_another_kind_of_page_is_schema_drift(kind: str, path: str, body: Json) -> None:
    with pytest.raises(SourceError, match="check url and kind") as caught:
        replayed(connector, "components", told(exchange(path, body), kind=kind))
    assert caught.value.error_class == "schema_drift"


@pytest.mark.parametrize(
    ("text", "when"),
    [
        (None, None),
        ("", None),
        ("2026-03-01T12:00:00.123Z", datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)),
        (
            "Sun Mar 01 2026 18:55:50 GMT+0000 (Coordinated Universal Time)",
            datetime(2026, 3, 1, 18, 55, 50, tzinfo=UTC),
        ),
    ],
)
def test_instants_of_pages(text: str | None, when: datetime | None) -> None:
    assert status_pages.instant(text) == when


@pytest.mark.parametrize("options", [{"kind": "better_stack"}, {"url": "status.example.com"}, {"provider": ""}])
def test_options_that_cannot_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        StatusPageOptions.model_validate({"url": URL} | options)


def test_two_runs_into_a_lake_tell_an_unchanged_status_once(tmp_path: Path) -> None:
    body = summary(component("api"), component("db", "major_outage"))
    adapter = Replay([exchange("/api/v2/summary.json", body) for _ in range(2)])
    settings = Settings(data=tmp_path / "data", config=tmp_path / "aurora.toml")
    clock = iter(NOW + timedelta(seconds=step) for step in range(100))
    ingest = Ingest(Lake(settings.lake), settings, {"status_page": connector}, adapter, clock=lambda: next(clock))
    source = SourceSettings.model_validate({"name": "example", "connector": "status_page", "url": URL})
    outcomes = [outcome for _ in range(2) for outcome in ingest.run(source, {"components"})]
    assert [(outcome.status, outcome.error) for outcome in outcomes] == [("success", None)] * 2
    lake = Lake(settings.lake)
    assert lake.read(ThirdPartyStatus).height == 2
    assert lake.read(ComponentHealth).group_by("component_id").len().filter(pl.col("len") == 2).height == 2
