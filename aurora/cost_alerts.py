"""Alerts of cost anomalies: the owner is told once of what costs other than expected, until it is over or explained."""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from aurora.contracts import Row
from aurora.contracts.operations import Alerts
from aurora.insights.cost_words import sentence, subject
from aurora.own_rows import AURORA
from aurora.settings import CostAlerts
from warehouse.query import Warehouse

RULE = "cost_anomaly"
OWNERS = """
    select a.app_id, a.name as app_name, t.name as team_name, coalesce(a.product_owner, a.lead_developer) as owner
    from applications_now a
    left join (select team_id, min_by(name, declared_rank(source)) as name from teams group by team_id) t
    on t.team_id = a.team_id"""


def alert_changes(
    warehouse: Warehouse, anomalies: list[Row], firing: list[Row], limits: CostAlerts, at: datetime
) -> Iterator[Row]:
    """Alerts that open, whose figures moved, or that end: explained, dismissed or over.

    Of a service or an account none opens where that of the application that makes it has one or was decided, and of an
    account none where that of its service has or was.
    """
    owners = {row["app_id"]: row for row in warehouse.rows(OWNERS).iter_rows(named=True)}
    lasting = {row["anomaly_id"]: _spoken(row, owners) for row in anomalies if _lasts(row)}
    open_ones = {row["fingerprint"]: row for row in firing if row["state"] == "firing"}
    every = [_spoken(row, owners) for row in anomalies if row["ts_end"] is None and row["impact_amount"]]
    told = {
        (rank, _way(row)) for row in every if row["state"] != "open" or _is_worth(row, limits) for rank in _below(row)
    }
    for row in lasting.values():
        before = open_ones.get(_fingerprint(row))
        is_told_already = (row["kind"], _way(row)) in told
        if before is None and (is_told_already or not _is_worth(row, limits)):
            continue
        alert = _alert(row, threshold(row, limits), before["started_at"] if before else at, at)
        if before is None or before["message"] != alert["message"]:
            yield alert
    over = {_fingerprint(row) for row in lasting.values()}
    for fingerprint, before in open_ones.items():
        if fingerprint not in over:
            own = {name: before[name] for name in Alerts.own_columns()}
            yield own | {"state": "resolved", "ended_at": at, "last_seen_at": at, "updated_at": at}


def threshold(row: Row, limits: CostAlerts) -> Decimal:
    """The impact from which on it is told: the amount of its currency, or the part of what was expected if more."""
    amount = limits.amounts.get(row["currency"] or "", limits.amount)
    expected: Decimal = abs(row["expected_cost"] or Decimal(0)) * row["day_count"]
    return max(amount, expected * Decimal(str(limits.pct)) / 100)


def _is_worth(row: Row, limits: CostAlerts) -> bool:
    return bool(abs(row["impact_amount"]) >= threshold(row, limits))


def _lasts(row: Row) -> bool:
    return bool(row["state"] == "open" and row["ts_end"] is None and row["parts"] and row["impact_amount"])


def _below(row: Row) -> tuple[str, ...]:
    """The kinds of series in which the same change is seen again."""
    return {"app": ("service", "account"), "service": ("account",)}.get(row["kind"], ())


def _way(row: Row) -> tuple[object, str | None, bool]:
    """What makes two anomalies the same change: whose it is (of nobody: how much), currency and direction."""
    return row["app_id"] or row["impact_amount"], row["currency"], row["impact_amount"] > 0


def _fingerprint(row: Row) -> str:
    return f"cost:{row['anomaly_id']}"


def _spoken(row: Row, owners: dict[str, Row]) -> Row:
    """The anomaly as the mart cost_anomalies_now has it, from the row just written."""
    parts: dict[str, Any] = json.loads(row["parts"] or "{}")
    whose = owners.get(row["app_id"] or "", {})
    deployed = (parts.get("deployments") or [{}])[0]
    return row | {
        "kind": parts.get("kind"), "name": parts.get("name"), "day_count": parts.get("day_count") or 1,
        "observed_cost": _amount(parts.get("observed")), "expected_cost": _amount(parts.get("expected")),
        **{f"{name}_amount": _amount(parts.get(name)) for name in ("price", "volume", "new", "gone", "unexplained")},
        "lines": parts.get("lines") or [], "deployment_id": deployed.get("deployment_id"),
        "deployment_version": deployed.get("version"), "app_name": whose.get("app_name"),
        "team_name": whose.get("team_name"), "owner": whose.get("owner"),
    }  # fmt: skip


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _alert(row: Row, limit: Decimal, started: datetime, at: datetime) -> Row:
    more = "more" if row["impact_amount"] > 0 else "less"
    fingerprint = _fingerprint(row)
    return {
        "alert_id": f"{AURORA}:{fingerprint}:{started:%Y%m%dT%H%M%S}", "fingerprint": fingerprint, "rule_id": RULE,
        "app_id": row["app_id"], "severity": "warning", "state": "firing",
        "title": f"{subject(row)} costs {more} than expected", "message": sentence(row),
        "value": float(row["impact_amount"]), "threshold": float(limit), "started_at": started, "fired_at": started,
        "last_seen_at": at, "updated_at": at,
        "labels": json.dumps({"anomaly": row["anomaly_id"], "owner": row["owner"], "team": row["team_name"]}),
    }  # fmt: skip
