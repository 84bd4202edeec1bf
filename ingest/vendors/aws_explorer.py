"""AWS Cost Explorer and Budgets: what a run asks of them, and their answers as rows; amounts stay exact."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from aurora.contracts import Row
from aurora.errors import ErrorClass, SourceError
from ingest.connector import Json
from ingest.vendors.aws import Aws

MAX_PAGES = 200  # each costs 0.01 USD
PROVIDER = "AWS"  # as FOCUS exports of AWS name it, so that a day that a bill covers is not counted twice
BILLED, EFFECTIVE = "UnblendedCost", "AmortizedCost"
TAX = "Tax"
PERIODS = {"monthly": "month", "quarterly": "quarter", "annually": "year"}
FOR_EVER = 2087  # the year in which AWS ends a budget that nobody ends
# What to do about errors of these two APIs, which their codes alone do not tell.
_ADVICE: dict[str, tuple[ErrorClass, str]] = {
    "DataUnavailableException": (
        "not_found",
        "Cost Explorer has no data for this account yet: turn it on once in the Billing console and wait a day",
    ),
    "LimitExceededException": (
        "rate_limited",
        "too much was asked at once: raise `every`, or ask less with a shorter `history`",
    ),
    "ThrottlingException": ("rate_limited", "Cost Explorer answers few requests a second: raise `every`"),
    "BillExpirationException": ("bad_query", "data of that time is no longer kept: set a shorter `history`"),
    "RequestChangedException": ("partial", "data changed between two pages: the next run reads them again"),
    "InvalidNextTokenException": ("partial", "a page expired: the next run reads all of them again"),
    "BillingViewHealthStatusException": ("partial", "AWS is still building the billing view: the next run asks again"),
}


@contextmanager
def advised(aws: Aws, asked: str) -> Iterator[None]:
    """Faults as SourceError, with what to do where the API has errors of its own."""
    try:
        with aws.faults(asked):
            yield
    except SourceError as error:
        answer: Json = getattr(error.__cause__, "response", {})
        known = _ADVICE.get(str(answer.get("Error", {}).get("Code")))
        if known is None:
            raise
        raise SourceError(f"{aws.run.source_instance}: {asked}: {known[1]}", known[0]) from error


def cost_results(aws: Aws, first: date, end: date) -> list[Json]:
    """ResultsByTime of the days from `first` to the day before `end`; a day may come in several parts.

    Raises SourceError.
    """
    client, found, token = aws.client("ce", aws.run.options.regions[0]), list[Json](), None
    asked: Json = {
        "TimePeriod": {"Start": first.isoformat(), "End": end.isoformat()},
        "Granularity": "DAILY",
        "Metrics": [BILLED, EFFECTIVE],
        "GroupBy": [{"Type": "DIMENSION", "Key": key} for key in ("SERVICE", "LINKED_ACCOUNT")],
    }
    for _ in range(MAX_PAGES):
        aws.run.remaining_s()
        with advised(aws, "ce:GetCostAndUsage"):
            page = client.get_cost_and_usage(**asked, **({"NextPageToken": token} if token else {}))
        found += page["ResultsByTime"]
        token = page.get("NextPageToken")
        if not token:
            return found
    raise SourceError(
        f"{aws.run.source_instance}: ce:GetCostAndUsage went past {MAX_PAGES} pages: set a shorter `history`",
        "bad_query",
    )


def cost_rows(aws: Aws, results: list[Json]) -> Iterator[Row]:
    """Rows of cost_days. Cost Explorer tells usage, purchases and credits of a service in one sum."""
    for result in results:
        day = date.fromisoformat(result["TimePeriod"]["Start"])
        for group in result.get("Groups") or ():
            service, account = group["Keys"]
            billed, effective = (group["Metrics"].get(name) or {} for name in (BILLED, EFFECTIVE))
            yield {
                "cost_day_id": aws.run.id(f"{day.isoformat()}/{account}/{service}"),
                "day": day,
                "provider": PROVIDER,
                "account_id": account,
                "service": service,
                "category": "tax" if service == TAX else "unknown",
                "billed_cost": amount(billed),
                "effective_cost": amount(effective),
                "currency": billed.get("Unit") or effective.get("Unit"),
                "is_estimated": bool(result["Estimated"]),
            }


def first_estimated(results: list[Json], end: date) -> date:
    """The first day that AWS may still restate; `end` if all are final."""
    return min((date.fromisoformat(one["TimePeriod"]["Start"]) for one in results if one["Estimated"]), default=end)


def amount(told: Mapping[str, Any]) -> Decimal | None:
    """An amount of text, exact; None where none is told. Raises ValueError for what is no number."""
    text = told.get("Amount")
    return None if text in (None, "") else Decimal(str(text))


def budget_row(aws: Aws, account: str, budget: Json) -> Row | None:
    """A budget of money by month, quarter or year; None, and counted, for others (usage, coverage, by day)."""
    period = PERIODS.get(budget["TimeUnit"].lower())
    limit = _limit(budget, aws.run.now)
    if budget["BudgetType"] != "COST" or period is None or limit is None:
        aws.run.unknown_words[f"{budget['BudgetType']} {budget['TimeUnit']}"] += 1
        return None
    spent, told = budget.get("CalculatedSpend") or {}, budget.get("TimePeriod") or {}
    end: datetime | None = told.get("End")
    return {
        "budget_id": aws.run.id(f"{account}/{budget['BudgetName']}"),
        "name": budget["BudgetName"],
        "scope": json.dumps(_scope(account, budget), sort_keys=True),
        "period": period,
        "starts_on": told["Start"].date() if told.get("Start") else aws.run.now.date().replace(day=1),
        "ends_on": None if end is None or end.year >= FOR_EVER else (end - timedelta(microseconds=1)).date(),
        "limit_amount": amount(limit),
        "currency": limit["Unit"],
        "vendor_actual_amount": amount(spent.get("ActualSpend") or {}),
        "vendor_forecast_amount": amount(spent.get("ForecastedSpend") or {}),
    }


def _limit(budget: Json, now: datetime) -> Json | None:
    """The limit in force: of a budget that is planned period by period, that of the last period that began."""
    planned = {float(start): limit for start, limit in (budget.get("PlannedBudgetLimits") or {}).items()}
    begun = [start for start in planned if start <= now.timestamp()]
    return planned[max(begun)] if begun else budget.get("BudgetLimit")


def _scope(account: str, budget: Json) -> Json:
    """What the budget watches, in AWS's words."""
    told = {name: budget[name] for name in ("CostFilters", "FilterExpression") if budget.get(name)}
    return {"account": account} | told
