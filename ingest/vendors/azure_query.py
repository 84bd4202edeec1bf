"""The query API of Azure Cost Management: costs by day and service, and what it silently makes of a request.

API: https://learn.microsoft.com/rest/api/cost-management/query/usage. Columns are named in each page and rows are
positional. Days are asked month by month: more than 31 of them come back cut off; a range in the future comes back as
one of the year before; so every day that comes back is compared with what was asked.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from aurora.contracts import Row
from aurora.errors import SourceError
from ingest.connector import Json, Run
from ingest.http import Answer, Http

VERSION = "2025-03-01"
PROVIDER = "Microsoft"  # as FOCUS exports of Azure name it, so that a day that a bill covers is not counted twice
MAX_PAGES = 1_000
STEP = Decimal(1).scaleb(-18)
LIMITS = tuple(
    f"x-ms-ratelimit-microsoft.costmanagement-{name}-retry-after" for name in ("qpu", "entity", "tenant", "clienttype")
)
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """What one source asks for: the scope, the cost's column, and what costs are told apart by beside the service."""

    scope: str
    column: str
    by: str


def limited(answer: Answer, attempt: int) -> float | None:
    """Seconds to wait after a 429: the longest that any of the API's own limits asks for. None if none does."""
    told = [answer.headers.get(name) for name in (*LIMITS, "Retry-After")] if answer.status == 429 else []
    waits = [float(one) for one in told if one and one.replace(".", "", 1).isdecimal()]
    return max(waits) if waits else None


def months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days from `first` to `last`, cut at the ends of months."""
    while first <= last:
        end = (first.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        yield first, min(end, last)
        first = end + timedelta(days=1)


def cost_rows(http: Http, run: Run[Any], asked: Asked, window: tuple[date, date], is_amortized: bool) -> list[Row]:
    """Rows of cost_days for the days of one month. Raises SourceError."""
    billed = costs(http, asked, window, "ActualCost")
    effective = costs(http, asked, window, "AmortizedCost") if is_amortized else {}
    is_open = run.now.date() < (window[1].replace(day=1) + timedelta(days=32)).replace(day=6)
    # What only one of two answers names cost nothing in the other's terms; an answer without a row says nothing.
    absent = [Decimal(0) if told else None for told in (billed, effective)]
    return [
        _row(run, asked, key, billed.get(key, absent[0]), effective.get(key, absent[1]), is_open)
        for key in sorted({*billed, *effective}, key=str)
    ]


def _row(
    run: Run[Any], asked: Asked, key: Key, billed: Decimal | None, effective: Decimal | None, is_estimated: bool
) -> Row:
    day, service, other, currency = key
    by_account = asked.by == "SubscriptionId"
    account = f"/subscriptions/{other}" if by_account and other else None
    if asked.scope.lower().startswith("subscriptions/"):
        account = "/" + "/".join(asked.scope.split("/")[:2])
    return {
        "cost_day_id": run.id("/".join(str(part) for part in key)),
        "day": day,
        "provider": PROVIDER,
        "account_id": account,
        "service": service or "Azure",
        "region": None if by_account else other,
        "category": "unknown",
        "billed_cost": billed,
        "effective_cost": effective,
        "currency": currency,
        "is_estimated": is_estimated,
    }


def costs(http: Http, asked: Asked, window: tuple[date, date], kind: str) -> dict[Key, Decimal | None]:
    """Cost by (day, service, account or region, currency); a row that two pages tell counts once."""
    path = f"{asked.scope}/providers/Microsoft.CostManagement/query?api-version={VERSION}"
    body = {
        "type": kind,
        "timeframe": "Custom",
        "timePeriod": {"from": f"{window[0]}T00:00:00Z", "to": f"{window[1]}T23:59:59Z"},
        "dataset": {
            "granularity": "Daily",
            "aggregation": {"totalCost": {"name": asked.column, "function": "Sum"}},
            "grouping": [{"type": "Dimension", "name": name} for name in ("ServiceName", asked.by)],
        },
    }
    found: dict[Key, Decimal | None] = {}
    for page in _pages(http, path, body):
        for key, cost in _lines(http, asked, page):
            if not window[0] <= key[0] <= window[1]:
                raise SourceError(
                    f"{http.who}: {window[0]} to {window[1]} was asked and {key[0]} came back: check the scope",
                    "partial",
                )
            found[key] = cost
    return found


def _pages(http: Http, path: str, body: Json) -> Iterator[Json]:
    """Every page; the next one is asked for with the same body."""
    seen = {path}
    for _ in range(MAX_PAGES):
        answer = http.ask("POST", path, json=body)
        if answer.status == 204:  # no cost in this time
            return
        page = _parsed(http, answer)
        yield page
        link = page["properties"].get("nextLink")
        if not link or link in seen:
            return
        seen.add(link)
        path = str(link)
    raise SourceError(f"{http.who}: more than {MAX_PAGES} pages of costs: narrow the scope", "bad_query")


def _parsed(http: Http, answer: Answer) -> Json:
    """The answer with amounts as Decimal."""
    try:
        page = json.loads(answer.text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        start = " ".join(http.redact(answer.text)[:60].split())
        raise SourceError(
            f"{http.who}: the query answered with no JSON ({start!r}): check url", "schema_drift"
        ) from error
    if not isinstance(page, dict) or not isinstance(page.get("properties"), dict):
        raise SourceError(f"{http.who}: the query answered without properties: check url", "schema_drift")
    return page


def _lines(http: Http, asked: Asked, page: Json) -> Iterator[tuple[Key, Decimal | None]]:
    told = page["properties"]
    places = {column["name"].lower(): place for place, column in enumerate(told.get("columns") or ())}
    rows = told.get("rows") or ()
    cost = next((places[name] for name in (asked.column.lower(), "totalcost") if name in places), None)
    needed = [places.get(name) for name in ("usagedate", "servicename", asked.by.lower(), "currency")]
    if rows and (cost is None or None in needed):
        raise SourceError(
            f"{http.who}: the query's columns are {', '.join(places) or 'none'}: set cost_column or group_by",
            "schema_drift",
        )
    for row in rows:
        day, service, other, currency = (row[place] for place in needed if place is not None)
        amount = row[cost] if cost is not None else None
        told_cost = None if amount is None else Decimal(amount).quantize(STEP)  # a double has no digits beyond
        yield (_day(day), service or None, other or None, currency), told_cost


def _day(told: Any) -> date:
    """20260301, as a number or its text, or an ISO instant."""
    text = str(told)
    return datetime.strptime(text, "%Y%m%d").date() if text.isdecimal() else date.fromisoformat(text[:10])  # noqa: DTZ007
