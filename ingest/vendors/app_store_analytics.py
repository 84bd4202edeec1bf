"""The chain of analytics reports: a standing request for each application, its reports, a file a day, parts of files.

https://developer.apple.com/documentation/analytics-reports/data-completeness-corrections: each day Apple makes an
instance with the newest days of a report; what it tells of a day takes the place of all that earlier ones told of it.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aurora.errors import SourceError
from ingest.connector import Checkpoint, Item, Json, Run
from ingest.vendors.app_store_api import App, Client, part
from ingest.vendors.app_store_days import Days
from ingest.vendors.app_store_readings import READINGS, Reading, Told
from ingest.vendors.app_store_reports import Line, Unreadable, lines
from ingest.vendors.bills import noted, raise_noted

CATEGORIES = "APP_USAGE,APP_STORE_ENGAGEMENT,COMMERCE,PERFORMANCE"
CONFLICT = "answered 409"
MAX_ROWS = 100_000  # versions and countries of a day; a company has some thousands
SETTLED = timedelta(days=60)  # days are looked at for whether they are complete


@dataclass(frozen=True)
class Instance:
    """One day's delivery of a report."""

    instance_id: str
    processed_on: date


def request_id(run: Run[Any], client: Client, app: App) -> str | None:
    """The application's standing request for reports, made if there is none; None, and told, where that is refused."""
    path = f"/v1/apps/{part(app.native_id)}/analyticsReportRequests"
    live, stopped = _requests(client, path)
    if live:
        return live
    body = {"type": "analyticsReportRequests", "attributes": {"accessType": "ONGOING"}}
    of_app = {"relationships": {"app": {"data": {"type": "apps", "id": app.native_id}}}}
    try:
        return client.made("/v1/analyticsReportRequests", body | of_app)
    except SourceError as error:
        if error.error_class != "permission" and CONFLICT not in str(error):
            raise
        if error.error_class == "permission":
            told = "analytics reports were never asked for, or Apple stopped them since nobody read them: the first"
            run.warn(f"{app.name}: {told} request needs a key with the role Admin, once")
            return stopped
    live, stopped = _requests(client, path)  # somebody else was first
    if not live and stopped:
        run.warn(f"{app.name}: Apple stopped its analytics reports since nobody read them: delete that request")
    return live or stopped


def _requests(client: Client, path: str) -> tuple[str | None, str | None]:
    """The standing request that runs, and one that Apple stopped."""
    found: dict[bool, str] = {}
    for native_id, about in client.resources(path, {"limit": 200, "filter[accessType]": "ONGOING"}):
        if about.get("accessType") == "ONGOING":
            found.setdefault(bool(about.get("stoppedDueToInactivity")), native_id)
    return found.get(False), found.get(True)


def reports(run: Run[Any], client: Client, app: App, request: str) -> Iterator[tuple[Reading, list[str]]]:
    """The readings with the ids of their reports, the best first; none while Apple has made no report yet."""
    path = f"/v1/analyticsReportRequests/{part(request)}/reports"
    listed = client.resources(path, {"limit": 200, "filter[category]": CATEGORIES})
    by_name = {str(about.get("name")).lower(): native_id for native_id, about in listed}
    for reading in READINGS:
        found = [by_name[name.lower()] for name in reading.names if name.lower() in by_name]
        if found:
            yield reading, found
        elif by_name:
            run.warn(f"{app.name}: App Store Connect lists no report {reading.names[0]!r}")


def instances(client: Client, report_ids: list[str]) -> list[Instance]:
    """The daily instances of the first of the reports that has any, oldest first."""
    for report_id in report_ids:
        path = f"/v1/analyticsReports/{part(report_id)}/instances"
        asked = {"limit": 200, "filter[granularity]": "DAILY"}
        listed = [one for one in client.resources(path, asked) if one[1].get("granularity") == "DAILY"]
        if listed:
            found = [Instance(one, _processed_on(client.who, about)) for one, about in listed]
            return sorted(found, key=lambda one: one.processed_on)
    return []


def _processed_on(who: str, about: Json) -> date:
    try:
        return date.fromisoformat(str(about.get("processingDate")))
    except ValueError as error:
        raise SourceError(f"{who}: an instance of a report tells no processingDate", "schema_drift") from error


def told_by(run: Run[Any], client: Client, app: App, reading: Reading, instance: Instance) -> Told:
    """All that an instance tells, of each day it tells of. Raises SourceError: partial for a file that is damaged."""
    found = Told()
    name = f"{reading.names[0]} of {instance.processed_on} for {app.name}"
    broken = Unreadable(run, reading.table, name)
    path = f"/v1/analyticsReportInstances/{part(instance.instance_id)}/segments"
    for _, segment in list(client.resources(path, {"limit": 200})):
        with TemporaryDirectory(prefix="aurora-analytics-") as folder:
            file = Path(folder) / "segment"
            client.save_elsewhere(str(segment.get("url")), file)
            _verify(f"{run.source_instance}: {name}", file, segment)
            for line in lines(run, file, reading.needed):
                broken.read(line, lambda one: _add(run, app, reading, instance, found, one))
    broken.close()
    return found


def _verify(who: str, file: Path, told: Json) -> None:
    """Raises SourceError(partial) for a file that is not the one that Apple announced."""
    size, wanted = told.get("sizeInBytes"), str(told.get("checksum") or "")
    if isinstance(size, int) and size != file.stat().st_size:
        raise SourceError(f"{who} has {file.stat().st_size} bytes instead of {size}: tried again later", "partial")
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False))
    if wanted and wanted.lower() != digest.hexdigest() and wanted != base64.b64encode(digest.digest()).decode():
        raise SourceError(f"{who} does not have the checksum that Apple tells: tried again later", "partial")


def _add(run: Run[Any], app: App, reading: Reading, instance: Instance, found: Told, line: Line) -> None:
    """Add a line's counts to those of its day."""
    day = date.fromisoformat(line["date"])
    if not instance.processed_on - timedelta(days=400) <= day <= instance.processed_on:
        raise ValueError(f"{day} is no day that a report of {instance.processed_on} tells of")
    if line.get("app apple identifier", app.native_id) != app.native_id:
        raise ValueError(f"it is of application {line['app apple identifier'][:20]!r}")
    parts = list(reading.read(run, line))
    of_day = found.setdefault(day, {})
    for table, key, counts in parts:
        rows = of_day.setdefault(table, {})
        if len(rows) >= MAX_ROWS and key not in rows:
            raise SourceError(
                f"{run.source_instance}: {app.name} has more than {MAX_ROWS:,} rows a day", "schema_drift"
            )
        row = rows.setdefault(key, {})
        for column, count in counts.items():
            row[column] = row.get(column, 0) + count


def analytics_items(run: Run[Any], client: Client, apps: list[App]) -> Iterator[Item]:
    """Days of each application and report, a checkpoint for each instance; a fault of one report stops no other."""
    failures, marks, days = list[SourceError](), Marks(run), Days(run)
    for app in apps:
        with noted(run, failures):
            request = request_id(run, client, app)
            for reading, report_ids in list(reports(run, client, app, request)) if request else ():
                with noted(run, failures):
                    yield from _report_items(run, client, app, reading, report_ids, marks, days)
    yield marks.checkpoint()
    raise_noted(failures)


def _report_items(
    run: Run[Any],
    client: Client,
    app: App,
    reading: Reading,
    report_ids: list[str],
    marks: "Marks",
    days: Days,
) -> Iterator[Item]:
    """What is new of one report, oldest first: so the newest instance has the last word about a day."""
    listed = instances(client, report_ids)
    after = marks.of(app, reading) or run.now.date() - run.options.history
    for instance in (one for one in listed if one.processed_on > after):
        yield from days.items(app, reading, told_by(run, client, app, reading, instance))
        yield marks.reached(app, reading, instance.processed_on)
    if listed and reading.mark == "crashes":
        last = listed[-1].processed_on
        yield from days.settled(app, max(listed[0].processed_on, last - SETTLED), last)


class Marks:
    """Up to which instance each report of each application was read; that is the cursor."""

    def __init__(self, run: Run[Any]) -> None:
        self.today, self.marks = run.now.date(), dict((run.cursor or {}).get("apps", {}))

    def of(self, app: App, reading: Reading) -> date | None:
        """The day on which the newest instance that was read was made."""
        told = self.marks.get(app.native_id, {}).get(reading.mark)
        try:
            return min(date.fromisoformat(str(told)), self.today)
        except ValueError:
            return None

    def reached(self, app: App, reading: Reading, day: date) -> Checkpoint:
        """An instance is read whole."""
        self.marks = self.marks | {app.native_id: self.marks.get(app.native_id, {}) | {reading.mark: day.isoformat()}}
        return self.checkpoint()

    def checkpoint(self) -> Checkpoint:
        """As far as all reports were read."""
        return Checkpoint({"apps": self.marks})
