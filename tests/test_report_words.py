"""Figures against the month before, and what changed most, in words; worked out by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from aurora.reports.document import NOT_TOLD, Said
from aurora.reports.measures import Compared, Measure, figure, lasted, many, pct, what_changed, whole
from aurora.reports.month import Month
from aurora.reports.parts.spend import Spent, movers, say_money

OCTOBER = Month(date(2026, 10, 1))
UP = Measure("Availability", pct(2), "up", "points", 0.005, is_of_full=True)
ERRORS = Measure("Error rate", pct(2), "down", "points", 0.005)
SHIPPED = Measure("Deployments", many, "up", "count")
TOOK = Measure("Response time, p95", whole("ms"), "down", "share", 2)
SPEND = Measure("Technology spend", say_money("USD"), "down", "share", 1)
MTTR = Measure("MTTR", lasted, "down", "share", 60)


@pytest.mark.parametrize(
    ("measure", "now", "before", "value", "change", "tone"),
    [
        (UP, 99.987, 99.95, "99.98%", "+0.04 points on September", "good"),
        (UP, 99.95, 99.954, "99.95%", "as in September", "plain"),
        (UP, None, 99.95, NOT_TOLD, "", "plain"),
        (UP, 99.95, None, "99.95%", "September: not told", "plain"),
        (ERRORS, 1.5, 0.0, "1.50%", "+1.5 points on September", "bad"),
        (SHIPPED, 127, 124, "127", "+3 on September", "good"),
        (SHIPPED, 0, 4, "0", "−4 on September", "bad"),
        (TOOK, 655.4, 500.0, "655 ms", "+31.1 % on September", "bad"),
        (TOOK, 499.0, 500.0, "499 ms", "as in September", "plain"),
        (SPEND, Decimal("54171.98"), Decimal("52774.27"), "$54,172", "+2.6 % on September", "bad"),
        (SPEND, Decimal("10"), Decimal(0), "$10", "+10 on September", "bad"),
        (MTTR, 181440.0, 90720.0, "2.1 days", "+100.0 % on September", "bad"),
    ],
)
def test_a_figure_stands_against_the_month_before(
    measure: Measure, now: Any, before: Any, value: str, change: str, tone: str
) -> None:
    told = figure(Compared(measure, now, before), OCTOBER)
    assert (told.value, told.change, told.tone) == (value, change, tone)


def test_what_changed_most_is_ranked_by_how_much_of_it_changed() -> None:
    """Unavailability rose fivefold (0.01 to 0.05), errors doubled, deployments rose by a fortieth."""
    told = what_changed(
        [
            Compared(SHIPPED, 127, 124), Compared(ERRORS, 0.2, 0.1), Compared(UP, 99.95, 99.99),
            Compared(TOOK, 500.0, 501.0), Compared(SPEND, None, Decimal(1)), Compared(MTTR, 60.0, None),
        ],
        OCTOBER, 3,
    )  # fmt: skip
    assert told == (
        Said("What changed most: availability fell from 99.99% to 99.95% (−0.04 points).", "bad"),
        Said("Error rate rose from 0.10% to 0.20% (+0.10 points).", "bad"),
        Said("Deployments rose from 124 to 127 (+3).", "good"),
    )


def test_an_abbreviation_keeps_its_capitals() -> None:
    assert what_changed([Compared(MTTR, 7200.0, 3600.0)], OCTOBER)[0].text.startswith("What changed most: MTTR rose")


def test_nothing_told_and_nothing_changed_are_not_the_same() -> None:
    none, steady = [Compared(UP, None, None), Compared(SPEND, Decimal(1), None)], [Compared(SHIPPED, 4, 4)]
    assert "nothing is told" in what_changed(none, OCTOBER)[0].text
    assert "all figures stand as in September" in what_changed(steady, OCTOBER)[0].text


def costs(rows: list[tuple[str, str, str, int]]) -> pl.DataFrame:
    names = ["kind", "series_id", "name"]
    told = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    told["cost"] = [Decimal(row[3]) for row in rows]  # type: ignore[misc]
    return pl.DataFrame(told, schema_overrides={"cost": pl.Decimal(38, 18)}).with_columns(
        currency=pl.lit("USD"), day_count=30
    )


def test_what_cost_more_is_told_with_its_amount() -> None:
    now = costs([("total", "all", "all", 1000), ("service", "a", "Alpha", 600), ("service", "n", "Novel", 300),
                 ("service", "s", "Small", 5)])  # fmt: skip
    before = costs([("total", "all", "all", 900), ("service", "a", "Alpha", 700), ("service", "g", "Gone", 190),
                    ("service", "s", "Small", 4)])  # fmt: skip
    told = movers(Spent(now, before, now.clear(), "USD"), OCTOBER, "service")
    assert [one.text for one in told] == [
        "Novel is new: $300.",
        "Gone is gone: $190 less than in September.",
        "Alpha cost $100 less than in September (−14 %).",
    ]
    assert [one.tone for one in told] == ["plain", "good", "good"]


def test_a_month_of_which_few_days_are_charged_is_no_month_to_compare_with() -> None:
    now = costs([("total", "all", "all", 1000)])
    told = movers(Spent(now, now.clear(), now.clear(), "USD"), OCTOBER, "service")
    assert "The bills of September are not told" in told[0].text
