"""What an hour of a person costs, and hours that nobody writes down: settings in aurora.toml, checked strictly."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from aurora.settings import Frozen
from ingest.spend import cells

DAY = timedelta(days=1)


def _amount(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    found = cells.amount({"rate": value}, "rate")
    if found < 0:
        raise ValueError("a rate is not below zero")
    return found


def _currency(value: object) -> str:
    return cells.currency({"currency": value})


def _app(value: object) -> str | None:
    return None if value is None else cells.slug({"app": value}, "app")


Amount = Annotated[Decimal, BeforeValidator(_amount)]
Currency = Annotated[str, BeforeValidator(_currency)]
App = Annotated[str, BeforeValidator(_app)]


class Rate(Frozen):
    """What an hour costs from a day on: of a person, else of a role, else (neither is named) of everybody."""

    person: str | None = None
    role: str | None = None
    rate: Amount
    currency: Currency
    since: date = date(2000, 1, 1)


class Configured(Frozen):
    """Hours that a person or role spends on an application, on weekdays; `rate` wins over the rates for all."""

    app: App
    person: str | None = None
    role: str | None = None
    hours_a_day: float | None = Field(None, gt=0, le=24)
    hours_a_week: float | None = Field(None, gt=0, le=168)
    rate: Amount | None = None
    currency: Currency | None = None
    since: date = Field(ge=date(2000, 1, 1))
    until: date | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.hours_a_day is None) == (self.hours_a_week is None):
            raise ValueError("write hours_a_day or hours_a_week, one of them")
        if (self.rate is None) != (self.currency is None):
            raise ValueError("write rate and currency, both or none")
        return self

    def days(self, before: date) -> Iterator[tuple[date, float]]:
        """Each weekday up to its end and before the day given, with its hours: a fifth of those of a week."""
        hours = self.hours_a_day if self.hours_a_day is not None else (self.hours_a_week or 0) / 5
        day, last = self.since, min(self.until or before, before - DAY)
        while day <= last:
            if day.weekday() < 5:
                yield day, hours
            day += DAY


Price = tuple[Decimal | None, str | None]


class Rates:
    """Which rate holds for whom on a day."""

    def __init__(self, rates: Iterable[Rate], roles: Mapping[str, list[str]]) -> None:
        self.rates = sorted(rates, key=lambda rate: rate.since, reverse=True)
        self.roles = roles

    def of(self, person: str | None, day: date, role: str | None = None) -> Price:
        """Rate and currency: the person's own, else that of the role given or of a role of the person, else of all."""
        roles = [role] if role else self.roles.get(person or "", [])
        wanted = [(person, None)] if person else []
        for name, part in [*wanted, *((None, one) for one in roles), (None, None)]:
            if found := self._since(name, part, day):
                return found.rate, found.currency
        return None, None

    def _since(self, person: str | None, role: str | None, day: date) -> Rate | None:
        return next((one for one in self.rates if (one.person, one.role) == (person, role) and one.since <= day), None)


def price(rates: Rates, configured: Configured, person: str | None, day: date) -> dict[str, Any]:
    """rate_amount and currency of configured hours on a day."""
    rate, currency = configured.rate, configured.currency
    if rate is None:
        rate, currency = rates.of(person, day, configured.role)
    return {"rate_amount": rate, "currency": currency}
