"""Rows of operations: alerts and their transitions, incidents, maintenance windows, as they stand at an instant."""

import json
from collections.abc import Iterator
from datetime import datetime

from aurora.contracts import Row, Table
from aurora.contracts.operations import AlertEvents, Alerts, Incidents, MaintenanceWindows
from ingest.demo.catalog import PEOPLE
from ingest.demo.episode import Episode, Trouble
from ingest.demo.stories import Window, episodes, windows
from ingest.demo.world import MINUTE, Slice, World


def operations_rows(world: World, span: Slice) -> Iterator[tuple[type[Table], Row]]:
    """Alerts and incidents that are open or changed in the slice, their transitions, windows announced in it."""
    for episode in episodes(world, span.until):
        if episode.start >= span.until or _closed_at(episode) < span.since:
            continue
        yield Alerts, alert_row(world, episode, span.until)
        if episode.trouble and episode.fired_at < span.until:
            yield Incidents, incident_row(world, episode, episode.trouble, span.until)
        for number, (state, at) in enumerate(_steps(episode), start=1):
            if span.has(at):
                yield AlertEvents, event_row(world, episode, number, state, at)
    for window in windows(world, span.until):
        if window.end > world.start and span.has(max(window.announced_at, world.start)):
            yield MaintenanceWindows, window_row(world, window)


def _steps(episode: Episode) -> list[tuple[str, datetime]]:
    """The states that an alert goes through, and when."""
    steps = [("pending", episode.start), ("suppressed" if episode.by else "firing", episode.fired_at)]
    if episode.acked_at:
        steps.append(("acknowledged", episode.acked_at))
    return [*steps, ("resolved", episode.end)]


def _closed_at(episode: Episode) -> datetime:
    return episode.end + 25 * MINUTE


def alert_row(world: World, episode: Episode, now: datetime) -> Row:
    """The row of an alert as it stands at `now`."""
    state, changed = [step for step in _steps(episode) if step[1] < now][-1]
    is_over = state == "resolved"
    acked = episode.acked_at
    return {
        "alert_id": world.id(episode.native_id),
        "fingerprint": episode.fingerprint,
        "rule_id": episode.rule,
        "component_id": world.id(episode.component),
        "app_id": episode.app,
        "incident_id": incident_id(world, episode) if episode.trouble and episode.fired_at < now else None,
        "group_id": episode.by or episode.native_id,
        "suppressed_by": world.id(episode.by) if episode.by and episode.fired_at < now else None,
        "severity": episode.severity,
        "state": state,
        "title": episode.title,
        "message": episode.message,
        "value": episode.value,
        "threshold": episode.threshold,
        "is_flapping": False,
        "started_at": episode.start,
        "fired_at": episode.fired_at if episode.fired_at < now else None,
        "acknowledged_at": acked if acked and acked < now else None,
        "ended_at": episode.end if is_over else None,
        "is_end_inferred": False,
        "last_seen_at": episode.end if is_over else now,
        "updated_at": changed,
        "labels": json.dumps({"component": episode.component, "rule": episode.rule}),
        "url": f"https://alerts.example.com/{episode.fingerprint}",
    }


def event_row(world: World, episode: Episode, number: int, state: str, at: datetime) -> Row:
    """The row of an alert's transition into `state`."""
    before = _steps(episode)[number - 2][0] if number > 1 else None
    is_person = state == "acknowledged"
    return {
        "alert_id": world.id(episode.native_id),
        "at_seq": number,
        "occurred_at": at,
        "from_state": before,
        "to_state": state,
        "actor": _on_call(world, episode) if is_person else "rule",
        "reason": "Looking into it" if is_person else None,
    }


def _on_call(world: World, episode: Episode) -> str:
    return world.pick(PEOPLE, episode.native_id, "on call")


def incident_id(world: World, episode: Episode) -> str:
    """Id of the incident that the episode became."""
    return world.id(f"incident/{episode.component}/{episode.start:%Y%m%dT%H%M}")


def incident_row(world: World, episode: Episode, trouble: Trouble, now: datetime) -> Row:
    """The row of an incident as it stands at `now`."""
    acked = episode.acked_at or min(episode.fired_at + 45 * MINUTE, episode.end - MINUTE)
    steps = [
        ("open", episode.fired_at),
        ("acknowledged", acked),
        ("mitigated", episode.end),
        ("resolved", episode.end + 15 * MINUTE),
    ]
    state, changed = [step for step in steps if step[1] < now][-1]
    times = {name: at if at < now else None for name, at in steps}
    hours = (episode.end - episode.start).total_seconds() / 3600 * world.between(1.5, 4, episode.native_id, "hours")
    return {
        "incident_id": incident_id(world, episode),
        "app_id": trouble.app,
        "component_id": world.id(episode.component),
        "env_tier": "production",
        "title": trouble.title,
        "severity": trouble.severity,
        "state": state,
        "commander": _on_call(world, episode),
        "caused_by_deployment_id": world.id(trouble.caused_by) if trouble.caused_by else None,
        "cause": trouble.cause,
        "is_planned": False,
        "affected_apps": list(trouble.affected),
        "affected_user_count": trouble.users,
        "engineer_hours": round(hours, 1) if times["resolved"] else None,
        "started_at": episode.start,
        "detected_at": episode.fired_at,
        "acknowledged_at": times["acknowledged"],
        "mitigated_at": times["mitigated"],
        "resolved_at": times["resolved"],
        "updated_at": changed,
        "review_url": f"https://wiki.example.com/reviews/{episode.start:%Y-%m-%d}" if times["resolved"] else None,
    }


def window_row(world: World, window: Window) -> Row:
    """The row of an announced maintenance window."""
    at = max(window.announced_at, world.start)
    return {
        "maintenance_id": world.id(f"maintenance/{window.component}/{window.start:%Y%m%d}"),
        "title": window.title,
        "component_id": world.id(window.component),
        "starts_at": window.start,
        "ends_at": window.end,
        "is_public": True,
        "version": 1,
        "changed_by": "demo",
        "changed_at": at,
        "reason": "Announced",
        "is_deleted": False,
    }
