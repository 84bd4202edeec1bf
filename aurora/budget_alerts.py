"""Alerts of budgets: at 50, 80 and 100 % spent and at 100 % forecast, one each for a period of the budget."""

import json
from collections.abc import Iterator
from datetime import datetime

from aurora.contracts import Row
from aurora.contracts.operations import Alerts
from aurora.insights.cost_words import amount
from aurora.own_rows import AURORA
from warehouse.query import Warehouse

RULE = "budget"
STATUS = "from budget_status where spent_cost is not null"
# Name, what is compared, from which percentage on, and how grave it is.
LEVELS = (
    ("spent_50", "used_pct", 50, "info"),
    ("spent_80", "used_pct", 80, "warning"),
    ("spent_100", "used_pct", 100, "critical"),
    ("forecast_100", "forecast_pct", 100, "warning"),
)


def alert_changes(warehouse: Warehouse, firing: list[Row], at: datetime) -> Iterator[Row]:
    """Alerts that open, and those that end: the period is over, the budget was raised or the bill restated."""
    said = dict(_reached(warehouse.rows(STATUS).to_dicts()))
    known = {row["fingerprint"]: row for row in firing if row["state"] == "firing"}
    for fingerprint, row in said.items():
        if fingerprint not in known:
            name = f"{AURORA}:{fingerprint}:{at:%Y%m%dT%H%M%S}"
            told = {"state": "firing", "started_at": at, "fired_at": at, "last_seen_at": at, "updated_at": at}
            yield row | told | {"alert_id": name, "fingerprint": fingerprint, "rule_id": RULE}
    for fingerprint, before in known.items():
        if fingerprint not in said:
            own = {name: before[name] for name in Alerts.own_columns()}
            yield own | {"state": "resolved", "ended_at": at, "last_seen_at": at, "updated_at": at}


def _reached(budgets: list[Row]) -> Iterator[tuple[str, Row]]:
    for budget in budgets:
        for name, compared, from_pct, severity in LEVELS:
            if budget[compared] is not None and budget[compared] >= from_pct:
                about = {"severity": severity, "value": budget[compared], "threshold": float(from_pct)}
                yield f"budget:{budget['budget_id']}:{name}:{budget['begins_on']}", about | _about(budget, name)


def _about(budget: Row, name: str) -> Row:
    share, is_forecast = name.rpartition("_")[2], name.startswith("forecast")
    limit = f"{amount(budget['limit_amount'], budget['currency'])} a {budget['period']}"
    told = amount(budget["forecast_cost" if is_forecast else "spent_cost"], budget["currency"])
    ends = f", it runs out on {budget['runs_out_on']:%d %b}" if budget["runs_out_on"] else ""
    return {
        "app_id": budget["app_id"],
        "title": f"Budget {budget['name']}: {'will not last' if is_forecast else f'{share} % used'}",
        "message": f"{told} {'forecast' if is_forecast else 'spent'} of {limit}{ends}.",
        "labels": json.dumps({"budget": budget["budget_id"], "team": budget["team_id"]}),
    }
