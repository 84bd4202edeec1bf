"""Cost anomalies: what a day should cost, which days are odd, and what the change is made of; worked out by hand."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from aurora.insights.cost_anomalies import Series, Span, judge, usual
from aurora.insights.cost_parts import PARTS, Line, as_json, effects, most, parts, plain, weights
from aurora.insights.cost_series import judged
from aurora.insights.cost_words import sentence

MONDAY = date(2026, 1, 5)
Costs = Callable[[date], str | None]


def series(days: int, cost: Costs, start: date = MONDAY) -> Series:
    """Days from a Monday on, all of them complete; None is a day without a charge."""
    told = {start + timedelta(days=n): cost(start + timedelta(days=n)) for n in range(days)}
    costs = {day.toordinal(): Decimal(said) for day, said in told.items() if said is not None}
    return Series(costs, set(costs))


def spans(days: int, cost: Costs, start: date = MONDAY) -> list[tuple[date, int, date | None, Decimal]]:
    found = judge(series(days, cost, start), start).spans
    return [(span.first, len(span.days), span.ended, span.impact) for span in found]


def test_expected_spread_and_score_of_a_small_series() -> None:
    """Three weeks: Mondays 100, 104, 114, each other day the same 50 but Fridays 50, 52, 54; then Monday 14 days on.

    The weekday was seen three times, so the median of Mondays, 104, and that of all of four weeks, 50, are the ends.
    Weekly changes (14): Mondays 4, 10; Fridays 2, 2; ten times 0. Their median is 0, their MAD 0; their mean 18 / 14,
    squares 16 + 100 + 4 + 4 = 124, sd sqrt((124 - 18 ** 2 / 14) / 13) = 2.7874, / 4 / sqrt(2) = 0.4927. The floor is
    5 % of 104 = 5.2. A Monday of 130 has the score (130 - 104) / 5.2 = 5, one of 122 has 18 / 5.2 = 3.46.
    """
    mondays, fridays = ["100", "104", "114"], ["50", "52", "54"]

    def cost(day: date) -> str:
        week = (day - MONDAY).days // 7
        if day == MONDAY + timedelta(days=21):
            return "130"
        return {0: mondays, 4: fridays}.get(day.weekday(), ["50"] * 3)[week]

    near = {day: float(told) for day, told in series(21, cost).costs.items()}
    told = usual(near, MONDAY.toordinal() + 21)
    assert told is not None
    assert (told.low, told.high, told.spread) == (50, 104, pytest.approx(5.2))
    tuesday = usual(near, MONDAY.toordinal() + 22)
    assert tuesday is not None
    assert tuesday.spread == pytest.approx(2.5)  # 5 % of 50
    one = judge(series(22, cost), MONDAY).spans[0].days[0]
    assert (one.score, one.expected, one.high) == (pytest.approx(5), 104, pytest.approx(104 + 3.5 * 5.2))
    assert [day.day for day in (date.fromordinal(d) for d in told.references)] == [19, 12, 5]
    assert spans(22, lambda day: "122" if day == MONDAY + timedelta(days=21) else cost(day)) == []


def test_growth_is_allowed_for_and_not_demanded() -> None:
    """Mondays to Sundays 100, 110, 120, 130 by week: the change is 10 a week, so 140 is `grown`, the median 115.

    grown: each of the four Mondays carried on, 100 + 40 = 110 + 30 = 120 + 20 = 130 + 10 = 140.
    """
    told = series(28, lambda day: str(100 + 10 * ((day - MONDAY).days // 7)))
    found = usual({day: float(cost) for day, cost in told.costs.items()}, MONDAY.toordinal() + 28)
    assert found is not None
    assert (found.low, found.high) == (115, 140)
    assert found.spread == pytest.approx(5.75)


def test_a_week_has_its_season() -> None:
    """Weekends cost 40, weekdays 100: none is odd, but a Saturday of 100 is, by 60."""

    def cost(day: date) -> str:
        return "40" if day.weekday() >= 5 else "100"

    saturday = MONDAY + timedelta(days=61)
    assert spans(70, cost) == []
    found = spans(70, lambda day: "100" if day == saturday else cost(day))
    assert found == [(saturday, 1, saturday + timedelta(days=1), 60)]


def test_a_charge_of_each_first_of_a_month_is_no_anomaly() -> None:
    """10 a day, 510 on firsts: the first one is not judged, each later one may have 500 beyond the usual."""
    assert spans(130, lambda day: "510" if day.day == 1 else "10") == []
    april = date(2026, 4, 1)
    costs = {1: "510"}
    found = spans(130, lambda day: "900" if day == april else costs.get(day.day, "10"))
    assert found == [(april, 1, april + timedelta(days=1), 390)]
    assert spans(130, lambda day: "510" if day == april else "10") == [(april, 1, april + timedelta(days=1), 500)]


def test_rises_and_drops_are_spans_that_end_with_what_was_expected() -> None:
    """50 for three days is three times 40 more; 1 for two days twice 9 less, of 10 each; a missing day is not 0."""
    start = MONDAY + timedelta(days=30)
    odd = {start + timedelta(days=n): "50" for n in (0, 1, 3)} | {start + timedelta(days=n): "1" for n in (8, 9)}
    missing = start + timedelta(days=2)
    found = spans(50, lambda day: None if day == missing else odd.get(day, "10"))
    assert found == [
        (start, 3, start + timedelta(days=4), 120),
        (start + timedelta(days=8), 2, start + timedelta(days=10), -18),
    ]
    lasting = spans(45, lambda day: "50" if day >= start else "10")
    assert lasting == [(start, 15, None, 600)]


def test_a_new_level_is_the_usual_one_after_four_weeks() -> None:
    start = MONDAY + timedelta(days=30)
    found = spans(120, lambda day: "50" if day >= start else "10")
    # 1 February and 1 March are firsts; the second of them is judged, by the first: 50 - 10 is 40 more there too
    assert [(first, ended) for first, _, ended, _ in found] == [(start, start + timedelta(days=28))]


def test_ten_days_of_history_are_needed() -> None:
    for days, count in ((9, 0), (10, 1)):
        last = MONDAY + timedelta(days=days)
        assert len(spans(days + 1, lambda day, last=last: "99" if day == last else "10")) == count  # type: ignore[misc]


def rows(days: int, cost: Costs, start: date = MONDAY, **values: Any) -> list[dict[str, Any]]:
    least = {"series_id": "s", "kind": "service", "name": "vm", "provider": "p", "app_id": None, "currency": "EUR"}
    told = [(start + timedelta(days=n), cost(start + timedelta(days=n))) for n in range(days)]
    return [
        least | {"day": day, "effective_cost": Decimal(said), "is_estimated": False, "source_instances": ["a"]} | values
        for day, said in told if said is not None
    ]  # fmt: skip


def complete(told: list[dict[str, Any]], today: date) -> list[date]:
    """The newest two days that may be judged."""
    schema = {"provider": pl.String, "app_id": pl.String, "effective_cost": pl.Decimal(38, 18)}
    one = next(iter(judged(pl.DataFrame(told, schema_overrides=schema), today).values()))
    return [date.fromordinal(day) for day in sorted(one.complete)][-2:]


def test_a_day_is_judged_once_it_is_complete() -> None:
    """No last day of a source, no estimate, and no day that one of two sources has not told yet."""
    today = MONDAY + timedelta(days=30)
    told = rows(30, lambda day: "10")
    last = [today - timedelta(days=n) for n in range(6)]
    assert complete(told, today) == [last[3], last[2]]
    assert complete([*told, *rows(1, lambda day: "1", today)], today) == [last[2], last[1]]
    estimated = [row | {"is_estimated": row["day"] == last[2]} for row in told]
    assert complete(estimated, today) == [last[4], last[3]]
    both = [row | {"source_instances": ["a", "b"]} if row["day"] < last[3] else row for row in told]
    assert complete(both, today) == [last[5] - timedelta(days=1), last[5]]


def line(before: str, after: str, q0: str | None = None, q1: str | None = None, **values: Any) -> Line:
    quantities = [None if one is None else Decimal(one) for one in (q0, q1)]
    least: dict[str, Any] = {"service": "logs", "account_id": None, "resource_id": "r", "sku": None}
    told = least | {"was": True, "is_now": True, "before_quantity": quantities[0], "after_quantity": quantities[1]}
    return Line(before=Decimal(before), after=Decimal(after), **(told | values))


EFFECTS = [
    pytest.param(line("10", "15", "100", "100"), {"volume": 0, "price": 5}, id="0.10 -> 0.15 at 100"),
    pytest.param(line("10", "30", "100", "300"), {"volume": 20, "price": 0}, id="100 -> 300 at 0.10"),
    # (0.20 - 0.10) x 300 = 30 and (300 - 100) x 0.10 = 20, of 60 - 10 = 50
    pytest.param(line("10", "60", "100", "300"), {"volume": 20, "price": 30}, id="both"),
    pytest.param(line("10", "4", "100", "50"), {"volume": -5, "price": -1}, id="less and cheaper"),
    pytest.param(line("0", "7", was=False), {"new": 7}, id="new"),
    pytest.param(line("7", "0", "1", None, is_now=False), {"gone": -7}, id="gone"),
    pytest.param(line("7", "9", "1", None), {"unexplained": 2}, id="no quantity"),
    pytest.param(line("7", "9", "0", "1"), {"unexplained": 2}, id="no price"),
]


@pytest.mark.parametrize(("one", "expected"), EFFECTS)
def test_the_parts_of_a_line_add_up_to_its_change(one: Line, expected: dict[str, int]) -> None:
    assert effects(one) == expected
    assert sum(effects(one).values()) == one.change


def test_all_parts_add_up_exactly_whatever_the_fractions() -> None:
    """Thirds and sevenths: (q1 - q0) x p0 = 4 / 7 x 1 / 3 has no end, and yet nothing is lost."""
    third, seventh = "0.333333333333333333", "0.142857142857142857"
    lines = [line(third, "1", "7", "11"), line(seventh, "2", "3", "5"), line("0", third, was=False), line("1", "2")]
    impact = Decimal("3.000000000000000007")
    found = parts(lines, impact)
    told = json.loads(as_json(found, {}))
    assert sum(Decimal(told[name]) for name in PARTS) == impact
    assert [one["part"] for one in most(lines, impact)][:2] == ["price", "unexplained"]


def test_days_are_compared_with_what_makes_one_expect_them() -> None:
    """A Monday after five weeks: the four Mondays before, a quarter (3 of 12) each."""
    start = MONDAY + timedelta(days=35)
    found: Span = judge(series(36, lambda day: "50" if day == start else "10"), MONDAY).spans[0]
    mondays = {start - timedelta(days=7 * n): (3, 0) for n in (1, 2, 3, 4)}
    assert weights(found) == mondays | {start: (0, 1)}
    assert plain(Decimal("10.500")) == "10.5"


def test_an_anomaly_in_words() -> None:
    told: dict[str, Any] = dict.fromkeys(f"{name}_amount" for name in PARTS) | {"volume_amount": Decimal(92)}
    told |= {"kind": "service", "name": "Log Storage", "app_id": "crm", "app_name": "WhatsApp CRM", "currency": "USD"}
    told |= {"observed_cost": Decimal("412.4"), "expected_cost": Decimal(35), "day_count": 1}
    told |= {
        "price_amount": Decimal(8),
        "impact_amount": Decimal(100),
        "deployment_id": "d1",
        "deployment_version": "v2.3.1",
    }
    told |= {"owner": "Layla", "team_name": "Sales Platform", "lines": []}
    said = "Log Storage (mostly WhatsApp CRM) cost USD 412 a day, USD 35.00 expected: 92 % by more volume, since "
    assert sentence(told) == said + "deployment v2.3.1. Owner: Layla, Sales Platform."
    dearer = told | {"price_amount": Decimal(92), "volume_amount": Decimal(8)}
    assert "since" not in sentence(dearer), "no deployment changes what a provider asks"
    nobodys = told | {"app_id": None, "kind": "account", "owner": None, "team_name": None, "deployment_id": None}
    assert sentence(nobodys).startswith("Account Log Storage cost")
    assert sentence(nobodys).endswith("92 % by more volume. No application owns it.")
