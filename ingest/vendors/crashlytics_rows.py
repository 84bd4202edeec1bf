"""Rows of Crashlytics' export: groups of errors, and the health of each version by day; all functions are pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from aurora.contracts import Row, Table
from aurora.contracts.mobile import MobileVitalsDaily, ReleaseHealthDaily
from ingest.connector import Run

KINDS = {"fatal": "crash", "anr": "anr", "non_fatal": "non_fatal"}
LATE = timedelta(days=3)
Told = dict[str, str | None]


@dataclass(frozen=True)
class App:
    """An application of the Firebase project; `bundle` is its package or bundle id where it is known by now."""

    table: str
    platform: str
    bundle: str | None

    def store_app_id(self, run: Run[Any]) -> str | None:
        """Play knows an app by its package, the App Store by a number that only `app_store_ids` tells."""
        native = self.bundle if self.platform == "android" else run.options.app_store_ids.get(self.bundle or "")
        return run.id(native) if native else None


@dataclass(frozen=True)
class Days:
    """What was read of an app: rows by (day, version); `sessions` is None where the project exports none."""

    events: dict[tuple[date, str], Told]
    sessions: dict[tuple[date, str], Told] | None
    today: date

    def is_told(self, day: date) -> bool:
        """Whether a day's events have been exported: one of it or of a later day came, or rows are late no more."""
        return day < self.today - LATE or (self.newest is not None and day <= self.newest)

    @cached_property
    def newest(self) -> date | None:
        """The newest day of which an event came."""
        return max((day for day, _ in self.events), default=None)


def project_row(run: Run[Any], app: App, first_seen_at: datetime) -> Row:
    """The application as a project of errors."""
    return {
        "project_id": run.id(app.table),
        "key": app.table,
        "name": f"{app.bundle or app.table} ({app.platform})",
        "kind": "errors",
        "url": console(run, app),
        "first_seen_at": first_seen_at,
    }


def issue_row(run: Run[Any], app: App, told: Told, before: Row | None) -> Row:
    """An issue with its counts in the span that was read; what is known of its beginning stays."""
    first, version = datetime.fromisoformat(str(told["first_seen_at"])), told["first_version"]
    if before and before["first_seen_at"] < first:
        first, version = before["first_seen_at"], before["first_version"]
    kind = run.word(KINDS, told["kind"], default="error")
    url = console(run, app)
    return {
        "error_group_id": run.id(told["issue_id"]),
        "project_id": run.id(app.table),
        "store_app_id": app.store_app_id(run),
        "platform": app.platform,
        "kind": kind,
        "level": "fatal" if kind == "crash" else None,
        "title": told["title"] or f"issue {told['issue_id']}",
        "location": place(told),
        "state": "unknown",
        "is_unhandled": {"crash": True, "non_fatal": False}.get(kind),
        "event_count": int(told["events"] or 0),
        "user_count": int(told["users"] or 0),
        "first_version": version or None,
        "last_version": told["last_version"] or None,
        "first_seen_at": first,
        "last_seen_at": datetime.fromisoformat(str(told["last_seen_at"])),
        "url": f"{url}/issues/{told['issue_id']}" if url else None,
    }


def place(told: Told) -> str | None:
    """Where an issue is: its subtitle and the blamed line."""
    line = f":{told['line']}" if told["line"] else ""
    file = f"{told['file']}{line}" if told["file"] else None
    return f"{told['subtitle']} ({file})" if told["subtitle"] and file else told["subtitle"] or file


def console(run: Run[Any], app: App) -> str | None:
    """The application's page in Firebase's console."""
    project = run.options.dataset_project or run.options.project
    base = f"https://console.firebase.google.com/project/{project}/crashlytics/app"
    return f"{base}/{app.platform}:{app.bundle}" if app.bundle else None


def health_items(run: Run[Any], app: App, days: Days) -> Iterator[tuple[type[Table], Row]]:
    """A row per day and version, and the vitals that sessions tell."""
    every: dict[date, int] = {}
    for (day, _), told in (days.sessions or {}).items():
        every[day] = every.get(day, 0) + int(told["sessions"] or 0)
    for day, version in sorted({*days.events, *(days.sessions or {})}):
        row = health_row(days, day, version, every)
        own = {"store_app_id": app.store_app_id(run), "version": version, "day": day}
        yield ReleaseHealthDaily, {"project_id": run.id(app.table), "env_tier": run.options.env_tier} | own | row
        if own["store_app_id"] and row["session_count"] and days.is_told(day):
            yield from vital_items(app, own, (days.sessions or {})[day, version])


def health_row(days: Days, day: date, version: str, every: dict[date, int]) -> Row:
    """Sessions where they are exported, else null; crashes are null too until the day's events have come."""
    session, event = (days.sessions or {}).get((day, version)), days.events.get((day, version))
    crashed = session["crashed_users"] if session else event["crashed_users"] if event else None
    is_told = days.is_told(day)
    row: Row = {"crashed_user_count": int(crashed or 0) if is_told else None, "session_count": None}
    if session is None:
        return row
    count = int(session["sessions"] or 0)
    return row | {
        "session_count": count,
        "crashed_session_count": int(session["crashed_sessions"] or 0) if is_told else None,
        "errored_session_count": int(session["errored_sessions"] or 0) if is_told else None,
        "user_count": int(session["users"] or 0),
        "adoption_ratio": count / every[day] if every[day] else None,
    }


def vital_items(app: App, own: Row, told: Told) -> Iterator[tuple[type[Table], Row]]:
    """The part of the day's installations that crashed, and on Android that did not respond, whoever noticed it."""
    users = int(told["users"] or 0)
    counted = {"crash": told["crashed_users"]} | ({"anr": told["anr_users"]} if app.platform == "android" else {})
    for vital, count in counted.items() if users else ():
        yield (
            MobileVitalsDaily,
            own
            | {
                "device_model": "",
                "country": "",
                "vital": vital,
                "vital_raw": "installations with such an event / installations with a session",
                "day_tz": "UTC",
                "value": int(count or 0) / users,
                "unit": "ratio",
                "user_count": users,
            },
        )
