"""The tabs of an application that show rows: what is open and late, what a month will cost, who gave a credit."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from aurora.contracts.security import Findings
from aurora.ui import application_rows
from tests.conftest import Published
from tests.frames import DAY, NOW, put, row, settings
from warehouse.lake import Lake


@pytest.fixture
def at_now(lake: Lake, published: Published, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The rows of a tab come from the test's own lake, at its clock."""

    def publish_it() -> None:
        warehouse = published()
        monkeypatch.setattr(application_rows, "rows", lambda sql, **params: warehouse.rows(sql, params))
        monkeypatch.setattr(application_rows, "utc_now", lambda: NOW.replace(tzinfo=None))
        monkeypatch.setattr(application_rows, "settings", settings)

    return publish_it


def drawn(tab: str, app: dict[str, Any]) -> AppTest:
    """A tab of the application, drawn alone."""

    def script(tab, app):  # type: ignore[no-untyped-def]
        from aurora.ui import application_rows

        getattr(application_rows, tab)(app)

    test = AppTest.from_function(script, args=(tab, app), default_timeout=30).run()
    assert not test.exception
    return test


def test_open_findings_come_first_and_late_ones_are_marked(lake: Lake, at_now: Any) -> None:
    """A critical finding has 7 days: seen 11 days before 10 March it is 4 days late. A low one has 120: in 110 days."""
    found: list[tuple[str, str, int]] = [("critical", "open", 11), ("low", "open", 10), ("high", "fixed", 20)]
    put(
        lake, Findings,
        [
            row(Findings, number, app_id="shop", severity=severity, state=state, category="sca",
                first_seen_at=NOW - days * DAY)
            for number, (severity, state, days) in enumerate(found)
        ],
    )  # fmt: skip
    at_now()
    test = drawn("security", {"app_id": "shop"})
    stands, closed = (frame.value for frame in test.dataframe)
    assert list(stands["due"]) == ["▲ 4 days late", "in 110 days"]
    assert [list(cell) for cell in stands["severity"]] == [["✕ Critical"], ["▼ Low"]]
    assert [list(cell) for cell in closed["state"]] == [["✓ Fixed"]]
    assert test.caption[0].value == "Open: 1 critical, 1 low · past the deadline: 1"


def test_a_month_above_its_budget_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """540 of 1,000 are spent: 54 %; at this rate the month costs 1,200: 120 % of the budget. A credit has its name."""
    day = date(2026, 3, 1)
    answers = {
        application_rows.MONTHS: pl.DataFrame(
            {
                "month_on": [day], "currency": ["AED"], "effective_cost": [Decimal(540)],
                "hosting_cost": [Decimal(500)], "third_party_cost": [Decimal(40)],
            }
        ),
        application_rows.RATE: pl.DataFrame(
            {"limit_amount": [1000.0], "currency": ["AED"], "month_on": [day], "month_cost": [1200.0]}
        ),
        application_rows.CREDITS: pl.DataFrame(
            {"day": [day], "title": ["Promotion"], "effective_cost": [Decimal(-60)], "currency": ["AED"]}
        ),
    }  # fmt: skip
    monkeypatch.setattr(application_rows, "rows", lambda sql, **_: answers.get(sql, pl.DataFrame()))
    test = drawn("cost", {"app_id": "shop", "month_cost": Decimal(540), "currency": "AED"})
    said = {metric.label: (metric.value, metric.delta) for metric in test.metric}
    assert said["This month so far"] == ("AED 540", "54% of the budget")
    assert said["Month at this rate"] == ("AED 1,200", "▲ 120% of the budget")
    assert said["Budget a month"][0] == "AED 1,000"
    assert list(test.dataframe[0].value["title"]) == ["Promotion"]


def test_the_tabs_ask_what_the_warehouse_can_answer(published: Published) -> None:
    warehouse = published()
    for name in (
        "REPOSITORIES",
        "DEPLOYMENTS",
        "EDGES",
        "PACKAGES",
        "FINDINGS",
        "MONTHS",
        "HOURS",
        "DAYS",
        "RATE",
        "CREDITS",
    ):
        assert not warehouse.rows(getattr(application_rows, name), {"id": "shop"}).height
