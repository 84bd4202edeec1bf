"""Saved questions of the demo estate, a dashboard of them for newcomers, and two rules of its release gate."""

import json
from collections.abc import Iterator, Mapping

from aurora.contracts import Row, Table
from aurora.contracts.platform import Dashboards, Questions
from aurora.contracts.rules import Rules
from ingest.demo.world import World

OWNER = "demo"
ERRORS = """-- Failed requests per application, each component weighted by its requests.
select date_trunc(case when :until::timestamp - :since::timestamp > interval 3 day then 'day' else 'hour' end,
                  h.ts_start) as bucket_at,
       a.app_id, 100.0 * sum(h.failed_requests) / nullif(sum(h.rated_requests), 0) as error_rate_pct
from component_health_1h h join app_components a on a.component_id = h.component_id
where h.part_day between :since::date and :until::date and h.ts_start >= :since and h.ts_start < :until
  and (:app is null or a.app_id = :app)
group by all
having sum(h.rated_requests) > 0
order by bucket_at, sum(h.failed_requests) desc"""
SLOWEST = """-- The slowest operations by their mean, of those that are called at all.
select upper(method) || ' ' || endpoint as operation, response_time_ms, call_count, component
from api_endpoint_summary(since := :since, until := :until)
where :app is null or list_contains(app_ids, :app)
order by response_time_ms desc limit 10"""
DEPLOYED = """-- How production deployments ended.
select coalesce(a.name, d.app_id) as application, d.status, count(*) as deployment_count
from prod_deployments d left join applications_now a on a.app_id = d.app_id
where d.over_at >= :since and d.over_at < :until and (:app is null or d.app_id = :app)
group by all
order by count(*) desc, application, d.status"""
SPENT = """-- Effective cost of the month so far, dearest first.
select coalesce(a.name, c.app_id) as application, c.effective_cost, c.currency
from cost_by_app_month c left join applications_now a on a.app_id = c.app_id
where c.month_on = date_trunc('month', utc_now())::date and (:app is null or c.app_id = :app)
order by c.effective_cost desc limit 10"""
UPTIME = """-- Each day's availability; the newest stands large.
select day as bucket_at, 100.0 * (1 - sum(down_s) / nullif(sum(healthy_s + degraded_s + down_s), 0)) as availability_pct
from (
  select h.part_day as day, h.down_s, h.healthy_s, h.degraded_s
  from component_health_1h h
  where h.part_day between :since::date and :until::date
    and (:app is null or h.component_id in (select component_id from app_components where app_id = :app))
)
group by day order by day"""
ALERTS = """-- Alerts that are open now.
select count(*) as alert_count from alerts_now where is_open and (:app is null or app_id = :app)"""
SHIPPED = """-- Production deployments of each day.
select d.over_at::date as day, count(*) as deployment_count from prod_deployments d
where d.over_at >= :since and d.over_at < :until and (:app is null or d.app_id = :app)
group by all order by day"""
RISKS = """-- Open critical and high findings of each application, none for those that have none.
select a.app_id, count(f.finding_id) as finding_count
from applications_now a
left join findings_now f on list_contains(f.app_ids, a.app_id) and f.is_open and f.is_security
     and f.severity in ('critical', 'high')
where :app is null or a.app_id = :app
group by a.app_id order by finding_count desc, a.app_id"""
INCIDENTS = """-- Incidents that began in the range, newest first.
select started_at, title, severity, state, app_id, cause, commander from incidents_now
where started_at >= :since and started_at < :until and (:app is null or app_id = :app)
order by started_at desc limit 50"""
BURNING = """-- The least error budget that any objective of an application has left, in percent.
select app_id, min(budget_left_pct) as budget_left_pct from slo_budgets
where app_id is not null and (:app is null or app_id = :app) group by app_id order by 2"""
OVER_TIME = {"kind": "line", "x": "bucket_at", "y": ["error_rate_pct"], "color": "app_id"}
OUTCOMES = {"kind": "bar", "x": "application", "y": ["deployment_count"], "color": "status"}
ASKED: tuple[tuple[str, str, str, Mapping[str, object] | None, tuple[str, ...]], ...] = (
    ("availability", "Availability", UPTIME, {"kind": "number", "y": ["availability_pct"]}, ("health",)),
    ("open-alerts", "Open alerts", ALERTS, {"kind": "number", "y": ["alert_count"]}, ("health",)),
    ("deployments-per-day", "Deployments a day", SHIPPED, {"kind": "number", "y": ["deployment_count"]}, ("delivery",)),
    ("error-rate", "Error rate of each application", ERRORS, OVER_TIME, ("health",)),
    ("slowest-operations", "Slowest operations", SLOWEST, {"kind": "bar", "x": "operation", "y": ["response_time_ms"]},
     ("health", "api")),
    ("deployment-outcomes", "How deployments ended", DEPLOYED, OUTCOMES, ("delivery",)),
    ("spend-this-month", "Spend this month", SPENT, {"kind": "bar", "x": "application", "y": ["effective_cost"]},
     ("cost",)),
    ("security-risks", "Open critical and high findings", RISKS, {"kind": "bar", "x": "app_id", "y": ["finding_count"]},
     ("security",)),
    ("recent-incidents", "Incidents", INCIDENTS, None, ("health",)),
    ("budget-left", "Least error budget left", BURNING, {"kind": "bar", "x": "app_id", "y": ["budget_left_pct"]},
     ("health",)),
)  # fmt: skip
WELCOME = (
    "**The estate at a glance.** Each block is a saved question: its title leads to its SQL and its rows. "
    "The range and the application above apply to all of them. *Arrange* moves, resizes, adds and removes blocks."
)
BLOCKS = (
    {"text": WELCOME, "width": 12, "height": "small"},
    {"question": "availability", "width": 4, "height": "small"},
    {"question": "open-alerts", "width": 4, "height": "small"},
    {"question": "deployments-per-day", "width": 4, "height": "small"},
    {"question": "error-rate", "width": 8, "height": "medium"},
    {"question": "deployment-outcomes", "width": 4, "height": "medium"},
    {"question": "slowest-operations", "width": 6, "height": "medium"},
    {"question": "spend-this-month", "width": 6, "height": "medium"},
    {"question": "recent-incidents", "width": 8, "height": "medium"},
    {"question": "security-risks", "width": 4, "height": "medium"},
)


def question_rows(world: World) -> Iterator[tuple[type[Table], Row]]:
    """Questions, the dashboard that shows them, and the rules of the gate."""
    common = {"version": 1, "changed_by": OWNER, "changed_at": world.start, "is_deleted": False}
    shared = {"owner": OWNER, "is_shared": True} | common
    for name, title, sql, chart, tags in ASKED:
        drawn = json.dumps(chart) if chart else None
        yield Questions, {"question_id": name, "title": title, "sql": sql, "chart": drawn, "tags": list(tags)} | shared
    layout = json.dumps({"blocks": BLOCKS})
    filters = json.dumps({"range": "7d", "app": None})
    yield (
        Dashboards,
        {"dashboard_id": "estate", "title": "Estate at a glance", "layout": layout, "filters": filters} | shared,
    )
    for rule_id, name, question, warn, critical in (
        ("no-open-risks", "Critical and high findings", "security-risks", 1.0, 5.0),
        ("budget-left", "Error budget left, %", "budget-left", 20.0, 0.0),
    ):
        yield Rules, common | {
            "rule_id": rule_id, "purpose": "gate", "name": name, "kind": "query", "question_id": question, "warn": warn,
            "critical": critical, "is_enabled": True, "declared_in": "demo",
        }  # fmt: skip
