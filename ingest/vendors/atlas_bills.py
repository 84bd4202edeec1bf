"""Invoices of MongoDB Atlas as bills: which billing periods changed, and their line items in the columns of FOCUS.

API: https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/group/endpoint-invoices. Amounts are whole US cents.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from aurora.contracts import Row
from aurora.contracts.cost import FocusCost
from ingest.connector import Checkpoint, Item, Json
from ingest.focus.shape import shaped
from ingest.vendors.atlas import API, AtlasRun, checked, listed, place, sign_in

HISTORY, DAY = timedelta(days=400), timedelta(days=1)
PENDING = "PENDING"
PROVIDER, ISSUER = "MongoDB", "MongoDB, Inc."
Invoices = dict[str, list[Json]]


def bill_items(run: AtlasRun) -> Iterator[Item]:
    """Each billing period whose invoices changed, whole, with a checkpoint; an open one at every run."""
    sign_in(run)
    seen: dict[str, dict[str, str]] = dict((run.cursor or {}).get("periods", {}))
    for organisation in (one for one in listed(run, "orgs") if not one.get("isDeleted")):
        org = str(organisation["id"])
        periods, known = invoices(run, org), seen.get(org, {})
        marks = {start: mark for start, mark in known.items() if start in periods}
        for start, bills in periods.items():
            mark = "; ".join(sorted(f"{one['id']} {one.get('statusName')} {one.get('updated')}" for one in bills))
            if marks.get(start) == mark and not any(map(is_pending, bills)):
                continue
            yield from _period(run, org, bills, organisation.get("name"))
            marks[start] = mark
            seen = seen | {org: dict(marks)}
            yield Checkpoint({"periods": seen})
    yield Checkpoint({"periods": seen})


def invoices(run: AtlasRun, org: str) -> Invoices:
    """Invoices of an organisation by the start of their billing period; those of the current one are pending."""
    issued = {one["id"]: one for one in listed(run, place("orgs", org, "invoices"))}
    issued |= {one["id"]: one for one in listed(run, place("orgs", org, "invoices", "pending"))}
    found: Invoices = {}
    for invoice in issued.values():
        if datetime.fromisoformat(invoice["endDate"]) > run.now - HISTORY:
            found.setdefault(invoice["startDate"], []).append(invoice)
    return found


def is_pending(invoice: Json) -> bool:
    """Whether charges of the invoice are still coming in."""
    return bool(invoice.get("statusName") == PENDING)


def _period(run: AtlasRun, org: str, bills: list[Json], name: str | None) -> Iterator[Item]:
    """All lines of a period: those of a second invoice stand beside those of the first, and each replaces both."""
    lines: list[Row] = []
    for bill in bills:
        whole = (
            bill
            if bill.get("lineItems")
            else checked(run, run.http.get(f"{API}/{place('orgs', org, 'invoices', bill['id'])}"))
        )
        account = {"BillingAccountId": org, "BillingAccountName": name}
        lines += [as_text(row | account) for row in invoice_rows(whole)]
    if not lines:
        return
    kinds = {key: pl.String for row in lines for key in row}
    made = shaped(pl.DataFrame(lines, schema=kinds), run.id(f"invoices/{org}"))
    for reject in made.rejects:
        run.reject(FocusCost, reject)
    if made.good.height:
        yield FocusCost, made.good.with_columns(x_IsEstimated=pl.col("InvoiceId").is_null())


def as_text(row: Row) -> Row:
    """The row with every value as text, whatever the vendor made of it: the shape of FOCUS reads and checks it."""
    return {key: None if value is None else str(value) for key, value in row.items()}


def invoice_rows(invoice: Json) -> list[Row]:
    """Lines of an invoice in FOCUS' words, all text, its sales tax as one more; a pending one has no number yet."""
    common = {
        "BillingCurrency": "USD",
        "BillingPeriodStart": invoice["startDate"],
        "BillingPeriodEnd": invoice["endDate"],
        "InvoiceId": None if is_pending(invoice) else invoice["id"],
        "InvoiceIssuerName": ISSUER,
        "ProviderName": PROVIDER,
        "PublisherName": PROVIDER,
        "ServiceCategory": "Databases",
        "ServiceName": "MongoDB Atlas",
        "x_FocusVersion": "1.2",
    }
    rows = [common | line_row(line) for line in invoice.get("lineItems") or []]
    return [*rows, common | tax_row(invoice)] if invoice.get("salesTaxCents") else rows


def line_row(line: Json) -> Row:
    """One line item; quantity and price are told in floating point, the cost in whole cents."""
    billed, at_list = costs(line)
    sku, cluster, project = line.get("sku"), line.get("clusterName"), line.get("groupId")
    is_credit = "CREDIT" in (sku or "").upper()
    return {
        **period(line.get("startDate"), line.get("endDate")),
        **money(billed, at_list),
        "ChargeCategory": "Credit" if is_credit else "Usage",
        "ChargeDescription": line.get("note") or sku,
        "ChargeFrequency": None if is_credit else "Usage-Based",
        "PricingCategory": None if is_credit else "Standard",
        "PricingQuantity": None if is_credit else plain(line.get("quantity")),
        "PricingUnit": None if is_credit else line.get("unit"),
        "ConsumedQuantity": None if is_credit else plain(line.get("quantity")),
        "ConsumedUnit": None if is_credit else line.get("unit"),
        "ListUnitPrice": None if is_credit else plain(line.get("unitPriceDollars")),
        "ResourceId": f"{project}/{cluster}" if cluster and project else cluster,
        "ResourceName": cluster,
        "ResourceType": "Cluster" if cluster else None,
        "SkuId": sku,
        "SubAccountId": project,
        "SubAccountName": line.get("groupName"),
        "SubAccountType": "Project" if project else None,
        "Tags": tags(line.get("tags") or {}),
        "x_AppName": line.get("stitchAppName"),
        "x_PercentDiscount": plain(line.get("percentDiscount")),
    }


def tax_row(invoice: Json) -> Row:
    """The sales tax of an invoice, which Atlas tells beside its lines."""
    tax = cents(invoice["salesTaxCents"])
    told = {"ChargeCategory": "Tax", "ChargeDescription": "Sales tax", "ChargeFrequency": "One-Time"}
    return told | money(tax, tax) | period(invoice["startDate"], invoice["endDate"])


def costs(line: Json) -> tuple[Any, Any]:
    """(billed, at list price) in USD. Atlas says that totalPriceCents is price times quantity, and beside it what was
    taken off; where it is that already less the discount, it is not taken off twice."""
    total, discount = cents(line.get("totalPriceCents")), cents(line.get("discountCents") or 0)
    if not isinstance(total, Decimal) or not isinstance(discount, Decimal) or not discount:
        return total, total
    price, quantity = line.get("unitPriceDollars"), line.get("quantity")
    gross = Decimal(repr(price * quantity)) if price is not None and quantity is not None else total
    is_taken_off = abs(total + discount - gross) < abs(total - gross)
    return (total, total + discount) if is_taken_off else (total - discount, total)


def cents(value: Any) -> Any:
    """Whole cents as dollars, exact; what is no whole number is left for the check to refuse."""
    return Decimal(value).scaleb(-2) if isinstance(value, int) and not isinstance(value, bool) else value


def money(billed: Any, at_list: Any) -> Row:
    """The four costs of FOCUS: Atlas has no commitments, so what is billed is what it costs."""
    paid = None if billed is None else str(billed)
    listed_at = None if at_list is None else str(at_list)
    return {"BilledCost": paid, "EffectiveCost": paid, "ContractedCost": paid, "ListCost": listed_at}


def period(start: str | None, end: str | None) -> Row:
    """When the charge is from; the day of one that begins and ends in the same instant."""
    if start and end and datetime.fromisoformat(end) <= datetime.fromisoformat(start):
        end = (datetime.fromisoformat(start) + DAY).isoformat()
    return {"ChargePeriodStart": start, "ChargePeriodEnd": end}


def plain(value: Any) -> str | None:
    """A number without an exponent, at most twelve decimals; None stays None."""
    return value if value is None or isinstance(value, str) else f"{Decimal(repr(round(value, 12))):f}"


def tags(told: dict[str, Any]) -> str | None:
    """Tags as JSON text; of several values of a key all."""
    flat = {key: ", ".join(map(str, it)) if isinstance(it, list) else str(it) for key, it in told.items()}
    return json.dumps(flat, sort_keys=True) if flat else None
