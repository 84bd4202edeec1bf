"""A span of anomalous costs taken apart: the lines of bills on its days against those of the expected days."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from aurora.contracts import Row
from aurora.insights.cost_anomalies import EXACT, Span
from aurora.insights.cost_parts import WHOLE, as_json, line_of, most, parts, plain, weights
from aurora.insights.cost_series import About
from warehouse.query import Warehouse

BEFORE, TOLD_DEPLOYMENTS = timedelta(hours=48), 5
LEADS, TAKES_PART = 0.6, 0.2
# Expected days count in whole parts (weights), so that money is multiplied exactly.
DAYS = """
    with days as (
      select unnest($days::date[]) as day, unnest($before::bigint[]) as before, unnest($after::bigint[]) as after
    )
    , lines as (
      select l.service, l.account_id, l.resource_id, l.tags, l.sku, l.quantity_unit, d.before, d.after,
             {cost} as cost, {quantity} as quantity
      from cost_lines l join days d on d.day = l.day {join}
      where l.is_daily and l.currency = $currency and l.day between $since and $until and {scope}
    )"""
LINES = """
    select service, account_id, resource_id, sku,
           money_sum(product_of(cost, before)) as before_cost, money_sum(product_of(cost, after)) as after_cost,
           case when count(distinct quantity_unit) <= 1 and bool_and(quantity is not null) filter (where before > 0)
                then money_sum(product_of(quantity, before)) end as before_quantity,
           case when count(distinct quantity_unit) <= 1 and bool_and(quantity is not null) filter (where after > 0)
                then money_sum(product_of(quantity, after)) end as after_quantity,
           count(*) filter (where before > 0) as before_count, count(*) filter (where after > 0) as after_count
    from lines group by service, account_id, resource_id, sku
    order by all"""
OWNERS = """
    select o.app_id,
           sum((coalesce(l.after * $whole, 0) - l.before) * l.cost::double
               * (o.share_to_ratio - o.share_from_ratio)) / $whole as change
    from lines l
    join cost_owners o on o.scope =
      {'account': l.account_id, 'service': l.service, 'resource': l.resource_id, 'tags': l.tags}
    group by o.app_id order by o.app_id"""
DEPLOYMENTS = """
    select app_id, deployment_id, coalesce(version, left(sha, 8)) as version, environment,
           coalesce(started_at, created_at) as began_at
    from deployments_by_app
    where list_contains($apps, app_id) and coalesce(started_at, created_at) >= $since
      and coalesce(started_at, created_at) < $until
    order by env_tier = 'production' desc, began_at desc, deployment_id limit $most"""


def explained(warehouse: Warehouse, about: About, span: Span) -> Row:
    """The columns parts and app_id of an anomaly. Raises duckdb.Error if the warehouse cannot be asked."""
    sql, params = _asked(about, span)
    lines = [line_of(row) for row in warehouse.rows(sql + LINES, params).iter_rows(named=True)]
    apps = {about.app_id: 1.0} if about.app_id else _shares(warehouse, sql, params, span)
    leading = next((app for app, share in apps.items() if share >= LEADS), None)
    found = parts(lines, span.impact)
    more: dict[str, object] = {
        "kind": about.kind, "name": about.name, "day_count": len(span.days),
        "observed": _a_day(sum((one.cost for one in span.days), Decimal(0)), span),
        "expected": _a_day(sum((one.expected for one in span.days), Decimal(0)), span),
        "days": [str(one.day) for one in span.days],
        "lines": most(lines, span.impact),
        "deployments": _deployments(warehouse, [app for app, share in apps.items() if share >= TAKES_PART], span),
    }  # fmt: skip
    return {"parts": as_json(found, more), "app_id": leading}


def _asked(about: About, span: Span) -> tuple[str, dict[str, Any]]:
    """The lines of the series, and the days on which they count."""
    cost, quantity, join = "l.effective_cost", "l.quantity", ""
    scope = {"service": "l.provider = $provider and l.service = $name", "app": "true"}.get(
        about.kind, "l.provider = $provider and l.account_id = $name"
    )
    if about.kind == "app":
        share = "share_of({0}, o.share_to_ratio) - share_of({0}, o.share_from_ratio)"
        cost, quantity = share.format(cost), f"try({share.format(quantity)})"
        join = """join cost_owners o on o.app_id = $name and o.scope =
            {'account': l.account_id, 'service': l.service, 'resource': l.resource_id, 'tags': l.tags}"""
    counted = sorted(weights(span).items())
    days = [day for day, _ in counted]
    params: dict[str, Any] = {
        "days": days, "before": [before for _, (before, _) in counted], "after": [after for _, (_, after) in counted],
        "since": days[0], "until": days[-1], "currency": about.currency, "name": about.name,
    }  # fmt: skip
    if about.kind != "app":
        params["provider"] = about.provider
    return DAYS.format(cost=cost, quantity=quantity, join=join, scope=scope), params


def _shares(warehouse: Warehouse, sql: str, params: dict[str, Any], span: Span) -> dict[str, float]:
    """Application -> which share of the impact is a change of what is charged to it, the largest first."""
    rows = warehouse.rows(sql + OWNERS, params | {"whole": WHOLE})
    ranked = rows.with_columns((pl.col("change") / float(span.impact)).alias("share")).sort(
        "share", descending=True, nulls_last=True
    )
    return {app: share for app, share in ranked.select("app_id", "share").iter_rows() if share is not None}


def _deployments(warehouse: Warehouse, apps: list[str], span: Span) -> list[dict[str, str | None]]:
    """Deployments of the applications from 48 hours before the first day to its end, those to production first.

    Costs are told by the day, so that what began on the first day may have made it dear.
    """
    if not apps:
        return []
    start = datetime.combine(span.first, time())
    asked = {"apps": apps, "since": start - BEFORE, "until": start + timedelta(days=1), "most": TOLD_DEPLOYMENTS}
    return [
        {name: None if value is None else str(value) for name, value in row.items()}
        for row in warehouse.rows(DEPLOYMENTS, asked).iter_rows(named=True)
    ]


def _a_day(amount: Decimal, span: Span) -> str:
    return plain((amount / len(span.days)).quantize(EXACT))
