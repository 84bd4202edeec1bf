"""Objectives evaluated: SQL becomes points, points a budget, and what burns opens an alert and ends it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from aurora.contracts import Row
from aurora.contracts.operations import Alerts, ProbeResults, SloPoints, Slos
from aurora.insights.slo import RULES, Tally, scaled, verdict
from aurora.settings import Settings
from aurora.slo_job import evaluate
from tests.conftest import Published
from tests.frames import HOUR, MINUTE, NOW, put, row, settings
from warehouse.lake import Lake
from warehouse.objectives import fault_of

TOTAL = "select started_at as ts, 1 as value from probe_results"
GOOD = TOTAL + " where is_success"


@pytest.fixture
def mine(data: Path) -> Settings:
    return settings(data=data, config=data / "aurora.toml", demo=False)


def slo(**values: Any) -> Row:
    own = {
        "slo_id": "s",
        "name": "Shop answers",
        "kind": "ratio",
        "good_sql": GOOD,
        "total_sql": TOTAL,
        "window": "30d",
    }
    return row(Slos, is_deleted=False, version=1) | own | {"target_pct": 99.0, "threshold": None} | values


def probes(lake: Lake, minutes: range, bad: int = 0) -> None:
    """One probe each of the minutes ago; the first `bad` of them failed."""
    rows = [
        row(ProbeResults, probe_id="p", started_at=NOW - ago * MINUTE, is_success=place >= bad)
        for place, ago in enumerate(minutes)
    ]
    put(lake, ProbeResults, rows)


def budget(published: Published, slo_id: str = "s") -> Row:
    return published().rows("from slo_budgets where slo_id = $s", {"s": slo_id}).row(0, named=True)


def test_sql_becomes_points_and_a_budget(lake: Lake, mine: Settings, published: Published) -> None:
    """100 probes, 2 failed at 99 %: the ratio is 2 %, the burn rate 2, and -100 % of the budget are left."""
    put(lake, Slos, [slo()])
    probes(lake, range(1, 101), bad=2)
    published()
    evaluate(mine, lake, NOW)
    assert lake.read(SloPoints).height == 100
    told = budget(published)
    assert (told["good"], told["total"], told["sli_pct"]) == (98, 100, 98)
    assert told["budget_left_pct"] == pytest.approx(-100)
    assert told["burn_1d"] == pytest.approx(2)
    assert (told["exhausted_in_s"], told["state"], told["age_s"]) == (0, "exhausted", 0)
    written = lake.version(SloPoints)
    evaluate(mine, lake, NOW)
    assert lake.version(SloPoints) == written, "what is the same is not written again"


def test_silence_is_no_data_and_late_data_are_taken(lake: Lake, mine: Settings, published: Published) -> None:
    put(lake, Slos, [slo()])
    probes(lake, range(6, 20))
    published()
    evaluate(mine, lake, NOW)
    published()
    evaluate(mine, lake, NOW)
    newest = lake.read(SloPoints).sort("ts_start").tail(5)
    assert set(newest["state"]) == {"no_data"}
    assert newest["total"].null_count() == 5
    assert budget(published)["age_s"] == 300
    probes(lake, range(3, 5), bad=1)
    published()
    evaluate(mine, lake, NOW)
    assert budget(published)["total"] == 16


def test_what_comes_days_late_is_taken_when_the_hour_turns(lake: Lake, mine: Settings, published: Published) -> None:
    """Figures of a whole day arrive days later, as those of stores do."""
    put(lake, Slos, [slo()])
    probes(lake, range(1, 3))
    published()
    for minutes in (2, 3):
        evaluate(mine, lake, NOW + minutes * MINUTE)
        published()
    probes(lake, range(2880, 2884), bad=1)
    published()
    evaluate(mine, lake, NOW + 4 * MINUTE)
    assert budget(published)["total"] == 2
    evaluate(mine, lake, NOW + HOUR)
    assert (budget(published)["total"], budget(published)["good"]) == (6, 5)


def test_a_slow_burn_opens_a_ticket_and_ends(lake: Lake, mine: Settings, published: Published) -> None:
    """All of 60 minutes fail at 90 %: the burn rate is 10, below 14.4; an hour of good traffic later it is over."""
    put(lake, Slos, [slo(target_pct=90.0)])
    probes(lake, range(1, 61), bad=60)
    probes(lake, range(61, 400))
    published()
    evaluate(mine, lake, NOW)
    published()
    evaluate(mine, lake, NOW)
    fired = lake.read(Alerts)
    # 60 of 399 failed, a rate of 1.5 in each longer window: above the factor of three days alone.
    assert set(fired["rule_id"]) == {"ticket_slow"}
    assert fired["severity"].to_list() == ["warning"]
    later = NOW + HOUR
    published(later)
    evaluate(mine, lake, later)
    ticket = lake.read(Alerts).filter(pl.col("rule_id") == "ticket_slow")
    assert ticket["state"].to_list() == ["firing"], "silence ends no alert"
    put(lake, ProbeResults, [
        row(ProbeResults, probe_id="q", started_at=NOW + ago * MINUTE, is_success=True, location=f"l{number}")
        for ago in range(60) for number in range(30)
    ])  # fmt: skip
    published(later)
    evaluate(mine, lake, later)
    published(later)
    evaluate(mine, lake, later)
    assert set(lake.read(Alerts)["state"]) == {"resolved"}


def test_pages_need_both_windows_and_agree_with_the_pure_verdict(
    lake: Lake, mine: Settings, published: Published
) -> None:
    put(lake, Slos, [slo(), slo(slo_id="week", window="7d"), slo(slo_id="strict", target_pct=99.9)])
    probes(lake, range(1, 61), bad=40)
    probes(lake, range(61, 4000))
    published()
    evaluate(mine, lake, NOW)
    burns = published().rows("from slo_burns")
    assert set(burns.filter(burns["verdict"] == "firing")["slo_id"]) == {"s", "week", "strict"}
    for one in burns.iter_rows(named=True):
        rule = next(rule for rule in RULES if rule.name == one["rule"])
        period, target = timedelta(days=7 if one["slo_id"] == "week" else 30), 99.9 if one["slo_id"] == "strict" else 99
        long, short = Tally(one["long_good"], one["long_total"]), Tally(one["short_good"], one["short_total"])
        assert verdict(scaled(rule, period), period, target, long, short) == one["verdict"]
    evaluate(mine, lake, NOW)
    pages = lake.read(Alerts).filter(lake.read(Alerts)["severity"] == "critical")
    assert "slo:s:page_quick" in set(pages["fingerprint"])


def test_threshold_and_time_slice(lake: Lake, mine: Settings, published: Published) -> None:
    values = "select started_at as ts, duration_ms as value from probe_results"
    put(lake, Slos, [
        slo(slo_id="fast", kind="threshold", good_sql=values, total_sql=None, threshold=300.0),
        slo(slo_id="slice", kind="time_slice", threshold=50.0),
    ])  # fmt: skip
    rows = [
        row(ProbeResults, probe_id=f"p{n}", started_at=NOW - MINUTE, is_success=n > 0, duration_ms=ms)
        for n, ms in enumerate([300.0, 301.0, None])
    ]
    put(lake, ProbeResults, rows)
    published()
    evaluate(mine, lake, NOW)
    said = {one["slo_id"]: (one["good"], one["total"]) for one in lake.read(SloPoints).iter_rows(named=True)}
    assert said == {"fast": (1, 2), "slice": (1, 1)}


def test_one_that_cannot_be_asked_is_told_and_the_others_go_on(
    lake: Lake, mine: Settings, published: Published, caplog: pytest.LogCaptureFixture
) -> None:
    put(lake, Slos, [slo(slo_id="a", good_sql="select nothing from nowhere"), slo(slo_id="b", good_sql="drop table x"),
                     slo(slo_id="c")])  # fmt: skip
    probes(lake, range(1, 3))
    published()
    evaluate(mine, lake, NOW)
    assert set(lake.read(SloPoints)["slo_id"]) == {"c"}
    assert "objective a: not evaluated" in caplog.text
    assert "objective b: not evaluated: write exactly one SELECT" in caplog.text


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        (GOOD, None),
        (GOOD + " and started_at >= :since;", None),
        ("select 1; select 2", "exactly one SELECT"),
        ("selec", "no SQL"),
        ("select * from read_csv('/etc/passwd')", "read_csv reads what is not published"),
        ("select * from '/etc/passwd'", "no published table"),
    ],
)
def test_what_may_be_asked(sql: str, fault: str | None) -> None:
    told = fault_of(sql)
    assert told is None if fault is None else told is not None and fault in told


def test_silence_opens_an_alert_and_its_state_agrees(lake: Lake, mine: Settings, published: Published) -> None:
    """99 % over 30 days: 1 % of the budget is 4.3 minutes, 5 % are 21.6; the alert becomes critical, and ends."""
    put(lake, Slos, [slo()])
    probes(lake, range(30))
    steps = [(4, None, "ok"), (7, "warning", "late"), (30, "critical", "silent")]
    for minutes, severity, state in steps:
        at = NOW + minutes * MINUTE
        for _ in range(2):
            published(at)
            evaluate(mine, lake, at)
        assert published(at).rows("select state from slo_budgets").item() == state
        alerts = lake.read(Alerts)
        assert alerts["severity"].to_list() == ([severity] if severity else [])
    assert lake.read(Alerts)["rule_id"].to_list() == ["silence"]
    put(lake, ProbeResults, [row(ProbeResults, probe_id="z", started_at=NOW + 29 * MINUTE, is_success=True)])
    for _ in range(2):
        published(NOW + 30 * MINUTE)
        evaluate(mine, lake, NOW + 30 * MINUTE)
    assert lake.read(Alerts)["state"].to_list() == ["resolved"]
