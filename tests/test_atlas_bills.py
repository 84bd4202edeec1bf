"""Invoices of MongoDB Atlas: exact cents, discounts taken off once, periods replaced whole, broken lines kept aside."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from requests.adapters import BaseAdapter

from aurora.contracts.cost import FocusCost
from aurora.contracts.platform import Quarantine
from aurora.settings import Settings, SourceSettings
from ingest.connectors.mongodb_atlas import connector
from ingest.run import Ingest
from ingest.vendors.atlas_bills import costs, plain
from tests.replay import Recording, Replay, cursor_of, load, replayed, rows_of
from warehouse.lake import Lake

NOW = datetime(2026, 2, 10, 12, tzinfo=UTC)
ORG = "5f7a1c00e3b4d2000aaaaa01"
INVOICES = f"/api/atlas/v2/orgs/{ORG}/invoices"
Json = Any


def test_the_lines_of_an_invoice_add_up_to_the_cent() -> None:
    """January: 1.92 + 0.37 + 1.73 + 1.73 + 0 - 1.00 + 0.57 of tax = 5.32, and 49.00 on an invoice of its own."""
    items, _, _ = replayed(connector, "cost", load("mongodb_atlas", "cost"))
    rows = rows_of(items, FocusCost)
    by = {
        row["InvoiceId"]: sum(one["BilledCost"] for one in rows if one["InvoiceId"] == row["InvoiceId"]) for row in rows
    }
    assert by == {"65a0000000000000000000b1": Decimal("5.32"), "65a0000000000000000000e4": 49, None: Decimal("1.92")}
    assert [row["x_IsEstimated"] for row in rows] == [False] * 8 + [True]
    assert [row["ChargeCategory"] for row in rows if row["ChargeCategory"] != "Usage"] == ["Credit", "Tax"]


@pytest.mark.parametrize(
    ("total", "discount", "billed", "at_list"),
    [
        (192, None, "1.92", "1.92"),
        (192, 0, "1.92", "1.92"),
        (192, 19, "1.73", "1.92"),  # 24 h at 0.08 is 1.92: nothing was taken off yet
        (173, 19, "1.73", "1.92"),  # 1.73 and 0.19 are 1.92: it was taken off
        (-100, None, "-1", "-1"),
    ],
)
def test_a_discount_is_taken_off_once(total: int, discount: int | None, billed: str, at_list: str) -> None:
    line = {"totalPriceCents": total, "discountCents": discount, "quantity": 24, "unitPriceDollars": 0.08}
    assert costs(line) == (Decimal(billed), Decimal(at_list))


def test_numbers_in_floating_point_are_told_without_their_noise() -> None:
    assert [plain(value) for value in (0.1 + 0.2, 1e-7, 24, None, "x")] == ["0.3", "0.0000001", "24", None, "x"]


def test_a_period_that_did_not_change_is_not_asked_again_and_the_open_one_is() -> None:
    recording = load("mongodb_atlas", "cost")
    first, _, _ = replayed(connector, "cost", recording)
    kept = [one for one in recording.exchanges if not one["request"]["path"].endswith(("b1", "e4"))]
    again, _, adapter = replayed(connector, "cost", Recording(recording.options, NOW, kept, cursor_of(first)))
    assert {row["BillingPeriodStart"].month for row in rows_of(again, FocusCost)} == {2}
    assert (adapter.unused, cursor_of(again)) == ([], cursor_of(first))


def test_nothing_is_asked_unless_it_is_wanted() -> None:
    options = {"public_key": "a", "private_key": "env:PATH"}
    assert replayed(connector, "cost", Recording(options, NOW, []))[0] == []


def exchange(path: str, body: Json) -> Json:
    return {"request": {"method": "GET", "path": path}, "response": {"status": 200, "body": body}}


def bill(status: str, *lines: Json, number: str = "i1") -> list[Json]:
    """All that a run asks: one invoice of February."""
    told = {"id": number, "statusName": status, "startDate": "2026-02-01T00:00:00Z", "endDate": "2026-03-01T00:00:00Z"}
    page: Json = {"links": [], "results": [told]}
    empty = {"links": [], "results": []}
    return [
        exchange("/api/atlas/v2/orgs", {"links": [], "results": [{"id": ORG, "name": "Acme"}]}),
        exchange(INVOICES, empty if status == "PENDING" else page),
        exchange(f"{INVOICES}/pending", page if status == "PENDING" else empty),
        exchange(f"{INVOICES}/{number}", told | {"lineItems": list(lines)}),
    ]


def line(cents: Any, **more: Any) -> Json:
    """A day of a cluster."""
    least = {"startDate": "2026-02-09T00:00:00Z", "endDate": "2026-02-10T00:00:00Z", "sku": "ATLAS_AWS_INSTANCE_M10"}
    return least | {"totalPriceCents": cents, "quantity": 24, "unit": "server hours"} | more


def world(folder: Path, adapter: BaseAdapter) -> tuple[Ingest, SourceSettings]:
    settings = Settings(data=folder / "data", config=folder / "aurora.toml")
    ingest = Ingest(Lake(settings.lake), settings, {"mongodb_atlas": connector}, adapter, clock=lambda: NOW)
    told = {"name": "atlas", "connector": "mongodb_atlas", "public_key": "a", "private_key": "env:PATH", "cost": True}
    return ingest, SourceSettings.model_validate(told)


def test_the_issued_invoice_takes_the_place_of_the_pending_one_whatever_its_number(tmp_path: Path) -> None:
    """Pending 1.92 + 0.10, then issued under another number as 1.92 alone."""
    for bills, amount, estimated in (
        (bill("PENDING", line(192), line(10)), Decimal("2.02"), True),
        (bill("PAID", line(192), number="i2"), Decimal("1.92"), False),
    ):
        ingest, source = world(tmp_path, Replay(bills))
        (outcome,) = ingest.run(source, {"cost"})
        assert (outcome.status, outcome.error) == ("success", None)
        rows = ingest.lake.read(FocusCost)
        assert (rows["BilledCost"].sum(), rows["x_IsEstimated"].unique().to_list()) == (amount, [estimated])


def test_a_line_that_is_broken_is_kept_aside_and_the_others_land(tmp_path: Path) -> None:
    odd = [line("free"), line(None), line(5, startDate=None), line(7, note=5, tags={"a": None})]
    ingest, source = world(tmp_path, Replay(bill("PAID", line(192), *odd)))
    (outcome,) = ingest.run(source, {"cost"})
    assert (outcome.status, outcome.landed.row_count, outcome.landed.quarantined_count) == ("success", 2, 3)
    assert set(ingest.lake.read(Quarantine)["rule"]) == {
        "BilledCost|type",
        "BilledCost|nullability",
        "ChargePeriodStart|nullability",
    }
