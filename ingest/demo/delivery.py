"""Who deployed what: a plan of changes and deployments for every repository, settled by seed and day."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from ingest.demo.catalog import APPS, App
from ingest.demo.changes import changes
from ingest.demo.pulls import Commit, Pull, Release, Undone
from ingest.demo.unusual import leading_nowhere, urgent
from ingest.demo.world import DAY, HOUR, Slice, World, floor

# A request may be opened ten days before the release that carries it is deployed.
AHEAD, REST = 12 * DAY, 3 * HOUR
CRM, WHATSAPP, PORTAL = "damac-hills-2-crm", "whatsapp-crm", "owner-portal"
VERBOSE = "Enable verbose request logging for WhatsApp webhooks"


@dataclass(frozen=True)
class Plan:
    """One deployment of one repository; `undone_by` is the native id of the deployment that put it right.

    `pulls` are the requests that were made for its version, with those beside them that led nowhere.
    """

    app: App
    environment: str
    version: str
    sha: str
    previous_sha: str | None
    created_at: datetime
    finished_at: datetime
    commits: tuple[Commit, ...] = ()
    pulls: tuple[Pull, ...] = ()
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
    """What runs in production, up to where the history of commits and requests goes, and what had to be undone."""

    number: int
    sha: str | None = None
    version: str = ""
    commit: str | None = None
    merged_at: datetime | None = None
    staged_at: datetime | None = None
    undone: Undone | None = None


def plans(world: World, until: datetime) -> tuple[Plan, ...]:
    """All deployments that are known or will begin within some days after `until`, oldest first."""
    return _plans(world, floor(max(until, world.anchor), DAY) + AHEAD)


@lru_cache(maxsize=8)
def _plans(world: World, end: datetime) -> tuple[Plan, ...]:
    found = [plan for app in APPS for plan in _of_app(world, app, end)]
    return tuple(sorted(found, key=lambda plan: (plan.created_at, plan.native_id)))


def _of_app(world: World, app: App, end: datetime) -> Iterator[Plan]:
    head = _Head(number=40 + int(world.dice(app.app_id, "pulls before") * 800))
    for event in _events(world, app, end):
        version = _version(world, app, event.created_at)
        staged = event.created_at - timedelta(hours=16 + int(world.dice(app.app_id, version, "staged") * 4))
        staged = max(staged, head.undone.at + REST) if head.undone else staged
        commits, pulls = _put_together(world, app, version, staged, head, event.subject)
        held = replace(_plan(world, app, "staging", version, commits[-1].sha, None, staged, commits), pulls=pulls)
        yield held
        begin = event.created_at
        if event.fails_first:
            yield replace(_in_production(world, held, head, begin), fails=True)
            begin += timedelta(minutes=50)
        yield from _released(world, held, head, begin, event)


def _put_together(
    world: World, app: App, version: str, staged: datetime, head: _Head, subject: str | None
) -> tuple[tuple[Commit, ...], tuple[Pull, ...]]:
    """The commits since the last staging deployment, chained, and the requests that brought them, numbered."""
    since = max(head.staged_at, staged - 5 * DAY) if head.staged_at else staged - 2 * DAY
    since = max(since, head.merged_at or since)  # a hotfix came in between
    release = Release(app, version, Slice(since, staged), subject, head.undone)
    found = changes(world, release, head.merged_at)
    pulls = [change for change in found if isinstance(change, Pull)]
    opened = sorted([*pulls, *leading_nowhere(world, release)], key=lambda pull: (pull.created_at, pull.title))
    numbers = {id(pull): head.number + place for place, pull in enumerate(opened, start=1)}
    commits: list[Commit] = []
    numbered: dict[int, Pull] = {}
    for change in found:
        number = numbers.get(id(change))
        own = _chained(change.commits if isinstance(change, Pull) else (change,), head, number)
        commits += own
        if isinstance(change, Pull):
            numbered[id(change)] = replace(change, commits=own)
    head.number += len(opened)
    head.staged_at, head.undone = staged, None
    pulls = [replace(numbered.get(id(pull), pull), number=numbers[id(pull)]) for pull in opened]
    return tuple(commits), tuple(pulls)


def _chained(commits: tuple[Commit, ...], head: _Head, number: int | None) -> tuple[Commit, ...]:
    """The commits with their parents, as they come on top of the main branch."""
    own: list[Commit] = []
    for commit in commits:
        own.append(replace(commit, parent=head.commit, pull=number))
        head.commit, head.merged_at = commit.sha, commit.at
    return tuple(own)


def _in_production(world: World, held: Plan, head: _Head, begin: datetime) -> Plan:
    """The deployment to production of what stands in staging."""
    plan = _plan(world, held.app, "production", held.version, held.sha, head.sha, begin, held.commits)
    return replace(plan, pulls=held.pulls)


def _released(world: World, held: Plan, head: _Head, begin: datetime, event: _Event) -> Iterator[Plan]:
    """The production deployment and, when it goes wrong, the one that puts it right."""
    app, good = held.app, _in_production(world, held, head, begin)
    if not event.is_bad or head.sha is None:
        head.sha, head.version = held.sha, held.version
        yield good
        return
    wait = timedelta(minutes=int(world.between(32, 55, app.app_id, held.version, "undo")))
    if event.by_hotfix:
        remedy = _hotfix(world, good, wait, head)
        yield replace(good, is_bad=True)
    else:
        back = good.finished_at + wait
        remedy = _plan(world, app, "production", head.version, head.sha, held.sha, back, (), is_rollback=True)
        yield replace(good, is_bad=True, undone_by=remedy.native_id, undone_at=remedy.finished_at)
    head.undone = Undone(remedy.finished_at, held.commits[-1].subject, by_rollback=not event.by_hotfix)
    yield remedy


def _hotfix(world: World, bad: Plan, wait: timedelta, head: _Head) -> Plan:
    """The deployment of a fix that was made within the hour, and its request."""
    app, version, merged = bad.app, f"{bad.version}-hotfix.1", bad.finished_at + wait * 0.8
    pull = urgent(world, app, (app.app_id, version), merged, wait * 0.35, "Fix the fault of the last release", "hotfix")
    head.number += 1
    fix = _chained(pull.commits, head, head.number)
    remedy = _plan(world, app, "production", version, fix[-1].sha, bad.sha, bad.finished_at + wait, fix, is_hotfix=True)
    head.sha, head.version = remedy.sha, version
    return replace(remedy, pulls=(replace(pull, number=head.number, commits=fix),))


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
