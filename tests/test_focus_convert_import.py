"""`aurora import` of cost reports that are not FOCUS: they land in focus_cost, to the last decimal."""

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts.cost import FocusCost
from aurora.contracts.platform import Quarantine
from ingest.importing import import_file
from tests.conftest import Published
from tests.frames import ROOT
from tests.test_focus_convert import AZURE, CUR, GOOGLE, ORACLE
from warehouse.lake import Lake

FINOPS = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data") / "finops"
needs_samples = pytest.mark.skipif(not FINOPS.is_dir(), reason="the reference data are not here")
SAMPLES = [
    ("aws-cur/sample-anonymous-aws-cur_a.csv", "lineItem/UnblendedCost"),
    ("provider-exports/sample-anonymous-ea-export-dataset.csv", "CostInBillingCurrency"),
    ("provider-exports/reports_cost-csv_0000000030000269.csv", "cost/myCost"),
]


def billed(lake: Lake) -> Decimal:
    return sum(lake.read(FocusCost)["BilledCost"].to_list(), Decimal(0))


@pytest.mark.parametrize(
    ("base", "kind", "cost"),
    [(CUR, "aws_cur", "0.30"), (AZURE, "azure_cost_details", "0.60"), (ORACLE, "oci_cost_report", "0.05")],
)
def test_a_report_lands_and_again_changes_nothing(
    lake: Lake, tmp_path: Path, base: dict[str, Any], kind: str, cost: str
) -> None:
    path = tmp_path / "report.csv"
    pl.DataFrame([base]).write_csv(path)
    told = import_file(lake, path)
    assert (told.table, told.landed.row_count, billed(lake)) == ("focus_cost", 1, Decimal(cost))
    assert f"converted from {kind}" in told.report
    assert import_file(lake, path).landed.row_count == 0
    row = lake.read(FocusCost).row(0, named=True)
    assert (row["x_FocusVersion"], json.loads(row["x_Other"])["x_ConvertedFrom"]) == ("1.2", kind)


def test_nested_rows_of_google_land_from_parquet(lake: Lake, tmp_path: Path) -> None:
    """1.25 with credits of 0.25 and 0.1 are 0.90."""
    path = tmp_path / "export.parquet"
    at = {
        "usage_start_time": datetime(2026, 3, 8, 10, tzinfo=UTC),
        "usage_end_time": datetime(2026, 3, 8, 11, tzinfo=UTC),
    }
    pl.DataFrame([GOOGLE | at]).write_parquet(path)
    import_file(lake, path)
    assert billed(lake) == Decimal("0.90")


def test_a_folder_of_reports_is_one_export_and_a_bad_line_is_told_with_its_place(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "cur"
    folder.mkdir()
    pl.DataFrame([CUR, CUR]).write_csv(folder / "a-1.csv")
    pl.DataFrame([CUR, CUR | {"lineItem/UnblendedCost": "much"}]).write_csv(folder / "a-2.csv")
    told = import_file(lake, folder)
    assert (told.landed.row_count, told.landed.quarantined_count, billed(lake)) == (3, 1, Decimal("0.90"))
    row = lake.read(Quarantine).row(0, named=True)
    assert row["message"].startswith("a-2.csv, row 2: BilledCost = 'much' is no number")


def test_a_report_is_checked_without_landing(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    pl.DataFrame([CUR]).write_csv(path)
    told = import_file(lake, path, is_check=True)
    assert "period 2026-03-01: 1 rows, billed 0.3 USD, effective 0.3" in told.report
    assert lake.read(FocusCost).height == 0


@needs_samples
@pytest.mark.parametrize(("name", "cost"), SAMPLES)
def test_real_reports_land_to_the_last_decimal(lake: Lake, published: Published, name: str, cost: str) -> None:
    path = FINOPS / name
    wanted = sum(map(Decimal, pl.read_csv(path, infer_schema=False)[cost].to_list()), Decimal(0))
    told = import_file(lake, path)
    assert (told.landed.quarantined_count, billed(lake)) == (0, wanted)
    assert published().rows("select sum(billed_cost) from cost_lines").item() == wanted
