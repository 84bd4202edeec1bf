"""Builds of the mobile applications, and the groups of crashes, hangs and errors that their SDK collects."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from aurora.contracts import Row
from ingest.demo.catalog import App
from ingest.demo.names import errors_project_id, store_app_id
from ingest.demo.store import BAD_DAYS, REVIEW, Release, releases
from ingest.demo.world import DAY, HOUR, MINUTE, Slice, World, floor

MIB = 1024**2
PROCESSED = 25 * MINUTE


@dataclass(frozen=True)
class Group:
    """Like errors: where they happen, how many a day per 1,000 users, for how long (days before the first run)."""

    title: str
    location: str
    kind: str
    per_1k: float
    since_days: int
    until_days: int = 0
    state: str = "open"
    told: str = "unresolved (ongoing)"


IOS = (
    Group("EXC_BAD_ACCESS", "PassView.body.getter", "crash", 0.9, 70),
    Group("Index out of range", "BillList.row(at:)", "crash", 0.5, 45),
    Group("NSInternalInconsistencyException", "RequestFeed.apply(_:)", "crash", 0.3, 60, 21, "resolved", "resolved"),
    Group("Unexpectedly found nil", "UnitPicker.select(_:)", "crash", 0.7, 3, told="unresolved (new)"),
    Group("App hang of 4 s", "BookingStore.load()", "anr", 0.4, 30),
    Group("The request timed out", "MobileBff.home()", "non_fatal", 6.0, 80),
)
ANDROID = (
    Group("NullPointerException", "PassScreen.kt: onOpen", "crash", 9.0, 11, 7, "resolved", "resolved"),
    Group("IllegalStateException", "BillsViewModel.kt: refresh", "crash", 1.4, 66),
    Group("OutOfMemoryError", "PhotoUpload.kt: decode", "crash", 0.8, 85, told="unresolved (escalating)"),
    Group("ConcurrentModificationException", "RequestCache.kt: trim", "crash", 0.6, 50, told="unresolved (regressed)"),
    Group("Input dispatching timed out", "VisitorList.kt: onScroll", "anr", 1.1, 75),
    Group("Input dispatching timed out", "MapsScreen.kt: onResume", "anr", 0.5, 4, told="unresolved (new)"),
    Group("SocketTimeoutException", "MobileBff.kt: home", "non_fatal", 8.0, 80),
)


def build_rows(world: World, app: App, span: Slice) -> Iterator[Row]:
    """The builds that were uploaded or processed in the slice, as they stand at its end."""
    for release in releases(world, app.app_id, span.until + REVIEW + DAY):
        at = release.at - REVIEW - 2 * HOUR
        if any(span.has(one) for one in (at, at + PROCESSED)):
            yield _build(world, app, release, at, at + PROCESSED < span.until)


def _build(world: World, app: App, release: Release, at: datetime, is_processed: bool) -> Row:
    state = "valid" if is_processed else "processing"
    return {
        "build_id": world.id(f"{app.app_id}/build/{release.build}"),
        "store_app_id": store_app_id(world, app.app_id),
        "version": release.version,
        "build_number": release.build,
        "uploaded_at": at,
        "state": state,
        "state_raw": state.upper(),
        "supported_os": "iOS 16" if release.platform == "ios" else "Android 9",
        "size_bytes": int(world.between(48, 92, app.app_id, release.version, "size") * MIB),
    }


def group_rows(world: World, app: App, span: Slice) -> Iterator[Row]:
    """The groups as they stand at the last midnight, once a day."""
    if not world.is_daily_due(span):
        return
    now = floor(span.until, DAY)
    for number, group in enumerate(IOS if app.type == "mobile_ios" else ANDROID):
        first = world.anchor - group.since_days * DAY
        last = min(now, world.anchor - group.until_days * DAY) if group.until_days else now
        if first < last:
            yield _group(world, app, group, number, first, last)


def _group(world: World, app: App, group: Group, number: int, first: datetime, last: datetime) -> Row:
    """One group; of what crashed in the bad release, all happened while it was out."""
    known = releases(world, app.app_id, last)
    then = [one for one in known if one.at <= first] or known
    seen = [one for one in known if not one.is_bad or last <= one.at + BAD_DAYS * DAY]
    days = (last - first) / DAY
    events = max(1, int(days * group.per_1k * app.users * 0.6 / 1000 * world.between(0.9, 1.1, app.app_id, number)))
    is_fatal = group.kind != "non_fatal"
    return {
        "error_group_id": world.id(f"{app.app_id}/errors/{number}"),
        "project_id": errors_project_id(world, app.app_id),
        "store_app_id": store_app_id(world, app.app_id),
        "platform": app.type.removeprefix("mobile_"),
        "kind": group.kind,
        "level": "fatal" if is_fatal else "warning",
        "title": group.title,
        "location": group.location,
        "state": group.state if last < world.anchor - DAY else "open",
        "state_raw": group.told,
        "is_unhandled": is_fatal,
        "event_count": events,
        "user_count": max(1, int(events * 0.7)),
        "first_version": then[-1].version,
        "last_version": seen[-1].version,
        "first_seen_at": first,
        "last_seen_at": last - MINUTE * (3 + 7 * number),
        "url": f"https://errors.example.com/{app.app_id}/{number}",
    }
