"""The columns of FOCUS 1.0 to 1.3: which came when, which none may lack, and which words stand in them.

Source: the column tables of the FOCUS specification 1.0, 1.1, 1.2 and 1.3 (focus.finops.org).
"""

import polars as pl

from aurora.contracts import COMMON
from aurora.contracts.cost import FocusCost

OURS = ("x_RowId", "x_SourceExport", "x_FocusVersion", "x_IsEstimated", "x_Other")
KINDS = {name: kind for name, kind in FocusCost.dtypes().items() if name not in COMMON}
FOCUS = tuple(name for name in KINDS if name not in OURS)
MONEY = tuple(name for name in FOCUS if isinstance(KINDS[name], pl.Decimal))
INSTANTS = tuple(name for name in FOCUS if isinstance(KINDS[name], pl.Datetime))
MAPS = ("Tags", "SkuPriceDetails")
TEXTS = tuple(name for name in FOCUS if name not in (*MONEY, *INSTANTS, *MAPS))
NEEDED = tuple(name for name in FOCUS if not FocusCost.columns()[name].nullable)
# Prices for comparison, which FOCUS asks of every line; a line without them is still a charge.
COMPARED = ("ListCost", "ContractedCost")
# 1.3 renamed who sells; who made the thing it no longer asks for.
RENAMED = {"ProviderName": "ServiceProviderName", "PublisherName": "ServiceProviderName"}
PERIODS = (("BillingPeriodStart", "BillingPeriodEnd"), ("ChargePeriodStart", "ChargePeriodEnd"))

NEW_IN = {
    "1.3": (
        "AllocatedMethodDetails",
        "AllocatedMethodId",
        "AllocatedResourceId",
        "AllocatedResourceName",
        "AllocatedTags",
        "ContractApplied",
        "HostProviderName",
        "ServiceProviderName",
    ),
    "1.2": (
        "BillingAccountType",
        "InvoiceId",
        "PricingCurrency",
        "PricingCurrencyContractedUnitPrice",
        "PricingCurrencyEffectiveCost",
        "PricingCurrencyListUnitPrice",
        "SubAccountType",
    ),
    "1.1": (
        "CapacityReservationId",
        "CapacityReservationStatus",
        "CommitmentDiscountQuantity",
        "CommitmentDiscountUnit",
        "ServiceSubcategory",
        "SkuMeter",
        "SkuPriceDetails",
    ),
}
WORDS = {
    "CapacityReservationStatus": ("Used", "Unused"),
    "ChargeCategory": ("Usage", "Purchase", "Tax", "Credit", "Adjustment"),
    "ChargeClass": ("Correction",),
    "ChargeFrequency": ("One-Time", "Recurring", "Usage-Based"),
    "CommitmentDiscountCategory": ("Spend", "Usage"),
    "CommitmentDiscountStatus": ("Used", "Unused"),
    "PricingCategory": ("Standard", "Dynamic", "Committed", "Other"),
    "ServiceCategory": (
        "AI and Machine Learning",
        "Analytics",
        "Business Applications",
        "Compute",
        "Databases",
        "Developer Tools",
        "Multicloud",
        "Identity",
        "Integration",
        "Internet of Things",
        "Management and Governance",
        "Media",
        "Migration",
        "Mobile",
        "Networking",
        "Security",
        "Storage",
        "Web",
        "Other",
    ),
}
NOT_NEGATIVE = (
    "ContractedUnitPrice",
    "ListUnitPrice",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyListUnitPrice",
)
# What tells an export of FOCUS from any other table.
MARKS = frozenset({"billedcost", "chargecategory", "billingperiodstart"})
_SPELLED = {name.lower(): name for name in (*FOCUS, *OURS, *(name for names in NEW_IN.values() for name in names))}


def is_focus(names: list[str]) -> bool:
    """Whether a header is that of a FOCUS export, however its letters are cased; rows with our ids are no export."""
    return {name.lower() for name in names} >= MARKS and "x_RowId" not in names


def spelled(names: list[str]) -> dict[str, str]:
    """Each name that FOCUS knows in another case, and how FOCUS spells it."""
    found = {name: _SPELLED[name.lower()] for name in names if _SPELLED.get(name.lower(), name) != name}
    return {name: said for name, said in found.items() if said not in names}


def missing(names: list[str]) -> list[str]:
    """The mandatory columns that a header lacks; those that 1.3 renamed may stand under either name."""
    have = {*names, *spelled(names).values()}
    return [name for name in NEEDED if name not in have and RENAMED.get(name) not in have]


def version_of(names: list[str]) -> str:
    """The version of FOCUS that a header follows: the newest of which it has a column."""
    return next((version for version, new in NEW_IN.items() if any(name in names for name in new)), "1.0")
