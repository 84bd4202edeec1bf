"""FOCUS exports from file to warehouse: sums to the last decimal, hostile files, replaced periods, the report."""

import csv
import gzip
import io
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import polars as pl
import pytest
from moto import mock_aws

from aurora.contracts.cost import FocusCost
from aurora.errors import ContractError
from ingest.focus import files, importing
from ingest.focus.remote import at_hand
from ingest.import_report import Imported
from ingest.importing import import_file
from tests.conftest import Published
from tests.frames import ROOT
from tests.test_focus_shape import LINE
from warehouse.lake import Lake

SHARED = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data") / "finops"
SAMPLE = SHARED / "focus-1.0-sample" / "focus_sample_half.csv"
needs_sample = pytest.mark.skipif(not SAMPLE.exists(), reason="the official FOCUS sample is not here")
FEBRUARY = {"BillingPeriodStart": "2026-02-01T00:00:00Z", "BillingPeriodEnd": "2026-03-01T00:00:00Z"}
FEBRUARY |= {"ChargePeriodStart": "2026-02-01T00:00:00Z", "ChargePeriodEnd": "2026-02-02T00:00:00Z"}


def text(*changes: dict[str, Any]) -> str:
    out = io.StringIO()
    names = list(dict.fromkeys(name for change in ({}, *changes) for name in LINE | change))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(LINE | change for change in changes)
    return out.getvalue()


def file(tmp_path: Path, *changes: dict[str, Any], name: str = "bill.csv") -> Path:
    path = tmp_path / name
    path.write_text(text(*changes), encoding="utf-8")
    return path


def held(lake: Lake) -> dict[tuple[int, str], Decimal]:
    rows = lake.read(FocusCost).group_by("BillingPeriodStart", "BillingCurrency").agg(pl.col("BilledCost").sum())
    return {(start.month, currency): cost for start, currency, cost in rows.iter_rows()}


@needs_sample
def test_the_official_sample_sums_up_to_the_last_decimal(lake: Lake, published: Published) -> None:
    """expected_sums.json was computed with Python's Decimal from the file; '' and NULL are both nothing there."""
    told = import_file(lake, SAMPLE, source_instance="sample")
    assert (told.landed.row_count, told.landed.quarantined_count) == (504, 0)
    expected = json.loads((SAMPLE.parent / "expected_sums.json").read_text())
    warehouse = published()
    assert warehouse.rows("select count(*) as n from focus_data_table")["n"].item() == expected.pop("rows")
    for cost, sums in expected.items():
        assert _sums(warehouse, cost, "''") == {"": Decimal(sums.pop("total"))}
        for by, want in sums.items():
            column = by.removeprefix("by_").removesuffix("_day")
            shown = f"strftime({column}, '%Y-%m-%d')" if by.endswith("_day") else f"{column}::varchar"
            merged: Counter[str] = Counter()
            for name, amount in want.items():
                merged["" if name in ("NULL", "") else name] += Decimal(amount)  # type: ignore[assignment]
            assert _sums(warehouse, cost, shown) == dict(merged), (cost, by)


def _sums(warehouse: Any, cost: str, by: str) -> dict[str, Decimal]:
    query = f"select coalesce({by}, '') as k, coalesce(sum({cost}), 0) as s from focus_data_table group by k"
    return {str(key): total for key, total in warehouse.rows(query).iter_rows()}


@needs_sample
def test_use_case_queries_of_focus_give_the_expected_rows(lake: Lake, published: Published) -> None:
    """The library of use cases for FOCUS 1.0, as DuckDB answers it over the raw file; NULL is text there."""
    import_file(lake, SAMPLE, source_instance="sample")
    warehouse = published()
    folder = SHARED / "focus-use-case-queries"
    queries = {one["id"]: one for one in json.loads((folder / "queries.json").read_text())}
    asked = 0
    for want in json.loads((folder / "expected_on_focus_sample_half.json").read_text()):
        if "error_in_duckdb" in want:
            continue
        query = queries[want["id"]]
        values = [want["params"][param["name"]] for param in query["params"]]
        rows = _answers(warehouse, query["sql"], values)
        assert len(rows) == want["row_count"], want["id"]
        # Which of the rows that come last in order alike a LIMIT leaves out, the query does not say.
        pool = _answers(warehouse, query["sql"].partition("LIMIT")[0], values)
        missing = Counter(_plain(row) for row in want["rows"]) - Counter(pool)
        assert not missing, (want["id"], missing)
        if len(want["rows"]) == want["row_count"] and "LIMIT" not in query["sql"]:
            assert Counter(rows) == Counter(_plain(row) for row in want["rows"]), want["id"]
        asked += 1
    assert asked == 26


def _answers(warehouse: Any, sql: str, values: list[Any]) -> list[tuple[str, ...]]:
    for value in values:
        sql = sql.replace("?", f"'{value}'", 1)
    return [_plain(row) for row in warehouse.rows(sql).iter_rows()]


def _plain(row: Any) -> tuple[str, ...]:
    return tuple(_plain_cell(value) for value in row)


def _plain_cell(value: Any) -> str:
    if value in (None, "", "NULL"):
        return ""
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return str(value)
    return "nan" if number.is_nan() else f"{round(number, 12).normalize():f}"


def test_the_same_export_again_changes_nothing_and_another_replaces_its_periods(lake: Lake, tmp_path: Path) -> None:
    bill = file(tmp_path, {"BilledCost": "1"}, {"BilledCost": "2"}, FEBRUARY | {"BilledCost": "5"})
    assert import_file(lake, bill, source_instance="aws").landed.row_count == 3
    version = lake.version(FocusCost)
    again = import_file(lake, bill.rename(tmp_path / "copy.csv"), source_instance="aws")
    assert (again.landed.row_count, again.landed.duplicate_count, lake.version(FocusCost)) == (0, 3, version)
    import_file(lake, file(tmp_path, FEBRUARY | {"BilledCost": "7"}), source_instance="aws")
    import_file(lake, file(tmp_path, {"BilledCost": "100"}), source_instance="other")
    assert held(lake) == {(1, "EUR"): 103, (2, "EUR"): 7}
    assert import_file(lake, tmp_path / "copy.csv", source_instance="aws").landed.row_count == 3
    assert held(lake) == {(1, "EUR"): 103, (2, "EUR"): 5}
    assert lake.read(FocusCost)["x_RowId"].n_unique() == 4


def test_a_period_that_lacks_rows_says_so_until_they_come(lake: Lake, tmp_path: Path, published: Published) -> None:
    broken = [{"BilledCost": "2"}, {"BilledCost": "x"}, FEBRUARY | {"BilledCost": "5", "BillingCurrency": "USD"}]
    bill = file(tmp_path, *broken, FEBRUARY)
    told = import_file(lake, bill, source_instance="aws", is_estimated=True)
    assert (told.landed.row_count, told.landed.quarantined_count) == (3, 1)
    query = "select month(period_start) as m, line_count, currency, billed_cost, quarantined_count, is_complete, "
    query += "is_estimated, billed_by_currency['USD'] as usd from cost_periods order by period_start"
    assert published().rows(query).rows() == [
        (1, 1, "EUR", Decimal(2), 1, False, True, None),
        (2, 2, None, None, 0, True, True, Decimal(5)),
    ]
    quarantined = published().rows("select message, rule, payload from quarantine").row(0, named=True)
    assert quarantined["message"].startswith("bill.csv, row 2: BilledCost = 'x' is no number")
    assert json.loads(quarantined["payload"])["x_BillingPeriod"] == "2026-01-01T00:00:00"
    import_file(lake, file(tmp_path, {"BilledCost": "2"}, {"BilledCost": "3"}, *broken[2:]), source_instance="aws")
    assert published().rows("select is_complete from cost_periods")["is_complete"].to_list() == [True, True]


def test_rejected_rows_are_quarantined_whole_however_many_they_are(
    lake: Lake, tmp_path: Path, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "IN_MEMORY", 100)
    monkeypatch.setattr(importing, "AT_ONCE", 4)
    bill = file(tmp_path, {}, *({"BilledCost": f"x{number}"} for number in range(10)))
    assert import_file(lake, bill).landed.quarantined_count == 10
    assert published().rows("select quarantined_count as n from cost_periods")["n"].item() == 10
    told = published().rows("select payload->>'BilledCost' as said, message from quarantine order by said")
    assert told["said"].to_list() == [f"x{number}" for number in range(10)]
    assert told["message"][3].startswith("bill.csv, row 5: BilledCost = 'x3' is no number")


def test_all_files_of_a_folder_are_one_export(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "bill" / "BILLING_PERIOD=2026-01"
    (folder / "deep").mkdir(parents=True)
    file(folder, {"BilledCost": "1"}, name="a.csv")
    (folder / "b.csv.gz").write_bytes(gzip.compress(text({"BilledCost": "2"}).encode()))
    pl.DataFrame([LINE | {"BilledCost": 4.0}]).write_parquet(folder / "deep" / "c.parquet")
    (folder / "Manifest.json").write_text("{}")
    assert import_file(lake, tmp_path / "bill").landed.row_count == 3
    assert held(lake) == {(1, "EUR"): 7}
    assert sorted(lake.read(FocusCost)["x_RowId"]) == [f"bill:bill:2026-01-01:{number:010d}" for number in range(3)]


def test_slices_are_one_export(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SLICE", 10)
    bill = tmp_path / "bill.parquet"
    pl.DataFrame([LINE | {"BilledCost": Decimal(number)} for number in range(95)]).write_parquet(bill)
    assert import_file(lake, bill).landed.row_count == 95
    assert held(lake) == {(1, "EUR"): 95 * 94 // 2}
    assert lake.read(FocusCost)["x_RowId"].n_unique() == 95


WHOLE = text({}, {}).encode()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("cut.csv.gz", gzip.compress(WHOLE)[:-6], "ended before the end-of-stream marker"),
        ("cut.csv.gz", WHOLE, "Not a gzipped file"),
        ("empty.csv", b"", "it is empty"),
        (
            "twice.csv",
            WHOLE.replace(b"BillingAccountName", b"BilledCost"),
            "column BilledCost stands in its header twice",
        ),
        ("lacks.csv", WHOLE.replace(b"ServiceName", b"Nothing"), "it has no column ServiceName"),
        ("none.csv", WHOLE.replace(b"1.5", b"x"), "no row of it can stand, such as none.csv, row 1: BilledCost = 'x'"),
        ("head.csv", WHOLE.split(b"\n")[0], "no row of it can stand"),
        ("words.csv", WHOLE.replace(b"Machines", b"M\xfc"), "UTF8"),
        ("broken.parquet", b"PAR1 and no more", "this cannot be read as FOCUS"),
        ("nothing", None, "there is no such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    lake: Lake, tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ContractError, match=sentence):
        import_file(lake, path, format="focus")
    assert not lake.files(FocusCost)
    assert not list(Path(lake.root).rglob("*.parquet"))


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + WHOLE,
        WHOLE.replace(b",", b";"),
        WHOLE.replace(b",", b"\t"),
        WHOLE.replace(b"\n", b"\r\n"),
        WHOLE + b"a,b\n",
        WHOLE + WHOLE.split(b"\n")[0] + b"\n",
        text({}, {}, {"BilledCost": "NaN"}, {"EffectiveCost": "9" * 400}).encode(),
    ],
    ids=["bom", "semicolons", "tabs", "crlf", "cells", "header again", "numbers"],
)
def test_what_can_be_read_lands_and_the_rest_is_quarantined(lake: Lake, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bill.csv").write_bytes(content)
    told = import_file(lake, tmp_path / "bill.csv")
    assert told.landed.row_count == 2
    assert held(lake) == {(1, "EUR"): 3}


def test_amounts_near_the_limit_are_summed_exactly(lake: Lake, tmp_path: Path) -> None:
    largest = "99999999999999999999.999999999999999999"
    told = import_file(lake, file(tmp_path, *({"BilledCost": largest},) * 3), is_check=True)
    assert (
        told.report[1]
        == "period 2026-01-01: 3 rows, billed 299999999999999999999.999999999999999997 EUR, effective 4.2"
    )


def test_the_report_says_what_is_odd_and_lands_nothing(lake: Lake, tmp_path: Path) -> None:
    odd: list[dict[str, Any]] = [
        {"InvoiceId": "I-1", "ListUnitPrice": "-1", "ServiceCategory": "Machines", "Tags": "a; b"},
        {"InvoiceId": "I-1", "BilledCost": "-2.5", "ChargePeriodEnd": "2026-03-01"},
        {"ContractedCost": "", "ChargeCategory": "Use"},
        {"ContractedCost": "", "ChargeCategory": "Tax"},
    ]
    told = import_file(lake, file(tmp_path, *odd), is_check=True)
    assert told.sentence() == "3 rows would land, 1 would not"
    assert told.report == (
        "FOCUS 1.2: 4 rows, 3 good, 1 bad",
        "period 2026-01-01: 3 rows, billed 0.5 EUR, effective 4.2",
        "invoice I-1: 2 rows, billed -1 EUR, effective 2.8",
        "✕ 1 rows, ChargeCategory|one_of: such as bill.csv, row 3: ChargeCategory = 'Use' is none of "
        "Usage, Purchase, Tax, Credit, Adjustment",
        "! columns that the specification wants: ChargeDescription, PricingQuantity, PricingUnit",
        "! ContractedCost has no value in 1 rows, and none may lack it",
        "! usage or a purchase without a quantity: 2 rows",
        "! ListUnitPrice is negative: 1 rows",
        "! usage that costs less than nothing and is no correction: 1 rows",
        "! a charge outside of its billing period: 1 rows",
        "! tags that are no map, kept as they are: 1 rows",
        "! ServiceCategory = 'Machines' is no word of the specification: 1 rows",
    )
    assert not lake.files(FocusCost)


def test_only_focus_is_checked_and_rows_of_ours_are_no_export(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "components.csv").write_text("component_id\na\n")
    with pytest.raises(ContractError, match="only exports of FOCUS are checked"):
        import_file(lake, tmp_path / "components.csv", is_check=True)
    assert not files.recognised(file(tmp_path, {"x_RowId": "1"}))
    assert files.recognised(file(tmp_path, {}))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "not-a-secret")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bills")
        yield client


def test_an_export_in_s3_is_imported_as_a_folder(lake: Lake, bucket: Any) -> None:
    for number in range(3):
        body = text({"BilledCost": str(number)}).encode()
        bucket.put_object(Bucket="bills", Key=f"all/focus/data/BILLING_PERIOD=2026-0{number}/x.csv", Body=body)
    bucket.put_object(Bucket="bills", Key="all/focus/Manifest.json", Body=b"{}")
    bucket.put_object(Bucket="bills", Key="all/focus2/y.csv", Body=text({"BilledCost": "100"}).encode())

    def land(place: str) -> Imported:
        with at_hand(place) as path:
            return import_file(lake, path)

    assert land("s3://bills/all/focus/").landed.row_count == 3
    assert lake.read(FocusCost)["source_instance"].unique().to_list() == ["focus"]
    assert held(lake) == {(1, "EUR"): 3}
    assert land("s3://bills/all/focus2/y.csv").landed.row_count == 1
    for place, sentence in (("s3://bills/none", "neither a CSV nor"), ("s3://nobody/x", "S3 refuses: .*NoSuchBucket")):
        with pytest.raises(ContractError, match=sentence) as found:
            land(place)
        assert "not-a-secret" not in str(found.value)


def test_an_instant_is_that_of_the_file(lake: Lake, tmp_path: Path) -> None:
    import_file(lake, file(tmp_path, {"ChargePeriodStart": "2026-01-01T02:00:00+02:00"}))
    assert lake.read(FocusCost)["ChargePeriodStart"].item() == datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
