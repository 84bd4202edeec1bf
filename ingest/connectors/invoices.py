"""Invoices and subscriptions that stand on no cloud's bill: SaaS, licences, third parties, from TOML and CSV files.

Reads the files in `paths`, and every *.toml and *.csv in the folders among them (relative to Aurora's folder), each
five minutes. What stands in them is what there is: a file that changed replaces its days, one that is removed takes
them along. A line that is wrong is quarantined with file and line and the rest lands; a file that cannot be read keeps
what it said before. An amount is laid over the days of its period so that the parts add up to it exactly; what renews
goes on until its `end` or today, and a renewal that has begun is owed whole. Days to come land when they come. The
application in `app` bears it without a link; `tags` are for cost links (`tag:<key>=<value>`).

    [[invoice]]
    vendor = "Figma"
    service = "Organisation plan"          # the vendor where it is absent
    amount = "540.00"                      # in quotes, so that it stays exact; below zero is a credit
    currency = "USD"
    from = 2026-03-01                      # first and last day, both are of it
    to = 2026-03-31
    number = "INV-0042"                    # the same line with this number again is refused
    account = "acme-design"
    app = "owner-portal"                   # or tags = { team = "portal-team" }

    [[invoice]]
    vendor = "Postman"
    amount = "49"
    currency = "USD"
    renews = "monthly"                     # or quarterly, yearly
    start = 2026-01-31
    end = 2026-12-31                       # at will

A CSV file has the same names as its header; its tags are written `team=portal-team; stage=production`.

`rates` names files (or folders) with what currencies cost, as `[[rate]]` with `base`, `quote`, `day` and `price` in
quotes (what one unit of `base` costs in `quote`), or CSV of the same columns; a rate that is removed stays known.

Needs: read access to the files.
"""

import json
from collections.abc import Iterator
from datetime import date

import polars as pl
from pydantic import Field

from aurora.contracts import COMMON, Row
from aurora.contracts.cost import CostDays, FxRates
from ingest.connector import Checkpoint, Connector, Item, Options, Run
from ingest.spend import cells
from ingest.spend.entries import Entry, WrongError, read_entries
from ingest.spend.invoices import APP_TAG, NUMBER_TAG, Invoice, invoice_of

MOST_ROWS = 300_000


class InvoiceOptions(Options):
    """`paths`: files of invoices, or folders; `rates`: those of currency rates. Relative to Aurora's folder."""

    paths: tuple[str, ...] = Field(min_length=1)
    rates: tuple[str, ...] = ()


connector = Connector("invoices", InvoiceOptions)


@connector.stream(CostDays, every="5m", is_whole=True)
def fetch_invoices(run: Run[InvoiceOptions]) -> Iterator[Item]:
    """All days of all invoices, each time whole."""
    found = read_entries(run, run.options.paths, "invoice")
    rows: list[Row] = []
    known: dict[Invoice, str] = {}
    for entry in found.entries:
        try:
            invoice = invoice_of(entry)
            _once(known, invoice, entry)
            mine = invoice_rows(run, entry, invoice, run.now.date())
        except WrongError as error:
            entry.refused(run, CostDays, error)
            continue
        if len(rows) + len(mine) > MOST_ROWS:
            entry.refused(run, CostDays, f"with it there are more than {MOST_ROWS:,} days of costs: leave old ones out")
        else:
            rows += mine
    kinds = {name: kind for name, kind in CostDays.dtypes().items() if name not in COMMON}
    kept = _kept(run, found.broken).select(list(kinds))
    yield CostDays, pl.concat([pl.DataFrame(rows, schema=kinds, orient="row"), kept])
    # The same each time: a cursor that moves would write a version of the table for nothing.
    yield Checkpoint({"read": "whole"})


@connector.stream(FxRates, every="5m")
def fetch_rates(run: Run[InvoiceOptions]) -> Iterator[Item]:
    """All rates of the files named in `rates`."""
    for entry in read_entries(run, run.options.rates, "rate").entries:
        try:
            yield FxRates, rate_row(entry)
        except WrongError as error:
            entry.refused(run, FxRates, error)
    yield Checkpoint({"read": "whole"})


def rate_row(entry: Entry) -> Row:
    """A row of fx_rates. Raises WrongError."""
    entry.only(("base", "quote", "day", "price"))
    day, price = cells.day(entry.values, "day"), cells.amount(entry.values, "price")
    if day is None or price <= 0:
        raise WrongError("write base, quote, day, and a price above zero")
    names = {name: cells.currency(entry.values, name) for name in ("base", "quote")}
    return names | {"day": day, "rate_price": price}


def _once(known: dict[Invoice, str], invoice: Invoice, entry: Entry) -> None:
    """Raises WrongError for a line of an invoice number that was read already, of this file or another."""
    if invoice.number is not None and invoice in known:
        raise WrongError(f"the same line of invoice {invoice.number} stands in {known[invoice]}: remove one of them")
    known[invoice] = entry.place


def _kept(run: Run[InvoiceOptions], broken: frozenset[str]) -> pl.DataFrame:
    """What files said before that cannot be read now."""
    landed = run.landed(CostDays)
    starts = [run.id(f"{label}#") for label in broken]
    return landed.filter(pl.any_horizontal(pl.lit(False), *(pl.col("cost_day_id").str.starts_with(s) for s in starts)))


def invoice_rows(run: Run[InvoiceOptions], entry: Entry, invoice: Invoice, today: date) -> list[Row]:
    """Rows of cost_days, one a day."""
    stated = {APP_TAG: invoice.app, NUMBER_TAG: invoice.number}
    tags = dict(invoice.tags) | {name: value for name, value in stated.items() if value}
    common = {
        "provider": invoice.vendor,
        "account_id": invoice.account,
        "service": invoice.service,
        "category": invoice.category,
        "currency": invoice.currency,
        "is_estimated": False,
        "tags": json.dumps(tags, sort_keys=True) if tags else None,
    }
    return [
        common
        | {"cost_day_id": run.id(f"{entry.file}#{entry.number}/{day:%Y%m%d}"), "day": day}
        | {"billed_cost": part, "effective_cost": part}
        for day, part in invoice.days(today)
    ]
