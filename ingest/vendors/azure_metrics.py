"""Which Azure Monitor metric of which kind of resource fills which health column, and how they are asked for.

Metrics: https://learn.microsoft.com/azure/azure-monitor/reference/metrics-index. A component is an ARM resource; ARM
writes its id in changing capitals, so ids are lower case here.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aurora.contracts import Row
from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.vendors.buckets import Window
from ingest.vendors.cloud import tag_fields


@dataclass(frozen=True)
class Measure:
    """One metric: its aggregation, its column, and what the value is multiplied with (or taken from 100)."""

    name: str
    aggregation: str
    column: str
    factor: float = 1.0
    is_free: bool = False


@dataclass(frozen=True)
class Kind:
    """What a resource type is as a component, and its measures."""

    type: str
    kind: str
    measures: tuple[Measure, ...]
    db_system: str | None = None


def _database(system: str, memory: str = "memory_percent") -> Kind:
    names = ("cpu_percent", "cpu_pct"), (memory, "memory_pct"), ("storage_percent", "disk_pct")
    return Kind("database", "db_instance", tuple(Measure(name, "Maximum", column) for name, column in names), system)


KINDS: dict[str, Kind] = {
    "microsoft.compute/virtualmachines": Kind(
        "server",
        "vm",
        (
            Measure("Percentage CPU", "Average", "cpu_pct"),
            Measure("Available Memory Percentage", "Average", "memory_pct", is_free=True),
        ),
    ),
    "microsoft.sql/servers/databases": _database("mssql", "sql_instance_memory_percent"),
    "microsoft.dbforpostgresql/flexibleservers": _database("postgresql"),
    "microsoft.dbformysql/flexibleservers": _database("mysql"),
    "microsoft.cache/redis": Kind(
        "database",
        "db_instance",
        (
            Measure("percentProcessorTime", "Maximum", "cpu_pct"),
            Measure("usedmemorypercentage", "Maximum", "memory_pct"),
        ),
        "redis",
    ),
    "microsoft.web/sites": Kind(
        "api",
        "endpoint",
        (
            Measure("Requests", "Total", "requests"),
            Measure("Http5xx", "Total", "errors"),
            Measure("HttpResponseTime", "Average", "response_time_ms", 1000.0),  # it comes in seconds
        ),
    ),
    "microsoft.cdn/profiles": Kind(
        "cdn",
        "cdn",
        (
            Measure("RequestCount", "Total", "requests"),
            Measure("Percentage5XX", "Average", "error_rate_pct"),
            Measure("TotalLatency", "Average", "response_time_ms"),
        ),
    ),
}
Values = dict[datetime, dict[str, float]]


def kind_of(resource: Json) -> Kind | None:
    """What a resource is; None for one without health, such as the system database of an SQL server."""
    is_system = resource["type"].lower() == "microsoft.sql/servers/databases" and resource["name"].endswith("master")
    return None if is_system else KINDS.get(resource["type"].lower())


def resource_row(run: Run[Any], resource: Json, kind: Kind) -> Row:
    """A resource as a component."""
    native, zones = resource["id"].lower(), resource.get("zones") or [None]
    created = resource.get("createdTime")
    return {
        "component_id": run.id(native),
        "name": resource["name"],
        "type": kind.type,
        "type_raw": resource["type"],
        "kind": kind.kind,
        "provider": "azure",
        "account_id": native.split("/")[2],
        "region": resource.get("location"),
        "zone": zones[0],
        "cloud_resource_id": resource["id"],
        "db_system": kind.db_system,
        "instance_type": (resource.get("sku") or {}).get("name"),
        "created_at": datetime.fromisoformat(created) if created else None,
        "first_seen_at": run.now,
        "last_seen_at": run.now,
        **tag_fields(run, resource.get("tags") or {}),
    }


def asked(kind: Kind, window: Window, step: timedelta) -> dict[str, str]:
    """The parameters of one request for all metrics of a resource."""
    return {
        "api-version": "2024-02-01",
        "metricnames": ",".join(measure.name for measure in kind.measures),
        "aggregation": ",".join(sorted({measure.aggregation for measure in kind.measures})),
        "timespan": "/".join(f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in window),
        "interval": iso_duration(step),
    }


def values(run: Run[Any], name: str, kind: Kind, answer: Json) -> Values:
    """Values by bucket start and column. A metric that failed inside a good answer makes the run partial."""
    found: Values = defaultdict(dict)
    measures = {measure.name.lower(): measure for measure in kind.measures}
    if answer["interval"] != iso_duration(run.options.step):
        raise SourceError(f"{run.source_instance}: {name}: no metric has this step: set a longer step", "bad_query")
    for metric in answer["value"]:
        measure = measures[metric["name"]["value"].lower()]
        if metric.get("errorCode", "Success") != "Success":
            run.warn(f"{name}: {measure.name}: {metric['errorCode']}: {str(metric.get('errorMessage'))[:200]}")
            continue
        for at, value in _points(metric, measure):
            found[at][measure.column] = 100 - value if measure.is_free else value * measure.factor
    return found


def _points(metric: Json, measure: Measure) -> Iterator[tuple[datetime, float]]:
    """A bucket without a value has a stamp alone; without dimensions there is one series."""
    for series in metric["timeseries"]:
        for point in series["data"]:
            value = point.get(measure.aggregation.lower())
            if value is not None:
                yield datetime.fromisoformat(point["timeStamp"]), value


def columns(fields: dict[str, float], step: timedelta) -> Row:
    """Health columns out of what was measured; totals become a rate and a share."""
    row: Row = dict(fields)
    requests, errors = row.pop("requests", None), row.pop("errors", None)
    if requests is not None:
        row["requests_per_minute"] = requests * 60 / step.total_seconds()
    if requests and errors is not None:
        row["error_rate_pct"] = 100 * errors / requests
    return row


def iso_duration(step: timedelta) -> str:
    """A step as ISO 8601: PT5M, PT1H."""
    minutes = int(step.total_seconds() // 60)
    return f"PT{minutes // 60}H" if minutes % 60 == 0 else f"PT{minutes}M"
