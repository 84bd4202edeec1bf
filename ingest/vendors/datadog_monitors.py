"""Episodes of Datadog's monitors: when a group of a monitor began to alert and when it ended; asks nothing itself."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.apm import at_seconds, resolved
from ingest.vendors.datadog import tags_of

STATES = {"alert": "firing", "warn": "firing", "no data": "no_data", "ok": "resolved"}
MAX_MESSAGE = 1_000  # open alerts are kept in the cursor
SILENT = ("Ignored", "Skipped", "Unknown")  # not evaluated: that neither opens nor ends an alert


def groups_of(monitor: Json) -> dict[str, Json]:
    """The groups of a monitor, or the monitor itself as group "*" where it is not broken down."""
    groups: dict[str, Json] = (monitor.get("state") or {}).get("groups") or {}
    return groups or {"*": {"status": monitor.get("overall_state")}}


def is_silenced(monitor: Json, group: str) -> bool:
    """True if a mute or an active downtime of the monitor covers the group."""
    scopes: list[str] = list((monitor.get("options") or {}).get("silenced") or {})
    scopes += [",".join(one.get("scope") or ["*"]) for one in monitor.get("matching_downtimes") or []]
    mine = set(group.split(","))
    return any(scope == "*" or set(scope.split(",")) <= mine for scope in scopes)


def severity(status: str | None, priority: int | None) -> str:
    """critical, warning or info, by the state of the monitor and its priority (1 high to 5 low)."""
    if (priority or 1) >= 4:
        return "info"
    return "critical" if status == "Alert" and (priority or 1) <= 2 else "warning"


def alert_fields(monitor: Json, group: str, told: Json, page: str) -> Row:
    """What an alert row says beside its id, state and instants."""
    status, priority = told.get("status"), monitor.get("priority")
    limits = (monitor.get("options") or {}).get("thresholds") or {}
    limit = limits.get("warning" if status == "Warn" else "critical")
    name = monitor.get("name") or f"monitor {monitor['id']}"
    labels = {"monitor": str(monitor["id"]), "type": monitor.get("type"), "tags": monitor.get("tags") or []}
    return {
        "fingerprint": f"{monitor['id']}/{group}",
        "rule_id": None,
        "severity": severity(status, priority),
        "severity_raw": f"{status}, P{priority}" if priority else status,
        "state_raw": status,
        "title": name if group == "*" else f"{name} on {group}",
        "message": (monitor.get("message") or "")[:MAX_MESSAGE] or None,
        "threshold": None if limit is None else float(limit),
        "labels": json.dumps(labels | tags_of(group.split(",")), sort_keys=True),
        "url": f"{page}/monitors/{monitor['id']}",
    }


def web(site: str) -> str:
    """Where people look at the account: sites without a part of their own have "app"."""
    return f"https://app.{site}" if site.count(".") == 1 else f"https://{site}"


def started(told: Json, monitor: Json, before: Row | None, now: datetime) -> datetime:
    """Since when the group alerts: an episode that is known goes on until Datadog says that it was resolved."""
    if before and not ended_since(told, before["started_at"]):
        known: datetime = before["started_at"]
        return known
    changed = monitor.get("overall_state_modified")
    found = at_seconds(told.get("last_triggered_ts") or told.get("last_nodata_ts"))
    return found or (datetime.fromisoformat(changed) if changed else now)


def ended_since(told: Json, start: datetime) -> datetime | None:
    """When the group was resolved after `start`; None if it was not."""
    end = at_seconds(told.get("last_resolved_ts"))
    return end if end and end > start else None


def episodes(run: Run[Any], monitor: Json, group: str, said: Json, before: Row | None) -> Iterator[Row]:
    """The alert rows of a group: the episode before if it ended, and the one under way."""
    status = said.get("status")
    if status in SILENT:
        if before:
            yield before | {"state": "unknown", "state_raw": status, "updated_at": run.now}
        return
    if before and (status == "OK" or ended_since(said, before["started_at"])):
        yield resolved(before, ended_since(said, before["started_at"]), run.now)
    if status != "OK":
        yield alert_row(run, monitor, group, said, before)
    elif not before and (missed := at_seconds(said.get("last_triggered_ts"))):
        end = ended_since(said, missed)
        if end and end >= run.since:
            yield resolved(alert_row(run, monitor, group, said, None), end, run.now)


def alert_row(run: Run[Any], monitor: Json, group: str, said: Json, before: Row | None) -> Row:
    """The episode of a group that is under way."""
    start, state = started(said, monitor, before, run.now), run.word(STATES, said.get("status"))
    return alert_fields(monitor, group, said, web(run.options.site)) | {
        "alert_id": run.id(f"{monitor['id']}/{group}:{start.isoformat()}"),
        "state": "silenced" if state == "firing" and is_silenced(monitor, group) else state,
        "started_at": start,
        "fired_at": start,
        "ended_at": None,
        "is_end_inferred": None,
        "last_seen_at": run.now,
        "updated_at": run.now,
    }
