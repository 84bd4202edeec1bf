"""Work items: what is wanted and done for every product, settled by seed and sprint, and the stories in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from ingest.demo.catalog import APP, APPS, App
from ingest.demo.crews import crew
from ingest.demo.delivery import CRM, PORTAL
from ingest.demo.sprints import FIRST, SIZES, Sprint, index_at, item_count, sprint, workday
from ingest.demo.stories import episodes
from ingest.demo.wishes import title_of
from ingest.demo.world import DAY, HOUR, MINUTE, World, awake, floor

# Numbers are kept free for each sprint: planned items first, then stories, the backlog and incidents.
BLOCK, STORY, BACKLOG, INCIDENTS = 40, 18, 22, 28
BACKLOG_SIZE, FROM_BACKLOG = 4, 0.5
ADDED, REMOVED, TWICE = 0.14, 0.2, 0.12
SEVERITIES = (("critical", 0.06), ("high", 0.3), ("medium", 0.75), ("low", 1.0))
POINTS = {"story": (2, 3, 3, 5, 8), "bug": (1, 2, 3), "task": (1, 2, 2, 3)}
AHEAD = 3


@dataclass(frozen=True)
class Stay:
    """The time that an item is in a sprint; carried = still open when the sprint closed, and moved to the next."""

    sprint: Sprint
    since: datetime
    until: datetime | None = None
    is_carried: bool = False


@dataclass(frozen=True)
class Item:
    """One work item with its whole life; `fixed_by` is the title of the pull request that a story names for it."""

    app: App
    number: int
    type: str
    title: str
    created_at: datetime
    severity: str | None = None
    points: int | None = None
    estimated_at: datetime | None = None
    stays: tuple[Stay, ...] = ()
    assignee: str | None = None
    started_at: datetime | None = None
    done_at: datetime | None = None
    fixed_by: str | None = None

    @property
    def key(self) -> str:
        """As people call it, such as SALE-117."""
        return f"{self.app.product[:4].upper()}-{self.number}"


def items(world: World, until: datetime) -> tuple[Item, ...]:
    """All items that exist or will soon, in no particular order."""
    planned = _planned(world, index_at(world, max(until, world.anchor)) + AHEAD)
    return planned + tuple(_incidents(world, until))


@lru_cache(maxsize=8)
def _planned(world: World, last: int) -> tuple[Item, ...]:
    return tuple(item for product in SIZES for item in _of_product(world, product, last))


def _of_product(world: World, product: str, last: int) -> Iterator[Item]:
    apps = [app for app in APPS if app.product == product]
    for index in range(FIRST, last + 1):
        one = sprint(world, product, index)
        for place in range(item_count(world, product, index)):
            yield _for_sprint(world, one, _new(world, apps, one, place))
        for place in range(BACKLOG, BACKLOG + BACKLOG_SIZE):
            yield _for_backlog(world, one, _new(world, apps, one, place))
    yield from (item for item in _stories(world) if item.app.product == product)


def _number(index: int, place: int) -> int:
    return 101 + (index - FIRST) * BLOCK + place


def _new(world: World, apps: list[App], one: Sprint, place: int) -> Item:
    """An item as it is thought of: the rest of its life is not known yet."""
    about = (one.product, one.index, place)
    dice = world.dice(*about, "type")
    kind = "story" if dice < 0.5 else "bug" if dice < 0.76 else "task"
    grade = world.dice(*about, "severity")
    return Item(
        app=world.pick(apps, *about, "app"),
        number=_number(one.index, place),
        type=kind,
        title=title_of(world, one.product, kind, about),
        created_at=one.starts_at,
        severity=next(name for name, most in SEVERITIES if grade < most) if kind == "bug" else None,
        points=world.pick(POINTS[kind], *about, "points"),
        assignee=world.pick(crew(world, one.product).developers, *about, "assignee"),
    )


def _for_sprint(world: World, one: Sprint, item: Item) -> Item:
    """An item that is planned for a sprint, comes into it while it runs, or is taken out again."""
    about = (one.product, one.index, item.number)
    dice = world.dice(*about, "fate")
    if dice < ADDED:
        created = workday(one, world.between(0.5, 6, *about, "created"))
        estimated, came = created + MINUTE * 40, created + HOUR
        started = came + HOUR * world.between(1, 30, *about, "started")
    else:
        came = one.starts_at - DAY * world.between(0.1, 11, *about, "planned")
        created = came - DAY * world.between(1.5, 20, *about, "created")
        estimated = created + HOUR * world.between(1, 30, *about, "estimated")
        started = workday(one, world.between(0, 8.5, *about, "started"))
    item = replace(item, created_at=awake(created), estimated_at=awake(estimated))
    if ADDED <= dice < REMOVED:
        return _taken_out(world, one, item, came)
    return _worked_on(world, one, item, came, started)


def _worked_on(world: World, one: Sprint, item: Item, came: datetime, started: datetime) -> Item:
    """In most cases done in its sprint, else carried to the next, seldom to the one after it."""
    about = (one.product, one.index, item.number)
    is_late = world.dice(*about, "done in time") > SIZES[one.product][2]
    carries = (2 if world.dice(*about, "late") < TWICE else 1) if is_late else 0
    last = sprint(world, one.product, one.index + carries)
    done = started + DAY * world.between(0.4, 2.5, *about, "took")
    if carries:
        done = workday(last, world.between(0.5, 8, *about, "done"))
    stays, since = [], awake(came)
    for index in range(one.index, last.index):
        stay = Stay(sprint(world, one.product, index), since, None, is_carried=True)
        since = stay.sprint.completed_at + MINUTE + int(world.dice(*about, "moved") * 60) * timedelta(seconds=1)
        stays.append(replace(stay, until=since))
    return replace(
        item, stays=(*stays, Stay(last, since)), started_at=awake(started), done_at=max(awake(done), since + HOUR)
    )


def _taken_out(world: World, one: Sprint, item: Item, came: datetime) -> Item:
    """Planned, taken out before anybody began, and done in the sprint after it."""
    about = (one.product, one.index, item.number)
    after = sprint(world, one.product, one.index + 1)
    left = workday(one, world.between(1, 6, *about, "left"))
    back = after.starts_at - HOUR * world.between(2, 60, *about, "back")
    started = workday(after, world.between(0.5, 5, *about, "started"))
    stays = (Stay(one, awake(came), awake(left)), Stay(after, awake(back)))
    return replace(item, stays=stays, started_at=awake(started), done_at=awake(started + 2 * DAY))


def _for_backlog(world: World, one: Sprint, item: Item) -> Item:
    """An item of no sprint: half of them are settled in passing, the others wait; not all are estimated."""
    about = (one.product, one.index, item.number)
    created = workday(one, world.between(0, 9.9, *about, "created"))
    item = replace(item, created_at=awake(created))
    if world.dice(*about, "estimated") < 0.5:
        item = replace(item, estimated_at=awake(created + DAY))
    else:
        item = replace(item, points=None)
    if world.dice(*about, "settled") > FROM_BACKLOG:
        return replace(item, assignee=None)
    started = created + DAY * world.between(1.5, 12, *about, "started")
    return replace(item, started_at=awake(started), done_at=awake(started + DAY * world.between(0.2, 4, *about)))


def _stories(world: World) -> Iterator[Item]:
    """The bugs of the two releases that went wrong: found at once, taken into the sprint, mended."""
    told = (
        (
            CRM,
            "Unit pages take ten seconds since v2.14.0",
            3 * DAY,
            DAY + 20 * MINUTE,
            "Load prices only when asked for",
        ),
        (PORTAL, "Statements of all years do not open", 28 * HOUR, 100 * MINUTE, "Fix the fault of the last release"),
    )
    for place, (app_id, title, ago, took, fixed_by) in enumerate(told):
        app, began = APP[app_id], world.anchor - ago
        found = Stay(sprint(world, app.product, index_at(world, began)), began + 13 * MINUTE)
        yield Item(
            app, _number(found.sprint.index, STORY + place), "bug", title, began + 12 * MINUTE, "critical", 3,
            began + 13 * MINUTE, (found,), crew(world, app.product).developers[0], began + 14 * MINUTE,
            began + took, fixed_by,
        )  # fmt: skip


def _incidents(world: World, until: datetime) -> Iterator[Item]:
    """For each incident of operations an item in which it is worked up."""
    places: dict[tuple[str, int], int] = {}
    for episode in episodes(world, until):
        trouble = episode.trouble
        if trouble is None or trouble.app is None:
            continue
        app, index = APP[trouble.app], index_at(world, episode.start)
        place = places[app.product, index] = places.get((app.product, index), INCIDENTS - 1) + 1
        taken = episode.acked_at or min(episode.fired_at + 45 * MINUTE, episode.end - MINUTE)
        yield Item(
            app, _number(index, place), "incident", trouble.title, episode.fired_at + MINUTE, trouble.severity,
            assignee=world.pick(crew(world, app.product).developers, episode.native_id),
            started_at=max(taken, episode.fired_at + 2 * MINUTE), done_at=episode.end + 15 * MINUTE,
        )  # fmt: skip


def item_behind(world: World, app: App, title: str, since: datetime, until: datetime) -> Item | None:
    """The item that a change was made for: one of the application that was worked on all the while, if any."""
    day = floor(until, DAY)
    known = _worked(world, index_at(world, max(day, world.anchor)) + AHEAD).get(app.app_id, ())
    fitting = [item for item in known if item.started_at and item.started_at <= since]
    fitting = [item for item in fitting if item.done_at and item.done_at >= until and item.fixed_by in (None, title)]
    told = [item for item in fitting if item.fixed_by]
    if not fitting:
        return None
    return told[0] if told else world.pick(sorted(fitting, key=lambda item: item.number), app.app_id, title, since)


@lru_cache(maxsize=8)
def _worked(world: World, last: int) -> dict[str, tuple[Item, ...]]:
    """What is worked on at all, by application."""
    known = [item for item in _planned(world, last) if item.started_at]
    return {app.app_id: tuple(item for item in known if item.app is app) for app in APPS}
