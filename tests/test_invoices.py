"""Invoices and subscriptions from files: exact parts by day, renewals, files that change, go or break, wrong lines."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aurora.contracts import Row
from aurora.contracts.cost import CostDays, FxRates
from aurora.contracts.platform import Quarantine
from aurora.settings import SourceSettings
from ingest.connector import load_connectors
from ingest.history import Outcome
from ingest.run import Ingest
from ingest.spend.invoices import months_after, split
from tests.conftest import Published
from tests.frames import link, put, row, settings
from tests.test_models_cost import linked, told
from warehouse.lake import Lake

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIGMA = """
[[invoice]]
vendor = "Figma"
service = "Seats"
amount = "100.00"
currency = "usd"
from = 2026-02-01
to = 2026-02-28
number = "F-1"
account = "acme"
app = "shop"
"""
POSTMAN = """
[[invoice]]
vendor = "Postman"
amount = "31"
currency = "EUR"
renews = "monthly"
start = 2026-01-31
tags = { team = "web" }
"""


class Books:
    """A folder of invoices, and the lake that one source of them lands in."""

    def __init__(self, lake: Lake, data: Path, folder: Path) -> None:
        self.lake, self.folder = lake, folder
        self.settings = settings(data=data, config=data / "aurora.toml")
        folder.mkdir(exist_ok=True)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def read(self, at: datetime = AT, *paths: Path) -> Outcome:
        named = [str(path) for path in paths or (self.folder,)]
        source = SourceSettings.model_validate({"name": "books", "connector": "invoices", "paths": named})
        return Ingest(self.lake, self.settings, load_connectors(), clock=lambda: at).run(source)[0]

    def read_rates(self, rates: Path) -> Outcome:
        told: Row = {"paths": [str(self.folder)], "rates": [str(rates)]}
        source = SourceSettings.model_validate({"name": "books", "connector": "invoices", **told})
        return Ingest(self.lake, self.settings, load_connectors(), clock=lambda: AT).run(source, {"rates"})[0]

    def days(self) -> pl.DataFrame:
        return self.lake.read(CostDays).sort("provider", "day")

    def sums(self) -> dict[str, tuple[int, Decimal]]:
        frame = self.days().group_by("provider").agg(pl.len(), pl.col("billed_cost").sum())
        return {name: (days, total) for name, days, total in frame.iter_rows()}

    def refused(self) -> list[str]:
        return sorted(self.lake.read(Quarantine)["message"])


@pytest.fixture
def books(lake: Lake, data: Path, tmp_path: Path) -> Books:
    return Books(lake, data, tmp_path / "bills")


@hypothesis_settings(deadline=None)
@given(st.decimals("-9e17", "9e17", places=None, allow_nan=False), st.integers(1, 400))
def test_parts_add_up_to_the_last_digit(amount: Decimal, days: int) -> None:
    amount = amount.quantize(Decimal("1e-18"), context=Context(prec=60))
    parts = list(split(amount, days))
    assert len(parts) == days
    assert sum(map(int_of, parts)) == int_of(amount)


def int_of(amount: Decimal) -> int:
    """The amount in units of 1e-18, since sums of long decimals are rounded."""
    return int(amount.scaleb(18, Context(prec=60)))


def test_a_month_has_the_day_of_its_start_or_its_last_one() -> None:
    starts = [months_after(date(2026, 1, 31), number) for number in (0, 1, 2, 12, 25)]
    assert [f"{start:%y-%m-%d}" for start in starts] == ["26-01-31", "26-02-28", "26-03-31", "27-01-31", "28-02-29"]


def test_an_invoice_is_laid_over_its_days_exactly(books: Books) -> None:
    """100 over 28 days: 3.571428 or 3.571429 each, 100 in all."""
    books.write("saas.toml", FIGMA)
    assert books.read().status == "success"
    days = books.days()
    assert days["day"].to_list() == [date(2026, 2, 1) + timedelta(days=number) for number in range(28)]
    assert set(days["billed_cost"]) == {Decimal("3.571428"), Decimal("3.571429")}
    assert days["billed_cost"].sum() == Decimal(100)
    said = days.select("provider", "service", "account_id", "currency", "category", "tags").unique().row(0)
    tags = '{"aurora:app": "shop", "aurora:invoice": "F-1"}'
    assert said == ("Figma", "Seats", "acme", "USD", "purchase", tags)


def test_a_subscription_goes_on_until_today_and_ends_at_its_end(books: Books) -> None:
    """From 31 January: 28 days of 31 EUR, then 31 days from 28 February to 30 March, of which 11 have come by 10 March.

    The second costs 1 EUR a day: 31 + 11 = 42. With its end on 4 March its second month is owed whole in 5 days.
    """
    books.write("saas.toml", POSTMAN)
    books.read()
    assert books.sums() == {"Postman": (39, Decimal(42))}
    books.read(AT + timedelta(days=20))
    assert books.sums() == {"Postman": (59, Decimal(62))}
    books.write("saas.toml", f"{POSTMAN}\nend = 2026-03-04")
    books.write("saas.toml", POSTMAN.replace("tags", "end = 2026-03-04\ntags"))
    books.read()
    assert books.sums() == {"Postman": (33, Decimal(62))}


def test_days_to_come_land_when_they_come(books: Books) -> None:
    """365 for the year is 1 a day; by 10 March 69 days have come."""
    line = "SSL,Certs,365,EUR,2026-01-01,2026-12-31"
    books.write("year.csv", f"vendor,service,amount,currency,from,to\n{line}\n")
    books.read()
    assert books.sums() == {"SSL": (69, Decimal(69))}
    books.read(datetime(2027, 1, 5, tzinfo=UTC))
    assert books.sums() == {"SSL": (365, Decimal(365))}


def test_a_file_that_changed_replaces_its_days_and_one_that_went_takes_them(books: Books, lake: Lake) -> None:
    books.write("a.toml", FIGMA)
    books.write("deep/b.toml", POSTMAN)
    put(lake, CostDays, [row(CostDays, provider="other", billed_cost=Decimal(1))], "elsewhere")
    books.read()
    version = lake.version(CostDays)
    assert books.read(AT + timedelta(minutes=5)).landed.row_count == 0
    assert lake.version(CostDays) == version
    books.write("a.toml", FIGMA.replace("02-28", "02-02").replace("02-01", "02-02"))
    books.read()
    assert books.sums() == {"Figma": (1, Decimal(100)), "Postman": (39, Decimal(42)), "other": (1, Decimal(1))}
    (books.folder / "a.toml").unlink()
    books.read()
    assert set(books.sums()) == {"Postman", "other"}
    (books.folder / "deep/b.toml").unlink()
    books.read()
    assert set(books.sums()) == {"other"}


def test_a_file_that_breaks_keeps_what_it_said(books: Books) -> None:
    books.write("a.toml", FIGMA)
    books.write("b.toml", POSTMAN)
    books.read()
    before = books.sums()
    books.write("a.toml", FIGMA + "[[invoice")
    outcome = books.read()
    assert outcome.status == "partial"
    assert "bills/a.toml, line 12" in (outcome.error or "")
    assert books.sums() == before
    (books.folder / "a.toml").unlink()
    (books.folder / "b.toml").unlink()
    books.read()
    assert books.sums() == {}


def test_a_run_that_breaks_leaves_all_as_it_was(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    books.write("a.toml", FIGMA)
    books.read()
    books.write("b.toml", POSTMAN)
    monkeypatch.setattr("ingest.connectors.invoices.invoice_rows", lambda *told: 1 / 0)
    assert books.read().status == "failed"
    assert set(books.sums()) == {"Figma"}


WRONG = {
    "amount = 100.0": "amount = 100.0: write it in quotes",
    'amount = "1,000"': "amount = '1,000': write a number with a point",
    'amount = "NaN"': "amount = 'NaN': write a number",
    "": "amount is missing: add it",
    'amount = "1"\ncurrency = "EURO"': "currency = 'EURO': write the three letters",
    'amount = "1"\nto = 2026-01-31': "to = 2026-01-31 lies before from = 2026-02-01",
    'amount = "1"\nto = "soon"': "to = 'soon': write a day",
    'amount = "1"\nto = 2926-01-31': "to = 2926-01-31: write a day from 2000 to 2199",
    'amount = "1"\nto = 2099-01-31': "a period of more than 3,660 days",
    'amount = "1"\napp = "Owner Portal"': "app = 'Owner Portal': write the id",
    'amount = "1"\nrenews = "daily"': "renews = 'daily': write monthly or quarterly or yearly",
    'amount = "1"\nrenews = "monthly"': "from: it renews, so it has start and end",
    'amount = "1"\ntags = ["a"]': "tags: write { team",
    'amount = "1"\nvendr = "x"': "'vendr' is no key of it: did you mean vendor?",
    'amount = "1"\nservice = "a\\u0007"': "service: write text of at most 500 letters",
}


@pytest.mark.parametrize(("lines", "message"), WRONG.items(), ids=[*WRONG.values()])
def test_a_wrong_line_is_quarantined_with_its_place_and_the_rest_lands(books: Books, lines: str, message: str) -> None:
    kept = {"vendor": '"X"', "currency": '"EUR"', "from": "2026-02-01", "to": "2026-02-02"}
    told = "\n".join(f"{name} = {value}" for name, value in kept.items() if f"\n{name} =" not in f"\n{lines}")
    books.write("a.toml", f"{POSTMAN}\n[[invoice]]\n{told}\n{lines}\n")
    outcome = books.read()
    assert (outcome.status, outcome.landed.quarantined_count) == ("success", 1)
    [said] = books.refused()
    assert said.startswith(f"bills/a.toml, line 10: {message}") or f"line 10: {message}" in said or message in said
    assert set(books.sums()) == {"Postman"}
    assert books.read().landed.quarantined_count == 1
    assert len(books.refused()) == 1


def test_lines_of_csv_are_told_by_their_number(books: Books) -> None:
    text = "Vendor;Amount;Currency;From;To;Tags\nA;1.50;EUR;2026-03-01;2026-03-02;team=web\n\n"
    books.write("a.csv", text + '"B\n";x;EUR;2026-03-01;2026-03-02;\nC;1;EUR;2026-03-01;2026-03-02;;more\n')
    books.read()
    assert books.sums() == {"A": (2, Decimal("1.5"))}
    assert [one.partition(":")[0] for one in books.refused()] == ["bills/a.csv, line 4", "bills/a.csv, line 6"]


def test_the_same_line_of_an_invoice_counts_once(books: Books) -> None:
    books.write("a.toml", FIGMA)
    books.write("b.toml", FIGMA.replace('"Seats"', '"Dev mode"') + FIGMA)
    books.read()
    assert books.sums() == {"Figma": (56, Decimal(200))}
    assert books.refused() == [
        "bills/b.toml, line 13: the same line of invoice F-1 stands in bills/a.toml, line 2: remove one of them"
    ]


def test_hostile_files_do_not_stop_the_others(books: Books) -> None:
    books.write("a.toml", POSTMAN)
    for name, text in hostile():
        books.write(name, text)
    (books.folder / "latin.csv").write_bytes("vendor\nCaf\xe9".encode("latin-1"))
    (books.folder / "gone.toml").symlink_to(books.folder / "nothing")
    outcome = books.read()
    assert outcome.status == "partial"
    assert set(books.sums()) == {"Postman"}


def hostile() -> Iterator[tuple[str, str]]:
    yield "deep.toml", "a = " + "[" * 5000
    yield "single.toml", '[invoice]\nvendor = "x"\n'
    yield "mixed.toml", "invoice = [1, 2]"
    yield "wide.csv", "vendor\n" + '"' + "x" * 200_000
    yield "empty.csv", ""
    yield "numbers.toml", "[[invoice]]\nvendor = 5\namount = true\n"


def test_rates_stand_in_files_too(books: Books, lake: Lake, tmp_path: Path) -> None:
    books.write("a.toml", POSTMAN)
    (tmp_path / "rates").mkdir()
    rate = '[[rate]]\nbase = "usd"\nquote = "AED"\nday = 2026-03-01\nprice = "3.6725"\n'
    (tmp_path / "rates/a.toml").write_text(rate + rate.replace("3.6725", "-1"), encoding="utf-8")
    (tmp_path / "rates/b.csv").write_text("base,quote,day,price\nEUR,AED,2026-03-02,4\nEUR,AED,,4\n", encoding="utf-8")
    outcome = books.read_rates(tmp_path / "rates")
    assert (outcome.status, outcome.landed.quarantined_count) == ("success", 2)
    assert [one.partition(":")[0] for one in books.refused()] == ["rates/a.toml, line 6", "rates/b.csv, line 3"]
    held = lake.read(FxRates).sort("base").select("base", "quote", "rate_price").rows()
    assert held == [("EUR", "AED", 4), ("USD", "AED", Decimal("3.6725"))]
    version = lake.version(FxRates)
    books.read_rates(tmp_path / "rates")
    assert lake.version(FxRates) == version


def test_a_stated_application_bears_it_without_a_link(books: Books, published: Published) -> None:
    """shop has the 100 that state it though blog is linked to the account; of the tagged 42 web has half."""
    books.write("a.toml", FIGMA + POSTMAN)
    books.read()
    linked(books.lake, link("blog", "cost", "account:acme"), link("web", "cost", "tag:team=web", share_ratio=0.5))
    sql = "select app_id, sum(effective_cost), min(category) from app_cost_daily group by 1 order by 1"
    expected: list[tuple[Any, ...]] = [("shop", 100), ("untagged", 21), ("web", 21)]
    assert told(published, sql) == [(*one, "third_party") for one in expected]
