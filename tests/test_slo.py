"""Objectives: each figure of the SRE workbook worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from aurora.insights.slo import (
    RULES,
    Tally,
    budget_left,
    budget_used,
    burn_rate,
    error_budget,
    factor,
    missing_data,
    scaled,
    span_of,
    summed,
    time_to_exhaustion,
    verdict,
)

AT = datetime(2026, 2, 11, 12, tzinfo=UTC)
DAY = timedelta(days=1)
QUICK, SLOW, TICKET, CREEP = RULES


def test_budget_and_burn() -> None:
    """99.9 %: 1 of 1,000 may fail. 5 of 1,000 failed, that is a burn rate of 5; over 6 of 30 days it spends 100 %."""
    assert error_budget(99.9) == pytest.approx(0.001)
    burn = burn_rate(Tally(995, 1000), 99.9)
    assert burn == pytest.approx(5)
    assert budget_used(burn, 6 * DAY, 30 * DAY) == pytest.approx(1)
    assert budget_left(burn, 3 * DAY, 30 * DAY) == pytest.approx(0.5)
    assert budget_left(burn, 9 * DAY, 30 * DAY) == pytest.approx(-0.5)


def test_thirty_days_at_99_9_are_43_minutes_and_12_seconds() -> None:
    assert timedelta(days=30) * error_budget(99.9) == timedelta(minutes=43, seconds=12)


@pytest.mark.parametrize("target", [0, 100, -1, 101])
def test_a_target_without_a_budget_is_refused(target: float) -> None:
    with pytest.raises(ValueError, match="above 0 and below 100"):
        error_budget(target)


def test_absent_is_no_error_ratio_of_zero() -> None:
    for tally in (Tally(None, None), Tally(0, 0)):
        assert burn_rate(tally, 99) is None
    assert (budget_used(None, DAY, DAY), budget_left(None, DAY, DAY)) == (None, None)
    assert summed([(AT, None, None)], AT, AT + DAY) == Tally(None, None)
    assert summed([(AT, 1, 2), (AT + DAY, 9, 9)], AT, AT + DAY) == Tally(1, 2)


def test_time_to_exhaustion() -> None:
    """Half of 30 days' budget at a burn rate of 3 lasts 5 days."""
    assert time_to_exhaustion(0.5, 3, 30 * DAY) == 5 * DAY
    assert time_to_exhaustion(-0.1, 3, 30 * DAY) == timedelta(0)
    assert time_to_exhaustion(0.5, 0, 30 * DAY) is None
    assert time_to_exhaustion(None, 3, 30 * DAY) is None


@pytest.mark.parametrize(
    ("days", "factors"),
    [(30, [14.4, 6, 3, 1]), (28, [13.44, 5.6, 2.8, 0.9333]), (7, [13.44, 5.6, 2.8, 0.9333])],
)
def test_factors(days: int, factors: list[float]) -> None:
    """Budget share x period / long window: 0.02 x 720 h / 1 h = 14.4; seven days have windows of a quarter."""
    period = days * DAY
    assert [factor(scaled(rule, period), period) for rule in RULES] == pytest.approx(factors, rel=1e-3)


def test_windows_of_a_week_are_a_quarter() -> None:
    short = scaled(QUICK, 7 * DAY)
    assert (short.long, short.short) == (timedelta(minutes=15), timedelta(seconds=75))
    assert scaled(QUICK, 30 * DAY) == QUICK


def test_both_windows_have_to_burn() -> None:
    """At 99.9 % over 30 days a page needs more than 1.44 % of failures in both windows."""
    hot, cool = Tally(985, 1000), Tally(986, 1000)
    assert verdict(QUICK, 30 * DAY, 99.9, hot, hot) == "firing"
    assert verdict(QUICK, 30 * DAY, 99.9, hot, cool) == "ok"
    assert verdict(QUICK, 30 * DAY, 99.9, cool, hot) == "ok"
    assert verdict(QUICK, 30 * DAY, 99.9, Tally(None, None), hot) == "no_data"
    assert verdict(QUICK, 30 * DAY, 99.9, hot, Tally(None, None)) == "no_data"


def test_little_traffic_wakes_nobody_but_writes_a_ticket() -> None:
    few, rare, enough = Tally(0, 29), Tally(28, 30), Tally(27, 30)
    assert verdict(SLOW, 30 * DAY, 99.9, few, few) == "insufficient_traffic"
    assert verdict(SLOW, 30 * DAY, 99.9, rare, rare) == "insufficient_traffic"
    assert verdict(SLOW, 30 * DAY, 99.9, enough, enough) == "firing"
    assert verdict(TICKET, 30 * DAY, 99.9, few, few) == "firing"
    assert verdict(CREEP, 30 * DAY, 99.9, few, few) == "firing"


def test_silence() -> None:
    """99 % over 30 days allows 432 minutes: 1 % of it is 4.32 minutes, 5 % are 21.6."""
    minutes = {21.5: "warning", 21.7: "critical"}
    said = {age: missing_data(timedelta(minutes=age), 99, 30 * DAY) for age in minutes}
    assert said == minutes
    hours = {4: "ok", 7.19: "ok", 7.21: "warning", 35.9: "warning", 36.1: "critical"}  # 90 % allows 72 h: 0.72 and 3.6
    assert {age: missing_data(timedelta(hours=age / 10), 90, 30 * DAY) for age in hours} == hours


def test_a_tight_target_is_patient_with_the_rhythm_of_its_data() -> None:
    """99.9 % over 30 days allows 2,592 s, 1 % are 26 s, less than a minute's evaluation: five minutes are allowed."""
    ages = {4.9: "ok", 5: "warning", 9.9: "warning", 10: "critical"}
    assert {age: missing_data(timedelta(minutes=age), 99.9, 30 * DAY) for age in ages} == ages
    assert missing_data(timedelta(hours=71), 99.9, 30 * DAY, DAY) == "ok"
    assert missing_data(timedelta(hours=72), 99.9, 30 * DAY, DAY) == "warning"


def test_never_measured() -> None:
    assert missing_data(None, 99, 30 * DAY) == "critical"


def test_windows() -> None:
    assert span_of("7d", AT) == (AT - 7 * DAY, 7 * DAY)
    assert span_of("calendar_month", AT) == (datetime(2026, 2, 1, tzinfo=UTC), 28 * DAY)
    december = span_of("calendar_month", AT.replace(month=12))
    assert december == (datetime(2026, 12, 1, tzinfo=UTC), 31 * DAY)
