"""Bills of AWS against moto: exports in S3 by period, Cost Explorer, budgets; faults that say what to do."""

import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import polars as pl
import pytest
import requests
from botocore.exceptions import ClientError
from pydantic import ValidationError

from aurora.contracts.cost import Budgets, CostDays
from aurora.errors import ErrorClass, SourceError
from aurora.settings import Settings, SourceSettings
from ingest.connector import Item
from ingest.connectors.aws_cost import AwsCostOptions, connector
from ingest.run import Ingest
from ingest.vendors.aws import Aws
from ingest.vendors.aws_exports import Bucket, Export
from tests.amazon import answered, aws
from tests.replay import Recording, cursor_of, refused, rows_of, run_of
from warehouse.lake import Lake

__all__ = ["answered", "aws"]
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOME, BUCKET, NAME = "us-east-1", "bills-of-acme", "focus"
ROOT = f"finops/{NAME}"
EXPORT = {"bucket": BUCKET, "name": NAME, "prefix": "finops"}
Json = Any


@pytest.fixture
def s3(aws: None) -> None:
    """The place of the exports, empty."""
    boto3.client("s3", region_name=HOME).create_bucket(Bucket=BUCKET)


def read(stream: str, cursor: Json = None, now: datetime = NOW, **options: Any) -> tuple[list[Item], Any]:
    """All that a stream yields, with its run."""
    run = run_of(connector, stream, Recording(options, now, [], cursor, None), None)
    return list(connector.streams[stream].fetch(run)), run


def put(key: str, body: bytes) -> None:
    """A file of the export's folder."""
    boto3.client("s3", region_name=HOME).put_object(Bucket=BUCKET, Key=f"{ROOT}/{key}", Body=body)


def parquet(frame: pl.DataFrame) -> bytes:
    """The frame as a file."""
    held = io.BytesIO()
    frame.write_parquet(held)
    return held.getvalue()


def manifest(period: str, *files: str, run: str = "") -> None:
    """The manifest of a billing period, that lists these keys of the export's folder."""
    told = {"executionId": run or "1", "columns": [], "dataFiles": [f"s3://{BUCKET}/{ROOT}/{one}" for one in files]}
    folder = f"BILLING_PERIOD={period}/" + (f"{run}/" if run else "")
    put(f"metadata/{folder}{NAME}-Manifest.json", json.dumps(told).encode())


def bucket(**options: Any) -> Bucket:
    """The export as a run sees it."""
    run = run_of(connector, "explorer", Recording({"exports": [EXPORT]} | options, NOW, []), None)
    return Bucket(Aws(run), Export(**EXPORT))


def read_out(tmp_path: Path) -> dict[str, list[int]]:
    """Column n of every period's files."""
    mine, since = bucket(), datetime(2025, 1, 1, tzinfo=UTC)
    return {
        one.month: [int(n) for part in mine.slices(one, tmp_path) for n in part.frame["n"]]
        for one in mine.manifests(since)
    }


def test_only_files_that_the_newest_manifest_lists_are_read(s3: None, tmp_path: Path) -> None:
    """Two periods; of one, two runs with a manifest each, and a file of a third that nothing lists."""
    put("data/BILLING_PERIOD=2026-02/a.csv.gz", gzip.compress(b"n,m\n1,x\n2,y\n"))
    put("data/BILLING_PERIOD=2026-02/b.csv.gz", gzip.compress(b"n,m\n3,z\n"))
    manifest("2026-02", "data/BILLING_PERIOD=2026-02/a.csv.gz", "data/BILLING_PERIOD=2026-02/b.csv.gz")
    for run, number in (("r1", 4), ("r2", 5), ("r3", 6)):
        put(f"data/BILLING_PERIOD=2026-03/{run}/a.parquet", parquet(pl.DataFrame({"n": [number]})))
    manifest("2026-03", "data/BILLING_PERIOD=2026-03/r2/a.parquet", run="r1")
    manifest("2026-03", "data/BILLING_PERIOD=2026-03/r2/a.parquet", run="r2")
    put("metadata/BILLING_PERIOD=2026-03/other-Manifest.json", b"{}")
    assert read_out(tmp_path) == {"2026-03": [5], "2026-02": [1, 2, 3]}
    assert list(tmp_path.iterdir()) == []


def test_text_of_csv_stays_text_so_that_no_amount_is_rounded(s3: None, tmp_path: Path) -> None:
    put("data/a.csv.gz", gzip.compress(b"n,BilledCost\n0012,0.123456789012345678\n"))
    manifest("2026-02", "data/a.csv.gz")
    mine = bucket()
    (part,) = mine.slices(mine.manifests(NOW.replace(year=2025))[0], tmp_path)
    assert part.frame.row(0) == ("0012", "0.123456789012345678")


def test_periods_older_than_the_history_are_not_listed_and_names_of_any_case_are(s3: None) -> None:
    for period in ("2025-11", "2025-12", "2026-01"):
        manifest(period)
    put(f"metadata/billing_period=2026-02/{NAME}-Manifest.json", b"{}")
    listed = bucket().manifests(datetime(2025, 12, 24, tzinfo=UTC))
    assert [one.month for one in listed] == ["2026-02", "2026-01", "2025-12"]
    assert listed[-1].end == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("file", "body", "kind", "told"),
    [
        ("data/gone.parquet", None, "not_found", "which is not there"),
        ("data/a.parquet", b"no parquet", "schema_drift", "cannot be read"),
        ("data/a.zip", b"PK", "bad_query", "neither Parquet nor csv.gz"),
        ("../other/a.parquet", None, "schema_drift", "is not in s3://bills-of-acme/finops/focus/"),
    ],
)
def test_a_file_that_cannot_be_had_has_a_sentence(
    s3: None, tmp_path: Path, file: str, body: bytes | None, kind: ErrorClass, told: str
) -> None:
    if body is not None:
        put(file, body)
    manifest("2026-02", file)
    with pytest.raises(SourceError, match=r"billing period 2026-02: .*what landed of it before stays") as raised:
        read_out(tmp_path)
    assert raised.value.error_class == kind
    assert told in str(raised.value)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"files": []}', b'{"dataFiles": 3}', b'{"dataFiles": [null]}'])
def test_what_is_no_manifest_is_told_so(s3: None, tmp_path: Path, body: bytes) -> None:
    put(f"metadata/BILLING_PERIOD=2026-02/{NAME}-Manifest.json", body)
    with pytest.raises(SourceError, match="is no manifest") as raised:
        read_out(tmp_path)
    assert raised.value.error_class == "schema_drift"


def test_a_manifest_that_is_rewritten_meanwhile_is_left_to_the_next_run(s3: None, tmp_path: Path) -> None:
    manifest("2026-02")
    mine = bucket()
    (listed,) = mine.manifests(datetime(2025, 1, 1, tzinfo=UTC))
    manifest("2026-02", "data/new.parquet")
    with pytest.raises(SourceError, match="rewritten meanwhile"):
        list(mine.slices(listed, tmp_path))


def day_of(day: str, groups: Json, *, estimated: bool) -> Json:
    """One day of Cost Explorer's answer: (service, account, unblended, amortized)."""
    end = date.fromordinal(date.fromisoformat(day).toordinal() + 1).isoformat()
    told = [
        {
            "Keys": [service, account],
            "Metrics": {
                "UnblendedCost": {"Amount": billed, "Unit": "USD"},
                "AmortizedCost": {"Amount": amortized, "Unit": "USD"},
            },
        }
        for service, account, billed, amortized in groups
    ]
    return {"TimePeriod": {"Start": day, "End": end}, "Total": {}, "Groups": told, "Estimated": estimated}


def queue(*results: Json) -> None:
    """What moto's Cost Explorer answers, one result per different question."""
    told = {"results": [{"DimensionValueAttributes": []} | result for result in results]}
    url = "http://motoapi.amazonaws.com/moto-api/static/ce/cost-and-usage-results"
    assert requests.post(url, json=told, timeout=5).status_code == 201


def test_days_of_cost_explorer_are_exact_and_read_again_while_they_are_estimated(s3: None) -> None:
    """8 March is final, 9 March estimated: the cursor stands at the 9th, which the run of a day later asks again."""
    first = [
        day_of("2026-03-08", [("AmazonS3", "111111111111", "0.0000300172", "0.0000300172")], estimated=False),
        day_of("2026-03-09", [("AmazonEC2", "222222222222", "12.50", "10.1234567891")], estimated=True),
    ]
    queue({"ResultsByTime": first})
    items, _ = read("explorer", cost_explorer=True)
    small, large = rows_of(items, CostDays)
    assert (small["billed_cost"], large["effective_cost"]) == (Decimal("0.0000300172"), Decimal("10.1234567891"))
    assert (large["day"], large["account_id"], large["service"]) == (date(2026, 3, 9), "222222222222", "AmazonEC2")
    assert (small["is_estimated"], large["is_estimated"], large["currency"]) == (False, True, "USD")
    assert cursor_of(items) == {"final_until": "2026-03-09"}
    assert refused(items) == {}


def pages(*told: Json) -> Callable[[Json], Json]:
    """Cost Explorer's pages: the token of the next is its number."""
    return lambda asked: (
        {"ResultsByTime": [told[int(asked.get("NextPageToken", "0"))]]}
        | ({"NextPageToken": str(number)} if (number := int(asked.get("NextPageToken", "0")) + 1) < len(told) else {})
    )


def test_a_day_that_comes_in_three_pages_is_whole_and_the_end_of_what_is_asked_is_exclusive(
    s3: None, answered: Any
) -> None:
    told = [day_of("2026-03-09", [(f"S{n}", "1", "1", "1")], estimated=True) for n in range(3)]
    asked = answered(GetCostAndUsage=pages(*told))
    items, _ = read("explorer", {"final_until": "2026-03-01"}, cost_explorer=True)
    assert [row["service"] for row in rows_of(items, CostDays)] == ["S0", "S1", "S2"]
    assert [one["TimePeriod"] for _, one in asked] == [{"Start": "2026-03-01", "End": "2026-03-10"}] * 3
    assert [one.get("NextPageToken") for _, one in asked] == [None, "1", "2"]


def test_a_fault_on_a_later_page_yields_nothing_so_that_no_day_is_replaced_by_a_part_of_it(
    s3: None, answered: Any
) -> None:
    first = pages(day_of("2026-03-09", [("S", "1", "1", "1")], estimated=True), {})

    def answer(asked: Json) -> Json:
        if asked.get("NextPageToken"):
            raise refusal("InvalidNextTokenException")
        return first(asked)

    answered(GetCostAndUsage=answer)
    taken: list[Item] = []
    run = run_of(connector, "explorer", Recording({"cost_explorer": True}, NOW, []), None)
    with pytest.raises(SourceError, match="the next run reads all of them again"):
        taken.extend(connector.streams["explorer"].fetch(run))
    assert taken == []


def refusal(code: str) -> ClientError:
    """What AWS answers under an error code."""
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "x")


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("DataUnavailableException", "not_found", "turn it on once in the Billing console"),
        ("LimitExceededException", "rate_limited", "raise `every`"),
        ("ThrottlingException", "rate_limited", "raise `every`"),
        ("BillExpirationException", "bad_query", "shorter `history`"),
        ("RequestChangedException", "partial", "the next run"),
        ("AccessDeniedException", "permission", "docs/connectors.md"),
    ],
)
def test_errors_of_cost_explorer_say_what_to_do(
    s3: None, answered: Any, code: str, kind: ErrorClass, told: str
) -> None:
    def answer(_: Json) -> Json:
        raise refusal(code)

    answered(GetCostAndUsage=answer)
    with pytest.raises(SourceError, match="ce:GetCostAndUsage: ") as raised:
        read("explorer", cost_explorer=True)
    assert raised.value.error_class == kind
    assert told in str(raised.value)


def budget(name: str, **more: Any) -> None:
    """A budget of 1,000 USD a month."""
    told = {
        "BudgetName": name,
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "1000", "Unit": "USD"},
        "TimePeriod": {"Start": datetime(2026, 1, 1, tzinfo=UTC), "End": datetime(2087, 6, 15, tzinfo=UTC)},
        "CalculatedSpend": {
            "ActualSpend": {"Amount": "412.07", "Unit": "USD"},
            "ForecastedSpend": {"Amount": "1250.10", "Unit": "USD"},
        },
    }
    boto3.client("budgets", region_name=HOME).create_budget(AccountId="123456789012", Budget=told | more)


def test_budgets_have_a_version_whenever_they_change_and_one_that_is_gone_is_deleted(s3: None, tmp_path: Path) -> None:
    planned = {"1767225600": {"Amount": "500", "Unit": "EUR"}, "1772323200": {"Amount": "700", "Unit": "EUR"}}
    planned |= {"1775001600": {"Amount": "900", "Unit": "EUR"}}  # from January, March and April 2026 on
    budget("all", CostFilters={"Service": ["AmazonEC2"]})
    budget("planned", TimeUnit="QUARTERLY", PlannedBudgetLimits=planned)
    budget("hours", BudgetType="USAGE")
    budget("today", TimeUnit="DAILY")
    ingest, source = world(tmp_path, budgets=True)
    assert [one.status for one in ingest.run(source, {"budgets"}) + ingest.run(source, {"budgets"})] == ["success"] * 2
    rows = {row["name"]: row for row in ingest.lake.read(Budgets).sort("version").iter_rows(named=True)}
    assert ingest.lake.read(Budgets).height == 2
    every, plan = rows["all"], rows["planned"]
    assert (every["vendor_actual_amount"], every["vendor_forecast_amount"]) == (Decimal("412.07"), Decimal("1250.10"))
    assert (every["limit_amount"], every["period"], every["ends_on"]) == (Decimal(1000), "month", None)
    assert json.loads(every["scope"]) == {"CostFilters": {"Service": ["AmazonEC2"]}, "account": "123456789012"}
    assert (plan["limit_amount"], plan["currency"], plan["period"]) == (Decimal(700), "EUR", "quarter")
    boto3.client("budgets", region_name=HOME).delete_budget(AccountId="123456789012", BudgetName="all")
    ingest.run(source, {"budgets"})
    last = ingest.lake.read(Budgets).sort("version").filter(pl.col("name") == "all").row(-1, named=True)
    assert (last["version"], last["is_deleted"]) == (2, True)


def world(tmp_path: Path, **options: Any) -> tuple[Ingest, SourceSettings]:
    """A lake of its own, and the source."""
    settings = Settings(data=tmp_path / "data", config=tmp_path / "aurora.toml")
    ingest = Ingest(Lake(settings.lake), settings, {"aws_cost": connector}, clock=lambda: NOW)
    return ingest, SourceSettings.model_validate({"name": "bills", "connector": "aws_cost", **options})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "name exports, or set cost_explorer"),
        ({"exports": [EXPORT, EXPORT]}, "each export stands once"),
        ({"exports": [EXPORT], "history": "30d"}, "history"),
        ({"exports": [EXPORT | {"bucket": "s3://x"}]}, "bucket"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: Json, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        AwsCostOptions.model_validate(options)
