"""Rows of New Relic's events: incidents, deployments and other changes; asks nothing itself."""

import json
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.apm import at_millis, instant, tier

SEVERITIES = {"critical": "critical", "warning": "warning", "high": "warning", "medium": "warning", "low": "info"}
EVENTS = {"open": "firing", "close": "resolved"}
CHANGES = {
    "feature flag": "feature_flag",
    "business event": "annotation",
    "operational": "infrastructure",
    "deployment lifecycle": "other",
    "customer defined": "other",
}
OUTCOMES = {
    **dict.fromkeys(("success", "succeeded", "successful", "completed", "finished"), "success"),
    **dict.fromkeys(("failure", "failed", "error"), "failed"),
    **dict.fromkeys(("running", "started", "in progress"), "running"),
    **dict.fromkeys(("rolled back", "rollback"), "rolled_back"),
    **dict.fromkeys(("cancelled", "canceled", "aborted"), "cancelled"),
}


def alert_row(run: Run[Any], event: Json) -> Row:
    """An incident as its latest event tells it; the close event repeats all that the open event said."""
    at, guid = instant(event["timestamp"]), event.get("entity.guid")
    state, opened = run.word(EVENTS, event["event"]), at_millis(event.get("openTime")) or at
    raw, about = event.get("priority"), guid or event.get("targetName") or "account"
    is_muted = str(event.get("muted")).lower() == "true"
    ended = (at_millis(event.get("closeTime")) or at) if state == "resolved" else None
    return {
        "alert_id": run.id(event["incidentId"]),
        "fingerprint": f"{event.get('conditionId')}/{about}",
        "component_id": run.id(guid) if guid else None,
        "severity": run.word(SEVERITIES, raw, "warning"),
        "severity_raw": raw,
        "state": "silenced" if state == "firing" and is_muted else state,
        "state_raw": event["event"],
        "title": event.get("title") or event.get("conditionName") or "incident without a title",
        "message": event.get("description") or event.get("closeCause") or None,
        "threshold": number(event.get("threshold")),
        "started_at": opened,
        "fired_at": opened,
        "ended_at": ended,
        "is_end_inferred": None if ended is None else False,
        "last_seen_at": at,
        "updated_at": at,
        "labels": json.dumps(labels_of(event), sort_keys=True),
        "url": event.get("incidentLink") or event.get("runbookUrl") or None,
    }


def labels_of(event: Json) -> dict[str, str]:
    """Tags of an event and the names of its condition and policy."""
    named = {name: event[name] for name in ("conditionName", "policyName", "targetName") if event.get(name)}
    tags = {key.removeprefix("tags."): value for key, value in event.items() if key.startswith("tags.")}
    return {key: str(value) for key, value in {**tags, **named}.items() if value is not None}


def number(value: Any) -> float | None:
    """A finite number, None for anything else."""
    return float(value) if isinstance(value, int | float) and abs(value) < float("inf") else None


def is_deployment(event: Json) -> bool:
    """True for events of Deployment and for changes of the category of that name."""
    return "deploymentId" in event or plain(event.get("category")) == "deployment"


def plain(word: Any) -> str | None:
    """A category or status as words in lower case: "FEATURE_FLAG" and "Feature Flag" are one."""
    return str(word).replace("_", " ").replace("-", " ").lower() if word else None


def custom(event: Json, name: str) -> str | None:
    """An attribute that customers set themselves, which stands beside the others."""
    value = event.get(name) or event.get(f"customAttributes.{name}")
    return str(value) if value else None


def deployment_row(run: Run[Any], event: Json) -> Row:
    """A deployment by its marker; the environment is the customer's attribute, else the option."""
    at, guid = instant(event["timestamp"]), event.get("entity.guid")
    where, outcome = custom(event, "environment") or run.options.environment, custom(event, "status")
    status = run.word(OUTCOMES, plain(outcome)) if outcome else "success"
    changelog = event.get("changelog") or event.get("shortDescription")
    native = event.get("changeTrackingId") or event.get("deploymentId")  # markers of the old REST API may have none
    return {
        "deployment_id": run.id(native or f"{guid}@{event['timestamp']}"),
        "component_id": run.id(guid) if guid else None,
        "environment": where or "unknown",
        "env_tier": tier(run, where) or "unknown",
        "sha": event.get("commit") or None,
        "version": event.get("version") or None,
        "created_at": at,
        "finished_at": None if status == "running" else at,
        "status": status,
        "status_raw": outcome,
        "is_inferred": False,
        "actor": event.get("user") or None,
        "url": event.get("deepLink") or None,
        "changes": [changelog] if changelog else None,
        "updated_at": at,
    }


def change_row(run: Run[Any], event: Json) -> Row:
    """A change that is no deployment."""
    guid, kind = event.get("entity.guid"), event.get("type")
    return {
        "change_id": run.id(event["changeTrackingId"]),
        "kind": run.word(CHANGES, plain(event.get("category")), "other"),
        "component_id": run.id(guid) if guid else None,
        "title": event.get("shortDescription") or event.get("description") or f"{event.get('category')}: {kind}",
        "actor": event.get("user") or None,
        "occurred_at": instant(event["timestamp"]),
        "tags": [str(kind)] if kind else None,
        "detail": json.dumps(event, sort_keys=True),
        "url": event.get("deepLink") or None,
    }
