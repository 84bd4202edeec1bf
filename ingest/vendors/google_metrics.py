"""Which Cloud Monitoring metric of which monitored resource fills which health column, and what its series say.

Metrics: https://cloud.google.com/monitoring/api/metrics_gcp, resources:
https://cloud.google.com/monitoring/api/resources, alignment: .../ref_v3/rest/v3/projects.alertPolicies#Aligner.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.buckets import Window
from ingest.vendors.cloud import tag_fields

CLASS = "response_code_class"


@dataclass(frozen=True)
class Measure:
    """One metric type of one resource; with `group_by` its series are summed over all other labels."""

    metric: str
    resource: str
    column: str
    aligner: str = "ALIGN_MEAN"
    factor: float = 1.0
    only: str = ""
    group_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """What a monitored resource is as a component, and the labels that make its id."""

    type: str
    kind: str
    labels: tuple[str, ...]
    db_system: str | None = None


KINDS = {
    "gce_instance": Kind("server", "vm", ("instance_id",)),
    "cloudsql_database": Kind("database", "db_instance", ("database_id",)),
    "cloud_run_revision": Kind("api", "endpoint", ("project_id", "location", "service_name")),
    "https_lb_rule": Kind("api", "load_balancer", ("project_id", "url_map_name")),
}
_SQL, _LOADBALANCING = "cloudsql.googleapis.com/database", "loadbalancing.googleapis.com/https"


def _served(prefix: str, resource: str, latency: str) -> tuple[Measure, ...]:
    """Requests a second by class of answer, and the distribution of their latency in milliseconds."""
    groups = tuple(f"resource.label.{name}" for name in KINDS[resource].labels)
    return (
        Measure(
            f"{prefix}/request_count", resource, "requests", "ALIGN_RATE", 60.0, "", (*groups, f"metric.label.{CLASS}")
        ),
        Measure(f"{prefix}/{latency}", resource, "response_time_ms", "ALIGN_DELTA", 1.0, "", groups),
    )


MEASURES: tuple[Measure, ...] = (
    Measure("compute.googleapis.com/instance/cpu/utilization", "gce_instance", "cpu_pct", factor=100.0),
    Measure(
        "agent.googleapis.com/memory/percent_used", "gce_instance", "memory_pct", only='metric.labels.state = "used"'
    ),
    Measure("agent.googleapis.com/disk/percent_used", "gce_instance", "disk_pct", only='metric.labels.state = "used"'),
    Measure(f"{_SQL}/cpu/utilization", "cloudsql_database", "cpu_pct", factor=100.0),
    Measure(f"{_SQL}/memory/utilization", "cloudsql_database", "memory_pct", factor=100.0),
    Measure(f"{_SQL}/disk/utilization", "cloudsql_database", "disk_pct", factor=100.0),
    Measure(f"{_SQL}/up", "cloudsql_database", "up", "ALIGN_MIN"),
    *_served("run.googleapis.com", "cloud_run_revision", "request_latencies"),
    *_served(_LOADBALANCING, "https_lb_rule", "total_latencies"),
)
# Mounts that are full by nature.
IMAGE_DEVICES = ("/dev/loop", "tmpfs", "udev", "devtmpfs", "overlay", "squashfs")
Fields = dict[str, float]
Wide = dict[tuple[str, datetime], Fields]


def asked(measure: Measure, window: Window, step: timedelta) -> dict[str, Any]:
    """The parameters of timeSeries.list for one metric type."""
    parts = [f'metric.type = "{measure.metric}"', f'resource.type = "{measure.resource}"', measure.only]
    grouped = {
        "aggregation.crossSeriesReducer": "REDUCE_SUM",
        "aggregation.groupByFields": list(measure.group_by),
    }
    return {
        "filter": " AND ".join(filter(None, parts)),
        "interval.startTime": f"{window[0]:%Y-%m-%dT%H:%M:%SZ}",
        "interval.endTime": f"{window[1]:%Y-%m-%dT%H:%M:%SZ}",
        "aggregation.alignmentPeriod": f"{int(step.total_seconds())}s",
        "aggregation.perSeriesAligner": measure.aligner,
        "view": "FULL",
        "pageSize": 10_000,
        **(grouped if measure.group_by else {}),
    }


def native_id(resource: Json) -> str | None:
    """The part of a component's id that its source gives; None for a resource that is not known here."""
    kind = KINDS.get(resource.get("type", ""))
    labels = resource.get("labels", {})
    parts = [labels[name] for name in kind.labels if labels.get(name)] if kind else []
    return "/".join(parts) if kind and len(parts) == len(kind.labels) else None


def component_row(run: Run[Any], native: str, series: Json) -> Row:
    """A component from the labels and metadata of one of its series."""
    kind, labels = KINDS[series["resource"]["type"]], series["resource"]["labels"]
    about = series.get("metadata") or {}
    place = labels.get("zone") or labels.get("region") or labels.get("location")
    zone = place if place and place.count("-") == 2 else None
    return {
        "component_id": run.id(native),
        "name": name_of(native, series),
        "type": kind.type,
        "type_raw": series["resource"]["type"],
        "kind": kind.kind,
        "provider": "gcp",
        "account_id": labels.get("project_id"),
        "region": zone.rsplit("-", 1)[0] if zone else place,
        "zone": zone,
        "first_seen_at": run.now,
        "last_seen_at": run.now,
        **tag_fields(run, about.get("userLabels") or {}),
    }


def name_of(native: str, series: Json) -> str:
    """The name that people know; the id where the series has none."""
    system = (series.get("metadata") or {}).get("systemLabels") or {}
    found = series.get("metric", {}).get("labels", {}).get("instance_name") or system.get("name")
    return str(found or native.rsplit("/", 1)[-1].rsplit(":", 1)[-1])


def points(series: Json, window: Window, step: timedelta) -> Iterator[tuple[datetime, float]]:
    """Bucket starts and values; an aligned point is stamped with the end of its bucket."""
    for point in series.get("points", []):
        start = datetime.fromisoformat(point["interval"]["endTime"]) - step
        value = number(point["value"])
        if value is not None and window[0] <= start < window[1]:
            yield start, value


def number(value: Json) -> float | None:
    """A typed value as a number: int64 comes as text, a distribution stands for its mean, an empty one for nothing."""
    if "distributionValue" in value:
        mean = value["distributionValue"].get("mean")
        return float(mean) if int(value["distributionValue"].get("count", 0)) else None
    found = next((value[name] for name in ("doubleValue", "int64Value", "boolValue") if name in value), None)
    return None if found is None else float(found)


def add(wide: Wide, component: str, measure: Measure, series: Json, window: Window, step: timedelta) -> None:
    """Put the values of one series into its component's rows: rates add up, of several gauges the highest counts."""
    labels = series.get("metric", {}).get("labels", {})
    if measure.column == "disk_pct" and str(labels.get("device", "")).startswith(IMAGE_DEVICES):
        return
    for at, raw in points(series, window, step):
        value, fields = raw * measure.factor, wide[component, at]
        if measure.column == "requests":
            fields["requests"] = fields.get("requests", 0.0) + value
            is_error = str(labels.get(CLASS, "")).startswith("5")
            fields["errors"] = fields.get("errors", 0.0) + (value if is_error else 0.0)
        else:
            fields[measure.column] = max(value, fields.get(measure.column, value))


def columns(fields: Fields) -> Row:
    """Health columns out of what was measured; a database says itself whether it is up."""
    row: Row = dict(fields)
    requests, errors, up = row.pop("requests", None), row.pop("errors", None), row.pop("up", None)
    if requests is not None:
        row["requests_per_minute"] = requests
    if requests:
        row["error_rate_pct"] = 100 * errors / requests
    if up is not None:
        row |= {"status": "healthy" if up else "down", "status_raw": f"up={up:g}"}
    return row


def empty() -> Wide:
    """Rows by component and bucket, to be filled."""
    return defaultdict(dict)
