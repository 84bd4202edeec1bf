"""Health of EC2, RDS and CloudFront from CloudWatch, and CloudWatch alarms with their history, in several regions.

API: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/ (GetMetricData, DescribeAlarms,
DescribeAlarmHistory), asked through boto3. Needs: cloudwatch:GetMetricData, ListMetrics, DescribeAlarms,
DescribeAlarmHistory; ec2:DescribeInstances, DescribeInstanceTypes; rds:DescribeDBInstances;
cloudfront:ListDistributions; sts:AssumeRole where `role_arn` is set. One account is one source. GetMetricData costs
by metric asked (2 an instance, 8 a database, 3 a distribution): `every` and `tags` bound the bill. EC2 knows neither
memory nor disk of a machine: that takes the CloudWatch agent and `agent = true`.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ComponentHealth, MetricPoints, MetricSeries
from aurora.settings import Duration
from ingest.connector import Checkpoint, Connector, Item, Json, Run
from ingest.vendors.aws import Aws, AwsSignIn
from ingest.vendors.aws_inventory import DB_STATUSES, subjects
from ingest.vendors.buckets import Step, floor_to, windows
from ingest.vendors.cloud import health_row
from ingest.vendors.cloudwatch import AGGREGATIONS, Points, Query, Subject, agent_queries, points, queries, wide
from ingest.vendors.cloudwatch_alarms import Episodes, alarms, dimensions_of, transitions

POINTS = 200  # buckets of one slice: 500 metrics of 200 points fit one answer
HISTORY = timedelta(days=14)  # what CloudWatch keeps of an alarm's history for sure


class AwsOptions(AwsSignIn):
    """`step` is the health grid (basic monitoring has 5 minutes), `settle` how long values may still come in."""

    services: tuple[Literal["ec2", "rds", "cloudfront"], ...] = Field(("ec2", "rds", "cloudfront"), min_length=1)
    tags: dict[str, str] = {}
    agent: bool = False
    agent_namespace: str = "CWAgent"
    step: Step = timedelta(minutes=5)
    settle: Duration = timedelta(minutes=10)
    critical: re.Pattern[str] | None = None


AwsRun = Run[AwsOptions]
Wide = dict[tuple[str, datetime], Row]
connector = Connector("aws", AwsOptions)


@connector.stream(ComponentHealth, Components, MetricPoints, MetricSeries, every="5m", lookback="3h")
def fetch_health(run: AwsRun) -> Iterator[Item]:
    """One wide row per component and bucket, complete up to cursor["until"]; components and database metrics too."""
    aws, step = Aws(run), run.options.step
    found = list(subjects(aws))
    for subject in found:
        yield Components, subject.row
    asked = queries_by_region(aws, found)
    slices = windows(run.since, run.now - run.options.settle, step, POINTS)
    for window in slices:
        values: Points = {}
        for region, wanted in asked.items():
            values |= points(aws, region, wanted, window, step)
        yield from metric_items(run, values)
        rows = with_checks(wide(values, step))
        for (component_id, at), fields in sorted(
            with_status(run, rows, found, window == slices[-1], window[1]).items()
        ):
            yield ComponentHealth, health_row(component_id, at, step, fields)
        yield Checkpoint({"until": window[1].isoformat()})
    if not slices:  # without a checkpoint the runner would move on to now, past what has not settled
        yield Checkpoint({"until": floor_to(run.since, step).isoformat()})


def queries_by_region(aws: Aws, found: list[Subject]) -> dict[str, list[Query]]:
    """What is asked where; CloudFront's metrics live in one region."""
    asked: dict[str, list[Query]] = defaultdict(list)
    for query in queries(found):
        asked[query.subject.region].append(query)
    for region in aws.run.options.regions if aws.run.options.agent else ():
        here = [one for one in found if one.region == region]
        asked[region] += agent_queries(aws, region, here, aws.run.options.agent_namespace)
    return asked


def with_checks(rows: Mapping[tuple[str, datetime], dict[str, float]]) -> Wide:
    """EC2's own status checks as status: one that failed means that the machine or its host is not reachable."""
    said: Wide = {}
    for key, fields in rows.items():
        failed = fields.pop("failed_checks", None)
        raw = {} if failed is None else {"status_raw": f"StatusCheckFailed={failed:g}"}
        said[key] = {**fields, **raw, **({"status": "down" if failed else "healthy"} if raw else {})}
    return said


def with_status(run: AwsRun, rows: Wide, found: list[Subject], is_newest: bool, until: datetime) -> Wide:
    """The rows with what RDS says of its instances; that has no history, so it stands in the newest bucket alone."""
    for subject in found if is_newest else ():
        if subject.status and subject.is_running:
            key = subject.row["component_id"], until - run.options.step
            word = run.word(DB_STATUSES, subject.status)
            rows[key] = rows.get(key, {}) | {"status": word, "status_raw": subject.status}
    return rows


def metric_items(run: AwsRun, found: Points) -> Iterator[Item]:
    """Series and points of the metrics that have no health column."""
    for query, values in found.items():
        if query.measure.metric and values:
            yield MetricSeries, series_row(run, query)
            yield from ((MetricPoints, point_row(run, query, at, value)) for at, value in values.items())


def series_row(run: AwsRun, query: Query) -> Row:
    """The series of one metric of one component."""
    return {
        "series_id": series_id(query),
        "metric": query.measure.metric,
        "native_metric": f"{query.namespace}/{query.measure.name}",
        "instrument": "gauge",
        "labels": json.dumps(dict(query.dimensions), sort_keys=True),
        "component_id": query.subject.row["component_id"],
        "first_seen_at": run.now,
        "last_seen_at": run.now,
    }


def series_id(query: Query) -> str:
    """The component's id, which survives renames, and the metric."""
    return f"{query.subject.row['component_id']}/{query.measure.name}"


def point_row(run: AwsRun, query: Query, at: datetime, value: float) -> Row:
    """One value; a replica lag of -1 says that the replication is broken, not how late it is."""
    is_known = value >= 0
    return {
        "series_id": series_id(query),
        "metric": query.measure.metric,
        "component_id": query.subject.row["component_id"],
        "ts_start": at,
        "ts_end": at + run.options.step,
        "agg": AGGREGATIONS[query.measure.stat],
        "value": value if is_known else None,
        "unit": query.measure.unit,
        "quality": "ok" if is_known else "no_data",
    }


@connector.stream(Alerts, every="1m", lookback="14d", overlap="10m")
def fetch_alerts(run: AwsRun) -> Iterator[Item]:
    """Alarm episodes of each region, complete up to cursor["until"]; the cursor keeps those that are open."""
    aws, cursor = Aws(run), {"until": run.now.isoformat()}
    for region in run.options.regions:
        known = alarms(aws, region)
        episodes = Episodes(run, region, known, databases(aws, region, known))
        for item in transitions(aws, region, max(run.since, run.now - HISTORY)):
            new = item["newState"]
            told = new["stateValue"], new.get("stateReason"), new.get("stateReasonData")
            yield from ((Alerts, row) for row in episodes.take(item["AlarmName"], item["Timestamp"], *told))
        yield from ((Alerts, row) for row in episodes.reconciled())
        cursor[region] = episodes.cursor()
    yield Checkpoint(cursor)


def databases(aws: Aws, region: str, known: Mapping[str, Json]) -> dict[str, str]:
    """component_id by name of a database, asked only where an alarm watches one."""
    if not any("DBInstanceIdentifier" in dimensions_of(alarm) for alarm in known.values()):
        return {}
    listed = aws.pages("rds", region, "describe_db_instances")
    return {
        one["DBInstanceIdentifier"]: aws.run.id(one["DbiResourceId"]) for page in listed for one in page["DBInstances"]
    }
