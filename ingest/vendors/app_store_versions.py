"""Versions of the App Store as releases, and as deployments to production.

App Store Connect does not tell when a version came out: it is when its phased release began, the date that was set for
it, or else the run that first saw it on sale; of a version that was on sale before the first run it is not known.
"""

from datetime import datetime
from typing import Any

from aurora.contracts import Row
from aurora.contracts.mobile import MobileReleases
from ingest.connector import Json, Run
from ingest.vendors.app_store_api import App, Included, about_related, moment, moment_or_none, needed, related, text

STATES = {
    **dict.fromkeys(("prepare_for_submission", "developer_rejected", "ready_for_review"), "draft"),
    **dict.fromkeys(("waiting_for_review", "in_review", "accepted", "waiting_for_export_compliance"), "in_review"),
    **dict.fromkeys(("pending_apple_release", "pending_developer_release", "pending_contract"), "in_review"),
    **dict.fromkeys(("processing_for_distribution", "processing_for_app_store"), "in_review"),
    "preorder_ready_for_sale": "in_review",
    **dict.fromkeys(("ready_for_distribution", "ready_for_sale", "replaced_with_new_version"), "released"),
    **dict.fromkeys(("rejected", "metadata_rejected", "invalid_binary"), "rejected"),
    **dict.fromkeys(("developer_removed_from_sale", "removed_from_sale"), "removed"),
}
REMOVED = ("DEVELOPER_REMOVED_FROM_SALE", "REMOVED_FROM_SALE")
ON_SALE = ("READY_FOR_DISTRIBUTION", "READY_FOR_SALE")
SHIPPED = ("rolling_out", "released", "halted", "removed")
# https://developer.apple.com/help/app-store-connect/update-your-app/release-a-version-update-in-phases: days 1 to 7
PHASES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
DEPLOYED = {
    "in_review": "queued",
    "rolling_out": "running",
    "released": "success",
    "halted": "rolled_back",
    "rejected": "failed",
    "removed": "rolled_back",
    "unknown": "unknown",
}
ASKED = {
    "limit": 50,
    "filter[platform]": "IOS",
    "include": "appStoreVersionPhasedRelease,appStoreVersionLocalizations",
    "limit[appStoreVersionLocalizations]": 50,
}
Known = dict[str, Row]


def known_releases(run: Run[Any]) -> Known:
    """Releases of this source as they landed, by id."""
    return {row["mobile_release_id"]: row for row in run.landed(MobileReleases).iter_rows(named=True)}


def release_row(run: Run[Any], app: App, known: Known, among: Included, version: Json) -> Row:
    """A version with its phased release; `updated_at` is the run that first saw it as it is now."""
    about, release_id = version["attributes"], run.id(version["id"])
    phased = about_related(version, "appStoreVersionPhasedRelease", among)
    raw = _raw_state(about)
    state, ratio = rolled(run.word(STATES, raw), raw, phased)
    row = {
        "mobile_release_id": release_id,
        "store_app_id": app.store_app_id,
        "version": needed(text(about["versionString"], 100)),
        "track": "production",
        "track_raw": "App Store",
        "state": state,
        "state_raw": f"{raw} ({phased['phasedReleaseState']})" if phased.get("phasedReleaseState") else raw,
        "rollout_ratio": ratio,
        "created_at": moment(about["createdDate"]),
        "notes": _notes(app, version, among),
    }
    before = known.get(release_id)
    row["released_at"] = released_at(run.now, state, about, phased, before)
    is_same = before is not None and all(row[name] == before[name] for name in row)
    first = row["released_at"] or row["created_at"]
    row["updated_at"] = (before["updated_at"] if is_same else run.now) if before else first
    return row


def _raw_state(about: Json) -> str:
    """The state; that an app was taken from sale is told by the older of the two names alone."""
    older = about.get("appStoreState")
    return str(older if older in REMOVED else about.get("appVersionState") or older)


def rolled(state: str, raw: str, phased: Json) -> tuple[str, float | None]:
    """The state and the part of users (0 to 1) that a phased release has reached; None where that is not told.

    A paused one is halted: nobody else gets the version by an automatic update.
    """
    if raw not in ON_SALE:
        return state, None
    word, day = str(phased.get("phasedReleaseState") or "COMPLETE"), phased.get("currentDayNumber")
    reached = PHASES[min(day, len(PHASES)) - 1] if isinstance(day, int) and day >= 1 else None
    if word in ("ACTIVE", "PAUSED"):
        return ("rolling_out" if word == "ACTIVE" else "halted"), reached
    return state, 1.0 if word == "COMPLETE" else None


def released_at(now: datetime, state: str, about: Json, phased: Json, before: Row | None) -> datetime | None:
    """When a version came to users, None while it has not or where that is not known."""
    known: datetime | None = before["released_at"] if before else None
    if known or state not in SHIPPED:
        return known
    told = moment_or_none(phased.get("startDate")) or moment_or_none(about.get("earliestReleaseDate"))
    if told and told <= now:
        return told
    return now if before and before["state"] not in SHIPPED else None


def _notes(app: App, version: Json, among: Included) -> str | None:
    """What is new, in the application's first language if it is told in that one."""
    told = [one.get("attributes") or {} for one in related(version, "appStoreVersionLocalizations", among)]
    first = next((one for one in told if one.get("locale") == app.locale), told[0] if told else {})
    return text(first.get("whatsNew"), 10_000)


def deployment_row(run: Run[Any], app: App, release: Row) -> Row | None:
    """A version as a deployment to production, None for one that nobody has submitted yet."""
    status, created_at = DEPLOYED.get(release["state"]), release["created_at"]
    if status is None:
        return None
    # Of what was so already when it was first seen the time is not known.
    changed_at = release["updated_at"] if release["updated_at"] > (release["released_at"] or created_at) else None
    ended = {"success": release["released_at"], "rolled_back": changed_at, "failed": changed_at}
    return {
        "deployment_id": run.id(f"version:{release['mobile_release_id'].removeprefix(run.id(''))}"),
        "store_app_id": app.store_app_id,
        "environment": "App Store",
        "env_tier": "production",
        "version": release["version"],
        "created_at": created_at,
        "started_at": release["released_at"],
        "finished_at": ended.get(status),
        "status": status,
        "status_raw": release["state_raw"],
        "is_inferred": False,
        "url": f"https://apps.apple.com/app/id{app.native_id}",
        "updated_at": release["updated_at"],
    }
