"""Whatever stands in the cells and headers of a cost report: each line becomes a row or is told, and nothing breaks."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.focus.convert import to_focus
from ingest.focus.shape import shaped
from tests.test_focus_convert import AZURE, CUR, GOOGLE, ORACLE

FLAT_GOOGLE = {name: told for name, told in GOOGLE.items() if not isinstance(told, dict | list)}
FLAT_GOOGLE |= {"service_description": "Compute Engine", "invoice_month": "202603", "credits": "[]", "labels": "[]"}
BASES: dict[str, dict[str, Any]] = {"aws": CUR, "azure": AZURE, "oracle": ORACLE, "google": FLAT_GOOGLE}
ODD = [
    "",
    " ",
    "NaN",
    "inf",
    "-0",
    "1e400",
    "1e-400",
    "9" * 40,
    "0." + "9" * 30,
    "0x1",
    "1_000",
    "NULL",
    "null",
    "{}",
    "[]",
]
ODD += ["99999999-99999999", "2026-02-30", "9999-12-31", "12/31/9999", "00/00/0000", "0000-00-00T00:00:00Z", "999912"]
ODD += [
    '{"a":',
    '"a": "b"',
    '[{"amount": "1e999999"}]',
    '[{"amount": null}]',
    "[1]",
    '[{"key": 1}]',
    '{"amount": 1}',
    "[[" * 2000,
]
ODD += [
    "arn:a:b:c:d:e",
    "arn:::::/",
    "ocid1..",
    "/providers/",
    "/subscriptions/a/providers/b/c/d/e/f/g/h",
    "1K/",
    "K",
    "0 Hours",
]
ODD += ["99999999999999999999 Hours", "\ud7ff", "ü" * 300, "\x00", "a\nb", "';--", "$1 ${1}"]
cells = st.one_of(st.sampled_from(ODD), st.text(st.characters(exclude_categories=["Cs"]), max_size=12), st.none())


@pytest.mark.parametrize("name", BASES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_each_line_becomes_a_row_or_is_told(name: str, data: st.DataObject) -> None:
    base = {column: None if told is None else str(told) for column, told in BASES[name].items()}
    odd = data.draw(
        st.lists(st.dictionaries(st.sampled_from(sorted(base)), cells, max_size=6), min_size=8, max_size=12)
    )
    lines = [base, *(base | cells for cells in odd), base]
    frame, _ = to_focus(pl.DataFrame(lines, schema=dict.fromkeys(base, pl.String)))
    made = shaped(frame, "bill")
    assert frame.height == len(lines)
    assert made.good.height + len(made.rejects) == len(lines)
    assert {reject.place for reject in made.rejects} <= set(range(1, len(lines) - 1))


@pytest.mark.parametrize("odd", ['a"b', "a\\b", "a\nb", "{}", "", "ü", "a b", "$1"])
def test_names_of_tags_may_hold_anything(odd: str) -> None:
    row = to_focus(pl.DataFrame([CUR | {f"resourceTags/user:{odd}": "v"}]))[0]
    tags = shaped(row, "bill").good["Tags"][0]
    assert pl.Series([tags]).str.json_decode(pl.Struct({odd: pl.String}))[0] == {odd: "v"}


def test_columns_of_parquet_keep_their_kinds() -> None:
    typed = AZURE | {"Date": date(2026, 3, 2), "Quantity": Decimal("3.0"), "CostInBillingCurrency": 0.6}
    typed |= {"BillingPeriodStartDate": datetime(2026, 3, 1), "BillingPeriodEndDate": datetime(2026, 3, 31, tzinfo=UTC)}  # noqa: DTZ001
    wanted = shaped(to_focus(pl.DataFrame([AZURE]))[0], "bill").good
    assert shaped(to_focus(pl.DataFrame([typed]))[0], "bill").good.equals(wanted)
    oracle = ORACLE | {"lineItem/isCorrection": True, "cost/myCost": Decimal("0.05"), "usage/billedQuantity": 2}
    row = shaped(to_focus(pl.DataFrame([oracle]))[0], "bill").good.row(0, named=True)
    assert (row["ChargeClass"], row["BilledCost"], row["ConsumedQuantity"]) == ("Correction", Decimal("0.05"), 2)
