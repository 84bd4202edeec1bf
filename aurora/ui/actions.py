"""What people do on pages: each act is a row, recorded under their name, before anything happens."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any, Literal

from aurora.contracts import COMMON
from aurora.contracts.delivery import DeploymentSignals
from aurora.contracts.estate import Tasks
from aurora.contracts.operations import Advice, MaintenanceWindows, Slos
from aurora.ui.data import lake, rows, settings, utc_now
from aurora.ui.session import actor
from warehouse.record import Change, record_decision, record_edit, record_edits, record_version

LinkState = Literal["confirmed", "rejected"]
Decided = Literal["accepted", "dismissed", "open"]


def run_source_now(name: str) -> None:
    """Ask the worker to run a source at once."""
    asked = datetime.now(UTC).isoformat()
    record_edit(settings().data, lake(), ("settings", name), "run_requested_at", asked, actor())


def change_fields(app_id: str, changes: list[Change], reason: str, seen: dict[str, str | None]) -> None:
    """Record what the visitor set, confirmed or took back, having seen these edits of the fields last.

    Raises LostRaceError if somebody was quicker.
    """
    record_edits(settings().data, lake(), ("app", app_id), changes, actor(), reason, seen)


def decide_link(app_id: str, kind: str, native_id: str, state: LinkState, path_prefix: str = "") -> None:
    """Record that a thing (or a folder of it) belongs to an application, or does not."""
    said = {"kind": kind, "native_id": native_id, "path_prefix": path_prefix, "state": state}
    field = f"link:{kind}:{native_id}" + (f"#{path_prefix}" if path_prefix else "")
    change = Change(field, json.dumps(said, ensure_ascii=False))
    record_edits(settings().data, lake(), ("app", app_id), [change], actor())


def take_back_link(app_id: str, kind: str, native_id: str, path_prefix: str = "") -> None:
    """Return a link to what files and sources say of it; where they say nothing, it is confirmed by hand."""
    field = f"link:{kind}:{native_id}" + (f"#{path_prefix}" if path_prefix else "")
    record_edits(settings().data, lake(), ("app", app_id), [Change(field, action="revert")], actor())
    said = """
        select 1 from app_links_now
        where app_id = $id and kind = $kind and native_id = $native_id and path_prefix = $path_prefix"""
    if not rows(said, id=app_id, kind=kind, native_id=native_id, path_prefix=path_prefix).height:
        decide_link(app_id, kind, native_id, "confirmed", path_prefix)


def save_initiative(said: dict[str, Any], task: dict[str, Any] | None = None) -> None:
    """Start an initiative with what was said (title, subject_id, owner_id, due_on, state), or change `task`.

    `task` is its row of tasks_now as the visitor saw it. Raises LostRaceError if somebody changed it since.
    """
    now = datetime.now(UTC)
    new = {"task_id": f"initiative-{uuid.uuid4().hex[:12]}", "created_at": now}
    kept = {name: task[name] for name in Tasks.own_columns() if name in task} if task else new
    if task:
        kept["created_at"] = task["created_at"].replace(tzinfo=UTC)
    row = kept | {"kind": "initiative", "subject_type": "scorecard"} | said | {"changed_by": actor(), "changed_at": now}
    record_version(settings().data, lake(), Tasks, row, expected=task["version"] if task else 0)


def save_objective(said: dict[str, Any], version: int) -> None:
    """Declare an objective, or change the one whose last version the visitor saw.

    Raises LostRaceError if somebody changed it since, ContractError for a value that the contract refuses.
    """
    row = dict.fromkeys(Slos.own_columns()) | said | {"declared_in": "SLOs page", "changed_by": actor()}
    stamped = row | {"changed_at": datetime.now(UTC)}
    record_version(settings().data, lake(), Slos, stamped, expected=version)


def save_announcement(said: dict[str, Any], window: dict[str, Any] | None = None) -> None:
    """Announce maintenance as said (title, app_id, component_id, starts_at, ends_at, is_public), or change `window`.

    `window` is its row of maintenance_now as the visitor saw it. Raises LostRaceError if somebody changed it since.
    """
    new = {"maintenance_id": f"maintenance-{uuid.uuid4().hex[:12]}"}
    kept = {name: window[name] for name in MaintenanceWindows.own_columns() if name in window} if window else new
    row = kept | said | {"changed_by": actor(), "changed_at": datetime.now(UTC)}
    row |= {name: row[name].replace(tzinfo=UTC) for name in ("starts_at", "ends_at")}
    record_version(settings().data, lake(), MaintenanceWindows, row, expected=window["version"] if window else 0)


def end_announcement(window: dict[str, Any]) -> None:
    """Let maintenance that is under way end now. Raises LostRaceError as save_announcement."""
    save_announcement({"ends_at": max(utc_now(), window["starts_at"])}, window)


def withdraw_announcement(window: dict[str, Any]) -> None:
    """Take an announcement back, as if it had never been. Raises LostRaceError as save_announcement."""
    save_announcement({"is_deleted": True}, window)


def change_project_status(project_id: str, status: str | None) -> None:
    """Record the status that a person gives a project; None gives it back to its sources."""
    change = Change("status", action="revert") if status is None else Change("status", json.dumps(status))
    record_edits(settings().data, lake(), ("project", project_id), [change], actor())


def save_signal(deployment_id: str, sign: dict[str, Any], verdict: str, reason: str) -> None:
    """Record what a person says of a sign that a deployment failed; the last word counts.

    Raises LostRaceError if somebody said something meanwhile.
    """
    key = {"deployment_id": deployment_id, "kind": sign["kind"], "subject_id": sign["subject_id"]}
    known = rows(
        "select max(version) as version from deployment_signals"
        " where deployment_id = $deployment_id and kind = $kind and subject_id = $subject_id",
        **key,
    )
    said = {name: sign[name] for name in ("rule", "confidence_ratio")} | {"verdict": verdict, "reason": reason}
    row = key | said | {"changed_by": actor(), "changed_at": datetime.now(UTC)}
    record_version(settings().data, lake(), DeploymentSignals, row, expected=known["version"][0] or 0)


def decide_anomaly(anomaly_id: str, state: Literal["explained", "dismissed"], words: str) -> None:
    """Record what a person says of an anomaly. Raises LostRaceError if somebody decided meanwhile."""
    record_decision(settings().data, lake(), anomaly_id, (state, words), actor())


def decide_advice(advice: dict[str, Any], state: Decided, reason: str) -> None:
    """Record what a person says of a piece of advice; `advice` is its row of advice_now as the visitor saw it.

    Raises LostRaceError if it has changed since.
    """
    kept = {name: advice[name] for name in Advice.own_columns() if name in advice and name not in COMMON}
    said = {"state": state, "reason": reason, "changed_by": actor(), "changed_at": datetime.now(UTC)}
    record_version(settings().data, lake(), Advice, kept | said, expected=advice["written_version"])
