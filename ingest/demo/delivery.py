"""Who deployed what: a plan of commits and deployments for every repository, settled by seed and day."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from ingest.demo.catalog import APPS, BOT, PEOPLE, App
from ingest.demo.world import DAY, HOUR, MINUTE, World, floor

AHEAD = 8 * DAY
CRM, WHATSAPP, PORTAL = "damac-hills-2-crm", "whatsapp-crm", "owner-portal"
VERBOSE = "Enable verbose request logging for WhatsApp webhooks"
SUBJECTS = (
    "Speed up the list of units",
    "Show handover date on the unit page",
    "Retry bookings that time out",
    "Add Arabic texts for visitor passes",
    "Fix rounding of instalments",
    "Move settings into the environment",
    "Cache permissions for a minute",
    "Make the calendar readable on small screens",
    "Update the database driver",
)


@dataclass(frozen=True)
class Commit:
    """A commit as it was pushed."""

    sha: str
    parent: str | None
    author: str
    at: datetime
    subject: str
    added_lines: int
    deleted_lines: int


@dataclass(frozen=True)
class Plan:
    """One deployment of one repository; `undone_by` is the native id of the deployment that put it right."""

    app: App
    environment: str
    version: str
    sha: str
    previous_sha: str | None
    created_at: datetime
    finished_at: datetime
    commits: tuple[Commit, ...] = ()
    fails: bool = False
    is_bad: bool = False
    is_rollback: bool = False
    is_hotfix: bool = False
    undone_by: str | None = None
    undone_at: datetime | None = None

    @property
    def native_id(self) -> str:
        """Unique among the deployments of the demo."""
        return f"{self.app.app_id}/{self.environment}/{self.created_at:%Y%m%d%H%M%S}"


@dataclass(frozen=True)
class _Event:
    """What a day holds for a repository."""

    created_at: datetime
    is_bad: bool
    by_hotfix: bool
    fails_first: bool
    subject: str | None = None


@dataclass
class _Head:
    """What runs in production, and up to where the history of commits goes."""

    sha: str | None = None
    version: str = ""
    commit: str | None = None
    staged_at: datetime | None = None


def plans(world: World, until: datetime) -> tuple[Plan, ...]:
    """All deployments that are known or will begin within some days after `until`, oldest first."""
    return _plans(world, floor(max(until, world.anchor), DAY) + AHEAD)


@lru_cache(maxsize=8)
def _plans(world: World, end: datetime) -> tuple[Plan, ...]:
    found = [plan for app in APPS for plan in _of_app(world, app, end)]
    return tuple(sorted(found, key=lambda plan: (plan.created_at, plan.native_id)))


def _of_app(world: World, app: App, end: datetime) -> Iterator[Plan]:
    head = _Head()
    for event in _events(world, app, end):
        version = _version(world, app, event.created_at)
        staged = event.created_at - timedelta(hours=16 + int(world.dice(app.app_id, version, "staged") * 4))
        commits = _commits(world, app, version, staged, head, event.subject)
        sha, head.commit, head.staged_at = commits[-1].sha, commits[-1].sha, staged
        yield _plan(world, app, "staging", version, sha, None, staged, commits)
        begin = event.created_at
        if event.fails_first:
            yield _plan(world, app, "production", version, sha, head.sha, begin, commits, fails=True)
            begin += timedelta(minutes=50)
        yield from _released(world, app, version, sha, head, begin, commits, event)


def _released(
    world: World,
    app: App,
    version: str,
    sha: str,
    head: _Head,
    begin: datetime,
    commits: tuple[Commit, ...],
    event: _Event,
) -> Iterator[Plan]:
    """The production deployment and, when it goes wrong, the one that puts it right."""
    good = _plan(world, app, "production", version, sha, head.sha, begin, commits)
    if not event.is_bad or head.sha is None:
        head.sha, head.version = sha, version
        yield good
        return
    wait = timedelta(minutes=int(world.between(32, 55, app.app_id, version, "undo")))
    if event.by_hotfix:
        fixed = f"{version}-hotfix.1"
        fix = _commit(
            world, app, fixed, 0, head.commit, good.finished_at + wait / 2, "Fix the fault of the last release"
        )
        remedy = _plan(world, app, "production", fixed, fix.sha, sha, good.finished_at + wait, (fix,), is_hotfix=True)
        head.sha, head.version, head.commit = fix.sha, fixed, fix.sha
        yield replace(good, is_bad=True)
    else:
        remedy = _plan(
            world, app, "production", head.version, head.sha, sha, good.finished_at + wait, (), is_rollback=True
        )
        yield replace(good, is_bad=True, undone_by=remedy.native_id, undone_at=remedy.finished_at)
    yield remedy


def _plan(
    world: World,
    app: App,
    environment: str,
    version: str,
    sha: str,
    previous_sha: str | None,
    created_at: datetime,
    commits: tuple[Commit, ...],
    *,
    fails: bool = False,
    is_rollback: bool = False,
    is_hotfix: bool = False,
) -> Plan:
    took = int(world.between(150, 660, app.app_id, environment, created_at, "took"))
    return Plan(
        app=app,
        environment=environment,
        version=version,
        sha=sha,
        previous_sha=previous_sha,
        created_at=created_at,
        finished_at=created_at + timedelta(seconds=took),
        commits=commits,
        fails=fails,
        is_rollback=is_rollback,
        is_hotfix=is_hotfix,
    )


def _told(world: World) -> dict[str, tuple[_Event, ...]]:
    """The deployments that stories need, by application."""
    at = world.anchor
    return {
        CRM: (
            _Event(at - 5 * DAY, False, False, False),
            _Event(at - 3 * DAY, True, False, False, "Load the whole price list with every unit"),
            _Event(at - 2 * DAY, False, False, False, "Load prices only when asked for"),
        ),
        WHATSAPP: (_Event(at - 9 * DAY, False, False, False, VERBOSE),),
        PORTAL: (
            _Event(at - 5 * DAY, False, False, False),
            _Event(at - 28 * HOUR, True, True, False, "Show statements of all years"),
        ),
    }


def _events(world: World, app: App, end: datetime) -> Iterator[_Event]:
    """The deployments of an application from the beginning of the history to `end`."""
    told = {event.created_at.date(): event for event in _told(world).get(app.app_id, ())}
    day = floor(world.start, DAY) + DAY
    while day < end:
        if day.date() in told:
            yield told[day.date()]
        elif world.dice(app.app_id, day, "deploys") < (0.07 if day.weekday() >= 5 else 0.37):
            chance = world.dice(app.app_id, day, "fortune")
            yield _Event(
                created_at=day + 6 * HOUR + timedelta(seconds=int(world.dice(app.app_id, day, "when") * 8 * 3600)),
                is_bad=chance < 0.018 and _is_quiet(world, day),
                by_hotfix=chance < 0.007,
                fails_first=chance > 0.96,
            )
        day += DAY


def _is_quiet(world: World, day: datetime) -> bool:
    """Whether ordinary trouble may fall on that day: the days around the first run belong to the stories."""
    return not world.anchor - 4 * DAY < day < world.anchor + DAY


def _version(world: World, app: App, at: datetime) -> str:
    """Minor = weeks, patch = days, counted so that the CRM's story release is v2.14.0."""
    days = (at.date() - (world.anchor - 3 * DAY).date()).days
    return f"v{app.major}.{max(14 + days // 7, 0)}.{days % 7}"


def _commits(
    world: World, app: App, version: str, staged: datetime, head: _Head, subject: str | None
) -> tuple[Commit, ...]:
    """One to twelve commits between the last staging deployment and this one."""
    number = 1 + int(world.dice(app.app_id, version, "commits") ** 2 * 12)
    span = min(staged - head.staged_at, 5 * DAY) if head.staged_at else 2 * DAY
    made: list[Commit] = []
    for index in range(number):
        at = staged - 10 * MINUTE - (span - 20 * MINUTE) * ((number - 1 - index) / number) * 0.95
        parent = made[-1].sha if made else head.commit
        told = subject if index == number - 1 else None
        made.append(_commit(world, app, version, index, parent, at, told))
    return tuple(made)


def _commit(
    world: World, app: App, version: str, index: int, parent: str | None, at: datetime, subject: str | None
) -> Commit:
    about = (app.app_id, version, index)
    is_bot = subject is None and world.dice(*about, "bot") < 0.08
    return Commit(
        sha=world.sha("commit", *about),
        parent=parent,
        author=BOT if is_bot else world.pick(PEOPLE, *about, "author"),
        at=at.replace(microsecond=0),
        subject=subject or ("Update dependencies" if is_bot else world.pick(SUBJECTS, *about, "subject")),
        added_lines=1 + int(world.dice(*about, "added") ** 3 * 400),
        deleted_lines=int(world.dice(*about, "deleted") ** 3 * 220),
    )
