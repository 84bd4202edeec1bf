"""Days as analytics reports tell them: rows of each table, and sessions without a crash out of two reports.

Crash-free sessions = 1 - crashes / sessions, both of devices that share their use. Apple leaves out sessions of groups
of fewer than five devices, crashes not: where crashes exceed sessions the two cannot be compared, and sessions of that
version and day are null in release_health_daily.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from aurora.contracts import Row, Table
from aurora.contracts.mobile import (
    MobileEngagementDaily,
    MobileInstallsDaily,
    MobileVitalsDaily,
    ReleaseHealthDaily,
    StoreRatingsDaily,
)
from ingest.connector import Item, Run
from ingest.vendors.app_store_api import PACIFIC, App
from ingest.vendors.app_store_readings import Reading, Told
from ingest.vendors.app_store_reports import Counts, Parts

COMPLETE_AFTER = timedelta(days=5)  # https://developer.apple.com/documentation/analytics-reports/app-sessions
CRASH_COLUMNS = ("crashed_session_count", "crashed_user_count")


class Days:
    """What is known of the days of all applications in a run, landed or told since."""

    def __init__(self, run: Run[Any]) -> None:
        self.run = run
        tables = (MobileEngagementDaily, MobileInstallsDaily, StoreRatingsDaily, ReleaseHealthDaily)
        self.parts: dict[type[Table], Parts] = {table: Parts(run, table) for table in tables}

    def items(self, app: App, reading: Reading, told: Told) -> Iterator[Item]:
        """The rows of the days that an instance of a report tells."""
        for day, by_table in sorted(told.items()):
            for table, own in reading.own.items():
                counts = by_table.get(table, {})
                if table is ReleaseHealthDaily:
                    yield from self._health(app, day, counts)
                elif not self._is_of_sales(table, own):
                    rows = self.parts[table].retold(app.store_app_id, day, counts, own)
                    yield from ((table, row) for row in rows)
            if reading.mark == "sessions":
                yield from self._health(app, day, None)

    def _is_of_sales(self, table: type[Table], own: tuple[str, ...]) -> bool:
        """Whether sales reports tell these columns, to the last download and without leaving out small groups."""
        return bool(self.run.options.vendor_number) and table is MobileInstallsDaily and "update_count" in own

    def settled(self, app: App, first: date, last: date) -> Iterator[Item]:
        """Days of which the crash report is complete and tells no crash: there was none.

        `first` is when its oldest instance was made, `last` when its newest one was.
        """
        health = self.parts[ReleaseHealthDaily]
        for back in range((last - COMPLETE_AFTER - first).days + 1):
            day = first + timedelta(days=back)
            rows = health.day(app.store_app_id, day).values()
            if rows and all(row["crashed_session_count"] is None for row in rows):
                yield from self._health(app, day, {})

    def _health(self, app: App, day: date, crashes: Counts | None) -> Iterator[Item]:
        """Rows of a day by version. `crashes`: those that a report tells now, None for those that landed."""
        sessions, known = self._sessions(app, day), self.parts[ReleaseHealthDaily].day(app.store_app_id, day)
        total = sum(count for count, _ in sessions.values())
        told = {key[0]: counts for key, counts in (crashes or {}).items()}
        is_told = crashes is not None or any(row["crashed_session_count"] is not None for row in known.values())
        none = dict.fromkeys(CRASH_COLUMNS, 0 if is_told else None)
        for version in dict.fromkeys([*sessions, *told, *(key[0] for key in known)]):
            before = known.get((version, ""), {})
            landed = {name: before[name] for name in CRASH_COLUMNS if before.get(name) is not None}
            crashed: Row = none | (landed if crashes is None else told.get(version, {}))
            count, users = sessions.get(version, (None, None))
            row = health_row(app, version, day, (count, users), crashed) | {
                "adoption_ratio": count / total if count is not None and total else None
            }
            if any(row[name] != before.get(name) for name in row):
                known[version, ""] = row
                yield ReleaseHealthDaily, row
                if crash_ratio(row) is not None or crash_ratio(before) is not None:
                    yield MobileVitalsDaily, crash_row(row)

    def _sessions(self, app: App, day: date) -> dict[str, tuple[int, int]]:
        """Sessions and devices of each version, all countries together."""
        found: dict[str, tuple[int, int]] = {}
        for (version, _), row in self.parts[MobileEngagementDaily].day(app.store_app_id, day).items():
            if row.get("session_count") is not None:
                count, users = found.get(version, (0, 0))
                found[version] = count + row["session_count"], users + (row["device_count"] or 0)
        return found


def health_row(app: App, version: str, day: date, used: tuple[int | None, int | None], crashed: Row) -> Row:
    """Sessions and crashes of a version; of used (sessions, devices) what is below the crashes is null."""
    count, users = used
    crashes, crashed_users = (crashed[name] for name in CRASH_COLUMNS)
    is_short = count is not None and crashes is not None and crashes > count
    is_few = users is not None and crashed_users is not None and crashed_users > users
    return {
        "project_id": app.store_app_id,
        "store_app_id": app.store_app_id,
        "version": version,
        "env_tier": "production",
        "day": day,
        "session_count": None if is_short else count,
        "crashed_session_count": crashes,
        "user_count": None if is_few else users,
        "crashed_user_count": crashed_users,
    }


def crash_ratio(health: Row) -> float | None:
    """The part (0 to 1) of a version's devices on which it crashed, None where that cannot be told."""
    users, crashed = health.get("user_count"), health.get("crashed_user_count")
    return crashed / users if users and crashed is not None else None


def crash_row(health: Row) -> Row:
    """The ratio as a vital of the day; null where a correction took it back."""
    return {
        "store_app_id": health["store_app_id"],
        "version": health["version"],
        "device_model": "",
        "country": "",
        "vital": "crash",
        "vital_raw": "App Crashes: unique devices of those with sessions",
        "day": health["day"],
        "day_tz": PACIFIC,
        "value": crash_ratio(health),
        "unit": "ratio",
        "user_count": health["user_count"],
    }
