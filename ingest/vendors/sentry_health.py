"""Health of releases as Sentry counts sessions: rows of a UTC day by project, release and environment."""

from datetime import datetime
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.environments import env_tier
from ingest.vendors.sentryapi import SESSIONS, place_of, short_version, whole_number
from ingest.vendors.tallies import tallied

HEALTH_KEY = ("project_id", "version", "env_tier")
# 10,000 points an answer, and each group has one for its day and one for its total.
MAX_GROUPS = 5_000


def health_rows(run: Run[Any], day: datetime, whole: list[Json], by_status: list[Json]) -> list[Row]:
    """Rows of a day. Adoption is a release's part of the sessions of its project and environment on that day.

    A release no group of which crashed has 0 crashes, since every session has a status; where Sentry cut the list of
    groups off, what is missing from it is not known.
    """
    is_cut = max(len(whole), len(by_status)) >= MAX_GROUPS
    if is_cut:
        run.warn(f"sessions of {day:%Y-%m-%d} have more than {MAX_GROUPS:,} groups and were cut off: name projects")
    statuses: dict[tuple[str, str, str], dict[str, Json]] = {}
    for group in by_status:
        status = run.word(SESSIONS, str(group["by"].get("session.status")))
        statuses.setdefault(place_of(group), {})[status] = group["totals"]
    missing = None if is_cut else 0
    rows = [health_row(run, day, group, statuses.get(place_of(group), {}), missing) for group in whole]
    return adopted(tallied(rows, HEALTH_KEY), is_cut)


def adopted(rows: list[Row], is_cut: bool) -> list[Row]:
    """The rows with their part of all sessions, null where that sum is not known."""
    every: dict[tuple[str, str], int] = {}
    for row in rows:
        place = row["project_id"], row["env_tier"]
        every[place] = every.get(place, 0) + (row["session_count"] or 0)
    for row in rows:
        total, count = every[row["project_id"], row["env_tier"]], row["session_count"]
        row["adoption_ratio"] = count / total if total and count is not None and not is_cut else None
    return rows


def health_row(run: Run[Any], day: datetime, group: Json, statuses: dict[str, Json], missing: int | None = 0) -> Row:
    """Sessions of one release in one environment; errored ones are those that had an error and did not crash."""
    by, totals = group["by"], group["totals"]
    absent = {"sum(session)": missing, "count_unique(user)": missing}
    crashed, errored, unhandled = (statuses.get(name, absent) for name in ("crashed", "errored", "unhandled"))
    failed = [whole_number(one.get("sum(session)")) for one in (errored, unhandled)]
    return {
        "project_id": run.id(by["project"]),
        "version": short_version(by.get("release")) or "",
        "env_tier": env_tier(run, by.get("environment")),
        "day": day.date(),
        "session_count": whole_number(totals.get("sum(session)")),
        "crashed_session_count": whole_number(crashed.get("sum(session)")),
        "errored_session_count": None if None in failed else sum(count or 0 for count in failed),
        "user_count": whole_number(totals.get("count_unique(user)")),
        "crashed_user_count": whole_number(crashed.get("count_unique(user)")),
    }
