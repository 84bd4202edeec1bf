"""Cost reports of providers as FOCUS: hand-made lines, each figure worked out beside it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from aurora.errors import ContractError
from ingest.focus.convert import kind_of, to_focus
from ingest.focus.shape import Shaped, shaped

CUR = {
    "bill/PayerAccountId": "payer",
    "bill/InvoicingEntity": "Amazon Web Services, Inc.",
    "bill/BillingPeriodStartDate": "2026-03-01T00:00:00Z",
    "bill/BillingPeriodEndDate": "2026-04-01T00:00:00Z",
    "lineItem/UsageAccountId": "member",
    "lineItem/LineItemType": "Usage",
    "lineItem/UsageStartDate": "2026-03-02T05:00:00Z",
    "lineItem/UsageEndDate": "2026-03-02T06:00:00Z",
    "lineItem/ProductCode": "AmazonEC2",
    "lineItem/UsageType": "EUC1-BoxUsage:m5.large",
    "lineItem/UsageAmount": "2",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "0.30",
    "lineItem/ResourceId": "",
    "pricing/publicOnDemandCost": "0.40",
    "pricing/publicOnDemandRate": "0.2",
    "pricing/unit": "Hrs",
    "product/ProductName": "Amazon Elastic Compute Cloud",
    "product/region": "eu-central-1",
    "reservation/ReservationARN": "",
    "reservation/EffectiveCost": "",
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "",
    "reservation/UnusedRecurringFee": "",
    "savingsPlan/SavingsPlanARN": "",
    "savingsPlan/SavingsPlanEffectiveCost": "",
    "savingsPlan/TotalCommitmentToDate": "",
    "savingsPlan/UsedCommitment": "",
}
PLAN = {"savingsPlan/SavingsPlanARN": "arn:aws:savingsplans::1:savingsplan/sp-1"}
RESERVED = {"reservation/ReservationARN": "arn:aws:ec2:eu-central-1:1:reserved-instances/ri-1"}
AZURE = {
    "Date": "03/02/2026",
    "BillingPeriodStartDate": "03/01/2026",
    "BillingPeriodEndDate": "03/31/2026",
    "BillingAccountId": "enrolment",
    "BillingCurrencyCode": "EUR",
    "SubscriptionId": "sub",
    "ConsumedService": "Microsoft.Compute",
    "MeterCategory": "Virtual Machines",
    "MeterName": "D2s v5",
    "ResourceId": "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web-1",
    "ResourceLocation": "westeurope",
    "Quantity": "3",
    "UnitOfMeasure": "1 Hour",
    "CostInBillingCurrency": "0.60",
    "UnitPrice": "0.30",
    "PayGPrice": "0.40",
    "ChargeType": "Usage",
    "PricingModel": "OnDemand",
    "Frequency": "UsageBased",
    "ReservationId": "",
    "benefitId": "",
    "PublisherType": "Azure",
    "Tags": "",
}
ORACLE = {
    "lineItem/tenantId": "ocid1.tenancy.oc1..t",
    "lineItem/intervalUsageStart": "2026-12-31T23:00Z",
    "lineItem/intervalUsageEnd": "2027-01-01T00:00Z",
    "product/service": "COMPUTE",
    "product/region": "eu-frankfurt-1",
    "product/resourceId": "ocid1.instance.oc1.eu-frankfurt-1.x",
    "usage/billedQuantity": "2.000000000000000000",
    "cost/subscriptionId": "contract",
    "cost/productSku": "B93113",
    "cost/unitPrice": "0.025",
    "cost/myCost": "5.0E-2",
    "cost/myCostOverage": "",
    "cost/currencyCode": "EUR",
    "cost/skuUnitDescription": "OCPU Hours",
    "lineItem/isCorrection": "false",
    "tags/Oracle-Tags.CreatedBy": "ann",
    "tags/shop.Env": "",
}
GOOGLE: dict[str, Any] = {
    "billing_account_id": "01A2B3-C4D5E6-F7A8B9",
    "service": {"id": "6F81-5844-456A", "description": "Compute Engine"},
    "sku": {"id": "039F-D0DA-4055", "description": "N2 Core"},
    "usage_start_time": "2026-03-31T22:00:00Z",
    "usage_end_time": "2026-03-31T23:00:00Z",
    "project": {"id": "shop-prod", "name": "Shop", "labels": [{"key": "team", "value": "shop"}]},
    "labels": [{"key": "env", "value": "prod"}, {"key": "owner", "value": 'a "b"'}],
    "location": {"location": "europe-west3", "region": "europe-west3", "zone": "europe-west3-a"},
    "cost": 1.25,
    "cost_at_list": 1.5,
    "currency": "EUR",
    "usage": {"amount": 3600.0, "unit": "seconds", "amount_in_pricing_units": 1.0, "pricing_unit": "hour"},
    "credits": [{"name": "Sustained use", "amount": -0.25}, {"name": "Trial", "amount": -0.1}],
    "invoice": {"month": "202603"},
    "cost_type": "regular",
}


def lines(base: dict[str, Any], *changes: dict[str, Any]) -> Shaped:
    frame, _ = to_focus(pl.DataFrame([base | change for change in changes], strict=False))
    assert frame.height == len(changes)
    return shaped(frame, "bill")


def line(base: dict[str, Any], **change: Any) -> dict[str, Any]:
    made = lines(base, change)
    assert not made.rejects, made.rejects
    return made.good.row(0, named=True)


def costs(row: dict[str, Any]) -> tuple[Decimal, ...]:
    return tuple(row[name] for name in ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"))


def money(*texts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(one) for one in texts)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "category", "billed_effective_contracted_list"),
    [
        ({}, "Usage", ("0.30", "0.30", "0.30", "0.40")),
        ({"lineItem/LineItemType": "Tax", "pricing/publicOnDemandCost": "0"}, "Tax", ("0.30",) * 4),
        ({"lineItem/LineItemType": "Fee"}, "Purchase", ("0.30",) * 4),
        ({"lineItem/LineItemType": "Fee"} | RESERVED, "Purchase", ("0.30", "0", "0.30", "0.30")),
        ({"lineItem/LineItemType": "Credit", "lineItem/UnblendedCost": "-0.30"}, "Credit", ("-0.30",) * 4),
        ({"lineItem/LineItemType": "Refund", "lineItem/UnblendedCost": "-0.30"}, "Adjustment", ("-0.30",) * 4),
        ({"lineItem/LineItemType": "EdpDiscount", "lineItem/UnblendedCost": "-0.03"}, "Usage", ("-0.03",) * 4),
        ({"lineItem/LineItemType": "BrandNewType"}, "Usage", ("0.30", "0.30", "0.30", "0.40")),
        # Covered by a reservation: billed 0, its share of the reservation 0.12, on the list 0.40.
        (
            {"lineItem/LineItemType": "DiscountedUsage", "lineItem/UnblendedCost": "0"}
            | {"reservation/EffectiveCost": "0.12"}
            | RESERVED,
            "Usage",
            ("0", "0.12", "0.40", "0.40"),
        ),
        # 0.05 of the upfront fee and 0.02 of the recurring fee were not used: 0.05 + 0.02 = 0.07.
        (
            {"lineItem/LineItemType": "RIFee", "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "0.05"}
            | {"reservation/UnusedRecurringFee": "2E-2"}
            | RESERVED,
            "Purchase",
            ("0.30", "0.07", "0.30", "0.30"),
        ),
        (
            {"lineItem/LineItemType": "SavingsPlanCoveredUsage", "savingsPlan/SavingsPlanEffectiveCost": "0.21"} | PLAN,
            "Usage",
            ("0.30", "0.21", "0.30", "0.40"),
        ),
        (
            {"lineItem/LineItemType": "SavingsPlanNegation", "lineItem/UnblendedCost": "-0.30"} | PLAN,
            "Usage",
            ("-0.30", "0", "0", "0"),
        ),
        # Committed 10 so far and used 9.75 of it: 0.25 is nobody's.
        (
            {"lineItem/LineItemType": "SavingsPlanRecurringFee", "savingsPlan/TotalCommitmentToDate": "10"}
            | {"savingsPlan/UsedCommitment": "9.75"}
            | PLAN,
            "Purchase",
            ("0.30", "0.25", "0.30", "0.30"),
        ),
        ({"lineItem/LineItemType": "SavingsPlanUpfrontFee"} | PLAN, "Purchase", ("0.30", "0", "0.30", "0.30")),
    ],
)
def test_each_line_item_type_has_its_category_and_costs(
    change: dict[str, str], category: str, billed_effective_contracted_list: tuple[str, ...]
) -> None:
    row = line(CUR, **change)
    assert (row["ChargeCategory"], costs(row)) == (category, money(*billed_effective_contracted_list))


def test_commitments_of_aws_are_named_and_covered_usage_is_committed() -> None:
    covered = line(CUR, **{"lineItem/LineItemType": "SavingsPlanCoveredUsage"}, **PLAN)
    told = [covered[f"CommitmentDiscount{name}"] for name in ("Category", "Id", "Type", "Status")]
    assert told == ["Spend", PLAN["savingsPlan/SavingsPlanARN"], "Savings Plan", "Used"]
    assert (covered["PricingCategory"], covered["ChargeFrequency"]) == ("Committed", "Usage-Based")
    fee = line(CUR, **{"lineItem/LineItemType": "RIFee"}, **RESERVED)
    assert [fee[f"CommitmentDiscount{name}"] for name in ("Category", "Type", "Status")] == [
        "Usage",
        "Reserved Instances (RI)",
        None,
    ]
    assert (fee["PricingCategory"], fee["ChargeFrequency"], fee["ConsumedQuantity"]) == (None, "Recurring", None)
    assert line(CUR, **{"lineItem/UsageType": "EUC1-SpotUsage:m5.large"})["PricingCategory"] == "Dynamic"
    assert line(CUR)["PricingCategory"] == "Standard"


def test_net_amounts_stand_for_the_others_where_there_are_any() -> None:
    """Net 0.27 of 0.30; the covered line's share of its plan is 0.19 net of 0.21."""
    net = {"lineItem/NetUnblendedCost": "0.27", "savingsPlan/NetSavingsPlanEffectiveCost": "0.19"}
    assert costs(line(CUR, **net))[:2] == money("0.27", "0.27")
    plan = {"lineItem/LineItemType": "SavingsPlanCoveredUsage", "savingsPlan/SavingsPlanEffectiveCost": "0.21"}
    assert costs(line(CUR, **net, **plan, **PLAN))[:2] == money("0.27", "0.19")


def test_the_list_cost_is_worked_out_only_where_aws_does_not_tell_it() -> None:
    """2 hours at 0.2 are 0.4."""
    assert line(CUR, **{"pricing/publicOnDemandCost": ""})["ListCost"] == Decimal("0.4")


def test_resources_and_tags_of_aws() -> None:
    arn = "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/Shop-Web/50dc6c495c0c9188"
    tags = {"resourceTags/user:Env": "prod", "resourceTags/aws:createdBy": "ann", "resourceTags/user:Empty": ""}
    tags |= {"resourceTags/user:env": 'has "quotes"', "costCategory/Team": "shop"}
    row = line(CUR, **{"lineItem/ResourceId": arn}, **tags)
    assert (row["ResourceId"], row["ResourceType"], row["ResourceName"]) == (arn, "loadbalancer", "50dc6c495c0c9188")
    assert json.loads(row["Tags"]) == {"Env": "prod", "aws:createdBy": "ann", "env": 'has "quotes"'}
    other = json.loads(row["x_Other"])
    assert json.loads(other["x_CostCategories"]) if isinstance(other["x_CostCategories"], str) else True
    assert (other["x_ServiceCode"], other["x_LineItemType"]) == ("AmazonEC2", "Usage")
    bare = line(CUR, **{"lineItem/ResourceId": "i-0abc"})
    assert (bare["ResourceId"], bare["ResourceName"], bare["ResourceType"], bare["Tags"]) == (
        "i-0abc",
        None,
        None,
        None,
    )


def test_the_parquet_spelling_says_the_same_with_instants_floats_and_maps() -> None:
    words = {name: name.replace("/", "_") for name in CUR}
    snake = {words[name]: value or None for name, value in CUR.items()}
    snake |= {"lineItem_UsageStartDate": at("2026-03-02 05:00"), "lineItem_UnblendedCost": 0.1 + 0.2}
    snake |= {"resource_tags": [{"key": "env", "value": "prod"}]}
    frame = pl.DataFrame([snake])
    assert kind_of(frame.columns) == "aws_cur"
    row = shaped(to_focus(frame)[0], "bill").good.row(0, named=True)
    assert (row["ChargePeriodStart"], json.loads(row["Tags"])) == (at("2026-03-02 05:00"), {"env": "prod"})
    # 0.1 + 0.2 is 0.30000000000000004 as a float: 17 decimals, which are kept.
    assert row["BilledCost"] == Decimal("0.30000000000000004")
    athena = {"line_item_unblended_cost": "1", "line_item_line_item_type": "Usage", "bill_payer_account_id": "p"}
    athena |= {"line_item_usage_start_date": "2026-03-02 05:00:00.000", "resource_tags_user_env": "prod"}
    told = to_focus(pl.DataFrame([athena]))[0].row(0, named=True)
    assert (told["BilledCost"], told["Tags"]) == ("1", '{"env":"prod"}')


def test_a_line_of_azure() -> None:
    """3 hours at 0.40 on the list are 1.20; billed 0.60; the bill's last day is the 31st, so it ends on 1 April."""
    row = line(AZURE, Tags='"env": "prod","owner": "ann"')
    assert costs(row) == money("0.60", "0.60", "0.60", "1.20")
    assert (row["ProviderName"], row["PublisherName"], row["BillingCurrency"]) == ("Microsoft", "Microsoft", "EUR")
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == (at("2026-03-01"), at("2026-04-01"))
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == (at("2026-03-02"), at("2026-03-03"))
    assert (row["ServiceName"], row["ServiceCategory"], row["ResourceType"], row["ResourceName"]) == (
        "Virtual Machines",
        "Compute",
        "microsoft.compute/virtualmachines",
        "web-1",
    )
    assert (row["ConsumedQuantity"], row["ConsumedUnit"], row["PricingUnit"]) == (3, "Hours", "Hours")
    assert json.loads(row["Tags"]) == {"env": "prod", "owner": "ann"}
    assert (row["PricingCategory"], row["ChargeFrequency"], row["x_FocusVersion"]) == ("Standard", "Usage-Based", "1.2")


def test_what_a_commitment_covers_is_billed_with_its_purchase() -> None:
    """3 hours at the own price of 0.30 are 0.90 without the reservation; its share of the reservation is 0.50."""
    benefit = "/providers/Microsoft.Capacity/reservationOrders/1/reservations/2"
    covered = line(AZURE, PricingModel="Reservation", CostInBillingCurrency="0.50", benefitId=benefit)
    assert costs(covered) == money("0", "0.50", "0.90", "1.20")
    told = [covered[f"CommitmentDiscount{name}"] for name in ("Category", "Type", "Status")]
    assert told == ["Usage", "Reservation", "Used"]
    unused = line(AZURE, ChargeType="UnusedReservation", PricingModel="Reservation", ReservationId="ri-1")
    assert (costs(unused)[:2], unused["CommitmentDiscountStatus"]) == (money("0", "0.60"), "Unused")
    assert (unused["ConsumedQuantity"], unused["CommitmentDiscountType"]) == (None, "Reservation")
    plan = "/providers/Microsoft.BillingBenefits/savingsPlanOrders/1/savingsPlans/2"
    saved = line(AZURE, PricingModel="SavingsPlan", benefitId=plan)
    assert [saved[f"CommitmentDiscount{name}"] for name in ("Category", "Type")] == ["Spend", "Savings Plan"]
    bought = line(AZURE, ChargeType="Purchase", PricingModel="Reservation", Frequency="OneTime", benefitId=benefit)
    assert (costs(bought), bought["ChargeFrequency"]) == (money("0.60", "0.60", "0.60", "0.60"), "One-Time")


@pytest.mark.parametrize(
    ("measure", "quantity", "consumed", "unit", "pricing_unit"),
    [
        ("10K", "0.0129", "129", "Units", "10000 Units"),
        ("100 Hours", "3", "300", "Hours", "100 Hours"),
        ("1 GB/Month", "0.5", "0.5", "GB/Month", "GB/Month"),
        ("10K/Month", "2", "20000", "Units/Month", "10000 Units/Month"),
        ("1/Day", "2", "2", "Units/Day", "Units/Day"),
        ("1M", "0.000001", "1", "Units", "1000000 Units"),
        ("GB", "7", "7", "GB", "GB"),
        ("10,000 Transactions", "1", "10000", "Transactions", "10000 Transactions"),
    ],
)
def test_units_of_measure_hold_many(measure: str, quantity: str, consumed: str, unit: str, pricing_unit: str) -> None:
    row = line(AZURE, UnitOfMeasure=measure, Quantity=quantity)
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == (Decimal(consumed), unit)
    assert (row["PricingQuantity"], row["PricingUnit"]) == (Decimal(quantity), pricing_unit)


def test_a_price_in_another_currency_is_exchanged() -> None:
    """3 hours at 0.40 USD are 1.20 USD, at 0.9 EUR a dollar 1.08 EUR."""
    rate = {"PricingCurrency": "USD", "ExchangeRatePricingToBilling": "0.9"}
    row = line(AZURE, **rate)
    assert (row["ListCost"], row["PricingCurrency"]) == (Decimal("1.08"), "USD")


def test_headers_of_azure_in_other_spellings_say_the_same() -> None:
    wanted = lines(AZURE, {}).good.drop("x_Other")
    camel = {name[0].lower() + name[1:]: value for name, value in AZURE.items()}
    german = {f"Wort auf Deutsch {number} ({name})": value for number, (name, value) in enumerate(AZURE.items())}
    marked = {"\ufeffDate" if name == "Date" else name: value for name, value in AZURE.items()}
    spaced = {name.replace("Billing", "Billing "): value for name, value in AZURE.items()}
    for header in (camel, german, marked, spaced):
        frame = pl.DataFrame([header])
        assert kind_of(frame.columns) == "azure_cost_details"
        assert shaped(to_focus(frame)[0], "bill").good.drop("x_Other").equals(wanted)


def test_a_pay_as_you_go_export_of_azure_knows_neither_type_nor_period() -> None:
    told = {"SubscriptionGuid": "sub", "UsageDateTime": "2024-02-29", "MeterCategory": "Storage", "Currency": "USD"}
    told |= {"PreTaxCost": "0.075", "UsageQuantity": "3", "ConsumedService": "Microsoft.Storage", "InstanceId": ""}
    row = line(told | {"ResourceLocation": "US East 2", "PublisherType": "Marketplace", "PublisherName": ""})
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == (at("2024-02-01"), at("2024-03-01"))
    assert (row["ChargeCategory"], row["PricingCategory"], row["ListCost"]) == ("Usage", None, Decimal("0.075"))
    assert (row["BillingAccountId"], row["ServiceName"], row["ServiceCategory"]) == (
        "/subscriptions/sub",
        "Storage",
        "Storage",
    )
    assert (row["RegionId"], row["RegionName"], row["PublisherName"]) == ("eastus2", "East US 2", "Marketplace")


def test_a_refund_of_azure_is_a_correction() -> None:
    row = line(AZURE, ChargeType="Refund", CostInBillingCurrency="-0.60")
    assert (row["ChargeCategory"], row["ChargeClass"], row["BilledCost"]) == (
        "Adjustment",
        "Correction",
        Decimal("-0.60"),
    )


def test_a_line_of_oracle() -> None:
    """2 hours at 0.025 are 0.05; December ends when January begins."""
    row = line(ORACLE)
    assert costs(row) == money("0.05", "0.05", "0.05", "0.05")
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == (at("2026-12-01"), at("2027-01-01"))
    assert (row["ServiceCategory"], row["ResourceType"], row["ConsumedUnit"]) == ("Compute", "instance", "OCPU Hours")
    assert json.loads(row["Tags"]) == {"Oracle-Tags.CreatedBy": "ann"}
    over = line(ORACLE, **{"cost/myCostOverage": "0.01", "lineItem/isCorrection": "true"})
    assert (over["BilledCost"], over["EffectiveCost"], over["ChargeClass"]) == (*money("0.01", "0.05"), "Correction")


def test_a_line_of_google() -> None:
    """1.25 with credits of 0.25 and 0.1 are 0.90; March in Los Angeles begins at UTC-8 and ends at UTC-7."""
    row = line(GOOGLE)
    assert costs(row) == money("0.90", "0.90", "1.25", "1.5")
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == (at("2026-03-01 08:00"), at("2026-04-01 07:00"))
    assert (row["SubAccountId"], row["SubAccountName"], row["RegionId"]) == ("shop-prod", "Shop", "europe-west3")
    assert (row["ServiceName"], row["ServiceCategory"], row["SkuId"]) == (
        "Compute Engine",
        "Compute",
        "039F-D0DA-4055",
    )
    assert json.loads(row["Tags"]) == {"env": "prod", "owner": 'a "b"'}
    assert (row["ConsumedQuantity"], row["PricingUnit"], row["PublisherName"]) == (3600, "hour", "Google Cloud")


def test_flat_rows_of_google_say_the_same() -> None:
    """As BigQuery writes them: numbers as text, lists as JSON."""
    flat = {
        f"{name}_{inner}" if isinstance(value, dict) else name: told
        for name, value in GOOGLE.items()
        for inner, told in (value if isinstance(value, dict) else {"": value}).items()
    }
    flat = {name: json.dumps(told) if isinstance(told, list) else str(told) for name, told in flat.items()}
    assert kind_of(list(flat)) == "gcp_billing"
    assert lines(flat, {}).good.equals(lines(GOOGLE, {}).good)


@pytest.mark.parametrize(
    ("cost_type", "category"),
    [
        ("tax", "Tax"),
        ("adjustment", "Adjustment"),
        ("rounding_error", "Adjustment"),
        ("credit", "Credit"),
        ("", "Usage"),
    ],
)
def test_cost_types_of_google(cost_type: str, category: str) -> None:
    assert line(GOOGLE, cost_type=cost_type)["ChargeCategory"] == category


def test_given_back_is_not_cut_off_at_zero_and_floats_keep_their_digits() -> None:
    """0.1 less 0.3 is -0.2; 1e-7 and a float of 17 digits land."""
    back = line(GOOGLE, cost=0.1, credits=[{"name": "Back", "amount": -0.3}])
    assert (back["BilledCost"], back["EffectiveCost"]) == money("-0.2", "-0.2")
    small = lines(GOOGLE, {"cost": 1e-7, "credits": None}, {"cost": 1.2345678901234567e-7, "credits": None})
    assert small.good["BilledCost"].to_list() == [Decimal("1E-7"), Decimal("0.000000123456789012")]


def test_hostile_lines_are_told_and_the_others_land() -> None:
    broken = [
        {"lineItem/UnblendedCost": "0.1234567890123456789"},
        {"lineItem/UnblendedCost": "NaN"},
        {"lineItem/UnblendedCost": "1e999999999"},
        {"lineItem/LineItemType": "RIFee", "reservation/UnusedRecurringFee": "x"}
        | {"reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "1"},
        {"lineItem/LineItemType": "RIFee", "reservation/UnusedRecurringFee": "1e-19"}
        | {"reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "1"},
        {"lineItem/CurrencyCode": ""},
        {"lineItem/UsageStartDate": "yesterday"},
        {"lineItem/UnblendedCost": ""},
    ]
    made = lines(CUR, {}, *broken, {})
    assert made.good.height == 2
    assert [reject.place for reject in made.rejects] == list(range(1, 1 + len(broken)))
    assert "1 + x" in made.rejects[3].message
    assert "1 + 1e-19" in made.rejects[4].message
    odd = [
        {"Tags": "{broken"},
        {"Tags": "{}"},
        {"Tags": '{"a": "\\ud800"}'},
        {"Tags": "[" * 5000},
    ]
    assert lines(AZURE, *odd).good["Tags"].to_list() == [None, None, '{"a": "?"}', None]
    dates = [
        {"Date": "13/45/2026"},
        {"Date": "soon"},
        {"Quantity": "many"},
        {"UnitOfMeasure": "99999999999999999999 X"},
    ]
    assert lines(AZURE, *dates).good.height == 1
    odd_credits = lines(GOOGLE | {"credits": "[]"}, {"credits": "{broken"}, {"credits": '[{"amount": "x"}]'}, {})
    assert odd_credits.good.height == 1


def test_what_is_known_is_recognised_and_nothing_else() -> None:
    assert kind_of(list(CUR)) == "aws_cur"
    assert kind_of(list(AZURE)) == "azure_cost_details"
    assert kind_of(list(ORACLE)) == "oci_cost_report"
    assert kind_of(list(GOOGLE)) == "gcp_billing"
    assert kind_of(["app_id", "Date", "Cost", "name"]) is None
    with pytest.raises(ContractError, match="neither FOCUS nor"):
        to_focus(pl.DataFrame({"a": [1]}))


def test_a_report_without_a_line_is_a_frame_without_a_row() -> None:
    for base in (CUR, AZURE, ORACLE, GOOGLE):
        empty = pl.DataFrame([base]).clear()
        assert to_focus(empty)[0].height == 0
