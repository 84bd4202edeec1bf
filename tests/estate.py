"""A small estate with the awkward cases: two sources, two apps of one repository, folders, versions, shares.

Every model has a row over it, so that grain and checks are never held by nothing.
"""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from aurora.contracts import Row
from aurora.contracts.cost import (
    Budgets,
    CostAllocations,
    CostDays,
    CostSplits,
    FocusCost,
    FxRates,
    Revenues,
    WorkHours,
)
from aurora.contracts.delivery import Commits, Deployments, Releases, Repositories, TestCases, TestRuns
from aurora.contracts.estate import Applications, AppLinks, AppScores, Components, Edits, ScorecardResults, Tasks
from aurora.contracts.mobile import MobileApps, MobileInstallsDaily, StoreRatingsDaily
from aurora.contracts.operations import (
    AlertEvents,
    Alerts,
    Anomalies,
    ApiEndpointErrors,
    ApiEndpointStats,
    ComponentHealth,
    DbReplication,
    DbStats,
    Incidents,
    MaintenanceWindows,
    MessagingChannels,
    MetricPoints,
    SloPoints,
    Slos,
    ThirdPartyStatus,
    WorkloadStates,
)
from aurora.contracts.platform import Dashboards, QueryRuns, Questions, SyncRuns
from aurora.contracts.rules import Rules
from aurora.contracts.security import FindingDecisions, Findings, Packages
from tests.estate_delivery import delivery
from tests.estate_mobile import stores
from tests.estate_reviews import reviews
from tests.estate_savings import savings
from tests.estate_times import MARCH as MARCH
from tests.frames import DAY, HOUR, MINUTE, NOW, component, health, link, put, row
from warehouse.lake import Lake


def deployed(name: str, minutes: float, sha: str, **values: Any) -> Row:
    at = MARCH + timedelta(minutes=minutes)
    least: Row = {
        "deployment_id": name,
        "repo_id": "s1:r",
        "environment": "production",
        "env_tier": "production",
        "sha": sha,
    }
    least |= {"created_at": at, "started_at": at, "finished_at": at, "status": "success", "is_inferred": False}
    return least | {"updated_at": at} | values


def one_of_each(lake: Lake) -> None:
    """All of it."""
    _of_every_day(lake)
    _costs(lake)
    _endpoints(lake)
    _stores_and_packages(lake)
    _verdicts(lake)
    _infrastructure(lake)
    delivery(lake)
    _tests(lake)
    savings(lake)
    stores(lake)
    reviews(lake)


def _tests(lake: Lake) -> None:
    put(lake, TestRuns, [row(TestRuns, test_run_id="s1:t")])
    tried_again = row(TestCases, test_run_id="s1:t", result="passed", message_hash="late")
    put(lake, TestCases, [tried_again])


def _costs(lake: Lake) -> None:
    for source in ("s1", "s2"):
        charges = [
            row(FocusCost, number, x_RowId=f"{source}:{number}", ChargePeriodStart=NOW - DAY) for number in range(3)
        ]
        # Of one application a usual cost for ten days, then a jump; and one service that nobody owns.
        charges += [
            row(FocusCost, x_RowId=f"{source}:d{number}", ChargePeriodStart=NOW - number * DAY)
            | {"ServiceName": "ServiceName-1", "EffectiveCost": Decimal(10 if number else 99), "BilledCost": Decimal(1)}
            for number in range(10)
        ]
        tagged = [charge | {"Tags": '{"team": "x"}'} for charge in charges]
        nobodys = row(FocusCost, x_RowId=f"{source}:nobody", ServiceName="nobodys", ChargePeriodStart=NOW - DAY)
        put(lake, FocusCost, [charge | {"x_SourceExport": "e"} for charge in (*tagged, nobodys)], source)
    put(lake, CostDays, [row(CostDays, billed_cost=Decimal(1))])
    put(lake, CostSplits, [row(CostSplits, split_id="s", marks=["service:nobodys"], method="even")])
    put(lake, WorkHours, [row(WorkHours, app_id="shop")])
    shared = {"day": NOW.date(), "cluster": "prod", "currency": "EUR"}
    loads = [("s1:a", Decimal(7)), ("s1:__idle__", Decimal(3))]
    told = [row(CostAllocations, component_id=name, total_cost=cost, **shared) for name, cost in loads]
    put(lake, CostAllocations, told, "s1")
    put(lake, FxRates, [row(FxRates, base="USD", quote="EUR", rate_price=Decimal("0.9"))])
    put(lake, Revenues, [row(Revenues, app_id="shop", currency="USD", revenue_amount=Decimal(9))])
    _anomalies(lake)


def _anomalies(lake: Lake) -> None:
    made_of = dict.fromkeys(("price", "volume", "new", "gone", "unexplained"), "20")
    told = {"kind": "app", "name": "shop", "day_count": 2, "observed": "60", "expected": "10"}
    impact: Row = {"series_id": "app:shop:BillingCurrency-0", "impact_amount": Decimal(100)}
    anomaly = row(Anomalies, subject="cost", app_id="shop", parts=json.dumps(made_of | told), **impact)
    put(lake, Anomalies, [anomaly], "aurora")


def _endpoints(lake: Lake) -> None:
    at = {"component_id": "s1:b", "endpoint": "/pay", "method": "post", "ts_start": NOW - HOUR, "ts_end": NOW}
    put(lake, ApiEndpointStats, [row(ApiEndpointStats, call_count=10, **at)])
    put(lake, ApiEndpointErrors, [row(ApiEndpointErrors, error_code=code, error_count=2, **at) for code in "ab"])


def _stores_and_packages(lake: Lake) -> None:
    put(lake, Commits, [row(Commits, repo_id="s1:r")])
    put(lake, Packages, [row(Packages, repo_id="s1:r")])
    put(lake, MobileApps, [row(MobileApps, store_app_id="s1:store")])
    put(lake, MobileInstallsDaily, [row(MobileInstallsDaily, store_app_id="s1:store", active_device_count=5)])
    ratings = [(NOW, 4.0), (NOW - 7 * DAY, 4.5)]
    told = {"store_app_id": "s1:store", "country": ""}
    put(lake, StoreRatingsDaily, [row(StoreRatingsDaily, day=at.date(), rating_avg=avg, **told) for at, avg in ratings])


def _verdicts(lake: Lake) -> None:
    common = {"subject_type": "app", "subject_id": "shop", "scorecard": "ready", "day": NOW.date()}
    results = [row(ScorecardResults, number, rule_id=f"ready/{number}", **common) for number in range(4)]
    put(lake, ScorecardResults, results, "aurora")
    task = row(Tasks, 1, task_id="t", subject_type="scorecard", subject_id="ready/1", is_deleted=False)
    put(lake, Tasks, [task | {"version": version} for version in (1, 2)])
    parts = [row(AppScores, number, app_id=app, day=NOW.date()) for number in range(9) for app in ("shop", "blog")]
    put(lake, AppScores, parts, "aurora")
    budget = row(Budgets, budget_id="b", app_id="shop", starts_on=NOW.date(), is_deleted=False)
    put(lake, Budgets, [budget | {"version": version} for version in (1, 2)])
    put(lake, Findings, [row(Findings, number, repo_id="s1:r", state="open") for number in range(3)])
    objective = row(Slos, slo_id="s", app_id="shop", is_deleted=False)
    put(lake, Slos, [objective | {"version": version} for version in (1, 2)])
    _asked(lake)
    point = {"slo_id": "s", "ts_start": NOW - MINUTE, "ts_end": NOW, "good": 9.0, "total": 10.0, "state": "ok"}
    put(lake, SloPoints, [point])
    decision = row(FindingDecisions, finding_key="finding_id-0", is_deleted=False)
    put(lake, FindingDecisions, [decision | {"version": version} for version in (1, 2)])


def _asked(lake: Lake) -> None:
    """A question that a dashboard shows, a rule watches and an objective counts by; each in versions."""
    put(lake, Questions, [row(Questions, question_id="q", version=n, is_deleted=False) | {"sql": "select 1 as a"}
                          for n in (1, 2)])  # fmt: skip
    put(lake, QueryRuns, [row(QueryRuns, question_id="q")])
    layout = '{"blocks": [{"question": "q"}, {"text": "x"}]}'
    put(
        lake,
        Dashboards,
        [row(Dashboards, dashboard_id="d", version=n, layout=layout, is_deleted=False) for n in (1, 2)],
    )
    put(lake, Rules, [row(Rules, rule_id="r", version=n, question_id="q", is_deleted=False) for n in (1, 2)])
    run = row(SyncRuns, stream="rule r", started_at=NOW - MINUTE, status="failed", error="no such column")
    put(lake, SyncRuns, [run], "aurora")
    put(lake, Slos, [row(Slos, slo_id="asked", version=1, is_deleted=False) | {"good_sql": "question:q"}])


def _of_every_day(lake: Lake) -> None:
    for source in ("s1", "s2"):
        put(lake, Applications, [row(Applications, app_id=app, updated_at=NOW) for app in ("shop", "blog")], source)
        put(lake, Components, [component(f"{source}:a"), component(f"{source}:b", type="api")], source)
        put(lake, Components, [component(f"{source}:twin", same_as="s1:a")], source)
        samples = [
            health(f"{source}:a", NOW - number * MINUTE, status="down" if number % 5 == 0 else "healthy")
            for number in range(1, 90)
        ]
        samples += [
            health(f"{source}:b", NOW - 2 * MINUTE, requests_per_minute=5.0, error_rate_pct=1.0, response_time_ms=9.0)
        ]
        put(lake, ComponentHealth, samples, source)
        put(lake, Repositories, [row(Repositories, repo_id=f"{source}:r")], source)
        put(lake, Releases, [row(Releases, release_id=f"{source}:1", repo_id="s1:r", created_at=NOW - HOUR)], source)
        put(
            lake,
            SyncRuns,
            [row(SyncRuns, number, sync_run_id=f"{source}{number}", started_at=NOW - HOUR) for number in range(3)],
            source,
        )
        users = [
            row(
                MetricPoints,
                number,
                series_id=f"{source}:{number}",
                metric="app.active_users",
                value=5.0,
                agg="max",
                component_id="s1:a",
            )
            for number in range(2)
        ]
        put(lake, MetricPoints, users, source)
        alerts = [
            row(
                Alerts,
                number,
                alert_id=f"{source}:{number}",
                component_id="s1:a",
                started_at=NOW - HOUR,
                updated_at=NOW,
            )
            for number in range(3)
        ]
        put(lake, Alerts, alerts, source)
        put(
            lake,
            AlertEvents,
            [row(AlertEvents, alert_id=f"{source}:1", at_seq=number, to_state="acknowledged") for number in (1, 2)],
            source,
        )
        put(
            lake,
            Incidents,
            [row(Incidents, incident_id=f"{source}:i", component_id="s1:a", started_at=NOW - HOUR)],
            source,
        )
    links = [link("shop", "component", "s.:.*", is_pattern=True), link("blog", "component", "s1:a")]
    links += [link("shop", "repository", "s1:r"), link("shop", "repository", "s1:r", path_prefix="web")]
    links += [link("blog", "repository", "s1:r"), link("shop", "store_app", "s1:store")]
    links += [link("shop", "cost", "tag:team=x", share_ratio=0.5), link("blog", "cost", "service:ServiceName-1")]
    links += [link("shop", "component", "s1:gone")]
    others = [row(Applications, app_id=name, name=name.capitalize(), updated_at=NOW) for name in ("wiki", "store")]
    put(lake, Applications, others, "s3")
    put(lake, Repositories, [row(Repositories, repo_id="s1:wiki", full_name="acme/wiki")], "s3")
    put(lake, AppLinks, links)
    shipped = deployed("d1", 0, "a1", store_app_id="s1:store")
    put(lake, Deployments, [shipped, deployed("d2", 60, "a2"), deployed("d3", 120, "a1")])
    put(lake, Deployments, [deployed("d9", 180, "a9") | {"repo_id": "s1:nobodys"}])
    put(lake, Edits, [row(Edits, entity_type="app", entity_id="shop", changed_at=NOW - HOUR)])
    window = row(
        MaintenanceWindows,
        maintenance_id="m",
        component_id="s1:a",
        starts_at=NOW - 2 * HOUR,
        ends_at=NOW - HOUR,
        is_deleted=False,
    )
    put(lake, MaintenanceWindows, [window | {"version": version, "is_deleted": False} for version in (1, 2)])


def _infrastructure(lake: Lake) -> None:
    at = {"component_id": "s1:a"}
    for table in (DbStats, DbReplication, WorkloadStates, ThirdPartyStatus, MessagingChannels):
        told = [row(table, number, observed_at=NOW - number * MINUTE, **at) for number in range(1, 3)]
        put(lake, table, [one | ({"replica_id": "r"} if table is DbReplication else {}) for one in told])
