"""Rows of the mobile applications: listings, releases, ratings, installs, use, vitals, sessions without a crash."""

import json
from collections.abc import Iterator
from datetime import datetime

from aurora.contracts import Row, Table
from aurora.contracts.mobile import (
    MobileApps,
    MobileBuilds,
    MobileEngagementDaily,
    MobileInstallsDaily,
    MobileReleases,
    MobileVitalsDaily,
    ReleaseHealthDaily,
    StoreRatingsDaily,
)
from aurora.contracts.operations import ErrorGroups
from ingest.demo.catalog import App
from ingest.demo.crashes import build_rows, group_rows
from ingest.demo.names import errors_project_id, store_app_id
from ingest.demo.store import ANDROID, BAD_AGO, BAD_DAYS, REVIEW, Release, is_troubled, releases, shares, store_apps
from ingest.demo.vitals import crashing, users, vital_rows
from ingest.demo.world import DAY, HOUR, Slice, World, floor

MIB = 1024**2
COUNTRIES = (("AE", 0.82), ("SA", 0.18))
RATING = {"property-manager-ios": 4.6, "property-manager-android": 4.4, "mobile-app-v2": 4.3}
DROP, MENDS_IN = 0.4, 60


def mobile_rows(world: World, span: Slice) -> Iterator[tuple[type[Table], Row]]:
    """Releases as they go on; all else for the days that were completed in the slice."""
    days, end = span.days(), floor(span.until, DAY)
    for app in store_apps():
        yield from ((MobileReleases, row) for row in release_rows(world, app, span))
        yield from ((MobileBuilds, row) for row in build_rows(world, app, span))
        yield from ((ErrorGroups, row) for row in group_rows(world, app, span))
        for day in days:
            # A day of California, which ends seven or eight hours after that of Greenwich, is told a day later.
            yield from ((MobileVitalsDaily, row) for row in vital_rows(world, app, day - DAY))
            yield MobileApps, listing_row(world, app, day + DAY)
            yield StoreRatingsDaily, rating_row(world, app, day)
            yield from _used(world, app, day)
    if span.since == world.start and not days:
        yield from ((MobileApps, listing_row(world, app, end)) for app in store_apps())


def release_rows(world: World, app: App, span: Slice) -> Iterator[Row]:
    """The versions whose way through the store went on in the slice, as they stand at its end."""
    known = releases(world, app.app_id, span.until + REVIEW)
    for release in known:
        steps = _steps(release)
        last = [step for step in steps if step[0] < span.until]
        if last and any(span.has(at) for at, _, _ in steps):
            yield _release_row(world, release, *last[-1])


def _steps(release: Release) -> list[tuple[datetime, str, float | None]]:
    """Review, stages, release; the bad one is halted."""
    stages = release.stages
    steps = [(release.at - REVIEW, "in_review", None), *((at, "rolling_out", ratio) for at, ratio in stages)]
    if release.is_bad:
        return [*steps, (release.at + BAD_DAYS * DAY - HOUR, "halted", stages[-1][1])]
    at, ratio = stages[-1]
    return [*steps[:-1], (at, "released", ratio)]


def _release_row(world: World, release: Release, at: datetime, state: str, ratio: float | None) -> Row:
    return {
        "mobile_release_id": world.id(f"{release.app.app_id}/{release.version}"),
        "store_app_id": store_app_id(world, release.app.app_id),
        "version": release.version,
        "track": "production",
        "state": state,
        "state_raw": state,
        "rollout_ratio": ratio,
        "created_at": release.at - REVIEW,
        "released_at": None if state == "in_review" else release.at,
        "updated_at": at,
        "notes": "Mends a crash when a visitor pass is opened." if release.version.endswith(".1") else None,
    }


def rating(world: World, app: App, day: datetime) -> float:
    """The store's rating: it falls in the days after the bad release and mends in two months."""
    usual = RATING[app.app_id]
    bad = floor(world.anchor - BAD_AGO, DAY)
    if app.app_id == ANDROID and day > bad:
        fallen = min((day - bad) / DAY / BAD_DAYS, 1.0)
        mended = min(max(0.0, ((day - bad) / DAY - BAD_DAYS) / MENDS_IN), 1.0)
        usual -= DROP * fallen * (1.0 - mended)
    return round(usual, 2)


def _rated(world: World, app: App, day: datetime) -> int:
    """How many had rated an application until a day: some every day."""
    return 2 * app.users + 9 * _age(world, day)


def _age(world: World, day: datetime) -> int:
    """For how many days an application had been in its store: since 400 days before the first run."""
    return max(0, (day - world.anchor) // DAY + 400)


def rating_row(world: World, app: App, day: datetime) -> Row:
    """The row of a day's rating, of all countries together."""
    usual = 2.6 if is_troubled(world, app.app_id, day) else RATING[app.app_id]
    visitors = int(app.users * 0.05 * world.between(0.8, 1.2, app.app_id, day, "visitors"))
    taken = int(visitors * world.between(0.24, 0.32, app.app_id, day, "taken"))
    return {
        "store_app_id": store_app_id(world, app.app_id),
        "country": "",
        "day": day.date(),
        "rating_avg": rating(world, app, day),
        "rating_count": _rated(world, app, day),
        "day_rating_avg": round(min(5.0, usual + world.between(-0.25, 0.25, app.app_id, day, "rated")), 2),
        "visitor_count": visitors,
        "acquisition_count": taken,
        "conversion_ratio": round(taken / visitors, 4),
    }


def listing_row(world: World, app: App, day: datetime) -> Row:
    """The row of a store listing as it stood at the beginning of a day."""
    known = [one for one in releases(world, app.app_id, day) if not one.is_bad or day < one.at + BAD_DAYS * DAY]
    newest, is_ios = known[-1], app.type == "mobile_ios"
    package = f"com.example.{app.app_id.replace('-', '')}"
    number = 1_500_000_000 + int(world.dice(app.app_id, "store number") * 90_000_000)
    return {
        "store_app_id": store_app_id(world, app.app_id),
        "platform": newest.platform,
        "store_native_id": str(number) if is_ios else package,
        "bundle_id": package,
        "name": app.name,
        "current_version": newest.version,
        "current_build": newest.build,
        "rating_avg": rating(world, app, day - DAY),
        "rating_count": _rated(world, app, day - DAY),
        "review_count": _rated(world, app, day - DAY) // 4,
        "download_count": app.users * 7 + int(app.users * 0.014) * _age(world, day),
        "supported_os": "iOS 16" if is_ios else "Android 9",
        "bundle_size_bytes": int(world.between(48, 92, app.app_id, newest.version, "size") * MIB),
        "last_released_at": newest.at,
        "day": day.date(),
    }


def _used(world: World, app: App, day: datetime) -> Iterator[tuple[type[Table], Row]]:
    """A day of each version in use: installs and sessions by country, vitals and crashes of all together."""
    everyone, listing = users(world, app, day), store_app_id(world, app.app_id)
    parts = [(one, part) for one, part in shares(world, app.app_id, day) if part >= 0.01]
    for release, part in parts:
        own = {"store_app_id": listing, "version": release.version, "day": day.date()}
        for country, weight in COUNTRIES:
            there = int(everyone * part * weight)
            yield MobileInstallsDaily, own | {"country": country} | _installs(world, app, day, release, there)
            yield MobileEngagementDaily, own | {"country": country} | _engagement(world, app, day, there)
        yield ReleaseHealthDaily, own | _sessions(world, app, day, release, part)


def _installs(world: World, app: App, day: datetime, release: Release, there: int) -> Row:
    """Counts of one version in one country; new users get the newest one, so a young version has most of them."""
    is_young = day - release.at < 10 * DAY
    return {
        "day_tz": "UTC",
        "install_count": int(there * (0.03 if is_young else 0.002)),
        "uninstall_count": int(there * (0.03 if is_troubled(world, app.app_id, day) else 0.008)),
        "update_count": int(there * (0.16 if is_young else 0.01)),
        "first_download_count": int(there * (0.022 if is_young else 0.001)),
        "active_device_count": int(there * 1.6),
    }


def _engagement(world: World, app: App, day: datetime, there: int) -> Row:
    sessions = int(there * world.between(2.0, 2.6, app.app_id, day, "sessions"))
    uses = {"visitor_pass": int(there * 0.31), "service_request": int(there * 0.12), "bill": int(there * 0.22)}
    return {
        "session_count": sessions,
        "session_total_s": round(sessions * world.between(140, 190, app.app_id, day, "long"), 1),
        "device_count": there,
        "feature_uses": json.dumps(uses),
    }


def _sessions(world: World, app: App, day: datetime, release: Release, part: float) -> Row:
    """Sessions and users of a version, and how many of them crashed."""
    parts = shares(world, app.app_id, day)
    crashed = crashing(world, app, day, release, parts) * (1.0 if app.type == "mobile_android" else 0.4)
    people = int(users(world, app, day) * part)
    sessions = int(people * 2.3)
    return {
        "project_id": errors_project_id(world, app.app_id),
        "env_tier": "production",
        "session_count": sessions,
        "crashed_session_count": round(sessions * crashed / 2),
        "errored_session_count": round(sessions * crashed * 1.8),
        "user_count": people,
        "crashed_user_count": round(people * crashed),
        "adoption_ratio": round(part, 4),
    }
