"""Sales reports of the App Store: downloads, redownloads and updates by version, country and day.

https://developer.apple.com/help/app-store-connect/reference/product-type-identifiers. Units below zero are refunds, no
downloads less; purchases inside an application are no downloads.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aurora.contracts.mobile import MobileInstallsDaily
from aurora.errors import SourceError
from ingest.connector import Checkpoint, Item, Run
from ingest.vendors.app_store_api import App, Client
from ingest.vendors.app_store_reports import Counts, Line, Parts, Unreadable, lines, number, version_of
from ingest.vendors.countries import UNKNOWN, country

OVERLAP = timedelta(days=5)  # days are read again: a report may come late
GIVEN_UP = timedelta(days=14)  # a day without a report is a day without sales after so long
NEEDED = ("product type identifier", "units", "begin date", "country code", "apple identifier", "version")
COLUMNS = ("first_download_count", "redownload_count", "update_count")
KINDS = {"1": COLUMNS[0], "3": COLUMNS[1], "7": COLUMNS[2]}
Told = dict[str, Counts]


def sales_items(run: Run[Any], client: Client, vendor_number: str, apps: list[App]) -> Iterator[Item]:
    """The days of which there may be a report, oldest first, each with a checkpoint."""
    parts, mark = Parts(run, MobileInstallsDaily), _mark(run)
    for day in days(run, mark):
        told = told_on(run, client, vendor_number, day)
        for app in apps if told is not None else ():
            for row in parts.retold(app.store_app_id, day, (told or {}).get(app.native_id, {}), COLUMNS):
                yield MobileInstallsDaily, row
        reached = day if told is not None else day - GIVEN_UP
        mark = max(mark, reached) if mark else reached
        yield Checkpoint({"day": mark.isoformat()})


def _mark(run: Run[Any]) -> date | None:
    """The day up to which reports were read, None before the first run."""
    try:
        return min(date.fromisoformat(str((run.cursor or {}).get("day"))), run.now.date())
    except ValueError:
        return None


def days(run: Run[Any], mark: date | None) -> Iterator[date]:
    """The days to read: from a little before the mark to yesterday; Apple keeps a year of them."""
    last = run.now.date() - timedelta(days=1)
    day = run.now.date() - min(run.options.history, timedelta(days=364))
    day = max(day, min(mark, last) + timedelta(days=1) - OVERLAP) if mark else day
    while day <= last:
        yield day
        day += timedelta(days=1)


def told_on(run: Run[Any], client: Client, vendor_number: str, day: date) -> Told | None:
    """Counts of a day by Apple id, version and country; None while there is no report: not ready yet, or no sales."""
    asked = {
        "filter[frequency]": "DAILY",
        "filter[reportDate]": day.isoformat(),
        "filter[reportSubType]": "SUMMARY",
        "filter[reportType]": "SALES",
        "filter[vendorNumber]": vendor_number,
        "filter[version]": "1_1",
    }
    with TemporaryDirectory(prefix="aurora-sales-") as folder:
        path = Path(folder) / "report"
        try:
            client.save("/v1/salesReports", asked, path)
        except SourceError as error:
            if error.error_class != "not_found":
                raise
            return None
        return counted(run, path, day)


def counted(run: Run[Any], path: Path, day: date) -> Told:
    """Counts of a report; a kind of download that it does not list for a version and country is none of that kind."""
    found, broken = Told(), Unreadable(run, MobileInstallsDaily, f"the sales report of {day}")
    for line in lines(run, path, NEEDED):
        told = broken.read(line, lambda one: _read(run, one, day))
        if told:
            native_id, key, column, units = told
            counts = found.setdefault(native_id, {}).setdefault(key, dict.fromkeys(COLUMNS, 0))
            counts[column] += units
    broken.close()
    return found


def _read(run: Run[Any], line: Line, day: date) -> tuple[str, tuple[str, str], str, int] | None:
    kind, units = line["product type identifier"], line["units"]
    column = KINDS.get(kind[:1])
    if column is None or units.startswith("-") or "-" in kind:
        if not column and not kind.startswith(("IA", "F")):
            run.unknown_words[kind[:40]] += 1
        return None
    if datetime.strptime(line["begin date"], "%m/%d/%Y").date() != day:  # noqa: DTZ007
        raise ValueError(f"{line['begin date'][:20]!r} is not {day}")
    place = version_of(line["version"]), country(run, line["country code"]) or UNKNOWN
    return line["apple identifier"], place, column, number(units)
