"""Reports on their days: what is due is found from settings, the clock and what was sent; each period goes out once.

Each run is a row of report_runs with its period; a turn that failed is tried again an hour later.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from aurora.contracts import Row
from aurora.contracts.platform import ReportRuns
from aurora.errors import AuroraError
from aurora.report_settings import FOLDER, Schedule
from aurora.reports.deliver import send
from aurora.reports.make import UNSURE, Wanted, make
from aurora.reports.month import Month, last_full
from aurora.settings import Settings
from warehouse.lake import Lake
from warehouse.locks import locked
from warehouse.publish import current

log = logging.getLogger("aurora.reports")
LOCK, DONE = "reports.lock", "done"
AGAIN_AFTER = timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(days=3)


@dataclass(frozen=True)
class Turn:
    """One sending: a schedule, its month, one of its targets, and since when it is due (UTC without a zone)."""

    schedule: Schedule
    month: Month
    target: str
    due_at: datetime

    @property
    def period(self) -> str:
        """What it is known by, in the rows of its runs."""
        return f"{self.schedule.report}/{self.month}/{self.schedule.format}/{self.target}"


def next_at(schedule: Schedule, now: datetime) -> datetime:
    """When the schedule is due next, after `now`."""
    first = due_at(schedule, Month(now.date().replace(day=1)))
    return first if first > now else due_at(schedule, Month(now.date().replace(day=1)).after)


def due_at(schedule: Schedule, month: Month) -> datetime:
    """When in that month the schedule is due."""
    hour, minute = map(int, schedule.time.split(":"))
    return month.since + timedelta(days=schedule.day - 1, hours=hour, minutes=minute)


def due(schedules: Iterable[Schedule], runs: Iterable[Row], now: datetime) -> Iterator[Turn]:
    """Turns that are due and not done: neither sent, nor tried within the hour, nor older than three days.

    What was due while Aurora was off is sent when it is on again, within those three days.
    """
    seen = _seen(runs)
    for schedule in schedules:
        at = due_at(schedule, Month(now.date().replace(day=1)))
        if not at <= now < at + GIVEN_UP_AFTER:
            continue
        for target in schedule.to:
            turn = Turn(schedule, last_full(now), target, at)
            status, tried_at = seen.get(turn.period, ("", None))
            if status != DONE and (tried_at is None or now - tried_at >= AGAIN_AFTER):
                yield turn


def _seen(runs: Iterable[Row]) -> dict[str, tuple[str, datetime]]:
    """Period -> state and instant of its newest run; one that went out, or may have, stays."""
    found: dict[str, tuple[str, datetime]] = {}
    for run in sorted(runs, key=lambda one: one["started_at"]):
        period = json.loads(run["parameters"] or "{}").get("period")
        if period and found.get(period, ("", None))[0] != DONE:
            state = DONE if run["status"] == "ok" or run["error"] == UNSURE else "failed"
            found[period] = state, run["started_at"]
    return found


def send_due(settings: Settings, lake: Lake, now: datetime | None = None) -> None:
    """Make and send what is due; a failure is a row with a sentence, and the others go on."""
    at = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
    if not settings.report.schedule or current(settings.published) is None:
        return
    with locked(settings.data / "locks" / LOCK):
        for turn in due(settings.report.schedule, lake.read(ReportRuns).to_dicts(), at):
            _take(settings, lake, turn, at)


def _take(settings: Settings, lake: Lake, turn: Turn, at: datetime) -> None:
    schedule = turn.schedule
    wanted = Wanted(schedule.report, turn.month, schedule.format, period=turn.period)
    mail = None if turn.target == FOLDER else partial(send, target=turn.target)
    try:
        make(settings, lake, wanted, mail, at.replace(tzinfo=UTC))
    except Exception as error:  # it is a row by now; the next turn must not wait for this one
        log.error("%s: %s", turn.period, error, exc_info=not isinstance(error, AuroraError))
