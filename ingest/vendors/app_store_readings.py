"""What each analytics report of Apple tells: which of its counts belongs into which table and column.

https://developer.apple.com/documentation/analytics-reports: all but downloads and discovery count the devices whose
owners share their use, and leave out groups of fewer than five. Unique devices of a day are added up over versions,
models and ways to the store: a device that stands in two groups counts twice.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from aurora.contracts import Table
from aurora.contracts.mobile import MobileEngagementDaily, MobileInstallsDaily, ReleaseHealthDaily, StoreRatingsDaily
from ingest.connector import Run
from ingest.vendors.app_store_reports import Counts, Key, Line, measured, number, version_of
from ingest.vendors.countries import UNKNOWN, country

Piece = tuple[type[Table], Key, dict[str, float]]
Told = dict[date, dict[type[Table], Counts]]
DOWNLOADS = {
    "first-time download": "first_download_count",
    **dict.fromkeys(("redownload", "re-download"), "redownload_count"),
    **dict.fromkeys(("auto-update", "manual update"), "update_count"),
}


@dataclass(frozen=True)
class Reading:
    """How a report is read: its names, the best first; its columns; the columns that are its own, by table."""

    mark: str
    names: tuple[str, ...]
    needed: tuple[str, ...]
    own: dict[type[Table], tuple[str, ...]]
    read: Callable[[Run[Any], Line], Iterator[Piece]]

    @property
    def table(self) -> type[Table]:
        """The table that most of it belongs into."""
        return next(iter(self.own))


def _place(run: Run[Any], line: Line) -> Key:
    return version_of(line["app version"]), country(run, line["territory"]) or UNKNOWN


def _sessions(run: Run[Any], line: Line) -> Iterator[Piece]:
    counts = {
        "session_count": number(line["sessions"]),
        "session_total_s": measured(line["total session duration"]),
        "device_count": number(line["unique devices"]),
    }
    yield MobileEngagementDaily, _place(run, line), counts


def _crashes(run: Run[Any], line: Line) -> Iterator[Piece]:
    counts: dict[str, float] = {
        "crashed_session_count": number(line["counts"]),
        "crashed_user_count": number(line["unique devices"]),
    }
    yield ReleaseHealthDaily, (version_of(line["app version"]), ""), counts


def _installs(run: Run[Any], line: Line) -> Iterator[Piece]:
    """Installs that are no updates, and deletions."""
    event, count = line["event"].lower(), number(line["counts"])
    if event not in ("install", "delete"):
        run.unknown_words[event[:40]] += 1
    elif event == "delete":
        yield MobileInstallsDaily, _place(run, line), {"uninstall_count": count}
    elif "update" not in line.get("download type", "").lower():
        yield MobileInstallsDaily, _place(run, line), {"install_count": count}


def _downloads(run: Run[Any], line: Line) -> Iterator[Piece]:
    """Downloads by kind, unless sales reports tell them; first ones are what a store listing acquired, too."""
    kind, count, place = line["download type"].lower(), number(line["counts"]), _place(run, line)
    column = DOWNLOADS.get(kind)
    if column is None:
        run.unknown_words[kind[:40]] += 1
        return
    yield StoreRatingsDaily, ("", place[1]), {"acquisition_count": count if column == "first_download_count" else 0}
    if not run.options.vendor_number:
        yield MobileInstallsDaily, place, {column: count}


def _discovery(run: Run[Any], line: Line) -> Iterator[Piece]:
    """Impressions and views of the product page and of its sheet in other applications; events in apps aside."""
    event, place = line["event"].lower(), ("", country(run, line["territory"]) or UNKNOWN)
    count, devices = number(line["counts"]), number(line["unique devices"])
    if event not in ("impression", "page view", "tap"):
        run.unknown_words[event[:40]] += 1
    if "event" in line["page type"].lower():
        return
    if event == "impression":
        yield MobileEngagementDaily, place, {"impression_count": count}
    elif event == "page view":
        yield MobileEngagementDaily, place, {"page_view_count": count}
        yield StoreRatingsDaily, place, {"visitor_count": devices}


PLACED = ("date", "app version", "territory")
USED = ("session_count", "session_total_s", "device_count")
READINGS = (
    Reading(
        "sessions",
        ("App Sessions Standard", "App Sessions"),
        (*PLACED, "sessions", "total session duration", "unique devices"),
        {MobileEngagementDaily: USED},
        _sessions,
    ),
    Reading(
        "crashes",
        ("App Crashes", "App Crashes Expanded"),
        ("date", "app version", "counts", "unique devices"),
        {ReleaseHealthDaily: ("crashed_session_count", "crashed_user_count")},
        _crashes,
    ),
    Reading(
        "installs",
        ("App Store Installation and Deletion Standard", "App Store Installations and Deletions Standard"),
        (*PLACED, "event", "counts"),
        {MobileInstallsDaily: ("install_count", "uninstall_count")},
        _installs,
    ),
    Reading(
        "downloads",
        ("App Downloads Standard", "App Store Downloads Standard"),
        (*PLACED, "download type", "counts"),
        {
            MobileInstallsDaily: ("first_download_count", "redownload_count", "update_count"),
            StoreRatingsDaily: ("acquisition_count",),
        },
        _downloads,
    ),
    Reading(
        "discovery",
        ("App Store Discovery and Engagement Standard",),
        ("date", "event", "page type", "territory", "counts", "unique devices"),
        {MobileEngagementDaily: ("impression_count", "page_view_count"), StoreRatingsDaily: ("visitor_count",)},
        _discovery,
    ),
)
