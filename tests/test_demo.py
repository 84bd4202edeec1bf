"""The demo estate: repeatable, within its contracts, without gaps, and its stories hang together across tables."""

import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from aurora.contracts import TABLES, Table
from ingest.check import Stamp, check
from ingest.connector import Checkpoint, Item, Run
from ingest.connectors.demo import DemoOptions, connector
from ingest.demo.cost import cost_frames
from ingest.demo.world import Slice, World

NOW = datetime(2026, 11, 23, 13, 47, 31, tzinfo=UTC)
ANCHOR = datetime(2026, 11, 23, 13, 45, tzinfo=UTC)
DAYS = 15
STAMP = Stamp("demo", "demo", "run-1", NOW)
MEASURES = [
    "cpu_pct",
    "memory_pct",
    "disk_pct",
    "network_latency_ms",
    "response_time_ms",
    "requests_per_minute",
    "error_rate_pct",
]
Frames = dict[str, pl.DataFrame]


def run_of(now: datetime, days: float, cursor: dict[str, Any] | None = None, **options: Any) -> list[Item]:
    since = now - timedelta(days=days)
    run = Run(
        source_instance="demo",
        stream="estate",
        options=DemoOptions(**options),
        now=now,
        since=since,
        cursor=cursor,
        deadline=time.monotonic() + 60,
        every=timedelta(minutes=1),
    )
    return list(connector.streams["estate"].fetch(run))


def last_cursor(items: list[Item]) -> dict[str, Any]:
    assert isinstance(items[-1], Checkpoint)
    return items[-1].cursor


def checked(items: list[Item]) -> Frames:
    """Every table of the items, after the contract check of each frame and row, which must refuse nothing."""
    found: dict[type[Table], list[Any]] = defaultdict(list)
    for item in items:
        if not isinstance(item, Checkpoint):
            found[item[0]].append(item[1])
    return {table.spec.name: _good(table, parts) for table, parts in found.items()}


def _good(table: type[Table], parts: list[Any]) -> pl.DataFrame:
    frames = [part for part in parts if isinstance(part, pl.DataFrame)]
    results = [check(table, frame, STAMP) for frame in frames] or [check(table, parts, STAMP)]
    assert [reject.message for result in results for reject in result.rejects] == []
    whole = pl.concat([result.good for result in results])
    assert not whole.select(pl.struct(table.spec.key).is_duplicated().any()).item(), f"{table.spec.name}: key twice"
    return whole.drop("source", "source_instance", "ingested_at", "run_id")


@pytest.fixture(scope="module")
def first() -> list[Item]:
    return run_of(NOW, DAYS)


@pytest.fixture(scope="module")
def told(first: list[Item]) -> Frames:
    return checked(first)


def health_of(told: Frames, key: str, start: datetime, end: datetime) -> pl.DataFrame:
    return told["component_health"].filter(
        pl.col("component_id") == f"demo:{key}", pl.col("ts_start").is_between(start, end, closed="left")
    )


def one(frame: pl.DataFrame, *where: pl.Expr) -> dict[str, Any]:
    return frame.filter(*where).row(0, named=True)


def test_it_has_the_promised_size_and_every_table(told: Frames) -> None:
    assert told.keys() == {table.spec.name for table in connector.streams["estate"].tables}
    assert 12 <= told["applications"].height <= 16
    assert 42 <= told["components"].height <= 48
    assert {"server", "database", "api", "cdn", "third_party"} == set(told["components"]["type"])
    production = told["deployments"].filter(pl.col("env_tier") == "production")
    assert 3 <= production.height / DAYS <= 6


def test_first_history_reaches_back_as_far_as_it_is_asked() -> None:
    assert connector.streams["estate"].lookback == timedelta(days=90)
    items = run_of(NOW, 90)
    frames = [item[1] for item in items if not isinstance(item, Checkpoint) and item[0].spec.name == "component_health"]
    heights = [frame.height for frame in frames if isinstance(frame, pl.DataFrame)]
    assert sum(heights) > 1_200_000
    assert max(heights) <= 45 * 2880
    first_frame = frames[0]
    assert isinstance(first_frame, pl.DataFrame)
    assert first_frame["ts_start"].min() == ANCHOR - timedelta(days=90)
    assert sum(isinstance(item, Checkpoint) for item in items) == len(frames)


def test_two_first_runs_are_identical_and_another_seed_is_not(told: Frames) -> None:
    again, other = checked(run_of(NOW, DAYS)), checked(run_of(NOW, 2, seed=8))
    for name, frame in told.items():
        assert frame.equals(again[name]), name
    keys = ["component_id", "ts_start"]
    same = told["component_health"].join(other["component_health"], on=keys, suffix="_other")
    assert (same["cpu_pct"] != same["cpu_pct_other"]).any()


def test_only_references_that_exist(told: Frames) -> None:
    components = set(told["components"]["component_id"])
    apps, repositories = set(told["applications"]["app_id"]), set(told["repositories"]["repo_id"])
    deployments, alerts = set(told["deployments"]["deployment_id"]), set(told["alerts"]["alert_id"])
    incidents = set(told["incidents"]["incident_id"])
    commits = set(told["commits"]["sha"])

    def known(table: str, column: str, ids: set[str]) -> None:
        assert set(told[table][column].drop_nulls()) <= ids, f"{table}.{column}"

    for table in ("component_health", "alerts", "incidents", "deployments", "probe_results", "maintenance_windows"):
        known(table, "component_id", components)
    for table in ("alerts", "incidents", "deployments", "app_links", "metric_points"):
        known(table, "app_id", apps)
    for table in ("commits", "deployments", "releases", "deployment_commits"):
        known(table, "repo_id", repositories)
    known("applications", "team_id", set(told["teams"]["team_id"]))
    known("incidents", "caused_by_deployment_id", deployments)
    known("deployments", "rolled_back_by", deployments)
    known("deployment_commits", "deployment_id", deployments)
    known("alerts", "incident_id", incidents)
    known("alerts", "suppressed_by", alerts)
    known("alert_events", "alert_id", alerts)
    known("component_edges", "from_id", components | apps)
    known("component_edges", "to_id", components)
    assert told["metric_points"]["series_id"].is_in(told["metric_series"]["series_id"].implode()).all()
    landed = told["deployment_commits"].filter(pl.col("authored_at") >= ANCHOR - timedelta(days=DAYS))
    assert set(landed["sha"]) <= commits
    assert set(told["app_links"].filter(pl.col("kind") == "component")["native_id"]) <= components
    assert set(told["app_links"].filter(pl.col("kind") == "repository")["native_id"]) == repositories


def test_a_measure_is_null_while_down_and_where_it_makes_no_sense(told: Frames) -> None:
    health = told["component_health"]
    down = health.filter(pl.col("status") == "down")
    assert down.height > 0
    assert down.select(pl.all_horizontal(pl.col(MEASURES).is_null()).all()).item()
    up = health.filter(pl.col("status").is_in(["healthy", "degraded"]))
    assert up["network_latency_ms"].null_count() == 0
    kinds = up.join(told["components"].select("component_id", "type"), on="component_id")
    assert kinds.filter(pl.col("type") == "third_party")["cpu_pct"].drop_nulls().is_empty()
    assert kinds.filter(pl.col("type") == "server")["requests_per_minute"].drop_nulls().is_empty()
    assert kinds.filter(pl.col("type") == "database")["disk_pct"].null_count() == 0
    assert health.filter((pl.col("status") != "healthy") & pl.col("status_reason").is_null()).is_empty()


def test_the_bad_release_precedes_slowness_alert_incident_and_rollback(told: Frames) -> None:
    is_crm = pl.col("app_id") == "damac-hills-2-crm"
    bad = one(told["deployments"], is_crm, pl.col("version") == "v2.14.0", pl.col("env_tier") == "production")
    assert (bad["status"], bad["created_at"]) == ("rolled_back", ANCHOR - timedelta(days=3))
    remedy = one(told["deployments"], pl.col("deployment_id") == bad["rolled_back_by"])
    assert remedy["is_rollback"]
    assert remedy["sha"] == bad["previous_sha"]
    incident = one(told["incidents"], pl.col("caused_by_deployment_id") == bad["deployment_id"])
    alert = one(told["alerts"], pl.col("incident_id") == incident["incident_id"])
    assert bad["finished_at"] < alert["started_at"] < alert["fired_at"] < remedy["started_at"] < alert["ended_at"]
    assert incident["resolved_at"] > remedy["finished_at"]
    steps = told["alert_events"].filter(pl.col("alert_id") == alert["alert_id"]).sort("at_seq")
    assert steps["to_state"].to_list() == ["pending", "firing", "acknowledged", "resolved"]
    assert steps["occurred_at"].is_sorted()
    hour = timedelta(hours=1)
    before = health_of(told, "damac-crm-api", bad["created_at"] - hour, bad["finished_at"])
    during = health_of(told, "damac-crm-api", alert["fired_at"], remedy["finished_at"])
    after = health_of(told, "damac-crm-api", remedy["finished_at"] + hour / 4, remedy["finished_at"] + hour)
    usual = _mean(before)
    assert _mean(during) > 3.5 * usual
    assert _mean(after) < 1.3 * usual
    assert set(during["status"]) == {"degraded"}


def _mean(frame: pl.DataFrame) -> float:
    value = frame["response_time_ms"].mean()
    assert isinstance(value, float)
    return value


def test_the_gateway_is_down_now_and_recovers_in_live_ticks(first: list[Item], told: Frames) -> None:
    is_now = pl.col("started_at") > ANCHOR - timedelta(hours=1)
    alert = one(told["alerts"], is_now, pl.col("component_id") == "demo:payment-gateway")
    assert (alert["severity"], alert["state"]) == ("critical", "firing")
    assert one(told["incidents"], pl.col("incident_id") == alert["incident_id"])["state"] == "open"
    minute = timedelta(minutes=1)
    assert set(health_of(told, "payment-gateway", ANCHOR - 35 * minute, NOW)["status"]) == {"down"}
    for dependant in ("payment-api", "checkout"):
        assert set(health_of(told, dependant, ANCHOR - 30 * minute, NOW)["status"]) == {"degraded"}
    probes = told["probe_results"].filter(pl.col("component_id") == "demo:payment-gateway").sort("started_at")
    assert not probes["is_success"][-1]
    later = checked(run_of(NOW + timedelta(minutes=70), 0, last_cursor(first)))
    assert one(later["alerts"], pl.col("alert_id") == alert["alert_id"])["state"] == "resolved"
    assert one(later["incidents"], pl.col("incident_id") == alert["incident_id"])["state"] == "resolved"
    assert health_of(later, "payment-gateway", NOW, NOW + timedelta(hours=2))["status"][-1] == "healthy"


def test_the_gateway_fails_again_each_week(first: list[Item]) -> None:
    cursor = last_cursor(first) | dict.fromkeys(("until", "told_until"), (ANCHOR + timedelta(days=20.9)).isoformat())
    later = checked(run_of(ANCHOR + timedelta(days=21), 0, cursor))
    alert = one(later["alerts"], pl.col("component_id") == "demo:payment-gateway")
    assert alert["state"] == "firing"


def test_the_other_stories(told: Frames) -> None:
    day = timedelta(days=1)
    health, now = told["component_health"], told["component_health"]["ts_start"].max()
    silent = health.filter(pl.col("component_id") == "demo:legacy-ftp")["ts_start"].max()
    assert isinstance(silent, datetime)
    assert ANCHOR - 2 * day - timedelta(minutes=5) <= silent < ANCHOR - 2 * day
    memory = health.filter(pl.col("component_id") == "demo:mongodb-cluster").sort("ts_start")
    assert memory["memory_pct"][-1] > memory["memory_pct"][0] + 15
    assert memory["status"][-1] == "degraded"
    window = one(told["maintenance_windows"], pl.col("starts_at") < NOW, pl.col("ends_at") > NOW)
    resting = one(health, pl.col("component_id") == window["component_id"], pl.col("ts_start") == now)
    assert resting["status"] == "maintenance"
    assert told["maintenance_windows"].filter(pl.col("starts_at") > NOW).height == 1
    assert told["maintenance_windows"].filter(pl.col("ends_at") < NOW).height >= 1
    portal = told["probe_results"].filter(pl.col("component_id") == "demo:owner-portal-web")
    assert set(portal["cert_not_after_at"]) == {ANCHOR + 12 * day}
    assert one(told["alerts"], pl.col("rule_id") == "certificate")["severity"] == "info"
    hotfix = one(told["deployments"], pl.col("is_hotfix"), pl.col("app_id") == "owner-portal")
    assert hotfix["created_at"] > ANCHOR - 2 * day


def test_the_cost_jump_follows_the_deployment_that_logs_everything(told: Frames) -> None:
    change = one(told["commits"], pl.col("subject").str.contains("verbose"))
    carried = one(told["deployment_commits"], pl.col("sha") == change["sha"])
    deployment = one(told["deployments"], pl.col("deployment_id") == carried["deployment_id"])
    logs = told["focus_cost"].filter(pl.col("ResourceId") == "log-storage/whatsapp-crm").sort("ChargePeriodStart")
    jumped = deployment["created_at"].replace(hour=0, minute=0, second=0)
    before = logs.filter(pl.col("ChargePeriodStart") < jumped)["EffectiveCost"].max()
    since = logs.filter(pl.col("ChargePeriodStart") >= jumped)["EffectiveCost"].min()
    assert isinstance(before, Decimal)
    assert isinstance(since, Decimal)
    assert since > before * 8
    assert logs["ChargePeriodStart"].max() == datetime(2026, 11, 22, tzinfo=UTC)


def test_a_month_costs_about_48_000() -> None:
    start, until = datetime(2026, 9, 30, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC)
    _, october = cost_frames(World("demo", 7, ANCHOR, start), Slice(start, until))
    assert october["BillingPeriodStart"].unique().to_list() == [datetime(2026, 10, 1, tzinfo=UTC)]
    assert 45_000 < float(october["EffectiveCost"].sum()) < 52_000
    assert october.filter(pl.col("ChargeCategory") == "Credit").height == 1


def test_live_ticks_continue_without_gap_or_overlap(first: list[Item], told: Frames) -> None:
    parts, cursor = [told["component_health"]], last_cursor(first)
    for minutes in (1, 1.4, 2, 9, 62, 240):
        items = run_of(NOW + timedelta(minutes=minutes), 0, cursor)
        cursor = last_cursor(items)
        parts += [checked(items).get("component_health", told["component_health"].clear())]
    health = pl.concat(parts).filter(pl.col("component_id") != "demo:legacy-ftp").sort("component_id", "ts_start")
    joints = health.select((pl.col("ts_start") == pl.col("ts_end").shift(1).over("component_id")).drop_nulls())
    assert joints.to_series().all()
    assert health["ts_end"].max() == datetime(2026, 11, 23, 17, 47, tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "tick_minutes", "hours"),
    [(ANCHOR, 9, 2), (ANCHOR, 193, 20), (ANCHOR + timedelta(days=3), 7, 3)],
    ids=["gateway recovers", "a night", "release is rolled back"],
)
def test_ticks_add_up_to_what_a_later_first_run_tells(anchor: datetime, tick_minutes: int, hours: int) -> None:
    """However the time is cut, the same rows stand there in the end: nothing is lost between ticks."""
    at, end = NOW, NOW + timedelta(hours=hours)
    items = run_of(NOW, 6, anchor=anchor)
    whole = checked(run_of(end, 6 + hours / 24, anchor=anchor))
    cut = defaultdict(list, {name: [frame] for name, frame in checked(items).items()})
    while at < end:
        at = min(at + timedelta(minutes=tick_minutes, seconds=5), end)
        items = run_of(at, 0, last_cursor(items))
        for name, frame in checked(items).items():
            cut[name].append(frame)
    if anchor > NOW:
        assert "rolled_back" in set(whole["deployments"]["status"])
        whole.pop("component_health")  # sampled coarsely before the anchor, wherever ticks leave room for it
    hourly = ["last_seen_at", "commit_count", "head_sha", "head_at", "pushed_at"]
    whole.pop("focus_cost")  # replaced month by month
    for name, frame in whole.items():
        key = [column for column in TABLES[name].spec.key if column in frame.columns]
        told = pl.concat(part.select(frame.columns) for part in cut[name]).unique(key, keep="last").sort(key)
        assert frame.drop(hourly, strict=False).sort(key).equals(told.drop(hourly, strict=False)), name


def test_a_killed_first_run_resumes_with_the_same_stories(first: list[Item], told: Frames) -> None:
    landed: list[Item] = []
    for item in first:
        landed.append(item)
        if isinstance(item, Checkpoint):
            break
    resumed = run_of(NOW, 0, last_cursor(landed))
    both = checked([*landed, *resumed])
    assert both.keys() == told.keys()
    for name, frame in told.items():
        assert both[name].equals(frame), name


def test_a_long_pause_is_filled_in_coarse_steps(first: list[Item]) -> None:
    later = checked(run_of(NOW + timedelta(days=6), 0, last_cursor(first)))["component_health"]
    one_component = later.filter(pl.col("component_id") == "demo:app-01").sort("ts_start")
    assert one_component.height < 3000
    assert (one_component["ts_start"][1:] == one_component["ts_end"][:-1]).all()
    assert one_component["ts_end"][-1] == (NOW + timedelta(days=6)).replace(second=0)


def test_a_fixed_anchor_moves_the_stories() -> None:
    anchor = NOW - timedelta(hours=6)
    alerts = checked(run_of(NOW, 2, anchor=anchor))["alerts"]
    gateway = one(alerts, pl.col("component_id") == "demo:payment-gateway")
    assert gateway["state"] == "resolved"


def test_uptimes_look_real(told: Frames) -> None:
    length = (pl.col("ts_end") - pl.col("ts_start")).dt.total_seconds()
    up = (
        told["component_health"]
        .group_by("component_id")
        .agg(pct=100 - 100 * length.filter(pl.col("status") == "down").sum() / length.sum())
    )
    assert up.filter(pl.col("pct") > 99.9).height >= 38
    assert up.filter(pl.col("pct") < 98).is_empty()
