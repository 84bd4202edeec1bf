"""AWS: real boto3 calls against moto; what moto cannot (paging of metrics, history, throttling) is put before them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from pydantic import ValidationError

from aurora.contracts.estate import Components
from aurora.contracts.operations import Alerts, ComponentHealth, MetricPoints, MetricSeries
from aurora.errors import ErrorClass, SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connector import Item
from ingest.connectors.aws import AwsOptions, connector
from ingest.run import Ingest
from ingest.vendors.aws import fault_class
from ingest.vendors.cloudwatch_alarms import last_value
from tests.amazon import answered, aws
from tests.replay import Recording, cursor_of, plain, refused, rows_of, run_of
from warehouse.lake import Lake

__all__ = ["answered", "aws"]
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
FIVE = timedelta(minutes=5)
HOME, AWAY = "eu-west-1", "us-east-1"
Json = Any
Call = Callable[[str, Json], Json]


def read(stream: str, cursor: Json = None, since: datetime | None = None, **options: Any) -> tuple[list[Item], Any]:
    """All that a stream yields, with its run."""
    recording = Recording({"regions": [HOME]} | options, NOW, [], cursor, since)
    run = run_of(connector, stream, recording, None)
    return list(connector.streams[stream].fetch(run)), run


def instance(region: str = HOME, **tags: str) -> str:
    """A running EC2 instance."""
    ec2 = boto3.client("ec2", region_name=region)
    listed = [{"Key": name, "Value": value} for name, value in tags.items()]
    more = {"TagSpecifications": [{"ResourceType": "instance", "Tags": listed}]} if tags else {}
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="t3.micro", **more)
    return str(made["Instances"][0]["InstanceId"])


def database(name: str = "orders", region: str = HOME) -> str:
    """An RDS instance of 20 GiB and 1 GiB of memory; its id that survives renames."""
    rds = boto3.client("rds", region_name=region)
    made = rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="root",
        MasterUserPassword="not-a-secret",
    )
    return str(made["DBInstance"]["DbiResourceId"])


def measure(namespace: str, name: str, at: datetime, value: float, region: str = HOME, **dimensions: str) -> None:
    """One value in CloudWatch."""
    listed = [{"Name": key, "Value": it} for key, it in dimensions.items()]
    point = {"MetricName": name, "Timestamp": at, "Value": value, "Dimensions": listed}
    boto3.client("cloudwatch", region_name=region).put_metric_data(Namespace=namespace, MetricData=[point])


def health_of(items: list[Item], component: str) -> dict[datetime, Json]:
    """Rows of one component by bucket start, without what is null."""
    rows = [row for row in rows_of(items, ComponentHealth) if row["component_id"] == f"test:{component}"]
    return {
        row["ts_start"]: {
            key: it for key, it in row.items() if it is not None and key not in ("component_id", "ts_start", "ts_end")
        }
        for row in rows
    }


def test_instances_of_two_regions_have_their_measures_in_the_bucket_that_they_are_from(aws: None) -> None:
    """settle 10 min: the last whole bucket before 11:50 is 11:45 to 11:50; a bucket without a value has no row."""
    here, there = instance(Name="web-1", Environment="prod"), instance(AWAY)
    measure("AWS/EC2", "CPUUtilization", NOW - 4 * FIVE, 20.0, InstanceId=here)
    measure("AWS/EC2", "CPUUtilization", NOW - 4 * FIVE, 40.0, InstanceId=here)
    measure("AWS/EC2", "StatusCheckFailed", NOW - 4 * FIVE, 0.0, InstanceId=here)
    measure("AWS/EC2", "StatusCheckFailed", NOW - 3 * FIVE, 1.0, AWAY, InstanceId=there)
    items, _ = read("health", regions=[HOME, AWAY])
    checked = {"status": "healthy", "status_raw": "StatusCheckFailed=0"}
    assert health_of(items, here) == {NOW - 4 * FIVE: {"cpu_pct": 30.0, **checked}}
    down = {"status": "down", "status_raw": "StatusCheckFailed=1"}
    assert health_of(items, there) == {NOW - 3 * FIVE: down}
    first = rows_of(items, ComponentHealth)[0]
    assert first["ts_end"] - first["ts_start"] == FIVE
    assert cursor_of(items) == {"until": (NOW - 2 * FIVE).isoformat()}
    assert refused(items) == {}


def test_a_machine_is_a_component_with_its_size_its_tags_and_its_place(aws: None) -> None:
    native = instance(Name="web-1", Environment="prod", Team="shop")
    (row,) = rows_of(read("health")[0], Components)
    assert row["component_id"] == f"test:{native}"
    told = ("name", "type", "kind", "env_tier", "provider", "region", "instance_type", "cpu_count", "memory_bytes")
    assert [row[name] for name in told] == [
        *("web-1", "server", "vm", "production", "aws", HOME, "t3.micro"),
        *(2, 1024**3),
    ]
    assert row["cloud_resource_id"] == f"arn:aws:ec2:{HOME}:123456789012:instance/{native}"
    assert (row["lifecycle"], row["lifecycle_raw"], row["zone"][:-1]) == ("running", "running", HOME)
    assert json.loads(row["tags"])["Team"] == "shop"


def test_only_machines_with_the_wanted_tags_are_read(aws: None) -> None:
    wanted = instance(Team="shop", Name="a")
    instance(Team="other")
    assert [row["component_id"] for row in rows_of(read("health", tags={"Team": "shop"})[0], Components)] == [
        f"test:{wanted}"
    ]


def test_a_stopped_machine_is_kept_but_costs_no_metric(aws: None, answered: Any) -> None:
    native = instance()
    boto3.client("ec2", region_name=HOME).stop_instances(InstanceIds=[native])
    asked = answered()
    items, _ = read("health", services=["ec2"])
    assert [row["lifecycle"] for row in rows_of(items, Components)] == ["stopped"]
    assert "GetMetricData" not in [operation for operation, _ in asked]


def test_a_database_has_used_memory_and_disk_and_the_status_of_now_in_its_newest_bucket(aws: None) -> None:
    """256 MiB of 1 GiB free: 75 % used. 5 GiB of 20 GiB free: 75 % used."""
    native, at = database(), NOW - 4 * FIVE
    measure("AWS/RDS", "FreeableMemory", at, 256 * 1024**2, DBInstanceIdentifier="orders")
    measure("AWS/RDS", "FreeStorageSpace", at, 5 * 1024**3, DBInstanceIdentifier="orders")
    measure("AWS/RDS", "CPUUtilization", at, 12.5, DBInstanceIdentifier="orders")
    items, _ = read("health")
    assert health_of(items, native) == {
        at: {"cpu_pct": 12.5, "memory_pct": 75.0, "disk_pct": 75.0},
        NOW - 3 * FIVE: {"status": "healthy", "status_raw": "available"},
    }
    (row,) = rows_of(items, Components)
    assert (row["type"], row["kind"], row["db_system"], row["disk_bytes"]) == (
        *("database", "db_instance", "postgres"),
        20 * 1024**3,
    )
    assert refused(items) == {}


def test_metrics_of_a_database_without_a_column_land_as_points_and_a_lag_of_minus_one_is_unknown(aws: None) -> None:
    native, at = database(), NOW - 4 * FIVE
    measure("AWS/RDS", "DatabaseConnections", at, 17, DBInstanceIdentifier="orders")
    measure("AWS/RDS", "ReplicaLag", at, -1, DBInstanceIdentifier="orders")
    items, _ = read("health")
    points = {row["metric"]: row for row in rows_of(items, MetricPoints)}
    count, lag = points["db.client.connection.count"], points["db.replica.lag"]
    assert (count["value"], count["agg"], count["unit"], count["quality"]) == (17, "max", "{connection}", "ok")
    assert (lag["value"], lag["quality"]) == (None, "no_data")
    assert {row["series_id"] for row in rows_of(items, MetricSeries)} == {
        f"test:{native}/DatabaseConnections",
        f"test:{native}/ReplicaLag",
    }


@pytest.mark.parametrize(
    ("raw", "status", "unknown"),
    [("storage-full", "down", 0), ("backing-up", "healthy", 0), ("dreaming", "unknown", 1), ("stopped", None, 0)],
)
def test_a_database_without_any_metric_still_tells_how_it_is(
    aws: None, answered: Any, raw: str, status: str | None, unknown: int
) -> None:
    told = {
        "DBInstanceIdentifier": "orders",
        "DbiResourceId": "db-1",
        "DBInstanceArn": f"arn:aws:rds:{HOME}:1:db:orders",
        "DBInstanceClass": "db.serverless",
        "Engine": "aurora-postgresql",
        "AllocatedStorage": 1,
        "DBInstanceStatus": raw,
    }
    answered(DescribeDBInstances=lambda _: {"DBInstances": [told]})
    items, run = read("health")
    assert [row["status"] for row in rows_of(items, ComponentHealth)] == ([status] if status else [])
    assert sum(run.unknown_words.values()) == unknown
    (row,) = rows_of(items, Components)
    assert (row["memory_bytes"], row["disk_bytes"]) == (None, None)
    assert refused(items) == {}


def test_the_agent_tells_memory_and_the_fullest_disk(aws: None) -> None:
    native, at = instance(), NOW - 4 * FIVE
    measure("CWAgent", "mem_used_percent", at, 61.0, InstanceId=native, ImageId="ami-1")
    for path, kind, value in (("/", "ext4", 40.0), ("/data", "xfs", 83.0), ("/run", "tmpfs", 99.0)):
        measure("CWAgent", "disk_used_percent", at, value, InstanceId=native, path=path, fstype=kind)
    assert health_of(read("health")[0], native) == {}
    assert health_of(read("health", agent=True)[0], native) == {at: {"memory_pct": 61.0, "disk_pct": 83.0}}


def test_a_distribution_has_requests_per_minute_and_its_share_of_5xx(aws: None) -> None:
    """600 requests in 5 minutes: 120 a minute."""
    origin = {"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    config = {
        "CallerReference": "1",
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all"},
        "Aliases": {"Quantity": 1, "Items": ["cdn.shop.example"]},
        "Comment": "",
        "Enabled": True,
    }
    made = boto3.client("cloudfront").create_distribution(DistributionConfig=config)["Distribution"]
    at, where = NOW - 4 * FIVE, {"DistributionId": made["Id"], "Region": "Global"}
    measure("AWS/CloudFront", "Requests", at, 600, AWAY, **where)
    measure("AWS/CloudFront", "5xxErrorRate", at, 0.5, AWAY, **where)
    items, _ = read("health")
    assert health_of(items, made["Id"]) == {at: {"requests_per_minute": 120.0, "error_rate_pct": 0.5}}
    (row,) = rows_of(items, Components)
    assert (row["name"], row["type"], row["region"]) == ("cdn.shop.example", "cdn", None)


def metric_page(asked: Json, token: str | None, **values: list[float]) -> Json:
    """A page of GetMetricData: values from the start of the window on, for the ids that are given."""
    start = asked["StartTime"]
    results = [
        {"Id": key, "Timestamps": [start + n * FIVE for n in range(len(it))], "Values": it, "StatusCode": "Complete"}
        for key, it in values.items()
    ]
    return {"MetricDataResults": results, **({"NextToken": token} if token else {})}


def test_the_points_of_a_metric_are_put_together_over_three_pages(aws: None, answered: Any) -> None:
    native = instance()

    def pages(asked: Json) -> Json:
        token = asked.get("NextToken")
        page = metric_page(asked, {None: "b", "b": "c", "c": None}[token], m0=[{None: 1.0, "b": 2.0, "c": 3.0}[token]])
        result = page["MetricDataResults"][0]
        result["Timestamps"] = [result["Timestamps"][0] + {None: 0, "b": 1, "c": 2}[token] * FIVE]
        result["StatusCode"] = "Complete" if token == "c" else "PartialData"
        return page

    answered(GetMetricData=pages)
    items, _ = read("health", since=NOW - 5 * FIVE)
    assert [row["cpu_pct"] for row in health_of(items, native).values()] == [1.0, 2.0, 3.0]


def test_more_than_500_metrics_are_asked_in_batches(aws: None, answered: Any) -> None:
    """251 instances of 2 metrics: 502, in requests of 500 and 2."""
    boto3.client("ec2", region_name=HOME).run_instances(
        ImageId="ami-12c6146b", MinCount=251, MaxCount=251, InstanceType="t3.micro"
    )
    asked = answered(GetMetricData=lambda told: metric_page(told, None, m1=[0.0]))
    items, _ = read("health", since=NOW - 3 * FIVE)
    sizes = [len(told["MetricDataQueries"]) for operation, told in asked if operation == "GetMetricData"]
    assert sizes == [500, 2]
    # m1 is the status check of the first instance of each batch: 250 + 1 instances, of which two are told.
    assert len(rows_of(items, ComponentHealth)) == 2


def test_a_long_gap_is_read_in_slices_and_goes_on_after_a_kill(aws: None, answered: Any) -> None:
    """Three hours in minutes are 180 buckets, one slice; two days in 5 minutes are 576: slices of 200, 200 and 176."""
    instance()
    windows: list[tuple[datetime, datetime]] = []

    def answer(asked: Json) -> Json:
        windows.append((asked["StartTime"], asked["EndTime"]))
        if len(windows) == 3:
            raise ClientError({"Error": {"Code": "InternalFailure"}, "ResponseMetadata": {"HTTPStatusCode": 500}}, "x")
        return metric_page(asked, None)

    answered(GetMetricData=answer)
    since = NOW - 2 * FIVE - timedelta(days=2)
    recording = Recording({"regions": [HOME]}, NOW, [], None, since)
    taken: list[Item] = []
    with pytest.raises(SourceError) as raised:
        taken.extend(connector.streams["health"].fetch(run_of(connector, "health", recording, None)))
    assert raised.value.error_class == "vendor_5xx"
    assert [round((last - first) / FIVE) for first, last in windows] == [200, 200, 176]
    until = since + 400 * FIVE
    assert cursor_of(taken) == {"until": until.isoformat()}
    windows.clear()
    items, _ = read("health", cursor={"until": until.isoformat()}, since=until)
    assert windows == [(until, NOW - 2 * FIVE)]
    assert cursor_of(items) == {"until": (NOW - 2 * FIVE).isoformat()}


def test_what_has_not_settled_is_left_for_later(aws: None) -> None:
    since = NOW - 2 * FIVE
    items, _ = read("health", cursor={"until": since.isoformat()}, since=since)
    assert rows_of(items, ComponentHealth) == []
    assert cursor_of(items) == {"until": since.isoformat()}


@pytest.mark.parametrize(
    ("status", "kind"), [("PartialData", "partial"), ("InternalError", "vendor_5xx"), ("Forbidden", "permission")]
)
def test_a_metric_that_is_not_whole_is_no_success(aws: None, answered: Any, status: str, kind: ErrorClass) -> None:
    instance()

    def answer(asked: Json) -> Json:
        page = metric_page(asked, None, m0=[1.0])
        page["MetricDataResults"][0]["StatusCode"] = status
        return page

    answered(GetMetricData=answer)
    with pytest.raises(SourceError, match=f"CPUUtilization in {HOME} is {status}") as raised:
        read("health")
    assert raised.value.error_class == kind


def test_a_warning_of_the_whole_answer_makes_the_run_partial(aws: None, answered: Any) -> None:
    instance()
    message = {"Code": "ArgumentError", "Value": "some metrics were left out"}
    answered(GetMetricData=lambda asked: metric_page(asked, None) | {"Messages": [message]})
    assert read("health")[1].warnings == [f"CloudWatch in {HOME} warns: some metrics were left out"]


def refusal(code: str, status: int = 400) -> ClientError:
    """What AWS answers under an error code."""
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetMetricData"
    )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal("Throttling"), "rate_limited"),
        (refusal("ThrottlingException"), "rate_limited"),
        (refusal("RequestLimitExceeded", 503), "rate_limited"),
        (refusal("TooManyRequestsException", 429), "rate_limited"),
        (refusal("AccessDenied", 403), "permission"),
        (refusal("UnauthorizedOperation", 403), "permission"),
        (refusal("ExpiredToken"), "auth"),
        (refusal("UnrecognizedClientException"), "auth"),
        (refusal("SignatureDoesNotMatch", 403), "auth"),
        (refusal("InvalidParameterValue"), "bad_query"),
        (refusal("ResourceNotFoundException"), "not_found"),
        (refusal("ServiceUnavailable", 503), "vendor_5xx"),
        (NoCredentialsError(), "auth"),
        (EndpointConnectionError(endpoint_url="https://nowhere.example"), "timeout"),
        (ReadTimeoutError(endpoint_url="https://slow.example"), "timeout"),
    ],
)
def test_faults_have_their_class(error: Exception, kind: ErrorClass) -> None:
    assert fault_class(error) == kind


@pytest.mark.parametrize(
    ("error", "kind"), [(refusal("Throttling"), "rate_limited"), (refusal("AccessDenied", 403), "permission")]
)
def test_a_refused_call_ends_the_run_and_says_where(
    aws: None, answered: Any, error: Exception, kind: ErrorClass
) -> None:
    def answer(_: Json) -> Json:
        raise error

    answered(DescribeInstances=answer)
    with pytest.raises(SourceError, match="ec2:describe_instances in eu-west-1") as raised:
        read("health")
    assert raised.value.error_class == kind


def test_a_role_is_assumed_with_its_external_id(aws: None, answered: Any) -> None:
    instance()
    asked = answered()
    items, _ = read("health", role_arn="arn:aws:iam::210987654321:role/aurora", external_id="shop")
    told = next(told for operation, told in asked if operation == "AssumeRole")
    assert told == {
        "RoleArn": "arn:aws:iam::210987654321:role/aurora",
        "RoleSessionName": "aurora",
        "ExternalId": "shop",
    }
    # The instance belongs to the account of this test, the role to another one: nothing of it is seen.
    assert rows_of(items, Components) == []


def test_keys_come_from_the_environment_by_name(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "AKIAEXAMPLE")
    keys = {"access_key_id": "env:MINE", "secret_access_key": "env:MINE"}
    assert read("health", **keys)[1].warnings == []
    with pytest.raises(ValidationError, match="together"):
        AwsOptions(regions=("eu-west-1",), access_key_id="env:MINE")


@pytest.mark.parametrize(
    "wrong",
    [{"regions": []}, {"regions": ["Frankfurt"]}, {"external_id": "x"}, {"step": "7m"}, {"step": "90s"}, {"tags": 1}],
)
def test_wrong_options_are_refused(wrong: Json) -> None:
    with pytest.raises(ValidationError):
        AwsOptions.model_validate({"regions": [HOME]} | wrong)


def test_what_is_read_lands_once_and_no_row_is_refused(aws: None, answered: Any, tmp_path: Path) -> None:
    native = instance(Name="web-1")
    database()
    measure("AWS/EC2", "CPUUtilization", NOW - 4 * FIVE, 20.0, InstanceId=native)
    answered(DescribeAlarmHistory=history([]), DescribeAlarms=states("cpu", "ALARM", NOW - FIVE))
    settings = Settings(data=tmp_path / "data", config=tmp_path / "aurora.toml")
    clock = iter(NOW + timedelta(milliseconds=step) for step in range(1000))
    ingest = Ingest(Lake(settings.lake), settings, {"aws": connector}, clock=lambda: next(clock))
    source = SourceSettings.model_validate({"name": "cloud", "connector": "aws", "regions": [HOME]})
    outcomes = ingest.run(source) + ingest.run(source)
    assert [outcome.status for outcome in outcomes] == ["success"] * 4
    assert sum(outcome.landed.quarantined_count for outcome in outcomes) == 0
    heights = {table.spec.name: ingest.lake.read(table).height for table in (ComponentHealth, Components, Alerts)}
    assert heights == {"component_health": 2, "components": 2, "alerts": 1}


def alarm(name: str, region: str = HOME, **more: Any) -> None:
    """An alarm on the CPU of an instance."""
    told = {
        "AlarmName": name,
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "InstanceId", "Value": "i-1"}],
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Period": 300,
        "Statistic": "Average",
        "Threshold": 80.0,
    }
    boto3.client("cloudwatch", region_name=region).put_metric_alarm(**(told | more))


def change(name: str, at: datetime, state: str, value: float | None = None) -> Json:
    """An item of DescribeAlarmHistory."""
    data: Json = {"version": "1.0", "recentDatapoints": [value]} if value is not None else {}
    new = {"stateValue": state, "stateReason": f"it is {state}", "stateReasonData": data}
    told = json.dumps({"version": "1.0", "oldState": {"stateValue": "OK"}, "newState": new})
    return {
        "AlarmName": name,
        "AlarmType": "MetricAlarm",
        "Timestamp": at,
        "HistoryItemType": "StateUpdate",
        "HistorySummary": "Alarm updated",
        "HistoryData": told,
    }


def history(*pages: list[Json]) -> Callable[[Json], Json]:
    """Answers DescribeAlarmHistory page by page."""

    def answer(asked: Json) -> Json:
        number = int(asked.get("NextToken", 0))
        more = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {"AlarmHistoryItems": pages[number], **more}

    return answer


def states(name: str, state: str, at: datetime, **more: Any) -> Callable[[Json], Json]:
    """Answers DescribeAlarms with one alarm in a state since then."""
    told = {"AlarmName": name, "StateValue": state, "StateUpdatedTimestamp": at, "StateTransitionedTimestamp": at}
    return lambda _: {"MetricAlarms": [told | more], "CompositeAlarms": []}


def last_rows(items: list[Item]) -> dict[str, Json]:
    """The last word on each alert, by when it started."""
    return {row["started_at"].strftime("%H:%M"): row for row in rows_of(items, Alerts)}


def test_episodes_come_from_history_over_three_pages(aws: None, answered: Any) -> None:
    """Fires 11:00, loses data 11:05, fires 11:10, ends 11:15; fires again 11:30 and still does."""
    minutes = [
        *((0, "ALARM", 91.5), (5, "INSUFFICIENT_DATA", None), (10, "ALARM", 95.0), (15, "OK", 10.0)),
        (30, "ALARM", 88.0),
    ]
    told = [change("cpu", NOW - timedelta(minutes=60 - at), state, value) for at, state, value in minutes]
    alarm("cpu")
    asked = answered(
        DescribeAlarmHistory=history(told[:2], told[2:4], told[4:]),
        DescribeAlarms=states(
            "cpu",
            "ALARM",
            NOW - timedelta(minutes=30),
            Threshold=80.0,
            Dimensions=[{"Name": "InstanceId", "Value": "i-1"}],
        ),
    )
    items, _ = read("alerts")
    first, second = last_rows(items)["11:00"], last_rows(items)["11:30"]
    assert (first["state"], first["ended_at"], first["is_end_inferred"]) == (
        *("resolved", NOW - timedelta(minutes=45)),
        False,
    )
    assert (first["value"], first["threshold"], first["component_id"]) == (95.0, 80.0, "test:i-1")
    assert (second["state"], second.get("ended_at"), second["severity"]) == ("firing", None, "warning")
    assert (second["title"], second["message"], second["last_seen_at"]) == ("cpu", "it is ALARM", NOW)
    assert [row["state"] for row in rows_of(items, Alerts)][:4] == ["firing", "no_data", "firing", "resolved"]
    types = next(told["AlarmTypes"] for operation, told in asked if operation == "DescribeAlarms")
    assert types == ["MetricAlarm", "CompositeAlarm", "LogAlarm"]
    assert refused(items) == {}


def test_an_episode_goes_on_in_the_next_run_and_read_again_changes_nothing(aws: None, answered: Any) -> None:
    begun = change("cpu", NOW - FIVE, "ALARM", 91.5)
    answered(DescribeAlarmHistory=history([begun]), DescribeAlarms=states("cpu", "ALARM", NOW - FIVE))
    first, _ = read("alerts")
    again, _ = read("alerts", cursor=cursor_of(first))
    assert plain(again)[-1] == plain(first)[-1]
    ended = change("cpu", NOW - timedelta(minutes=1), "OK", 10.0)
    answered(
        DescribeAlarmHistory=history([begun, ended]),
        DescribeAlarms=states("cpu", "OK", NOW - timedelta(minutes=1)),
    )
    items, _ = read("alerts", cursor=cursor_of(again))
    (row,) = rows_of(items, Alerts)
    assert (row["alert_id"], row["state"], row["ended_at"]) == (
        *(rows_of(first, Alerts)[0]["alert_id"], "resolved"),
        NOW - timedelta(minutes=1),
    )
    silent, _ = read("alerts", cursor=cursor_of(items))
    assert rows_of(silent, Alerts) == []


def test_an_alarm_that_fired_before_the_history_begins_is_firing(aws: None, answered: Any) -> None:
    answered(DescribeAlarmHistory=history([]))
    alarm("cpu")
    boto3.client("cloudwatch", region_name=HOME).set_alarm_state(
        AlarmName="cpu",
        StateValue="ALARM",
        StateReason="by hand",
        StateReasonData=json.dumps({"recentDatapoints": [99.0]}),
    )
    items, _ = read("alerts", critical="^cpu")
    row = rows_of(items, Alerts)[-1]
    assert (row["state"], row["severity"], row["value"], row["message"]) == ("firing", "critical", 99.0, "by hand")
    assert json.loads(row["labels"])["InstanceId"] == "i-1"
    assert refused(items) == {}


def test_a_deleted_alarm_is_resolved_at_a_time_that_is_inferred(aws: None, answered: Any) -> None:
    answered(DescribeAlarmHistory=history([]), DescribeAlarms=states("cpu", "ALARM", NOW - FIVE))
    first, _ = read("alerts")
    answered(DescribeAlarmHistory=history([]))
    (row,) = rows_of(read("alerts", cursor=cursor_of(first))[0], Alerts)
    assert (row["state"], row["ended_at"], row["is_end_inferred"]) == ("resolved", NOW, True)


def test_an_alarm_of_a_database_leads_to_its_component(aws: None, answered: Any) -> None:
    native = database()
    told = [{"Name": "DBInstanceIdentifier", "Value": "orders"}]
    answered(DescribeAlarmHistory=history([]), DescribeAlarms=states("lag", "ALARM", NOW - FIVE, Dimensions=told))
    assert rows_of(read("alerts")[0], Alerts)[-1]["component_id"] == f"test:{native}"


def test_alarms_of_one_name_in_two_regions_are_two(aws: None, answered: Any) -> None:
    answered(DescribeAlarmHistory=history([]), DescribeAlarms=states("cpu", "ALARM", NOW - FIVE))
    items, _ = read("alerts", regions=[HOME, AWAY])
    assert {row["fingerprint"] for row in rows_of(items, Alerts)} == {f"{HOME}/cpu", f"{AWAY}/cpu"}


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("", None),
        ({"recentDatapoints": [1.0, 2.0]}, None),  # which of them is the newest is not documented
        ('{"recentDatapoints": [2.0]}', 2.0),
        (
            {
                "evaluatedDatapoints": [
                    {"timestamp": "2026-03-10T11:55:00.000+0000", "value": 7.0},
                    {"timestamp": "2026-03-10T11:50:00.000+0000", "value": 6.0},
                ]
            },
            7.0,
        ),
    ],
)
def test_the_value_of_an_alarm_is_its_newest_point(data: Json, value: float | None) -> None:
    assert last_value(data) == value
