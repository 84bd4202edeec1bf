"""MongoDB Atlas: clusters and processes with health, connections, operations, oplog lag, alerts and, at will, bills.

API: https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/. Needs: an API key or a service account with Project Read
Only on each project, for `cost = true` Organization Billing Viewer too, and this machine's address in the
organisation's API access list. Bills are line items of invoices, those of the current one estimated; of a linked
organisation only where the key sees it. A point of a measurement stands for the minute before it; small clusters (M0,
Flex) have few measurements, and what they have not stays empty.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from aurora.contracts import Row
from aurora.contracts.cost import FocusCost
from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ComponentHealth, DbReplication, DbStats
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Connector, Item, Json
from ingest.vendors.atlas import (
    API,
    AtlasOptions,
    AtlasRun,
    Points,
    Window,
    checked,
    connect,
    listed,
    place,
    points,
    projects,
    sign_in,
    windows,
)
from ingest.vendors.atlas_bills import bill_items
from ingest.vendors.atlasrows import WANTED, health_row, replication_row, stats_row, status_of

STEP = timedelta(minutes=1)
SETTLE = timedelta(minutes=2)
SLICE = timedelta(hours=6)
KEPT = timedelta(hours=47)  # Atlas keeps minutes for two days
MAX_GONE = 200
LIFECYCLES = {**dict.fromkeys(("idle", "updating", "repairing", "creating"), "running"), "deleting": "stopped"}
CRITICAL = {
    "HOST_DOWN",
    "NO_PRIMARY",
    "CLUSTER_MONGOS_IS_MISSING",
    "TOO_FEW_HEALTHY_MEMBERS",
    "TOO_MANY_UNHEALTHY_MEMBERS",
}
STATES = {"open": "firing", "tracking": "pending", "closed": "resolved", "cancelled": "resolved"}
LABELS = ("groupId", "alertConfigId", "clusterName", "replicaSetName", "hostnameAndPort", "metricName")

connector = Connector("mongodb_atlas", AtlasOptions, connect)


@connector.stream(Components, every="15m")
def fetch_clusters(run: AtlasRun) -> Iterator[Item]:
    """Every cluster of every project; first_seen_at is kept in the cursor."""
    sign_in(run)
    seen: dict[str, str] = dict((run.cursor or {}).get("seen", {}))
    for project in projects(run):
        for cluster in listed(run, place("groups", project, "clusters")):
            native = f"{project}/{cluster['name']}"  # a cluster cannot be renamed, and alerts know nothing but its name
            seen.setdefault(native, cluster.get("createDate") or run.now.isoformat())
            yield Components, cluster_row(run, native, cluster, datetime.fromisoformat(seen[native]))
    yield Checkpoint({"seen": seen})


def cluster_row(run: AtlasRun, native: str, cluster: Json, first_seen_at: datetime) -> Row:
    """A cluster as a component; its region is that of the highest priority."""
    regions = [one for spec in cluster.get("replicationSpecs") or [] for one in spec.get("regionConfigs") or []]
    home: Json = max(regions, key=lambda one: one.get("priority") or 0, default={})
    hardware, state = home.get("electableSpecs") or {}, cluster.get("stateName")
    size = hardware.get("diskSizeGB") or cluster.get("diskSizeGB")
    tags = {tag["key"]: tag["value"] for tag in cluster.get("tags") or []} | told(cluster, "mongoDBVersion")
    created = instant(cluster.get("createDate"))
    return {
        "component_id": run.id(native),
        "name": cluster["name"],
        "type": "database",
        "type_raw": cluster.get("clusterType"),
        "kind": "db_instance",
        "provider": home.get("backingProviderName") or home.get("providerName"),
        "account_id": cluster.get("groupId"),
        "region": home.get("regionName"),
        "cloud_resource_id": cluster.get("id"),
        "cluster": cluster["name"],
        "db_system": "mongodb",
        "instance_type": hardware.get("instanceSize"),
        "disk_bytes": int(size * 1024**3) if size else None,
        "lifecycle": "stopped" if cluster.get("paused") else run.word(LIFECYCLES, state) if state else None,
        "lifecycle_raw": state,
        "tags": json.dumps(tags, sort_keys=True),
        "created_at": created,
        "first_seen_at": first_seen_at,
        "last_seen_at": run.now,
    }


@connector.stream(ComponentHealth, Components, DbStats, DbReplication, every="5m", lookback="1h")
def fetch_processes(run: AtlasRun) -> Iterator[Item]:
    """A wide row per process and minute, complete up to cursor["end"], with connections and oplog lag."""
    sign_in(run)
    cursor = dict(run.cursor or {})
    until = (run.now - SETTLE).replace(second=0, microsecond=0)
    since = datetime.fromisoformat(cursor["end"]) if "end" in cursor else run.since.replace(second=0, microsecond=0)
    found = [(project, one) for project in projects(run) for one in listed(run, place("groups", project, "processes"))]
    disks: dict[str, list[str]] = {}
    for project, process in found:
        yield Components, process_row(run, process)
        disks[process["id"]] = partitions(run, project, process["id"], cursor.get("disks", {}))
    for window in windows(max(since, run.now - KEPT), until, SLICE):
        for project, process in found:
            measured = all_points(run, project, process["id"], disks[process["id"]], window)
            yield from process_items(run, process, measured, window, is_last=window.end == until)
        cursor = {"end": window.end.isoformat(), "disks": disks}
        yield Checkpoint(cursor)
    yield Checkpoint(cursor)


def process_row(run: AtlasRun, process: Json) -> Row:
    """A mongod or mongos as a component."""
    created = instant(process.get("created"))
    return {
        "component_id": run.id(process["id"]),
        "name": f"{process.get('userAlias') or process['hostname']}:{process['port']}",
        "type": "database",
        "type_raw": process.get("typeName"),
        "kind": "db_instance",
        "account_id": process.get("groupId"),
        "host_name": process.get("hostname"),
        "cluster": process.get("replicaSetName"),
        "db_system": "mongodb",
        "tags": json.dumps(told(process, "version", "shardName"), sort_keys=True),
        "created_at": created,
        "first_seen_at": created or run.now,
        "last_seen_at": run.now,
    }


def partitions(run: AtlasRun, project: str, process: str, known: dict[str, list[str]]) -> list[str]:
    """Names of the process's disks, asked once."""
    if process in known:
        return known[process]
    return [disk["partitionName"] for disk in listed(run, place("groups", project, "processes", process, "disks"))]


def all_points(run: AtlasRun, project: str, process: str, disks: list[str], window: Window) -> Points:
    """Measurements of the process, and of its fullest disk, by instant."""
    base = place("groups", project, "processes", process)
    found = points(run, base, window, STEP, WANTED)
    for disk in disks:
        for at, values in points(run, f"{base}/{place('disks', disk)}", window, STEP, WANTED).items():
            mine = found.setdefault(at, {})
            for name, value in values.items():
                mine[name] = max(value, mine.get(name, value))
    return found


def process_items(
    run: AtlasRun, process: Json, measured: Points, window: Window, is_last: bool
) -> Iterator[tuple[Any, Row]]:
    """Rows of one process and window; its status is that of now, so older rows have none."""
    status = status_of(run, process)
    for at in sorted(measured) or ([window.end] if is_last else []):
        values, is_recent = measured.get(at, {}), at > run.now - 2 * run.every
        yield ComponentHealth, health_row(run, process, at, STEP, values, status if is_recent else None)
        if values:
            yield DbStats, stats_row(run, process, at, values)
        if "OPLOG_SLAVE_LAG_MASTER_TIME ms" in values:
            yield DbReplication, replication_row(run, process, at, values, status)


@connector.stream(Alerts, every="1m")
def fetch_alerts(run: AtlasRun) -> Iterator[Item]:
    """Alerts that are open or about to be; one that is no longer listed is asked for by its id until it is closed."""
    sign_in(run)
    before: dict[str, str] = (run.cursor or {}).get("open", {})
    now_open: dict[str, str] = {}
    for project in projects(run):
        for status in ("OPEN", "TRACKING"):
            for alert in listed(run, place("groups", project, "alerts"), status=status):
                now_open[alert["id"]] = project
                yield Alerts, alert_row(run, project, alert)
    gone = [(key, project) for key, project in before.items() if key not in now_open]
    for key, project in gone[:MAX_GONE]:
        if alert := one_alert(run, project, key):
            yield Alerts, alert_row(run, project, alert)
    yield Checkpoint({"open": now_open | dict(gone[MAX_GONE:])})


def one_alert(run: AtlasRun, project: str, key: str) -> Json | None:
    """An alert by its id; None, with a warning, where Atlas knows it no longer."""
    try:
        return checked(run, run.http.get(f"{API}/{place('groups', project, 'alerts', key)}"))
    except SourceError as error:
        if error.error_class != "not_found":
            raise
        run.warn(f"alert {key} is gone from Atlas: when it ended is not known")
        return None


def alert_row(run: AtlasRun, project: str, alert: Json) -> Row:
    """An alert; Atlas states no severity, so what takes a cluster down is critical and the rest a warning."""
    host, cluster = alert.get("hostnameAndPort"), alert.get("clusterName") or alert.get("replicaSetName")
    raw, event = alert.get("status"), alert.get("eventTypeName") or "ALERT"
    until, resolved = instant(alert.get("acknowledgedUntil")), instant(alert.get("resolved"))
    state = run.word(STATES, raw)
    measure, value = alert.get("metricName"), alert.get("currentValue") or {}
    return {
        "alert_id": run.id(alert["id"]),
        "fingerprint": ":".join(
            part for part in (alert.get("alertConfigId") or event, host or cluster, measure) if part
        ),
        "component_id": run.id(host) if host else run.id(f"{project}/{cluster}") if cluster else None,
        "severity": "critical" if event in CRITICAL else "warning",
        "severity_raw": None,
        "state": "acknowledged" if state == "firing" and until and until > run.now else state,
        "state_raw": raw,
        "title": event if not measure else f"{event} {measure}",
        "message": alert.get("acknowledgementComment"),
        "value": value.get("number"),
        "started_at": instant(alert["created"]),
        "ended_at": resolved,
        "is_end_inferred": False if resolved else None,
        "last_seen_at": run.now,
        "updated_at": instant(alert.get("updated")) or run.now,
        "labels": json.dumps(told(alert, *LABELS), sort_keys=True),
        "url": f"{run.options.url.rstrip('/')}/{place('v2', project)}",
    }


@connector.stream(FocusCost, every="1d")
def fetch_cost(run: AtlasRun) -> Iterator[Item]:
    """Line items of invoices, a billing period at a time, when they changed; nothing unless asked."""
    yield from bill_items(run) if run.options.cost else ()


def told(thing: Json, *names: str) -> dict[str, Any]:
    """Those of the fields that have a value."""
    return {name: thing[name] for name in names if thing.get(name)}


def instant(text: str | None) -> datetime | None:
    """An instant as Atlas writes it."""
    return datetime.fromisoformat(text) if text else None
