"""The mobile applications in their stores: when which version came out, and how far it has spread.

One release of the Android app, 12 days before the first run, crashes; it is halted and mended five days later. The
newest version of Mobile App V2 is on its way out at the first run, in Apple's phases, and starts slower than the last.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ingest.demo.catalog import APP, App
from ingest.demo.names import STORE_APPS
from ingest.demo.world import DAY, HOUR, World, floor

ANDROID = "property-manager-android"
BAD_AGO, BAD_DAYS = 12 * DAY, 5
# Days between releases, and days before the first run of the one that the others are counted from.
PHASED = "mobile-app-v2"
RHYTHM: dict[str, tuple[int, float]] = {"property-manager-ios": (14, 10), ANDROID: (14, 12), PHASED: (21, 5.5)}
REVIEW = 9 * HOUR
SPREAD_DAYS = 4.0
STAGES = ((0 * DAY, 0.2), (1 * DAY, 0.5), (3 * DAY, 1.0))
# The seven days of a phased release: developer.apple.com/help/app-store-connect, "Release a version update in phases".
PHASES = tuple((day * DAY, ratio) for day, ratio in enumerate((0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)))


@dataclass(frozen=True)
class Release:
    """A version in a store; `at` is when the first users were offered it."""

    app: App
    number: int
    version: str
    at: datetime
    is_bad: bool = False

    @property
    def stages(self) -> list[tuple[datetime, float]]:
        """When which part of the users was offered it: in stages on Android, in phases or at once on iOS."""
        if self.app.app_id == PHASED:
            return [(self.at + after, ratio) for after, ratio in PHASES]
        if self.platform == "ios":
            return [(self.at, 1.0)]
        return [(self.at + after, ratio) for after, ratio in STAGES if not self.is_bad or ratio < 1]

    def offered(self, at: datetime) -> float:
        """To which part of the users it was offered before an instant."""
        return max((ratio for since, ratio in self.stages if since < at), default=0.0)

    @property
    def platform(self) -> str:
        """ios or android."""
        return self.app.type.removeprefix("mobile_")

    @property
    def build(self) -> str:
        """The build number, which grows with each release."""
        return str(4000 + self.number * 10 + int(self.version.rpartition(".")[2]))


def releases(world: World, app_id: str, until: datetime) -> list[Release]:
    """The versions of an application that came out before `until`, oldest first; one stood there at the start."""
    app, (every, ago) = APP[app_id], RHYTHM[app_id]
    first = world.anchor - ago * DAY
    number = -((first - world.start) // (every * DAY)) - 2
    found: list[Release] = []
    while first + number * every * DAY < until:
        at, is_bad = first + number * every * DAY, app_id == ANDROID and number == 0
        found.append(Release(app, number, f"{app.major}.{40 + number}.0", at, is_bad))
        if is_bad:
            found.append(Release(app, number, f"{app.major}.{40 + number}.1", at + BAD_DAYS * DAY))
        number += 1
    return [one for one in found if one.at < until]


def shares(world: World, app_id: str, day: datetime) -> list[tuple[Release, float]]:
    """Which part of the users has which version on a day, newest first; the parts add up to one."""
    left, found = 1.0, []
    known = releases(world, app_id, day + DAY)[::-1]
    for place, release in enumerate(known[:4]):
        age = (day + DAY - release.at) / DAY
        is_last = place == len(known[:4]) - 1
        part = left if is_last else left * min(1.0 - math.exp(-age / SPREAD_DAYS), release.offered(day + DAY))
        left -= part
        found.append((release, part))
    return found


def is_troubled(world: World, app_id: str, day: datetime) -> bool:
    """Whether the bad release shows on that UTC day: the five days after it came out."""
    bad = floor(world.anchor - BAD_AGO, DAY)
    return app_id == ANDROID and bad < day <= bad + BAD_DAYS * DAY


def store_apps() -> Iterator[App]:
    """The mobile applications."""
    return (APP[app_id] for app_id in STORE_APPS)
