"""Data Exports of AWS from a bucket into the lake: two periods, a new export of one, files that lie about, a kill."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import polars as pl
import pytest

from aurora.contracts.cost import FocusCost
from aurora.contracts.platform import Quarantine
from ingest import land
from ingest.connector import Checkpoint
from ingest.connectors.aws_cost import connector
from ingest.history import Outcome
from ingest.run import Ingest
from ingest.vendors import aws_exports, bills
from tests.test_aws_cost import BUCKET, EXPORT, HOME, ROOT, aws, manifest, parquet, put, s3, world

Json = Any
__all__ = ["aws", "s3"]  # fixtures
FEBRUARY, MARCH = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


def line(start: datetime, cost: str, **more: Any) -> Json:
    """A charge line of FOCUS_1_2_AWS, with a map as Parquet has it."""
    end = (start + timedelta(days=32)).replace(day=1)
    return {
        "BilledCost": Decimal(cost),
        "EffectiveCost": Decimal(cost),
        "ContractedCost": Decimal(cost),
        "ListCost": Decimal(cost),
        "BillingAccountId": "111111111111",
        "BillingAccountName": "acme",
        "BillingCurrency": "USD",
        "BillingPeriodStart": start.replace(tzinfo=None),
        "BillingPeriodEnd": end.replace(tzinfo=None),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": "$0.10 per hour",
        "ChargePeriodStart": start.replace(tzinfo=None),
        "ChargePeriodEnd": (start + timedelta(days=1)).replace(tzinfo=None),
        "InvoiceId": None,
        "InvoiceIssuerName": "Amazon Web Services, Inc.",
        "PricingQuantity": Decimal(1),
        "PricingUnit": "Hours",
        "ProviderName": "AWS",
        "PublisherName": "Amazon Web Services, Inc.",
        "ServiceCategory": "Compute",
        "ServiceName": "Amazon Elastic Compute Cloud",
        "SubAccountId": "222222222222",
        "Tags": [{"key": "team", "value": "shop"}],
        "x_Operation": "RunInstances",
    } | more


def export(period: str, *files: list[Json], run: str = "", name: str = "part") -> None:
    """A run of the export: its files, then the manifest that lists them."""
    keys = []
    for number, lines in enumerate(files, 1):
        keys.append(f"data/BILLING_PERIOD={period}/" + (f"{run}/" if run else "") + f"{name}-{number:05}.parquet")
        put(keys[-1], parquet(pl.DataFrame(lines, infer_schema_length=None, schema_overrides={"InvoiceId": pl.String})))
    manifest(period, *keys, run=run)


def sums(ingest: Ingest) -> dict[str, tuple[int, Decimal]]:
    """Lines and billed cost by billing period."""
    by = ingest.lake.read(FocusCost).group_by("BillingPeriodStart").agg(pl.len(), pl.col("BilledCost").sum())
    return {f"{row[0]:%Y-%m}": (row[1], row[2].normalize()) for row in by.iter_rows()}


def pull(ingest: Ingest, source: Any) -> Outcome:
    """One run of the exports."""
    (outcome,) = ingest.run(source, {"exports"})
    return outcome


@pytest.fixture
def gets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of the files that were fetched."""
    fetched: list[str] = []
    real = aws_exports.Bucket._copy

    def copy(self: Any, key: str, path: Path) -> None:
        fetched.append(key)
        real(self, key, path)

    monkeypatch.setattr(aws_exports.Bucket, "_copy", copy)
    return fetched


def test_two_periods_land_whole_and_what_did_not_change_is_not_read_again(
    s3: None, tmp_path: Path, gets: list[str]
) -> None:
    """February 1.10 + 2.20 in one file and 3 in the next: 6.30. March 0.000000000000000001, as exact as money is."""
    export("2026-02", [line(FEBRUARY, "1.10"), line(FEBRUARY, "2.20", InvoiceId="I-1")], [line(FEBRUARY, "3")])
    export("2026-03", [line(MARCH, "0.000000000000000001")])
    ingest, source = world(tmp_path, exports=[EXPORT])
    first = pull(ingest, source)
    assert (first.status, first.landed.row_count, first.landed.quarantined_count) == ("success", 4, 0)
    assert sums(ingest) == {"2026-02": (3, Decimal("6.3")), "2026-03": (1, Decimal("1E-18"))}
    assert len(gets) == 3
    again = pull(ingest, source)
    assert (again.status, again.landed.row_count, len(gets)) == ("success", 0, 3)
    row = ingest.lake.read(FocusCost).filter(pl.col("BilledCost") == Decimal("2.20")).row(0, named=True)
    assert (row["x_SourceExport"], row["x_IsEstimated"], row["Tags"]) == ("bills:focus", False, '{"team":"shop"}')
    assert (row["SubAccountId"], row["ProviderName"], row["x_FocusVersion"]) == ("222222222222", "AWS", "1.2")


def test_a_new_export_replaces_its_period_alone_and_files_of_old_runs_are_not_read(
    s3: None, tmp_path: Path, gets: list[str]
) -> None:
    """Of February three lines stay one, though the files of the first run still lie there."""
    export("2026-02", [line(FEBRUARY, "1"), line(FEBRUARY, "2")], [line(FEBRUARY, "3")], run="r1")
    export("2026-03", [line(MARCH, "5")])
    ingest, source = world(tmp_path, exports=[EXPORT])
    pull(ingest, source)
    gets.clear()
    export("2026-02", [line(FEBRUARY, "9")], run="r2")
    outcome = pull(ingest, source)
    assert (outcome.status, gets) == ("success", [f"{ROOT}/data/BILLING_PERIOD=2026-02/r2/part-00001.parquet"])
    assert sums(ingest) == {"2026-02": (1, Decimal(9)), "2026-03": (1, Decimal(5))}


def test_a_file_that_is_missing_fails_its_period_keeps_its_rows_and_the_other_one_is_read(
    s3: None, tmp_path: Path
) -> None:
    export("2026-02", [line(FEBRUARY, "1")])
    export("2026-03", [line(MARCH, "5")])
    ingest, source = world(tmp_path, exports=[EXPORT])
    pull(ingest, source)
    export("2026-02", [line(FEBRUARY, "6")], name="new")
    export("2026-03", [line(MARCH, "7")], [line(MARCH, "8")], name="new")
    gone = f"{ROOT}/data/BILLING_PERIOD=2026-03/new-00002.parquet"
    boto3.client("s3", region_name=HOME).delete_object(Bucket=BUCKET, Key=gone)
    outcome = pull(ingest, source)
    assert (outcome.status, outcome.error_class) == ("failed", "not_found")
    assert f"billing period 2026-03: its manifest lists s3://{BUCKET}/{gone}, which is not there" in str(outcome.error)
    assert sums(ingest) == {"2026-02": (1, Decimal(6)), "2026-03": (1, Decimal(5))}
    put(
        gone.removeprefix(f"{ROOT}/"),
        parquet(pl.DataFrame([line(MARCH, "8")], schema_overrides={"InvoiceId": pl.String})),
    )
    assert pull(ingest, source).status == "success"
    assert sums(ingest)["2026-03"] == (2, Decimal(15))


def test_a_kill_between_two_periods_loses_none_and_reads_none_twice(
    s3: None, tmp_path: Path, gets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies when March has landed: the next one reads February alone."""
    export("2026-02", [line(FEBRUARY, "1")])
    export("2026-03", [line(MARCH, "5")])
    ingest, source = world(tmp_path, exports=[EXPORT])
    stream = connector.streams["exports"]

    def dies(run: Any) -> Any:
        for item in stream.fetch(run):
            yield item
            if isinstance(item, Checkpoint):
                raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setitem(connector.streams, "exports", replace(stream, fetch=dies))
        with pytest.raises(KeyboardInterrupt):
            pull(ingest, source)
    assert sums(ingest) == {"2026-03": (1, Decimal(5))}
    gets.clear()
    ingest, source = world(tmp_path, exports=[EXPORT])
    assert pull(ingest, source).status == "success"
    assert gets == [f"{ROOT}/data/BILLING_PERIOD=2026-02/part-00001.parquet"]
    assert sums(ingest) == {"2026-02": (1, Decimal(1)), "2026-03": (1, Decimal(5))}


def test_lines_that_cannot_stand_are_quarantined_with_their_reason_and_never_touch_another_period(
    s3: None, tmp_path: Path
) -> None:
    """In March's file lies a line of February, and one of no category; both are kept aside, February stays whole."""
    export("2026-02", [line(FEBRUARY, "1"), line(FEBRUARY, "2")])
    odd = [line(MARCH, "5"), line(FEBRUARY, "4"), line(MARCH, "6", ChargeCategory="Gift")]
    export("2026-03", odd)
    ingest, source = world(tmp_path, exports=[EXPORT])
    outcome = pull(ingest, source)
    assert (outcome.status, outcome.landed.row_count, outcome.landed.quarantined_count) == ("success", 3, 2)
    assert sums(ingest) == {"2026-02": (2, Decimal(3)), "2026-03": (1, Decimal(5))}
    rules = set(ingest.lake.read(Quarantine)["rule"])
    assert rules == {"BillingPeriodStart|period", "ChargeCategory|one_of"}


def test_the_last_day_of_an_open_month_is_an_estimate_until_there_is_an_invoice(
    s3: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto writes files now: a period that has not ended yet is open."""
    period = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    export(f"{period:%Y-%m}", [line(period, "1"), line(period, "2", InvoiceId="I-1")])
    ingest, source = world(tmp_path, exports=[EXPORT])
    pull(ingest, source)
    rows = ingest.lake.read(FocusCost).sort("BilledCost")
    assert rows["x_IsEstimated"].to_list() == [True, False]


CUR = """bill_payer_account_id,bill_billing_period_start_date,bill_billing_period_end_date,bill_invoicing_entity,\
line_item_usage_account_id,line_item_line_item_type,line_item_usage_start_date,line_item_usage_end_date,\
line_item_product_code,line_item_currency_code,line_item_unblended_cost,line_item_usage_amount,product_servicecode
111111111111,2026-02-01T00:00:00.000Z,2026-03-01T00:00:00.000Z,"Amazon Web Services, Inc.",\
222222222222,Usage,2026-02-01T00:00:00.000Z,2026-02-02T00:00:00.000Z,AmazonEC2,USD,1.234567890123,24,AmazonEC2
"""


def test_a_cost_and_usage_report_2_becomes_focus(s3: None, tmp_path: Path) -> None:
    put("data/BILLING_PERIOD=2026-02/cur-00001.csv.gz", gzip.compress(CUR.encode()))
    manifest("2026-02", "data/BILLING_PERIOD=2026-02/cur-00001.csv.gz")
    ingest, source = world(tmp_path, exports=[EXPORT])
    outcome = pull(ingest, source)
    assert (outcome.status, outcome.landed.quarantined_count) == ("success", 0), outcome.error
    (row,) = ingest.lake.read(FocusCost).iter_rows(named=True)
    assert (row["BilledCost"], row["ProviderName"]) == (Decimal("1.234567890123"), "AWS")
    assert (row["SubAccountId"], row["ChargeCategory"], row["x_SourceExport"]) == (
        "222222222222",
        "Usage",
        "bills:focus",
    )


def test_a_file_of_something_else_says_what_it_lacks(s3: None, tmp_path: Path) -> None:
    put("data/a.parquet", parquet(pl.DataFrame({"n": [1]})))
    manifest("2026-02", "data/a.parquet")
    outcome = pull(*world(tmp_path, exports=[EXPORT]))
    assert outcome.error_class == "schema_drift"
    assert "it has no column" in str(outcome.error)


def test_a_period_beyond_memory_lands_by_one_commit_and_replaces_what_was_there(
    s3: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three files of two lines each, where two lines are all that fits: 1 to 6 are 21, then 7 and 8 and 9 are 24."""
    monkeypatch.setattr(bills, "FITS", 2)
    monkeypatch.setattr(bills, "KEPT", 1)
    export("2026-02", *([line(FEBRUARY, str(n)), line(FEBRUARY, str(n + 1))] for n in (1, 3, 5)))
    export("2026-03", [line(MARCH, "5")])
    ingest, source = world(tmp_path, exports=[EXPORT])
    first = pull(ingest, source)
    assert (first.status, first.landed.row_count, first.landed.quarantined_count) == ("success", 7, 0)
    assert sums(ingest) == {"2026-02": (6, Decimal(21)), "2026-03": (1, Decimal(5))}
    assert ingest.lake.read(FocusCost)["x_RowId"].n_unique() == 7
    version = ingest.lake.version(FocusCost)
    assert pull(ingest, source).landed.row_count == 0
    assert ingest.lake.version(FocusCost) == version
    gifts = [line(FEBRUARY, "1", ChargeCategory="Gift")] * 3
    export("2026-02", [line(FEBRUARY, "7"), *gifts], [line(FEBRUARY, "8")], [line(FEBRUARY, "9")], name="new")
    again = pull(ingest, source)
    assert (again.landed.row_count, again.landed.quarantined_count) == (3, 2)
    assert sums(ingest) == {"2026-02": (3, Decimal(24)), "2026-03": (1, Decimal(5))}
    told = set(ingest.lake.read(Quarantine)["message"])
    assert "2 more lines of 2026-02 could not be rows either" in told


def test_a_kill_while_a_period_beyond_memory_is_landed_leaves_the_old_one(
    s3: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bills, "FITS", 1)
    export("2026-02", [line(FEBRUARY, "1")], [line(FEBRUARY, "2")])
    ingest, source = world(tmp_path, exports=[EXPORT])
    pull(ingest, source)
    export("2026-02", [line(FEBRUARY, "3")], [line(FEBRUARY, "4")], name="new")
    real, calls = land.check, [0]

    def dies(*given: Any) -> Any:
        calls[0] += 1
        if calls[0] == 2:
            raise KeyboardInterrupt
        return real(*given)

    with monkeypatch.context() as dying:
        dying.setattr(land, "check", dies)
        with pytest.raises(KeyboardInterrupt):
            pull(ingest, source)
    assert sums(ingest) == {"2026-02": (2, Decimal(3))}
    ingest, source = world(tmp_path, exports=[EXPORT])
    assert pull(ingest, source).status == "success"
    assert sums(ingest) == {"2026-02": (2, Decimal(7))}


def test_an_export_that_cannot_be_listed_is_told_and_the_next_one_is_read(s3: None, tmp_path: Path) -> None:
    export("2026-02", [line(FEBRUARY, "1")])
    gone = EXPORT | {"bucket": "nobodys-bucket", "name": "other"}
    ingest, source = world(tmp_path, exports=[gone, EXPORT])
    outcome = pull(ingest, source)
    assert (outcome.status, outcome.error_class) == ("failed", "not_found")
    assert "s3:list_objects_v2 in us-east-1" in str(outcome.error)
    assert sums(ingest) == {"2026-02": (1, Decimal(1))}


def test_a_source_of_cost_explorer_alone_asks_no_bucket_and_the_other_way_round(s3: None, tmp_path: Path) -> None:
    outcomes = [*pulled(tmp_path / "a", budgets=True), *pulled(tmp_path / "b", exports=[EXPORT])]
    assert [(one.stream, one.status) for one in outcomes] == [
        *(("exports", "success"), ("explorer", "success"), ("budgets", "success")) * 2
    ]


def pulled(folder: Path, **options: Any) -> list[Outcome]:
    """One run of all streams."""
    ingest, source = world(folder, **options)
    return ingest.run(source)
