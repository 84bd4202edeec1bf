"""Monthly reports of the Play Console as rows: installs, ratings and store performance, one line a day and place.

https://support.google.com/googleplay/android-developer/answer/6135870. Files of a month are written anew until it has
settled; those that land in one row are read together. Days are those of Los Angeles.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from aurora.contracts import Row, Table
from aurora.contracts.mobile import MobileInstallsDaily, StoreRatingsDaily
from ingest.connector import Run
from ingest.vendors.play_api import Object, Play
from ingest.vendors.play_csv import Cells, country, day, lines, stars, text_of, whole, word
from ingest.vendors.play_versions import Shown
from ingest.vendors.play_vitals import ZONE

# Reports of reviews come first: they name the versions that the others count by code.
KINDS = {
    "reviews": (("reviews/reviews_{}_", (None,)),),
    "installs": (("stats/installs/installs_{}_", ("overview", "app_version", "country")),),
    "ratings": (
        ("stats/ratings/ratings_{}_", ("overview", "country")),
        ("stats/store_performance/store_performance_{}_", ("country",)),
    ),
}
_REST = re.compile(r"(\d{4}(?:0[1-9]|1[0-2]))(?:_([a-z_]+))?\.csv")
UNKNOWN_VERSION = "unknown"
# What Play counts today, else the column that stood for it before.
COUNTS = {
    "install_count": ("install events", "daily device installs"),
    "uninstall_count": ("uninstall events", "daily device uninstalls"),
    "update_count": ("update events", "daily device upgrades"),
    "first_download_count": ("daily user installs",),
    "active_device_count": ("active device installs", "current device installs"),
}


@dataclass(frozen=True)
class Month:
    """The files of one kind and month of an app."""

    kind: str
    label: str
    files: tuple[Object, ...]

    @property
    def key(self) -> str:
        """What it is known by."""
        return f"{self.kind} {self.label}"

    @property
    def mark(self) -> str:
        """What changes with any of its files."""
        told = "\n".join(f"{one.name} {one.mark}" for one in self.files)
        return hashlib.sha256(told.encode(errors="replace")).hexdigest()[:16]


def months(play: Play, bucket: str, package: str, oldest: datetime) -> Iterator[Month]:
    """What the bucket has of an app since the month of `oldest`: by kind, the newest first. Raises SourceError."""
    for kind, places in KINDS.items():
        found: dict[str, list[Object]] = {}
        for prefix, cuts in places:
            start = prefix.format(package)
            for file in play.objects(bucket, start):
                named = _REST.fullmatch(file.name.removeprefix(start))
                if named and named[2] in cuts and named[1] >= f"{oldest:%Y%m}":
                    found.setdefault(named[1], []).append(file)
        yield from (Month(kind, label, tuple(found[label])) for label in sorted(found, reverse=True))


Make = Callable[[Cells], Row | None]


def made(run: Run[Any], table: type[Table], package: str, file: str, text: str, make: Make) -> Iterator[Row]:
    """A row of each line of a file that tells something; lines that are none are refused. Raises SourceError."""
    for cells in lines(run, table, file, text, ("date", "package name")):
        try:
            if cells.get("package name", "").strip() != package:
                raise ValueError(f"a line of {cells.get('package name', '')[:100]!r}, not of {package}")
            row = make(cells)
        except (ValueError, OverflowError, KeyError) as error:
            run.refuse(table, "report", f"{file}: {error}", dict(cells))
        else:
            if row:
                yield row


def install_rows(play: Play, bucket: str, package: str, month: Month, shown: Shown) -> Iterator[Row]:
    """Installs of a month by day: of all, by version, by country. Raises SourceError."""

    def make(cells: Cells) -> Row | None:
        return install_row(play.run, package, cells, shown)

    for file in month.files:
        text = text_of(play, bucket, file)
        yield from made(play.run, MobileInstallsDaily, package, file.name, text, make)


def install_row(run: Run[Any], package: str, cells: Cells, shown: Shown) -> Row | None:
    """A line of installs; None where it tells nothing. Raises ValueError."""
    told = {name: _first(cells, columns) for name, columns in COUNTS.items()}
    # The total is no longer kept up: Play writes 0 whatever was installed.
    told["lifetime_user_count"] = whole(cells.get("total user installs")) or None
    if all(value is None for value in told.values()):
        return None
    code = word(cells.get("app version code")) or UNKNOWN_VERSION
    is_known = "app version code" in cells and code != UNKNOWN_VERSION
    version = (shown.label(package, code) if is_known else code) if "app version code" in cells else ""
    place = {"version": version, "country": country(cells["country"]) if "country" in cells else ""}
    return {"store_app_id": run.id(package), **place, "day": day(cells["date"]), "day_tz": ZONE, **told}


def _first(cells: Cells, columns: Iterable[str]) -> int | None:
    return next((told for told in (whole(cells.get(name)) for name in columns) if told is not None), None)


def rating_rows(play: Play, bucket: str, package: str, month: Month) -> list[Row]:
    """Ratings and visitors of a month by day and country, '' for all: both land in one row. Raises SourceError."""
    found: dict[tuple[str, date], Row] = {}
    for file in month.files:
        text = text_of(play, bucket, file)
        make = _performance if "/store_performance_" in file.name else _rating
        for row in made(play.run, StoreRatingsDaily, package, file.name, text, make):
            _add(found, row)
            if make is _performance:
                _add(found, row | {"country": ""})
    return [_with_conversion({"store_app_id": play.run.id(package)} | row) for row in found.values()]


def _rating(cells: Cells) -> Row | None:
    told = {
        "rating_avg": stars(cells.get("total average rating")),
        "day_rating_avg": stars(cells.get("daily average rating")),
    }
    place = {"country": country(cells["country"]) if "country" in cells else "", "day": day(cells["date"])}
    return place | told if any(value is not None for value in told.values()) else None


def _performance(cells: Cells) -> Row | None:
    told = {
        "visitor_count": whole(cells.get("store listing visitors")),
        "acquisition_count": whole(cells.get("store listing acquisitions")),
    }
    where = cells["country / region"] if "country / region" in cells else cells["country"]
    place = {"country": country(where), "day": day(cells["date"])}
    return place | told if any(value is not None for value in told.values()) else None


def _add(found: dict[tuple[str, date], Row], row: Row) -> None:
    """Take a row into that of its place: counts add up, since each user has one country; averages stand as told."""
    mine = found.setdefault((row["country"], row["day"]), {"country": row["country"], "day": row["day"]})
    for name, value in row.items():
        if name.endswith("_count") and value is not None:
            mine[name] = (mine.get(name) or 0) + value
        elif value is not None:
            mine[name] = value


def _with_conversion(row: Row) -> Row:
    """Visitors who installed / visitors; worked out here, since a report may tell a fraction or a percentage."""
    visitors, taken = row.get("visitor_count"), row.get("acquisition_count")
    return row | {"conversion_ratio": taken / visitors if visitors and taken is not None else None}
