"""What a person should look at first: incidents, then what is down, then alerts nobody has taken, then the rest."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl


@dataclass(frozen=True)
class Attention:
    """One thing to look at: how bad, what, why, since when, and the component to open."""

    severity: str
    title: str
    detail: str
    since: datetime | None
    component_id: str | None


def attention(components: pl.DataFrame, alerts: pl.DataFrame, incidents: pl.DataFrame) -> list[Attention]:
    """Open incidents, components that are down, open alerts, degraded and silent components.

    A component is named once: by its incident, else by its alert, else by its status.
    """
    found: list[Attention] = []
    named: set[str | None] = set()

    def add(item: Attention) -> None:
        if item.component_id is None or item.component_id not in named:
            named.add(item.component_id)
            found.append(item)

    for row in incidents.iter_rows(named=True):
        add(
            Attention(
                row["severity"], row["title"], f"incident, {row['state']}", row["started_at"], row["component_id"]
            )
        )
    for row in _having(components, "down"):
        add(_of_component(row, "critical"))
    for row in alerts.iter_rows(named=True):
        add(Attention(row["severity"], row["title"], f"alert, {row['state']}", row["started_at"], row["component_id"]))
    for row in _having(components, "degraded"):
        add(_of_component(row, "warning"))
    for row in _having(components, "unknown"):
        add(_of_component(row, "unknown"))
    return found


def _having(components: pl.DataFrame, status: str) -> list[dict[str, object]]:
    return list(components.filter(components["status"] == status).iter_rows(named=True))


def _of_component(row: dict[str, object], severity: str) -> Attention:
    detail = str(row["status_reason"] or row["status"])
    seen = row["last_seen_at"]
    return Attention(
        severity, str(row["name"]), detail, seen if isinstance(seen, datetime) else None, str(row["component_id"])
    )
