"""Crashes, ANRs and non-fatal errors that Android vitals groups, as error_groups.

https://developers.google.com/play/developer/reporting/reference/rest/v1beta1/vitals.errors.issues/search: counts are
those of the span that is asked for. Grouping is in Alpha: Google may give a group another id.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from aurora.contracts import Row
from aurora.contracts.operations import ErrorGroups
from ingest.connector import Json, Run
from ingest.vendors.play_api import Play
from ingest.vendors.play_versions import Builds

SPAN = timedelta(days=28)
KINDS = {"crash": "crash", "application_not_responding": "anr", "non_fatal": "non_fatal"}


def asked(now: datetime) -> dict[str, Any]:
    """What is asked for: the last 28 days by whole hours, UTC."""
    told: dict[str, Any] = {"pageSize": 1000, "orderBy": "errorReportCount desc"}
    end = now.replace(minute=0, second=0, microsecond=0)
    for name, at in (("startTime", end - SPAN), ("endTime", end)):
        parts = {"year": at.year, "month": at.month, "day": at.day, "hours": at.hour, "timeZone.id": "UTC"}
        told |= {f"interval.{name}.{part}": value for part, value in parts.items()}
    return told


def issues(play: Play, package: str, builds: Builds, first_seen: dict[str, datetime]) -> Iterator[Row]:
    """Every group that had a report in the last 28 days. Raises SourceError."""
    path = f"v1beta1/apps/{quote(package, safe='')}/errorIssues:search"
    for issue in play.listed(play.reporting, path, "errorIssues", asked(play.run.now)):
        try:
            yield issue_row(play.run, package, issue, builds, first_seen)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            message = f"an issue of {package}: {type(error).__name__}: {error}"
            play.run.refuse(ErrorGroups, "answer", message, {"issue": issue})


def issue_row(run: Run[Any], package: str, issue: Json, builds: Builds, first_seen: dict[str, datetime]) -> Row:
    """A group. Play tells neither its first report nor whether it is done: it is open while reports come in."""
    kind = run.word(KINDS, issue.get("type"), "error")
    group_id = run.id(f"{package}/{issue['name'].rpartition('/')[2]}")
    last = datetime.fromisoformat(issue["lastErrorReportTime"])
    cause, location = issue.get("cause") or None, issue.get("location") or None
    return {
        "error_group_id": group_id,
        "project_id": run.id(package),
        "store_app_id": run.id(package),
        "platform": "android",
        "kind": kind,
        "level": "fatal" if kind == "crash" else None,
        "title": cause or location or f"issue {issue['name'].rpartition('/')[2]}",
        "location": location,
        "state": "open",
        "is_unhandled": {"crash": True, "non_fatal": False}.get(kind),
        "event_count": _count(issue.get("errorReportCount")),
        "user_count": _count(issue.get("distinctUsers")),
        "first_version": _version(package, issue.get("firstAppVersion"), builds),
        "last_version": _version(package, issue.get("lastAppVersion"), builds),
        "first_seen_at": min(first_seen.get(group_id, last), last),
        "last_seen_at": last,
        "url": issue.get("issueUri") or None,
    }


def _count(told: Json) -> int | None:
    return int(told) if told is not None else None


def _version(package: str, told: Json, builds: Builds) -> str | None:
    code = (told or {}).get("versionCode")
    return builds.name(package, str(code)) if code else None
