"""Real cost reports against the rules of the FinOps Foundation's converter, and their sums read twice.

The rules are SQL conditions and renamings: DuckDB works them out beside us. Each column that comes out otherwise is
named here with the number of lines; the modules of ingest/focus/convert say why.
"""

import csv
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from ingest.focus.convert import azure_words, kind_of, to_focus
from ingest.focus.convert.services import AWS, GOOGLE
from ingest.focus.shape import shaped
from tests.frames import ROOT
from tests.test_focus_convert import GOOGLE as GOOGLE_LINE

FINOPS = Path(os.environ.get("AURORA_REFERENCE_DATA") or ROOT.parent / "shared" / "data") / "finops"
RULES, TOOLKIT, EXPORTS = FINOPS / "focus-conversion-rules", FINOPS / "finops-toolkit", FINOPS / "provider-exports"
pytestmark = pytest.mark.skipif(not RULES.is_dir(), reason="the reference data are not here")
CUR = FINOPS / "aws-cur" / "sample-anonymous-aws-cur_a.csv"
EA = EXPORTS / "sample-anonymous-ea-export-dataset.csv"
OCI = EXPORTS / "reports_cost-csv_0000000030000269.csv"
NOW_CALLED = {"InvoiceIssuer": "InvoiceIssuerName", "Provider": "ProviderName", "Publisher": "PublisherName"}
# Columns that the sample has not and the rules ask for, and those that they multiply.
ABSENT = ("reservation/ReservationARN", "product/PurchaseOption", "lineItem/NetUnblendedCost", "lineItem/ResourceId")
FACTORS = ("pricing/publicOnDemandRate", "lineItem/UsageAmount", "savingsPlan/TotalCommitmentToDate")
FACTORS += ("savingsPlan/UsedCommitment", "reservation/UnusedRecurringFee")
FACTORS += ("reservation/UnusedAmortizedUpfrontFeeForBillingPeriod", "reservation/EffectiveCost")
FACTORS += ("lineItem/UnblendedCost", "lineItem/NetUnblendedCost", "savingsPlan/SavingsPlanEffectiveCost")
FACTORS += ("pricing/publicOnDemandCost", "reservation/TotalReservedUnits")
# AWS rounds a cost to ten decimals; the rules multiply and do not round.
ROUNDED = 5.1e-11
PERIODS = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")


def told(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def converted(path: Path) -> pl.DataFrame:
    frame, _ = to_focus(pl.read_csv(path, infer_schema=False))
    made = shaped(frame, "bill")
    assert not made.rejects
    return made.good


def total(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows if row[column]), Decimal(0))


@pytest.mark.parametrize(
    ("path", "cost"),
    [(CUR, "lineItem/UnblendedCost"), (EA, "CostInBillingCurrency"), (OCI, "cost/myCost")],
)
def test_the_bill_is_the_same_to_the_last_decimal(path: Path, cost: str) -> None:
    rows, made = told(path), converted(path)
    assert made.height == len(rows)
    assert sum(made["BilledCost"].to_list(), Decimal(0)) == total(rows, cost) != 0
    assert sum(made["EffectiveCost"].to_list(), Decimal(0)) == total(rows, cost)
    assert [Decimal(row[cost]) for row in rows] == made["BilledCost"].to_list()


def test_sums_by_service_and_by_day_of_aws_are_the_same() -> None:
    rows, made = told(CUR), converted(CUR)
    for column, key in (("product/ProductName", "ServiceName"), ("lineItem/UsageStartDate", "ChargePeriodStart")):
        wanted: dict[str, Decimal] = {}
        for row in rows:
            wanted[row[column][:10]] = wanted.get(row[column][:10], Decimal(0)) + Decimal(row["lineItem/UnblendedCost"])
        label = pl.col(key).cast(pl.String).str.slice(0, 10)
        found = made.group_by(label).agg(pl.col("BilledCost").sum()).rows()
        assert dict(found) == wanted


def test_operations_of_azure_are_whole_numbers() -> None:
    """That a quantity counts units of measure shows in the sample: times 10K and 1K they are whole."""
    made = converted(EA).filter(pl.col("PricingUnit").is_in(["10000 Units", "1000 Units"]))
    assert made.height == 6
    assert all(one == int(one) for one in made["ConsumedQuantity"])


def steps_of(name: str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for row in told(RULES / f"{name}.csv"):
        if row["Transform Step"] != "0":
            found.setdefault(row["FOCUS Dimension"], []).append(row)
    return found


def expression(steps: list[dict[str, str]]) -> str | None:
    """The rules of one column as SQL; None for those that are not SQL."""
    step = steps[0]
    kind, source, how = step["Transform Type"], step["Source Column"], step["Filters/Process/Etc."]
    if kind in ("RENAME_COLUMN", "ASSIGN_UTC_TIMEZONE"):
        return f'"{source}"'
    if kind == "ASSIGN_STATIC_VALUE":
        value = yaml.safe_load(how)["static_value"]
        return "null" if value is None else f"'{value}'"
    if kind == "SQL_CONDITION":
        rule = yaml.safe_load(how)
        return f"case {' '.join(rule['conditions'])} else {rule['default_value']} end"
    if kind == "SQL_QUERY":
        return how.removeprefix("SELECT *, ").rpartition(" AS ")[0]
    if kind == "PARSE_DATETIME":
        return f"strptime(\"{source}\", '{how}')"
    if kind in ("MONTH_START", "MONTH_END"):
        first = f"date_trunc('month', \"{source}\"::timestamp)"
        return first if kind == "MONTH_START" else f"last_day({first})"
    if kind in ("MAP_VALUES", "LOOKUP"):
        return mapped(source, yaml.safe_load(how))
    return None


def mapped(source: str, how: dict[str, Any]) -> str:
    if "value_list" in how:
        pairs = [(str(one["key"]), str(one["value"])) for one in how["value_list"]]
        default = f"'{how['default_value']}'"
    else:
        table = RULES / Path(how["reference_dataset_path"]).name
        pairs = [tuple(row.values())[:2] for row in told(table)]  # type: ignore[misc]
        default = "null"
    whens = " ".join("when '{}' then '{}'".format(*(one.replace("'", "''") for one in pair)) for pair in pairs)
    return f'case "{source}" {whens} else {default} end'


def by_rules(path: Path, name: str) -> dict[str, list[Any]]:
    """Each column as the rules have it, worked out by DuckDB from the file's text."""
    con = duckdb.connect()
    con.sql(f"create table t as select * from read_csv('{path}', all_varchar = true)")
    have = [row[0] for row in con.sql("describe t").fetchall()]
    for absent in (one for one in ABSENT if one not in have):
        con.sql(f'alter table t add column "{absent}" varchar')
    found = {}
    for column, steps in steps_of(name).items():
        sql = expression(steps)
        if sql is None:
            continue
        for factor in FACTORS:
            sql = sql.replace(f'"{factor}"', f'"{factor}"::double')
        rows = con.sql(f"select {sql} from t").fetchall()
        found[NOW_CALLED.get(column, column)] = [row[0] for row in rows]
    return found


def alike(name: str, mine: Any, theirs: Any) -> bool:
    if mine is None or theirs is None:
        return mine is None and theirs in (None, "")
    if isinstance(mine, Decimal):
        return abs(float(mine) - float(theirs)) <= ROUNDED
    if name in PERIODS:
        text = str(theirs).replace("T", " ").removesuffix("Z").removesuffix(".000")
        return f"{mine:%Y-%m-%d %H:%M:%S}".startswith(text)
    return str(mine) == str(theirs)


def differing(path: Path, name: str) -> tuple[dict[str, int], set[str]]:
    """How many lines of which column come out otherwise than by the rules, and the columns that are alike."""
    made, rules = converted(path), by_rules(path, name)
    found = {
        column: sum(not alike(column, *pair) for pair in zip(made[column], values, strict=True))
        for column, values in rules.items()
    }
    return {column: count for column, count in found.items() if count}, {one for one in found if not found[one]}


ALL_OF_AWS, ALL_OF_AZURE, ALL_OF_OCI = 641, 27, 506
TAXES = 6


def test_a_report_of_aws_is_converted_by_the_rules() -> None:
    others, same = differing(CUR, "aws-cur")
    assert others == {
        "ChargeFrequency": ALL_OF_AWS,  # by line item type: the rules say Recurring to each line of a monthly bill
        "ServiceName": 610,  # the product's name and not its code; AmazonCloudWatch is both
        "ServiceCategory": 30,  # CloudShell and Refactor Spaces, which the rules do not know
        "PricingCategory": 635,  # usage is Standard, also where no purchase option is told
        "ListCost": 2,  # AWS tells a cost beside a rate of 0, which the rules multiply
        "ConsumedQuantity": TAXES,  # FOCUS: no quantity of a tax
        "PricingQuantity": TAXES,
    }
    assert same >= {
        "BilledCost",
        "ListUnitPrice",
        "ChargeCategory",
        "RegionId",
        "SkuPriceId",
        "SubAccountId",
    }


def test_a_report_of_azure_is_converted_by_the_rules() -> None:
    others, same = differing(EA, "azure")
    assert others == {
        "BillingPeriodEnd": ALL_OF_AZURE,  # exclusive
        "ChargePeriodStart": ALL_OF_AZURE,  # the day of the charge
        "ChargePeriodEnd": ALL_OF_AZURE,  # exclusive
        "ConsumedQuantity": 6,  # 10K and 1K are many
        "PricingCategory": 24,  # Standard, which the rules call On-Demand
        "ProviderName": ALL_OF_AZURE,  # Microsoft
        "PublisherName": ALL_OF_AZURE,  # Microsoft, where Azure names nobody
        "RegionId": 22,  # centralus of CentralUS
        "SubAccountId": ALL_OF_AZURE,  # as a path
        "ServiceName": ALL_OF_AZURE,  # the service and not the provider's namespace
        "ServiceCategory": 18,  # the rules look the namespace up with its capitals
    }
    assert same >= {
        "BilledCost",
        "EffectiveCost",
        "ChargeCategory",
        "ChargeFrequency",
        "ConsumedUnit",
        "BillingCurrency",
    }


def test_a_report_of_oracle_is_converted_by_the_rules() -> None:
    others, same = differing(OCI, "oci")
    assert others == {
        "BilledCost": ALL_OF_OCI,  # without a commitment there is no overage
        "BillingPeriodEnd": ALL_OF_OCI,  # exclusive
    }
    assert same >= {"EffectiveCost", "ChargePeriodStart", "ConsumedQuantity", "ServiceName", "SubAccountId"}


@pytest.mark.parametrize(("table", "name"), [(AWS, "aws"), (GOOGLE, "gcp")])
def test_categories_are_those_of_the_rules(table: dict[str, str], name: str) -> None:
    rules = {word.lower(): category for word, category in map(_pair, told(RULES / f"{name}_category_mapping.csv"))}
    assert {word: (table[word], rules[word]) for word in table.keys() & rules if table[word] != rules[word]} == {}
    assert len(table.keys() & rules) > 50


def _pair(row: dict[str, str]) -> tuple[str, str]:
    first, second = list(row.values())[:2]
    return first, second


def test_services_and_regions_of_azure_are_those_of_its_own_tables() -> None:
    rows = told(TOOLKIT / "Services.csv")
    theirs = {(row["ResourceType"].lower(), row["ServiceName"], row["ServiceCategory"]) for row in rows}
    assert {(kind, *told) for kind, told in azure_words.TYPES.items()} - theirs == set()
    regions = told(TOOLKIT / "Regions.csv")
    names = {row["RegionId"]: row["RegionName"] for row in regions}
    assert {one: name for one, name in azure_words.REGIONS.items() if names.get(one) != name} == {}
    words = {row["OriginalValue"]: row["RegionId"] for row in regions}
    known = {word: region for word, region in words.items() if region in azure_words.REGIONS and " " in word}
    found = pl.DataFrame({"word": list(known)}).select(azure_words.region(pl.col("word"))).to_series().to_list()
    cities = {"hong kong", "sao paulo", "silicon valley", "us gov az", "us gov tx", "usgov south central"}
    assert {word for word, wanted, mine in zip(known, known.values(), found, strict=True) if wanted != mine} == cities


def test_sizes_of_units_are_those_of_the_table_of_azure() -> None:
    rows = [row for row in told(TOOLKIT / "PricingUnits.csv") if row["UnitOfMeasure"].isascii()]
    frame = pl.DataFrame({"m": [row["UnitOfMeasure"].strip() for row in rows]})
    sizes = frame.select(azure_words.block(pl.col("m"))).to_series().to_list()
    other = {row["UnitOfMeasure"] for row, size in zip(rows, sizes, strict=True) if size != row["PricingBlockSize"]}
    assert other == {"10000s"}  # which Azure itself takes for one


def test_every_spelling_of_azure_is_recognised() -> None:
    for path in EXPORTS.glob("opencost__*.csv"):
        frame = pl.read_csv(path, infer_schema=False)
        assert kind_of(frame.columns) == "azure_cost_details"
        assert to_focus(frame)[0].height == frame.height


def snake(name: str) -> str:
    """lineItem/UnblendedCost as the report in Parquet spells it: line_item_unblended_cost."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name.replace("/", "_"))
    return re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", words).lower()


def test_the_spelling_of_parquet_is_the_same_report() -> None:
    frame = pl.read_csv(CUR, infer_schema=False)
    other = frame.rename({name: snake(name) for name in frame.columns})
    assert "line_item_unblended_cost" in other.columns
    assert to_focus(other)[0].equals(to_focus(frame)[0])


def test_rows_of_google_are_converted_by_the_rules() -> None:
    """The rules name where a column comes from; what they work out is compared in the tests of the lines."""
    frame = to_focus(pl.DataFrame([GOOGLE_ROW]))[0]
    flat = {path: _at(GOOGLE_ROW, path) for path in (one["Source Column"] for one in told(RULES / "gcp.csv"))}
    others = set()
    for column, steps in steps_of("gcp").items():
        kinds = {step["Transform Type"] for step in steps}
        mine = frame.row(0, named=True).get(NOW_CALLED.get(column, column))
        if kinds <= {"RENAME_COLUMN", "UNNEST_COLUMN", "ASSIGN_UTC_TIMEZONE"}:
            sources = [flat.get(step["Source Column"]) for step in steps]
            wanted = next((one for one in sources if one is not None), None)
            same = Decimal(mine) == Decimal(str(wanted)) if isinstance(wanted, float) else mine == wanted
            others |= set() if same else {column}
    assert others == {"BilledCost"}  # the cost with its credits; SkuPriceId is null on both sides


GOOGLE_ROW = GOOGLE_LINE | {"resource": {"name": "web-1", "global_name": "//compute/web-1"}}
GOOGLE_ROW |= {"price": {"tier_start_amount": None}}


def _at(row: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        row = row.get(name) if isinstance(row, dict) else None  # type: ignore[assignment]
    return row
