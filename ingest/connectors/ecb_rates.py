"""Reference rates of the European Central Bank: what a euro costs in some thirty currencies, each working day.

Reads the public XML of the last 90 days; with `history = "all"` the first run reads that of all days since 1999.
https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/html/index.en.html
They are published about 16:00 CET and meant for information. Needs: no account; the way to www.ecb.europa.eu.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal

from aurora.contracts import Row
from aurora.contracts.cost import FxRates
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Connector, Item, Options, Run
from ingest.http import Site
from ingest.markup import Attributes, Walker, walk_text

PATHS = {"90d": "/stats/eurofxref/eurofxref-hist-90d.xml", "all": "/stats/eurofxref/eurofxref-hist.xml"}


class EcbOptions(Options):
    """`history`: how far the first run reaches back; `url`: where a mirror stands."""

    history: Literal["90d", "all"] = "90d"
    url: str = "https://www.ecb.europa.eu"


def connect(options: EcbOptions) -> Site:
    """The bank's web site."""
    return Site(options.url, headers={"Accept": "application/xml"})


connector = Connector("ecb_rates", EcbOptions, connect=connect)


class _Cubes(Walker):
    """Days, and what a euro costs on each: `<Cube time=...>` around `<Cube currency=... rate=.../>`."""

    def __init__(self) -> None:
        self.is_of_bank = False
        self.day: str | None = None
        self.told: list[tuple[str | None, str | None, str | None]] = []

    def start(self, name: str, told: Attributes) -> None:
        self.is_of_bank = self.is_of_bank or name == "Envelope"
        if name == "Cube" and "time" in told:
            self.day = told["time"]
        elif name == "Cube" and "currency" in told:
            self.told.append((self.day, told["currency"], told.get("rate")))


@connector.stream(FxRates, every="6h", lookback="20000d", overlap="7d")
def fetch_rates(run: Run[EcbOptions]) -> Iterator[Item]:
    """The rates of all days that are new, and of a week before them."""
    is_first = run.cursor is None
    answer = run.http.ask("GET", PATHS[run.options.history if is_first else "90d"])
    cubes = _Cubes()
    try:
        walk_text(answer.text, cubes)
        if not cubes.is_of_bank:
            raise ValueError("it is no list of rates")
    except ValueError as error:
        sentence = f"{run.source_instance}: what the ECB answered cannot be read: {error}"
        raise SourceError(sentence, "schema_drift") from error
    last: str | None = (run.cursor or {}).get("until")
    for day, currency, rate in cubes.told:
        row = rate_row(run, day, currency, rate)
        if row and (is_first or row["day"] >= run.since.date()):
            last = max(last or "", f"{row['day']}T00:00:00+00:00")
            yield FxRates, row
    if last:
        yield Checkpoint({"until": last})


def rate_row(run: Run[EcbOptions], day: str | None, currency: str | None, rate: str | None) -> Row | None:
    """A row of fx_rates; what is no rate is quarantined, "N/A" (a currency that was not quoted) is nothing."""
    if rate == "N/A":
        return None
    try:
        found = Decimal(rate or "")
        if not found.is_finite() or found <= 0:
            raise ValueError("it is not above zero")
        return {"base": "EUR", "quote": currency, "day": date.fromisoformat(day or ""), "rate_price": found}
    except (ValueError, InvalidOperation) as error:
        told = {"day": day, "quote": currency, "rate_price": rate}
        run.refuse(FxRates, "unreadable", f"a rate of the ECB cannot be read ({error or 'it is no number'})", told)
        return None
