"""CloudWatch: which metric fills which health column, and how many metrics are read in few requests.

Metrics: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html,
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html,
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html.
GetMetricData does not tell units: they stand here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from aurora.contracts import Row
from aurora.errors import ErrorClass, SourceError
from ingest.connector import Json
from ingest.vendors.aws import Aws
from ingest.vendors.buckets import Window, floor_to
from ingest.vendors.cloud import used_pct

BATCH = 500  # MetricDataQueries of one request
MAX_DATAPOINTS = 100_800  # of one answer
GLOBAL = "us-east-1"  # where CloudFront's metrics live
Scale = Literal["as_is", "per_minute", "of_memory", "of_disk"]
_NOT_COMPLETE: dict[str, ErrorClass] = {
    "Forbidden": "permission",
    "InternalError": "vendor_5xx",
    "PartialData": "partial",
}


@dataclass(frozen=True)
class Measure:
    """One CloudWatch metric and where it goes: a health column, or a metric of its own with its unit."""

    name: str
    stat: str
    column: str = ""
    scale: Scale = "as_is"
    metric: str = ""
    unit: str = ""


MEASURES: dict[str, tuple[str, tuple[Measure, ...]]] = {
    "ec2": (
        "AWS/EC2",
        (Measure("CPUUtilization", "Average", "cpu_pct"), Measure("StatusCheckFailed", "Maximum", "failed_checks")),
    ),
    "rds": (
        "AWS/RDS",
        (
            Measure("CPUUtilization", "Average", "cpu_pct"),
            Measure("FreeableMemory", "Minimum", "memory_pct", "of_memory"),
            Measure("FreeStorageSpace", "Minimum", "disk_pct", "of_disk"),
            Measure("DatabaseConnections", "Maximum", metric="db.client.connection.count", unit="{connection}"),
            Measure("ReplicaLag", "Maximum", metric="db.replica.lag", unit="s"),
            Measure("ReadLatency", "Average", metric="db.disk.read.latency", unit="s"),
            Measure("WriteLatency", "Average", metric="db.disk.write.latency", unit="s"),
            Measure("DiskQueueDepth", "Maximum", metric="db.disk.queue.length", unit="{request}"),
        ),
    ),
    "cloudfront": (
        "AWS/CloudFront",
        (
            Measure("Requests", "Sum", "requests_per_minute", "per_minute"),
            Measure("5xxErrorRate", "Average", "error_rate_pct"),
            Measure("OriginLatency", "Average", "response_time_ms"),  # only with the additional metrics switched on
        ),
    ),
}
AGENT = (
    Measure("mem_used_percent", "Average", "memory_pct"),
    Measure("disk_used_percent", "Maximum", "disk_pct"),
)
PSEUDO_FILESYSTEMS = {"tmpfs", "devtmpfs", "overlay", "squashfs", "ramfs", "iso9660"}
AGGREGATIONS = {"Average": "avg", "Maximum": "max", "Minimum": "min", "Sum": "sum"}


@dataclass(frozen=True)
class Subject:
    """A component with what identifies it in CloudWatch; `status` is what the service says of it at this moment."""

    service: str
    region: str
    row: Row = field(hash=False)
    dimensions: tuple[tuple[str, str], ...]
    status: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is anything to measure."""
        return self.row["lifecycle"] not in ("stopped", "terminated")


@dataclass(frozen=True)
class Query:
    """One metric of one component."""

    subject: Subject
    namespace: str
    measure: Measure
    dimensions: tuple[tuple[str, str], ...]


Points = dict[Query, dict[datetime, float]]


def queries(subjects: Iterable[Subject]) -> Iterator[Query]:
    """What is asked of each component that runs; a stopped one has no metrics, and asking costs."""
    for subject in subjects:
        namespace, measures = MEASURES[subject.service]
        for measure in measures:
            if subject.is_running:
                yield Query(subject, namespace, measure, subject.dimensions)


def agent_queries(aws: Aws, region: str, subjects: list[Subject], namespace: str) -> Iterator[Query]:
    """Memory and disk as the CloudWatch agent reports them; its dimensions differ by set-up, so they are looked up."""
    by_instance = {dict(one.dimensions)["InstanceId"]: one for one in subjects if one.service == "ec2"}
    for measure in AGENT:
        asked = {"Namespace": namespace, "MetricName": measure.name, "RecentlyActive": "PT3H"}
        for page in aws.pages("cloudwatch", region, "list_metrics", **asked):
            for found in page["Metrics"]:
                names = {one["Name"]: one["Value"] for one in found["Dimensions"]}
                subject = by_instance.get(names.get("InstanceId", ""))
                if subject and subject.is_running and names.get("fstype") not in PSEUDO_FILESYSTEMS:
                    yield Query(subject, namespace, measure, tuple(names.items()))


def points(aws: Aws, region: str, asked: list[Query], window: Window, step: timedelta) -> Points:
    """Values by query and bucket start; a bucket without a value is absent. Raises SourceError."""
    found: Points = {}
    for start in range(0, len(asked), BATCH):
        found |= _batch(aws, region, asked[start : start + BATCH], window, step)
    return found


def _batch(aws: Aws, region: str, asked: list[Query], window: Window, step: timedelta) -> Points:
    """One request with its pages; the points of one metric may be spread over several."""
    by_id = {f"m{number}": query for number, query in enumerate(asked)}
    found: Points = {query: {} for query in asked}
    last_said: dict[str, Json] = {}
    request = {
        "MetricDataQueries": [_stat(key, query, step) for key, query in by_id.items()],
        "StartTime": window[0],
        "EndTime": window[1],
        "ScanBy": "TimestampAscending",
        "MaxDatapoints": MAX_DATAPOINTS,
    }
    for page in aws.pages("cloudwatch", region, "get_metric_data", **request):
        for message in page.get("Messages", []):
            aws.run.warn(f"CloudWatch in {region} warns: {str(message.get('Value'))[:200]}")
        for result in page["MetricDataResults"]:
            last_said[result["Id"]] = result
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                found[by_id[result["Id"]]][floor_to(at, step)] = value
    _refuse_gaps(aws, region, last_said, by_id)
    return found


def _stat(key: str, query: Query, step: timedelta) -> Json:
    metric = {
        "Namespace": query.namespace,
        "MetricName": query.measure.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in query.dimensions],
    }
    return {
        "Id": key,
        "MetricStat": {"Metric": metric, "Period": int(step.total_seconds()), "Stat": query.measure.stat},
    }


def _refuse_gaps(aws: Aws, region: str, said: dict[str, Json], by_id: dict[str, Query]) -> None:
    """Health rows never change once they landed: a metric that is not whole after its last page stops the window."""
    for key, result in said.items():
        if result["StatusCode"] != "Complete":
            name = by_id[key].measure.name
            kind = _NOT_COMPLETE.get(result["StatusCode"], "schema_drift")
            raise SourceError(
                f"{aws.run.source_instance}: {name} in {region} is {result['StatusCode']}: it is read again next time",
                kind,
            )


def wide(found: Points, step: timedelta) -> dict[tuple[str, datetime], dict[str, float]]:
    """Health measures by component and bucket; of several series of one column (disks) the highest counts."""
    rows: dict[tuple[str, datetime], dict[str, float]] = defaultdict(dict)
    for query, values in found.items():
        for at, raw in values.items() if query.measure.column else ():
            value, fields = scaled(query, raw, step), rows[query.subject.row["component_id"], at]
            if value is not None:
                fields[query.measure.column] = max(value, fields.get(query.measure.column, value))
    return rows


def scaled(query: Query, value: float, step: timedelta) -> float | None:
    """A value in the unit of its column."""
    row: dict[str, Any] = query.subject.row
    match query.measure.scale:
        case "per_minute":
            return value * 60 / step.total_seconds()
        case "of_memory":
            return used_pct(value, row.get("memory_bytes"))
        case "of_disk":
            return used_pct(value, row.get("disk_bytes"))
        case _:
            return value
