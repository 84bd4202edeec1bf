"""Rows of FOCUS exports of every version and provider: hand-made cases, computed by hand."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from aurora.contracts import COMMON
from aurora.contracts.cost import FocusCost
from aurora.errors import ContractError
from ingest.focus.shape import Shaped, shaped

LINE = {
    "BilledCost": "1.5",
    "BillingAccountId": "4711",
    "BillingAccountName": "",
    "BillingCurrency": "EUR",
    "BillingPeriodEnd": "2026-02-01T00:00:00Z",
    "BillingPeriodStart": "2026-01-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeClass": "NULL",
    "ChargePeriodEnd": "2026-01-02T00:00:00Z",
    "ChargePeriodStart": "2026-01-01T00:00:00Z",
    "ContractedCost": "1.6",
    "EffectiveCost": "1.4",
    "InvoiceIssuerName": "Cloud",
    "ListCost": "2",
    "ProviderName": "Cloud",
    "PublisherName": "Cloud",
    "ServiceCategory": "Compute",
    "ServiceName": "Machines",
}


def of(*changes: dict[str, Any], **options: Any) -> Shaped:
    return shaped(pl.DataFrame([LINE | change for change in changes], strict=False), "bill", **options)


def one(**change: Any) -> dict[str, Any]:
    made = of(change)
    assert not made.rejects
    return made.good.row(0, named=True)


def test_a_line_has_the_contracts_own_types_and_what_is_not_told_is_null() -> None:
    made = of({}, {}, first_row=7)
    assert made.good.schema == {name: kind for name, kind in FocusCost.dtypes().items() if name not in COMMON}
    row = made.good.row(0, named=True)
    assert (row["BilledCost"], row["ListUnitPrice"]) == (Decimal("1.5"), None)
    assert row["BillingPeriodStart"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert (row["ChargeClass"], row["BillingAccountName"], row["x_Other"]) == (None, None, None)
    assert (row["x_FocusVersion"], row["x_SourceExport"], row["x_IsEstimated"]) == ("1.0", "bill", False)
    assert made.good["x_RowId"].to_list() == ["bill:2026-01-01:0000000007", "bill:2026-01-01:0000000008"]


@pytest.mark.parametrize(
    ("extra", "version"),
    [({}, "1.0"), ({"SkuMeter": None}, "1.1"), ({"InvoiceId": "I1"}, "1.2"), ({"HostProviderName": "H"}, "1.3")],
)
def test_the_version_is_told_by_the_newest_column(extra: dict[str, Any], version: str) -> None:
    assert one(**extra)["x_FocusVersion"] == version


def test_names_of_1_3_stand_for_those_that_it_dropped() -> None:
    line = {name: value for name, value in LINE.items() if name not in ("ProviderName", "PublisherName")}
    made = shaped(pl.DataFrame([line | {"ServiceProviderName": "Shop", "AllocatedMethodId": "m1"}]), "bill")
    row = made.good.row(0, named=True)
    assert (row["ProviderName"], row["PublisherName"], row["ServiceProviderName"]) == ("Shop", "Shop", "Shop")
    assert json.loads(row["x_Other"]) == {"AllocatedMethodId": "m1"}


def test_columns_without_a_place_are_kept() -> None:
    row = one(x_Cost="1.10", x_Empty="", x_Quote='a "b"\n', x_Count=3)
    assert json.loads(row["x_Other"]) == {"x_Cost": "1.10", "x_Quote": 'a "b"\n', "x_Count": 3}


@pytest.mark.parametrize(
    "said",
    [
        "2026-01-01 00:00:00",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00Z",
        "2026-01-01",
        "2026-01-01 00:00:00 UTC",
        "2026-01-01 00:00:00.000",
        "2026-01-01T02:00:00+02:00",
        "2026-01-01T02:00+02:00",
        "1767225600",
        "1767225600000",
        datetime(2026, 1, 1),  # noqa: DTZ001
        datetime(2026, 1, 1, tzinfo=UTC),
    ],
)
def test_instants_are_read_however_they_are_written(said: object) -> None:
    frame = pl.DataFrame([LINE]).with_columns(ChargePeriodStart=pl.lit(said))
    assert shaped(frame, "bill").good["ChargePeriodStart"][0] == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "said",
    [
        '{"team": "a", "n": "1"}',
        "{'team': 'a', 'n': '1'}",
        '"team": "a","n": "1"',
        '[{"key": "team", "value": "a"}, {"key": "n", "value": "1"}]',
        "{team=a, n=1}",
    ],
)
def test_tags_are_an_object_however_a_provider_writes_them(said: str) -> None:
    assert json.loads(one(Tags=said)["Tags"]) == {"team": "a", "n": "1"}


def test_tags_of_parquet_are_an_object() -> None:
    pairs = [{"key": "team", "value": 'a"'}, {"key": "n", "value": None}]
    for tags in (
        pl.Series("Tags", [pairs, []]),
        pl.Series("Tags", [{"team": 'a"', "n": None}, {}], dtype=pl.Map(pl.String(), pl.String())),
    ):
        made = shaped(pl.DataFrame([LINE, LINE]).with_columns(tags), "bill")
        assert [json.loads(said) for said in made.good["Tags"]] == [{"team": 'a"', "n": None}, {}]
    struct = pl.DataFrame([LINE, LINE]).with_columns(pl.Series("Tags", [{"team": "a", "n": None}, None]))
    assert shaped(struct, "bill").good["Tags"].to_list() == ['{"team":"a"}', None]


def test_tags_that_cannot_be_read_stay_as_they_are() -> None:
    row = one(Tags="a; b")
    assert (row["Tags"], json.loads(row["x_Other"])) == (None, {"Tags": "a; b"})


def test_a_price_for_comparison_that_is_not_told_is_null_and_never_zero() -> None:
    """The Oracle lines of the official sample have no ContractedCost; they are charges all the same."""
    made = of({"ContractedCost": "NULL"}, {"ContractedCost": None, "x_A": "1"}, {})
    assert made.good["ContractedCost"].to_list() == [None, None, Decimal("1.6")]
    assert made.good["x_Other"].to_list() == [None, '{"x_A":"1"}', None]
    assert made.rejects == []


@pytest.mark.parametrize(
    ("change", "rule", "sentence"),
    [
        ({"BilledCost": ""}, "BilledCost|nullability", "BilledCost is missing"),
        ({"ServiceName": "NULL"}, "ServiceName|nullability", "ServiceName is missing"),
        ({"BilledCost": "1,5"}, "BilledCost|type", "BilledCost = '1,5' is no number"),
        ({"BilledCost": "NaN"}, "BilledCost|type", "BilledCost = 'NaN' is no number"),
        ({"ListUnitPrice": "1e30"}, "ListUnitPrice|type", "ListUnitPrice = '1e30' is no number"),
        ({"BilledCost": "0.1234567890123456789"}, "BilledCost|type", "at most 20 digits and 18 decimals"),
        ({"BilledCost": "1.5e-18"}, "BilledCost|type", "at most 20 digits and 18 decimals"),
        ({"ChargePeriodStart": "1/2/2026"}, "ChargePeriodStart|type", "ChargePeriodStart = '1/2/2026' is no instant"),
        ({"ChargeCategory": "Use"}, "ChargeCategory|one_of", "ChargeCategory = 'Use' is none of Usage, Purchase"),
        ({"BillingCurrency": "Euro"}, "BillingCurrency|currency", "BillingCurrency = 'Euro' is no currency"),
        (
            {"ChargePeriodEnd": "2026-01-01T00:00:00Z"},
            "ChargePeriodEnd|order",
            "ChargePeriodEnd = '2026-01-01T00:00:00Z' is not after ChargePeriodStart = '2026-01-01T00:00:00Z'",
        ),
    ],
)
def test_a_row_that_cannot_stand_says_why(change: dict[str, Any], rule: str, sentence: str) -> None:
    made = of({}, change, {}, first_row=10)
    assert made.good.height == 2
    (reject,) = made.rejects
    assert (reject.rule, reject.place) == (rule, 11)
    assert sentence in reject.message
    assert reject.payload["BillingAccountId"] == "4711"


def test_money_is_exact_from_text_decimals_and_floats() -> None:
    assert one(BilledCost="-1.6059900000000000000000E-5")["BilledCost"] == Decimal("-0.00001605990")
    assert one(BilledCost=Decimal("0.1"))["BilledCost"] == Decimal("0.1")
    assert one(BilledCost=0.1)["BilledCost"] == Decimal("0.1")
    assert one(BilledCost=3)["BilledCost"] == Decimal(3)
    # A double's shortest form, 1.234567890123456e-05, has 20 decimals, of which a double means about 17 digits.
    assert one(BilledCost=1.234567890123456e-05)["BilledCost"] == Decimal("0.000012345678901235")
    assert of({"BilledCost": float("nan")}).rejects[0].rule == "BilledCost|type"


def test_a_column_that_none_may_lack_refuses_the_frame() -> None:
    with pytest.raises(ContractError, match="it has no column ServiceName"):
        shaped(pl.DataFrame([LINE]).drop("ServiceName"), "bill")


def test_names_and_words_that_differ_in_case_only_are_known() -> None:
    lower = {name.lower(): value for name, value in LINE.items()} | {
        "chargecategory": "usage",
        "billingcurrency": "eur",
    }
    row = shaped(pl.DataFrame([lower]), "bill").good.row(0, named=True)
    assert (row["ChargeCategory"], row["BillingCurrency"], row["ServiceName"]) == ("Usage", "EUR", "Machines")
    assert row["x_Other"] is None


def test_no_rows_are_no_rows() -> None:
    made = shaped(pl.DataFrame([LINE]).clear(), "bill")
    assert (made.good.height, made.rejects) == (0, [])
