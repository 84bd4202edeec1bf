"""Entities, their health, API endpoints, incidents as alerts, deployments and other changes of New Relic.

API: https://docs.newrelic.com/docs/apis/nerdgraph/ (entitySearch, nrql); events NrAiIncident, ChangeTrackingEvent,
Deployment and Transaction. Needs: a user key of a user who may read the account. A component is an entity's guid.
Health comes for APM applications (timeslice metrics) and hosts with the infrastructure agent; an entity that does not
report is unknown, one with an open incident degraded. A deployment marker says that something was deployed: without an
attribute `status` it counts as a success. API endpoints are the names of web transactions; their errors are those that
the agent noticed, and an agent under load sends a sample of its transactions, so that counts are then too low.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.delivery import Deployments
from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ApiEndpointErrors, ApiEndpointStats, ChangeEvents, ComponentHealth
from aurora.settings import Duration, Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Site
from ingest.vendors import nerdgraph_endpoints
from ingest.vendors.apm import FRESH, Window, instant, rest, tier, warn_once, windows
from ingest.vendors.endpoints import error_rows
from ingest.vendors.nerdgraph import MAX_EVENTS, MEASURED, Api, is_guid, measures, series
from ingest.vendors.nerdgraph_rows import alert_row, change_row, deployment_row, is_deployment

MAX_GUIDS = 200
TYPES = {
    "apm_application_entity": "api",
    "infrastructure_host_entity": "server",
    "apm_database_instance_entity": "database",
    "apm_external_service_entity": "third_party",
    "third_party_service_entity": "api",
    "synthetic_monitor_entity": "api",
    "browser_application_entity": "unknown",
    "mobile_application_entity": "unknown",
    "generic_infrastructure_entity": "unknown",
}
KINDS = {
    "infrastructure_host_entity": "host",
    "apm_database_instance_entity": "db_instance",
    "apm_external_service_entity": "third_party",
    "synthetic_monitor_entity": "endpoint",
    "browser_application_entity": "frontend",
}
STATUSES = {"critical": "degraded", "warning": "degraded", "not_alerting": "healthy"}


class NewRelicOptions(Frozen):
    """`entities`: the entity search for components; `environment`: that of deployments which name none."""

    account_id: int = Field(gt=0)
    api_key: Secret
    region: Literal["us", "eu"] = "us"
    entities: str = Field("domain IN ('APM', 'INFRA') AND type IN ('APPLICATION', 'HOST')", min_length=1)
    environment: str | None = Field(None, min_length=1)
    step: Duration = timedelta(minutes=1)
    endpoint_step: Duration = timedelta(minutes=5)
    settle: Duration = timedelta(minutes=2)
    window_points: int = Field(60, ge=1, le=366)


NewRelicRun = Run[NewRelicOptions]


def connect(options: NewRelicOptions) -> Site:
    """The site of the region with the user key. Raises SettingsError for an unset secret."""
    key = options.api_key.reveal()
    host = "api.eu.newrelic.com" if options.region == "eu" else "api.newrelic.com"
    return Site(f"https://{host}", {"API-Key": key}, secrets=(key,))


connector = Connector("newrelic", NewRelicOptions, connect)


@connector.stream(ComponentHealth, Components, every="1m", lookback="1h", overlap="10m")
def fetch_health(run: NewRelicRun) -> Iterator[Item]:
    """Entities, and one wide row per entity that is measured and bucket, up to what has settled."""
    api, options = Api(run), run.options
    search = f"accountId = {options.account_id} AND ({options.entities})"
    found = {entity["guid"]: entity for entity in api.entities(search)}
    for entity in found.values():
        yield Components, component_row(run, entity)
    spans = windows(run, options.step, options.settle, options.window_points)
    for span in spans:
        points = list(_points(run, api, found, span))
        for point in points:
            if any(value is not None for value in measures(point).values()):
                yield ComponentHealth, health_row(run, found[point["guid"]], point)
        for row in silent_rows(run, found, {point["guid"] for point in points}, span):
            yield ComponentHealth, row
        yield Checkpoint({"until": span[1].isoformat()})
    if not spans:
        yield rest(run, options.step)


def _points(run: NewRelicRun, api: Api, found: dict[str, Json], span: Window) -> Iterator[Json]:
    """Buckets of the measured entities, asked in parts that stay below what NRQL gives at once."""
    step_s = int(run.options.step.total_seconds())
    size = max(1, min(MAX_GUIDS, MAX_EVENTS // max(1, int((span[1] - span[0]).total_seconds()) // step_s)))
    for type_, about in MEASURED.items():
        guids = [guid for guid, entity in found.items() if entity["entityType"] == type_ and is_guid(guid)]
        for first in range(0, len(guids), size):
            for point in api.nrql(series(about, guids[first : first + size], *span, step_s)):
                guid = point["facet"][0] if isinstance(point["facet"], list) else point["facet"]
                if guid in found:
                    yield point | {"guid": guid}


def health_row(run: NewRelicRun, entity: Json, point: Json) -> Row:
    """A health row; what the entity's alerts say stands for young buckets only."""
    start, end = instant(point["beginTimeSeconds"] * 1000), instant(point["endTimeSeconds"] * 1000)
    when = {"component_id": run.id(entity["guid"]), "ts_start": start, "ts_end": end}
    return when | measures(point) | (status_fields(run, entity) if end > run.now - FRESH else {})


def status_fields(run: NewRelicRun, entity: Json) -> Row:
    """Status by reporting and open incidents; {} where no alert condition watches the entity."""
    raw = entity.get("alertSeverity")
    if entity.get("reporting") is False:
        return {"status": "unknown", "status_raw": "not reporting", "status_reason": "the agent reports nothing"}
    if raw in (None, "NOT_CONFIGURED"):
        return {"status_raw": raw}
    reason = f"an incident of severity {raw} is open" if raw in ("CRITICAL", "WARNING") else None
    return {"status": run.word(STATUSES, raw), "status_raw": raw, "status_reason": reason}


def silent_rows(run: NewRelicRun, found: dict[str, Json], met: set[str], span: Window) -> Iterator[Row]:
    """A row in the last young bucket for each entity that does not report."""
    for guid, entity in found.items():
        if entity.get("reporting") is False and guid not in met and span[1] > run.now - FRESH:
            when = {"component_id": run.id(guid), "ts_start": span[1] - run.options.step, "ts_end": span[1]}
            yield when | status_fields(run, entity)


def component_row(run: NewRelicRun, entity: Json) -> Row:
    """A component for an entity; its place is told by its tags."""
    tags = {tag["key"]: tag["values"] for tag in entity.get("tags") or [] if tag.get("values")}
    first = {key: values[0] for key, values in tags.items()}
    raw = entity["entityType"]
    is_application = raw == "APM_APPLICATION_ENTITY"
    return {
        "component_id": run.id(entity["guid"]),
        "name": entity["name"] or entity["guid"],
        "type": run.word(TYPES, raw),
        "type_raw": raw,
        "kind": KINDS.get(raw.lower()),
        "env_tier": tier(run, first.get("environment") or first.get("env")),
        "service": entity["name"] if is_application else None,
        "host_name": first.get("hostname") or first.get("host"),
        "region": first.get("aws.awsRegion") or first.get("region"),
        "zone": first.get("aws.availabilityZone") or first.get("zone"),
        "instance_type": first.get("instanceType"),
        "cluster": first.get("k8s.clusterName") or first.get("clusterName"),
        "lifecycle": "running" if entity.get("reporting") else "unknown",
        "tags": json.dumps(tags, sort_keys=True),
        "first_seen_at": run.now,
        "last_seen_at": run.now,
    }


@connector.stream(ApiEndpointStats, ApiEndpointErrors, every="1m", lookback="1h", overlap="10m")
def fetch_endpoints(run: NewRelicRun) -> Iterator[Item]:
    """Web transactions by name and method and their status codes, step by step up to what has settled."""
    api, spans = Api(run), windows(run, run.options.endpoint_step, run.options.settle, 1)
    for span in spans:
        facets, codes = (api.nrql(ask(span)) for ask in (nerdgraph_endpoints.calls, nerdgraph_endpoints.codes))
        if max(len(facets), len(codes)) >= nerdgraph_endpoints.MAX_FACETS:
            warn_once(run, f"New Relic tells {nerdgraph_endpoints.MAX_FACETS} endpoints at once, there are more")
        by_code = nerdgraph_endpoints.by_code(codes)
        for called, told in nerdgraph_endpoints.joined(facets).items():
            guid, endpoint, method = called
            when: Row = {"ts_start": span[0], "ts_end": span[1]}
            key = {"component_id": run.id(guid), "endpoint": endpoint, "method": method, **when}
            yield ApiEndpointStats, key | told
            for row in error_rows(key, by_code.get(called, {})):
                yield ApiEndpointErrors, row
        yield Checkpoint({"until": span[1].isoformat()})
    if not spans:
        yield rest(run, run.options.endpoint_step)


@connector.stream(Alerts, every="1m", lookback="7d", overlap="15m")
def fetch_alerts(run: NewRelicRun) -> Iterator[Item]:
    """Incidents that were opened or closed; the last event of an incident counts."""
    found = Api(run).events("FROM NrAiIncident WHERE incidentId IS NOT NULL", run.since, run.now)
    ordered = sorted(found, key=lambda event: (event["timestamp"], str(event["event"]).lower() == "close"))
    latest = {str(event["incidentId"]): event for event in ordered}
    for event in latest.values():
        yield Alerts, alert_row(run, event)
    yield Checkpoint({"until": run.now.isoformat()})


@connector.stream(Deployments, ChangeEvents, every="5m", lookback="30d", overlap="1d")
def fetch_changes(run: NewRelicRun) -> Iterator[Item]:
    """Deployments and other tracked changes; their time may be set up to a day back, so a day is read again."""
    api = Api(run)
    for source in ("FROM ChangeTrackingEvent", "FROM Deployment"):
        for event in api.events(source, run.since, run.now):
            if source == "FROM Deployment" or is_deployment(event):
                yield Deployments, deployment_row(run, event)
            else:
                yield ChangeEvents, change_row(run, event)
    yield Checkpoint({"until": run.now.isoformat()})
