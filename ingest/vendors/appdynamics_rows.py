"""Rows of AppDynamics' violations and events: alerts, deployments and other changes; asks nothing itself."""

import json
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.apm import at_millis, instant, tier

DEPLOYMENT = "APPLICATION_DEPLOYMENT"
ENTITIES = {"application": "application", "application_component": "tier", "application_component_node": "node"}
SEVERITIES = {"critical": "critical", "error": "critical", "warning": "warning", "warn": "warning", "info": "info"}
STATES = {"open": "firing", "resolved": "resolved", "canceled": "resolved", "cancelled": "resolved"}
CHANGES = {"application_config_change": "config", "app_server_restart": "infrastructure"}


def alert_row(run: Run[Any], violation: Json, application: Json) -> Row:
    """A violation of a health rule; the controller writes 0 for an instant that is not yet."""
    rule, about = violation.get("triggeredEntityDefinition") or {}, violation.get("affectedEntityDefinition") or {}
    state, raw = run.word(STATES, violation["incidentStatus"]), violation.get("severity")
    started = instant(violation["startTimeInMillis"])
    labels = {"application": application["name"], "rule": rule.get("name"), "entity": about.get("name")}
    ended = at_millis(violation.get("endTimeInMillis")) if state == "resolved" else None
    return {
        "alert_id": run.id(f"{application['id']}/{violation['id']}"),
        "fingerprint": f"{rule.get('entityId') or violation['name']}/{about.get('entityType')}:{about.get('entityId')}",
        "component_id": component_of(run, [about]),
        "severity": run.word(SEVERITIES, raw, "warning"),
        "severity_raw": raw,
        "state": state,
        "state_raw": violation["incidentStatus"],
        "title": f"{violation['name']} on {about['name']}" if about.get("name") else violation["name"],
        "message": violation.get("description") or None,
        "started_at": started,
        "fired_at": at_millis(violation.get("detectedTimeInMillis")) or started,
        "ended_at": ended,
        "is_end_inferred": None if ended is None else False,
        "last_seen_at": run.now,
        "updated_at": run.now,
        "labels": json.dumps({key: value for key, value in labels.items() if value}, sort_keys=True),
        "url": violation.get("deepLinkUrl") or None,
    }


def component_of(run: Run[Any], entities: list[Json]) -> str | None:
    """The most particular component among entities: a node, else a tier, else an application."""
    found = {ENTITIES.get(str(one.get("entityType")).lower()): one.get("entityId") for one in entities}
    kind = next((kind for kind in ("node", "tier", "application") if found.get(kind)), None)
    return run.id(f"{kind}:{found[kind]}") if kind else None


def change_row(run: Run[Any], event: Json, application: Json) -> Row:
    """A change that is no deployment."""
    return {
        "change_id": run.id(event["id"]),
        "kind": run.word(CHANGES, event["type"], "other"),
        "component_id": _touched(run, event, application),
        "title": event.get("summary") or event["type"],
        "occurred_at": instant(event["eventTime"]),
        "tags": [word for word in (event["type"], event.get("subType")) if word],
        "detail": json.dumps(event, sort_keys=True),
        "url": event.get("deepLinkUrl") or None,
    }


def deployment_row(run: Run[Any], event: Json, application: Json) -> Row:
    """A deployment that an agent or a pipeline reported; the event tells that it was done, nothing of its version."""
    at, environment = instant(event["eventTime"]), run.options.environment
    return {
        "deployment_id": run.id(event["id"]),
        "component_id": _touched(run, event, application),
        "environment": environment or "unknown",
        "env_tier": tier(run, environment) or "unknown",
        "created_at": at,
        "finished_at": at,
        "status": "success",
        "is_inferred": False,
        "changes": [event["summary"]] if event.get("summary") else None,
        "url": event.get("deepLinkUrl") or None,
        "updated_at": at,
    }


def _touched(run: Run[Any], event: Json, application: Json) -> str:
    return component_of(run, event.get("affectedEntities") or []) or run.id(f"application:{application['id']}")
