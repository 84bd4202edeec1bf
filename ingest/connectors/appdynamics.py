"""Applications, tiers and nodes, their health, API endpoints, health rule violations as alerts, changes of AppDynamics.

API: https://docs.appdynamics.com (Application Model, Metric and Snapshot, Events; API clients). Needs: an API client
whose role may view the applications. Components are application, tier and node by their numeric ids.
Calls, response times and errors come from agents; CPU, memory and volumes only where a machine agent runs. Every
application costs twelve metric queries a run, and four for API endpoints, which are its business transactions: name
`applications`, or raise `every`, where the controller is busy.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.delivery import Deployments
from aurora.contracts.estate import ComponentEdges, Components
from aurora.contracts.operations import Alerts, ApiEndpointStats, ChangeEvents, ComponentHealth
from aurora.settings import Duration, Frozen, Secret
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.http import Site
from ingest.vendors.apm import Window, instant, kept, resolved, rest, revived, split, tier, windows
from ingest.vendors.appdynamics import Bucket, Controller, Names, buckets, measures, paths
from ingest.vendors.appdynamics_endpoints import endpoint_rows
from ingest.vendors.appdynamics_rows import CHANGES, DEPLOYMENT, alert_row, change_row, deployment_row

STEP, DAY, REACH = timedelta(minutes=1), timedelta(days=1), timedelta(days=14)
MAX_EVENTS = 600  # what the controller gives at once


class AppDynamicsOptions(Frozen):
    """`url`: the controller without a path; `client`, `account`, `secret`: of the API client; `environment`: of all."""

    url: str = Field(pattern=r"^https?://[^/]+/?$")
    account: str = Field(min_length=1)
    client: str = Field(min_length=1)
    secret: Secret
    applications: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    environment: str | None = Field(None, min_length=1)
    settle: Duration = timedelta(minutes=2)
    window_points: int = Field(240, ge=1, le=1440)  # beyond a day the controller answers in steps of ten minutes


AppDynamicsRun = Run[AppDynamicsOptions]


def connect(options: AppDynamicsOptions) -> Site:
    """The controller; tokens are fetched when they are needed. Raises SettingsError for an unset secret."""
    return Site(options.url, secrets=(options.secret.reveal(),))


connector = Connector("appdynamics", AppDynamicsOptions, connect)


@connector.stream(ComponentHealth, Components, ComponentEdges, every="5m", lookback="1h", overlap="10m")
def fetch_health(run: AppDynamicsRun) -> Iterator[Item]:
    """Applications with their tiers and nodes, and one wide row per component and bucket, up to what has settled."""
    controller, known = Controller(run), {}
    for application in _applications(run, controller):
        tiers = controller.get(f"applications/{application['id']}/tiers")
        nodes = controller.get(f"applications/{application['id']}/nodes")
        known[application["id"]] = names_of(application, tiers, nodes)
        yield from estate(run, application, tiers, nodes)
    spans = windows(run, STEP, run.options.settle, run.options.window_points)
    for span in spans:
        for application_id, names in known.items():
            for bucket, told in _measured(controller, application_id, names, span).items():
                yield ComponentHealth, health_row(run, bucket, told)
        yield Checkpoint({"until": span[1].isoformat()})
    if not spans:
        yield rest(run, STEP)


def _applications(run: AppDynamicsRun, controller: Controller) -> list[Json]:
    """The applications that are wanted; a name that is not there makes the run partial."""
    wanted, found = set(run.options.applications), controller.get("applications")
    if missing := wanted - {application["name"] for application in found}:
        run.warn(f"the controller shows no application {', '.join(sorted(missing))}: check applications and the role")
    return [application for application in found if not wanted or application["name"] in wanted]


def names_of(application: Json, tiers: list[Json], nodes: list[Json]) -> Names:
    """Component ids by what stands in metric paths: nothing, the tier, tier and node."""
    own: Names = {(): f"application:{application['id']}"}
    own |= {(one["name"],): f"tier:{one['id']}" for one in tiers}
    return own | {(one["tierName"], one["name"]): f"node:{one['id']}" for one in nodes}


def estate(run: AppDynamicsRun, application: Json, tiers: list[Json], nodes: list[Json]) -> Iterator[Item]:
    """The components of an application and what is part of what."""
    top, seen = f"application:{application['id']}", {"first_seen_at": run.now, "last_seen_at": run.now}
    yield Components, component_row(run, top, application, "api")
    for one in tiers:
        about = {"service": one["name"], "service_namespace": application["name"]}
        yield Components, component_row(run, f"tier:{one['id']}", one, "api") | about
        yield ComponentEdges, edge_row(run, f"tier:{one['id']}", top) | seen
    for one in nodes:
        about = {"service": one["tierName"], "service_namespace": application["name"]}
        about |= {"host_name": one.get("machineName") or None}
        yield Components, component_row(run, f"node:{one['id']}", one, "server") | about
        yield ComponentEdges, edge_row(run, f"node:{one['id']}", f"tier:{one['tierId']}") | seen


def component_row(run: AppDynamicsRun, native: str, told: Json, type_: str) -> Row:
    """A component; its tags are all that the controller says of it in single words."""
    tags = {key: value for key, value in told.items() if isinstance(value, str | int) and value != ""}
    return {
        "component_id": run.id(native),
        "name": told["name"],
        "type": type_,
        "type_raw": told.get("agentType") or None,
        "env_tier": tier(run, run.options.environment),
        "tags": json.dumps(tags, sort_keys=True),
        "first_seen_at": run.now,
        "last_seen_at": run.now,
    }


def edge_row(run: AppDynamicsRun, part: str, whole: str) -> Row:
    """That a component is part of another."""
    ends = {"from_id": run.id(part), "from_type": "component", "to_id": run.id(whole), "to_type": "component"}
    return ends | {"kind": "part_of", "evidence": "catalog"}


def _measured(controller: Controller, application_id: int, names: Names, span: Window) -> dict[Bucket, Row]:
    """All measures of an application's components joined by component and bucket; rollup off, or one point comes."""
    wide: dict[Bucket, Row] = {}
    where = f"applications/{application_id}/metric-data"
    for measure, path in paths():
        answer = controller.between(where, *span, metric_path=path, rollup="false")
        for bucket, told in buckets(measure, answer, names, *span).items():
            wide.setdefault(bucket, {}).update(told)
    return wide


def health_row(run: AppDynamicsRun, bucket: Bucket, told: Row) -> Row:
    """A health row; the controller stamps the start of a bucket."""
    native, start_ms, length_s = bucket
    start = instant(start_ms)
    when = {"component_id": run.id(native), "ts_start": start, "ts_end": start + timedelta(seconds=length_s)}
    return when | measures(told)


@connector.stream(ApiEndpointStats, every="5m", lookback="1h", overlap="10m")
def fetch_endpoints(run: AppDynamicsRun) -> Iterator[Item]:
    """Business transactions with calls, errors and times of each minute, up to what has settled."""
    controller, spans = Controller(run), windows(run, STEP, run.options.settle, run.options.window_points)
    applications = _applications(run, controller) if spans else []
    for span in spans:
        for application in applications:
            for row in endpoint_rows(run, controller, application, span):
                yield ApiEndpointStats, row
        yield Checkpoint({"until": span[1].isoformat()})
    if not spans:
        yield rest(run, STEP)


@connector.stream(Alerts, every="1m", lookback="1d")
def fetch_alerts(run: AppDynamicsRun) -> Iterator[Item]:
    """Violations of at least a day and back to the oldest that is open; one that is gone is resolved, inferred."""
    was = {key: revived(text) for key, text in (run.cursor or {}).get("open", {}).items()}
    controller, now_open = Controller(run), {}
    begun = [row["started_at"] for row in was.values() if row["started_at"] > run.now - REACH]
    start = min([run.since, run.now - DAY, *begun])
    for application in _applications(run, controller):
        where = f"applications/{application['id']}/problems/healthrule-violations"
        for violation in controller.between(where, start, run.now + STEP):
            row = alert_row(run, violation, application)
            was.pop(row["alert_id"], None)
            yield Alerts, row
            if row["state"] != "resolved":
                now_open[row["alert_id"]] = kept(row)
        for key in [key for key in was if key.startswith(run.id(f"{application['id']}/"))]:
            row = was.pop(key)
            if row["started_at"] >= start:
                yield Alerts, resolved(row, None, run.now)
            else:  # older than what was asked for: nothing is known of it
                now_open[key] = kept(row)
    yield Checkpoint({"until": run.now.isoformat(), "open": {key: kept(row) for key, row in was.items()} | now_open})


@connector.stream(ChangeEvents, Deployments, every="5m", lookback="7d", overlap="15m")
def fetch_changes(run: AppDynamicsRun) -> Iterator[Item]:
    """Changes of configuration, restarts and deployments; more than 600 in a range are asked in halves."""
    controller, kinds = Controller(run), ",".join((DEPLOYMENT, *(word.upper() for word in CHANGES)))
    for application in _applications(run, controller):

        def ask(start: datetime, end: datetime, where: str = f"applications/{application['id']}/events") -> Any:
            return controller.between(where, start, end, event_types=kinds, severities="INFO,WARN,ERROR")

        for event in split(ask, run.since, run.now, MAX_EVENTS):
            table = Deployments if event["type"] == DEPLOYMENT else ChangeEvents
            make = deployment_row if table is Deployments else change_row
            yield table, make(run, event, application)
    yield Checkpoint({"until": run.now.isoformat()})
