"""Charge lines written as FOCUS: what comes back is what went out."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts.cost import FocusCost
from aurora.errors import AuroraError
from ingest.importing import import_file
from tests.conftest import Published
from tests.test_focus_import import FEBRUARY, SAMPLE, file, needs_sample
from tests.test_focus_shape import LINE
from warehouse.focus_export import COLUMNS, export_focus
from warehouse.lake import Lake

ENDINGS = (".csv", ".csv.gz", ".parquet")
LINES: list[dict[str, Any]] = [
    {"BilledCost": "0.000000000000000001", "Tags": '{"a": "b, c"}', "x_Note": 'say "hi"\n=1+1', "x_odd/na~me": "1"},
    {"BilledCost": "99999999999999999999", "Tags": "a; b", "ContractedCost": "", "X_NOTE": "2", "InvoiceId": "I-1"},
    FEBRUARY | {"AllocatedMethodId": "m", "BilledCost": "-3", "ChargeClass": "Correction"},
]


def comparable(lake: Lake) -> pl.DataFrame:
    """What is held, without who brought it and when."""
    rows = lake.read(FocusCost).drop("x_RowId", "x_SourceExport", "source_instance", "run_id", "ingested_at")
    return rows.with_columns(pl.col("x_Other").str.json_path_match("$")).sort("BilledCost", "ChargePeriodStart")


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_exported_comes_back_the_same(lake: Lake, published: Published, tmp_path: Path, ending: str) -> None:
    import_file(lake, file(tmp_path, *LINES), source_instance="aws")
    before = comparable(lake)
    out = tmp_path / f"out{ending}"
    assert export_focus(published(), out, None, None, None) == 3
    again = Lake(tmp_path / "again")
    import_file(again, out, source_instance="aws")
    kept = [name for name in before.columns if name != "x_Other"]
    assert comparable(again).select(kept).equals(before.select(kept))
    # X_NOTE and x_Note are one column to who reads files
    assert [json.loads(told) for told in comparable(again)["x_Other"]] == [
        {"AllocatedMethodId": "m"},
        {"X_NOTE": 'say "hi"\n=1+1', "x_odd/na~me": "1"},
        {"Tags": "a; b", "X_NOTE": "2"},
    ]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_columns_stand_in_the_order_of_focus_and_periods_and_sources_are_chosen(
    lake: Lake, published: Published, tmp_path: Path
) -> None:
    import_file(lake, file(tmp_path, *LINES), source_instance="aws")
    import_file(lake, file(tmp_path, {"BilledCost": "7"}), source_instance="other")
    out, warehouse = tmp_path / "out.csv", published()
    assert export_focus(warehouse, out, date(2026, 1, 1), date(2026, 2, 1), "other") == 1
    told = pl.read_csv(out, infer_schema=False)
    assert told.columns == [*COLUMNS, "x_FocusVersion"]
    assert set(LINE) <= set(COLUMNS)
    assert told.row(0, named=True)["BillingPeriodStart"] == "2026-01-01T00:00:00Z"
    assert Decimal(told["BilledCost"][0]) == 7
    assert export_focus(warehouse, out, date(2026, 2, 1), None, None) == 1
    assert export_focus(warehouse, out, None, None, "it's nobody") == 0
    for name, sentence in (("out.xlsx", "its name says no format"), ("none/out.csv", "there is no folder")):
        with pytest.raises(AuroraError, match=sentence):
            export_focus(warehouse, tmp_path / name, None, None, None)


@needs_sample
@pytest.mark.parametrize("ending", ENDINGS)
def test_the_official_sample_comes_back(lake: Lake, published: Published, tmp_path: Path, ending: str) -> None:
    import_file(lake, SAMPLE, source_instance="sample")
    before = comparable(lake)
    assert export_focus(published(), tmp_path / f"out{ending}", None, None, None) == 504
    again = Lake(tmp_path / "again")
    import_file(again, tmp_path / f"out{ending}", source_instance="sample")
    order = ["x_Other", "ChargePeriodStart"]
    assert comparable(again).sort(order).equals(before.sort(order))
