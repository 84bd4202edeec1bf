"""Judgements by hand: attention, money of a month, counts per bucket, what a source is worth."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl

from aurora.insights.attention import attention
from aurora.insights.costs import month_to_date
from aurora.insights.marks import counts_per_bucket, deployment_marks
from aurora.insights.sources import PLAN, judged

SOON = "2026-03-04T12:00:30+00:00"
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC).replace(tzinfo=None)


def test_month_to_date_against_the_same_days_of_the_month_before() -> None:
    """1-3 March: 10 + 20 + 30 = 60; 1-3 February: 40; so +50 %. The rest of February does not count."""
    days = [date(2026, 2, 1), date(2026, 2, 3), date(2026, 2, 20), date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]
    costs = pl.DataFrame({"day": days, "currency": "USD", "cost": [Decimal(n) for n in (15, 25, 900, 10, 20, 30)]})
    told = month_to_date(costs)
    assert (told.month_on, told.currency, told.spent, told.change_pct) == (date(2026, 3, 1), "USD", Decimal(60), 50.0)


def test_a_long_month_is_compared_with_the_whole_of_a_short_one() -> None:
    days = [date(2026, 2, 28), date(2026, 3, 31)]
    told = month_to_date(pl.DataFrame({"day": days, "currency": "EUR", "cost": [Decimal(10), Decimal(5)]}))
    assert told.change_pct == -50.0


def test_the_first_month_has_no_change_and_january_looks_at_december() -> None:
    january = pl.DataFrame({"day": [date(2026, 1, 5)], "currency": "USD", "cost": [Decimal(7)]})
    assert month_to_date(january).change_pct is None
    both = pl.concat([january, january.with_columns(day=date(2025, 12, 5), cost=pl.lit(Decimal(14)))])
    assert month_to_date(both).change_pct == -50.0


def test_counts_per_bucket_counts_empty_parts_as_zero() -> None:
    instants = pl.Series([NOW, NOW + timedelta(minutes=59), NOW + timedelta(hours=3), NOW + timedelta(hours=4), None])
    assert counts_per_bucket(instants, NOW, NOW + timedelta(hours=4), 4) == [2, 0, 0, 1]


def test_marks_of_deployments() -> None:
    frame = pl.DataFrame(
        {
            "shipped_at": [NOW, NOW, NOW],
            "app_id": ["shop", "shop", "shop"],
            "version": ["1.0", None, "1.2"],
            "status": ["success", "failed", "success"],
            "is_rollback": [False, False, True],
        }
    )
    assert deployment_marks(frame).rows() == [
        (NOW, "shop 1.0", "deployed"),
        (NOW, "shop", "failed"),
        (NOW, "shop 1.2", "rolled back"),
    ]


def test_attention_names_a_component_once_and_the_worst_first() -> None:
    components = pl.DataFrame(
        {
            "component_id": ["a", "b", "c", "d"],
            "name": ["A", "B", "C", "D"],
            "status": ["degraded", "down", "down", "healthy"],
            "status_reason": ["slow", "refused", "refused", None],
            "last_seen_at": [NOW] * 4,
        }
    )
    alerts = pl.DataFrame(
        {
            "severity": ["warning"],
            "title": ["A is slow"],
            "state": ["firing"],
            "started_at": [NOW],
            "component_id": ["a"],
        }
    )
    incidents = pl.DataFrame(
        {"severity": ["high"], "title": ["B fails"], "state": ["open"], "started_at": [NOW], "component_id": ["b"]}
    )
    assert [item.title for item in attention(components, alerts, incidents)] == ["B fails", "C", "A is slow"]


def test_what_a_source_is_worth() -> None:
    plan = pl.DataFrame(
        [
            ("good", "host", "s", 60.0, SOON, False),
            ("late", "host", "s", 60.0, SOON, False),
            ("new", "host", "s", 60.0, SOON, False),
        ],
        schema=PLAN,
        orient="row",
    )
    fresh = pl.DataFrame(
        {
            "source_instance": ["good", "late", "gone", "bad"],
            "stream": ["s"] * 4,
            "connector": ["host"] * 4,
            "last_good_at": [NOW - timedelta(seconds=180), NOW - timedelta(seconds=181), NOW, None],
            "status": ["success", "success", "success", "failed"],
            "error": ["old news", None, None, "mend it"],
        }
    )
    told = judged(plan, fresh, NOW)
    assert dict(told.select("source_instance", "state").iter_rows()) == {
        "bad": "failed",
        "late": "late",
        "new": "new",
        "gone": "success",
        "good": "success",
    }
    assert told["source_instance"][0] == "bad"
    assert dict(told.select("source_instance", "error").iter_rows())["good"] == ""
