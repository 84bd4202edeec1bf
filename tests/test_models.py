"""The models: each binds on nothing, holds its grain and checks, and gives what a person worked out by hand."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aurora.contracts import TABLES, Row
from aurora.contracts.cost import FocusCost
from aurora.contracts.delivery import Deployments
from aurora.contracts.estate import AppLinks, Components
from aurora.contracts.operations import (
    Alerts,
    ComponentHealth,
    MaintenanceWindows,
)
from aurora.contracts.platform import SyncRuns
from aurora.doctor import check_model, count_model
from ingest.land import land
from tests.conftest import Published
from tests.estate import deployed, one_of_each
from tests.frames import DAY, HOUR, MINUTE, NOW, component, health, link, put, row, stamp
from warehouse import model as model_module
from warehouse.lake import Batch, Lake
from warehouse.model import Model, load_models

EPOCH = "timestamp '2026-03-01'"
ARGUMENTS = {"step_s": "3600", "days": "7", "since": EPOCH, "until": "timestamp '2026-03-11'", "bucket_s": "3600"}
ARGUMENTS |= {"at": "timestamp '2026-03-10 12:00'", "minutes": "60"}
ARGUMENTS |= {"wanted": "'EUR'", "with_labour": "true", "kinds": "['app', 'budget']"}


def arguments(model: Model) -> str:
    """What a model that takes arguments is asked with; an argument not known here fails."""
    return f"({', '.join(ARGUMENTS[name] for name in model.takes)})" if model.takes else ""


def naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


def test_every_model_binds_on_empty_tables(published: Published) -> None:
    warehouse = published()
    for model in load_models():
        rows = warehouse.rows(f"from {model.name}{arguments(model)}")
        # A model of totals has its one row over nothing as well.
        assert rows.height == 0 or (rows.height == 1 and model.name.endswith("_totals")), model.name


def test_every_model_holds_its_grain_and_checks(lake: Lake, published: Published) -> None:
    one_of_each(lake)
    warehouse = published()
    empty, broken = [], []
    for model in load_models():
        rows, *wrong = count_model(warehouse, model, arguments(model))
        empty += [model.name] * (not rows)
        broken += [f"{model.name}: {wrong}"] * any(wrong)
    assert empty == []
    assert broken == []


def test_a_broken_grain_and_a_broken_check_are_told(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = "select 1 as k, -5 as n union all select 1, 3"
    bad = Model("bad", "x", "One row per k.", ("k",), ("n >= 0",), (), sql)
    worse = Model("worse", "x", "One row per k.", ("nothing",), (), (), "select 1 as k")
    models = (*load_models(), bad, worse)
    monkeypatch.setattr("warehouse.publish.load_models", lambda: models)
    monkeypatch.setattr("aurora.doctor.load_models", lambda: models)
    warehouse = published(rebuild=True)
    assert check_model(warehouse, "bad") == [
        "model bad: more than one row for (1,): its grain is k",
        "model bad: 1 rows break the check n >= 0",
    ]
    assert check_model(warehouse, "worse")[0].startswith("model worse cannot be read: ")


def test_models_that_are_spelled_wrong_do_not_load(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").mkdir()
    monkeypatch.setattr(model_module, "FOLDER", tmp_path)
    load_models.cache_clear()
    try:
        (tmp_path / "x" / "a.sql").write_text("-- Told.\nselect 1 as k")
        with pytest.raises(ValueError, match="grain"):
            load_models()
        (tmp_path / "x" / "a.sql").write_text("-- Told.\n-- grain: k\nselect * from b")
        (tmp_path / "x" / "b.sql").write_text("-- Told.\n-- grain: k\n-- takes: since, until\nselect * from a")
        with pytest.raises(ValueError, match="circle: a -> b -> a"):
            load_models()
        (tmp_path / "x" / "b.sql").write_text("-- Told.\n-- grain: k, l\n-- check: k > 0\n-- takes: since\nselect 1;\n")
        b, a = load_models()
        assert (b.name, b.grain, b.checks, b.takes, b.sql) == ("b", ("k", "l"), ("k > 0",), ("since",), "select 1")
        assert (a.name, a.subject, a.sentence) == ("a", "x", "Told.")
    finally:
        load_models.cache_clear()


def test_uptime_counts_only_what_was_observed(lake: Lake, published: Published) -> None:
    """24 h of hours: 12 healthy, 3 degraded, 5 down, 2 maintenance, 1 unknown, 1 not there; a day ago all down."""
    words = ["healthy"] * 12 + ["degraded"] * 3 + ["down"] * 5 + ["maintenance"] * 2 + ["unknown"]
    hours = [health("a", NOW - (number + 1) * HOUR, 3600, status=word) for number, word in enumerate(words)]
    older = [health("a", NOW - DAY - (number + 1) * HOUR, 3600, status="down") for number in range(10)]
    told = [health("b", NOW - HOUR, 3600, cpu_pct=1.0), health("b", NOW - 2 * HOUR, 3600)]
    future = [health("a", NOW + HOUR, 3600, status="down")]
    put(lake, ComponentHealth, [*hours, *older, *told, *future])
    rows = {
        (one["component_id"], one["time_window"]): one
        for one in published().rows("from component_uptime").iter_rows(named=True)
    }
    day, week = rows["a", "24h"], rows["a", "7d"]
    assert (day["up_s"], day["down_s"], day["maintenance_s"]) == (15 * 3600, 5 * 3600, 2 * 3600)
    assert day["uptime_pct"] == pytest.approx(75)
    assert day["coverage_pct"] == pytest.approx(100 * 22 / 24)
    assert week["uptime_pct"] == pytest.approx(50)
    assert week["coverage_pct"] == pytest.approx(100 * 32 / 168)
    assert rows["b", "24h"]["uptime_pct"] == pytest.approx(100)
    assert rows["b", "24h"]["coverage_pct"] == pytest.approx(100 / 24)


def test_uptime_of_a_component_that_was_never_observed_is_null(lake: Lake, published: Published) -> None:
    put(lake, ComponentHealth, [health("a", NOW - HOUR, 3600, status="unknown")])
    told = published().rows("from component_uptime where time_window = '24h'").row(0, named=True)
    assert (told["uptime_pct"], told["coverage_pct"]) == (None, 0)


def status(published: Published) -> dict[str, tuple[str, str | None]]:
    rows = published().rows("select component_id, status, status_reason from component_status")
    return {name: (word, reason) for name, word, reason in rows.iter_rows()}


CASES: list[tuple[str, Row | None, str, str | None]] = [
    ("healthy by its measures", {"cpu_pct": 94.9, "error_rate_pct": 4.9}, "healthy", None),
    ("healthy by its word", {"status": "healthy"}, "healthy", None),
    ("its word counts first", {"status": "down", "status_reason": "no answer", "cpu_pct": 99.0}, "down", "no answer"),
    ("down without a reason", {"status": "down"}, "down", None),
    ("limits beat the word healthy", {"status": "healthy", "cpu_pct": 95.0}, "degraded", "CPU at 95 %"),
    ("errors first", {"error_rate_pct": 5.0, "cpu_pct": 99.0}, "degraded", "5.0 % of requests fail"),
    ("memory", {"memory_pct": 96.4}, "degraded", "memory at 96 %"),
    ("disk", {"disk_pct": 100.0}, "degraded", "disk at 100 %"),
    ("nothing told", {}, "unknown", "the source tells nothing about it"),
    ("never sampled", None, "unknown", "no sample since yesterday"),
]


def test_status_by_word_and_limits(lake: Lake, published: Published) -> None:
    put(lake, Components, [component(name) for name, *_ in CASES])
    put(
        lake,
        ComponentHealth,
        [health(name, NOW - 2 * MINUTE, **values) for name, values, *_ in CASES if values is not None],
    )
    assert status(published) == {name: (word, reason) for name, _, word, reason in CASES}


def test_a_stale_sample_is_unknown_and_shows_no_figures(lake: Lake, published: Published) -> None:
    ages = {"fresh": 89, "stale": 91, "slow fresh": 899, "slow stale": 901, "old": 3600}
    seconds = {"slow fresh": 300, "slow stale": 300}
    put(lake, Components, [component(name) for name in ages])
    for name, age in ages.items():
        length = seconds.get(name, 10)
        put(
            lake,
            ComponentHealth,
            [health(name, NOW - timedelta(seconds=age + length), length, status="healthy", cpu_pct=5.0)],
        )
    told = status(published)
    assert {name for name, (word, _) in told.items() if word == "healthy"} == {"fresh", "slow fresh"}
    assert told["stale"] == ("unknown", "no sample for 91 s")
    assert told["old"] == ("unknown", "no sample for 60 min")
    rows = published().rows("select component_id, cpu_pct, age_s from component_status")
    assert {name: cpu for name, cpu, _ in rows.iter_rows()} == {name: 5.0 if "fresh" in name else None for name in ages}
    assert {name: age for name, _, age in rows.iter_rows()} == pytest.approx(ages)


def test_a_source_asked_each_minute_is_stale_after_three_missed_arrivals(lake: Lake, published: Published) -> None:
    """Samples of 15 s arrive each minute, 45 s old; so the last may be 45 + 3 * 60 = 225 s old, and no older."""
    put(lake, Components, [component("polled"), component("gone")])
    for name, late_s in (("polled", 180), ("gone", 181)):
        for arrival in range(6):
            at = NOW - timedelta(seconds=late_s) - arrival * MINUTE
            sample = health(name, at - timedelta(seconds=60), 15, status="healthy")
            land(lake, ComponentHealth, [sample], stamp(at=at), Batch(f"t1/{name}", arrival + 1))
    told = status(published)
    assert told == {"polled": ("healthy", None), "gone": ("unknown", "no sample for 4 min")}


def test_a_sample_from_the_future_is_not_used(lake: Lake, published: Published) -> None:
    put(lake, Components, [component("a"), component("b")])
    for name, minutes in (("a", 10), ("b", 3)):
        put(
            lake,
            ComponentHealth,
            [health(name, NOW - 2 * MINUTE, status="healthy"), health(name, NOW + minutes * MINUTE, status="down")],
        )
    assert {name: word for name, (word, _) in status(published).items()} == {"a": "healthy", "b": "down"}


def test_a_maintenance_window_speaks_first(lake: Lake, published: Published) -> None:
    names = ("now", "over", "deleted", "moved")
    put(lake, Components, [component(name) for name in names])
    put(lake, ComponentHealth, [health(name, NOW - 2 * MINUTE, status="down", status_reason="x") for name in names])
    span = {"starts_at": NOW, "ends_at": NOW + HOUR, "is_deleted": False}
    over = {"starts_at": NOW - HOUR, "ends_at": NOW, "is_deleted": False}
    said = [
        ("now", 1, span),
        ("over", 1, over),
        ("deleted", 1, span),
        ("deleted", 2, span | {"is_deleted": True}),
        ("moved", 1, span),
        ("moved", 2, over),
    ]
    windows = [
        row(MaintenanceWindows, maintenance_id=name, version=version, component_id=name, title=f"work on {name}")
        | values
        for name, version, values in said
    ]
    put(lake, MaintenanceWindows, windows)
    told = status(published)
    assert told["now"] == ("maintenance", "work on now")
    assert {told[name] for name in ("over", "deleted", "moved")} == {("down", "x")}


def test_twins_and_terminated_components_have_no_status_of_their_own(lake: Lake, published: Published) -> None:
    put(lake, Components, [component("a"), component("twin", same_as="a"), component("gone", lifecycle="terminated")])
    assert set(status(published)) == {"a"}


def test_trends_tell_the_uptime_of_their_span(lake: Lake, published: Published) -> None:
    one_of_each(lake)
    warehouse = published()
    day = "since := utc_now() - interval 1 day, until := utc_now(), bucket_s := 3600"
    told = warehouse.rows(f"select component_id, uptime_pct, coverage_pct from component_trends({day}) order by 1")
    alone = warehouse.rows("select component_id, uptime_pct, coverage_pct from component_uptime_over(1) order by 1")
    assert told.height > 2
    assert told.equals(alone)
    trend = warehouse.rows(f"select trend from component_trends({day}) where component_id = 's1:b'")["trend"].to_list()
    assert trend == [[9.0]]


def test_an_open_critical_alert_degrades(lake: Lake, published: Published) -> None:
    """One of an objective does not: it tells of the past what samples told, and would keep itself open."""
    put(lake, Components, [component(name) for name in "abc"])
    put(lake, ComponentHealth, [health(name, NOW - 2 * MINUTE, status="healthy") for name in "abc"])
    for name, state, slo_id in (("a", "firing", None), ("b", "resolved", None), ("c", "firing", "c-available")):
        alert = row(Alerts, alert_id=name, component_id=name, severity="critical", state=state, title="queue is full")
        put(lake, Alerts, [alert | {"started_at": NOW - HOUR, "slo_id": slo_id}])
    assert status(published) == {"a": ("degraded", "queue is full"), "b": ("healthy", None), "c": ("healthy", None)}


def test_rollbacks_are_recognised_and_sources_fold(lake: Lake, published: Published) -> None:
    day = 24 * 60
    rows = [
        deployed("d1", 0, "a1"),
        deployed("d2", day, "a2"),
        deployed("d3", day + 40, "a1"),
        deployed("d5", 4 * day, "a5"),
        deployed("d7", 5 * day + 120, "a7", environment="staging", env_tier="staging"),
        deployed("d4", 6 * day, "a6", status="failed"),
        deployed("d6", 6 * day + 120, "a7", is_hotfix=True),
    ]
    put(lake, Deployments, rows)
    put(lake, Deployments, [deployed("tag", 10, "a1", is_inferred=True)], "tags")
    put(lake, AppLinks, [link("shop", "repository", "s1:r")])
    told = published().rows("from deployments_by_app")
    assert set(told["app_id"]) == {"shop"}
    assert dict(told.select("deployment_id", "status").iter_rows()) == {
        "d1": "success",
        "d2": "rolled_back",
        "d3": "success",
        "d4": "failed",
        "d5": "success",
        "d6": "success",
        "d7": "success",
    }
    assert [one for one, is_back in told.select("deployment_id", "is_rollback").iter_rows() if is_back] == ["d3"]
    assert [one for one, is_hot in told.select("deployment_id", "is_hotfix").iter_rows() if is_hot] == ["d6"]


def test_folding_needs_the_same_commit_within_half_an_hour(lake: Lake, published: Published) -> None:
    put(lake, Deployments, [deployed("ci", 0, "a1", ci_run_id="1"), deployed("own", 600, "b1")])
    tags = [deployed("late", 31, "a1", is_inferred=True), deployed("other", 1, "zz", is_inferred=True)]
    put(lake, Deployments, [*tags, deployed("same", 30, "a1", is_inferred=True)], "tags")
    put(lake, AppLinks, [link("shop", "repository", "s1:r")])
    assert set(published().rows("from deployments_by_app")["deployment_id"]) == {"ci", "own", "late", "other"}


def test_a_deployment_linked_in_several_ways_is_one(lake: Lake, published: Published) -> None:
    put(
        lake,
        Deployments,
        [deployed("d1", 0, "a1", store_app_id="s1:store"), deployed("stated", 5, "a2", app_id="wiki")],
    )
    links = [link("shop", "repository", "s1:r"), link("shop", "repository", "s1:r", path_prefix="web")]
    links += [link("shop", "store_app", "s1:store"), link("blog", "repository", "s1:r", state="suggested")]
    put(lake, AppLinks, links)
    told = published().rows("select app_id, deployment_id from deployments_by_app order by all")
    assert list(told.iter_rows()) == [("shop", "d1"), ("wiki", "stated")]


def charge(name: str, cost: str, **values: Any) -> Row:
    least: Row = {
        "x_RowId": name,
        "x_SourceExport": "e",
        "ChargePeriodStart": NOW,
        "BillingPeriodStart": NOW.replace(day=1),
    }
    return (
        row(FocusCost, **least)
        | {"EffectiveCost": Decimal(cost), "BilledCost": Decimal(cost) * 2, "BillingCurrency": "EUR"}
        | values
    )


def test_costs_of_an_application_with_shares_and_the_rest(lake: Lake, published: Published) -> None:
    lines = [
        charge("1", "10.000000000000000001", ResourceId="vm-1"),
        charge("2", "100", SubAccountId="acc"),
        charge("3", "1", Tags='{"team": "pay", "a.b \\"c\\"": "x"}', ResourceId="vm-1"),
        charge("4", "7", ServiceName="mail"),
        charge("5", "3", BillingCurrency="USD"),
        charge("6", "2", Tags="team=pay"),
    ]
    put(lake, FocusCost, lines)
    put(
        lake,
        AppLinks,
        [
            link("shop", "cost", "resource:vm-1"),
            link("shop", "cost", "tag:team=pay"),
            link("shop", "cost", "account:acc", share_ratio=0.75),
            link("blog", "cost", "account:acc", share_ratio=0.25),
            link("blog", "cost", "service:mail", state="suggested"),
        ],
    )
    told = published().rows("from cost_by_app_month order by app_id, currency")
    got = [
        (one["app_id"], one["currency"], one["effective_cost"], one["line_count"]) for one in told.iter_rows(named=True)
    ]
    assert got == [
        ("blog", "EUR", Decimal(25), 1),
        ("shop", "EUR", Decimal("86.000000000000000001"), 3),
        ("untagged", "EUR", Decimal(9), 2),
        ("untagged", "USD", Decimal(3), 1),
    ]
    assert told["billed_cost"].to_list() == [50, Decimal("172.000000000000000002"), 18, 6]
    assert told["month_on"].unique().to_list() == [date(2026, 3, 1)]
    days = published().rows("select sum(effective_cost) as c from cost_daily_by_service")
    assert days["c"][0] == Decimal("123.000000000000000001")


def test_freshness_of_sources(lake: Lake, published: Published) -> None:
    runs = [("1", 30, "success", 5), ("2", 2, "partial", 7), ("3", 1, "failed", 0)]
    rows = [
        row(
            SyncRuns,
            sync_run_id=name,
            stream="x",
            started_at=NOW - hours * HOUR,
            finished_at=NOW - hours * HOUR + MINUTE,
            status=word,
            row_count=count,
            error=word,
        )
        for name, hours, word, count in runs
    ]
    put(lake, SyncRuns, [one | {"quarantined_count": 1} for one in rows], "web")
    told = published().rows("from source_freshness").row(0, named=True)
    assert (told["status"], told["error"], told["row_count_24h"], told["quarantined_count_24h"]) == (
        "failed",
        "failed",
        7,
        2,
    )
    assert told["last_good_at"] == naive(NOW - 2 * HOUR + MINUTE)
    assert told["failed_count_24h"] == 1


def test_there_is_a_model_test_estate_for_every_table_that_models_read() -> None:
    text = " ".join(model.sql for model in load_models())
    read = {name for name in TABLES if f" {name}" in text}
    assert {"component_health", "deployments", "focus_cost", "sync_runs", "app_links"} <= read


def test_a_deployment_of_nobody_is_in_the_ledger(lake: Lake, published: Published) -> None:
    one_of_each(lake)
    ledger = published().rows(
        f"from change_ledger(since := {EPOCH}, until := timestamp '2026-04-01') where kind = 'deployment'"
    )
    nobodys = ledger.filter(ledger["app_id"].is_null())
    assert nobodys["subject_id"].to_list() == ["d9"]


def test_a_source_that_does_not_know_is_unknown_whatever_it_measures(lake: Lake, published: Published) -> None:
    put(lake, Components, [component("a")])
    put(lake, ComponentHealth, [health("a", NOW - 2 * MINUTE, status="unknown", cpu_pct=10.0)])
    assert status(published) == {"a": ("unknown", "the source does not know")}
