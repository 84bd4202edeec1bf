"""Invoices and subscriptions as costs by day: each amount laid over its period so that the parts add up to it."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from aurora.contracts.columns import words_of
from aurora.contracts.cost import CostDays
from ingest.spend import cells
from ingest.spend.entries import Entry, WrongError

DAY = timedelta(days=1)
APP_TAG, NUMBER_TAG = "aurora:app", "aurora:invoice"
MOST_DAYS = 3660
DECIMALS = 6
RENEWALS = {"monthly": 1, "quarterly": 3, "yearly": 12}
CATEGORIES = tuple(word for word in words_of(CostDays.columns()["category"]) if word != "unknown")
KEYS = (
    "vendor", "service", "amount", "currency", "from", "to", "renews", "start", "end", "app", "tags", "number",
    "account", "category",
)  # fmt: skip


@dataclass(frozen=True)
class Invoice:
    """One entry: an amount for the days `first` to `last` (both are of it), or for each renewal from `first` on."""

    vendor: str
    service: str
    amount: Decimal
    currency: str
    first: date
    last: date | None
    months: int | None
    app: str | None
    number: str | None
    account: str | None
    category: str
    tags: tuple[tuple[str, str], ...]

    def days(self, today: date) -> Iterator[tuple[date, Decimal]]:
        """Every day up to today with its part of the amount; a renewal that has begun is owed whole."""
        for first, last in self._periods(today):
            parts = split(self.amount, (last - first).days + 1)
            yield from (
                (first + number * DAY, part) for number, part in enumerate(parts) if first + number * DAY <= today
            )

    def _periods(self, today: date) -> Iterator[tuple[date, date]]:
        if self.months is None:
            yield self.first, self.last or self.first
            return
        number, begin = 0, self.first
        while begin <= min(today, self.last or today):
            number += 1
            following = months_after(self.first, number * self.months)
            yield begin, min(following - DAY, self.last or following)
            begin = following


def invoice_of(entry: Entry) -> Invoice:
    """The entry as an invoice. Raises WrongError with a sentence."""
    entry.only(KEYS)
    values = entry.values
    first, last, months = _period(entry)
    vendor, amount = cells.needed(values, "vendor"), cells.amount(values, "amount")
    return Invoice(
        vendor=vendor,
        service=cells.text(values, "service") or vendor,
        amount=amount,
        currency=cells.currency(values),
        first=first,
        last=last,
        months=months,
        app=cells.slug(values, "app"),
        number=cells.text(values, "number"),
        account=cells.text(values, "account"),
        category=cells.word(values, "category", CATEGORIES) or ("credit" if amount < 0 else "purchase"),
        tags=tuple(sorted(cells.tags(values).items())),
    )


def _period(entry: Entry) -> tuple[date, date | None, int | None]:
    """First and last day, and the months after which it renews."""
    values = entry.values
    renews = cells.word(values, "renews", tuple(RENEWALS))
    names, others = (("start", "end"), ("from", "to")) if renews else (("from", "to"), ("start", "end"))
    if wrong := [name for name in others if name in values]:
        said = "renews, so it has start and end" if renews else "does not renew, so it has from and to"
        raise WrongError(f"{wrong[0]}: it {said}")
    first, last = (cells.day(values, name) for name in names)
    if first is None:
        raise WrongError(f"{names[0]} is missing: write the first day, such as 2026-03-01")
    if renews is None and last is None:
        raise WrongError('to is missing: write the last day, or renews = "monthly" with start')
    if last is not None and last < first:
        raise WrongError(f"{names[1]} = {last} lies before {names[0]} = {first}")
    if renews is None and last is not None and (last - first).days >= MOST_DAYS:
        raise WrongError(f"to = {last}: a period of more than {MOST_DAYS:,} days is not taken")
    return first, last, RENEWALS[renews] if renews else None


def split(amount: Decimal, days: int) -> Iterator[Decimal]:
    """The amount in so many parts that add up to it exactly, each within a millionth of the others."""
    sign, digits, exponent = amount.as_tuple()
    places = max(DECIMALS, -int(exponent))
    # Decimals round to 28 digits when they are calculated with, so the parts are counted in whole units.
    units = int("".join(map(str, digits))) * 10 ** (places + int(exponent)) * (-1 if sign else 1)
    marks = [units * number // days for number in range(days + 1)]
    for number in range(days):
        part = marks[number + 1] - marks[number]
        yield Decimal((int(part < 0), tuple(map(int, str(abs(part)))), -places))


def months_after(first: date, months: int) -> date:
    """The same day of the month so many months later, the month's last day where it is shorter."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))
