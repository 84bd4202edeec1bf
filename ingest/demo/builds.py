"""What continuous integration ran: after each push of a request, after each merge, and in the night.

Stories: a job of the Android app fails and passes on the same commit; the queue of the Booking API grew two weeks
before the first run.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from ingest.demo.catalog import APP, BOT, App
from ingest.demo.delivery import Plan, plans
from ingest.demo.pull_rows import branch_of, head_sha
from ingest.demo.pulls import Pull
from ingest.demo.world import DAY, HOUR, MINUTE, SECOND, World, floor

FLAKY, FLAKY_JOB, FLAKES = "property-manager-android", "integration-tests", 0.14
CROWDED, CROWDED_SINCE, CROWDED_FOR, RAMP = "booking-api", 14 * DAY, 40 * DAY, 6 * DAY
# Minutes that a build takes, by language; those of mobile apps compile long and wait for few machines.
TAKES = {"Swift": 24.0, "Kotlin": 19.0, "Dart": 21.0, "Java": 10.5, "TypeScript": 6.5, "Python": 5.0, "Go": 3.2}
SCARCE = {"Swift": 240.0, "Dart": 150.0}
NIGHTLY = ("damac-hills-2-crm", "whatsapp-crm", "payment-system", CROWDED, FLAKY)
FAILING = {"push": 0.04, "schedule": 0.05}
MAIN = "main"
# Jobs with the part of a run at which they begin and end; the last one runs on the main branch only.
JOBS = (
    ("lint", "check", 0.0, 0.12),
    ("build", "build", 0.12, 0.42),
    ("unit-tests", "test", 0.42, 0.78),
    (FLAKY_JOB, "test", 0.42, 0.9),
    ("package", "package", 0.9, 1.0),
)
LAST_ON_BRANCH = 0.9


@dataclass(frozen=True)
class Build:
    """One attempt of a run; `failed` is the job that broke it."""

    app: App
    event: str
    branch: str
    sha: str
    actor: str
    created_at: datetime
    started_at: datetime
    finished_at: datetime
    attempt: int = 1
    failed: str | None = None

    @property
    def native_id(self) -> str:
        """Unique among the builds of the demo."""
        return build_id(self.app.app_id, self.event, self.sha, self.created_at, self.attempt)

    @property
    def pipeline(self) -> str:
        """The name of what ran."""
        return "nightly" if self.event == "schedule" else "ci"

    def jobs(self) -> Iterator[tuple[str, str, datetime | None, datetime | None, str]]:
        """Name, stage, begin, end and result of each job; a failure stops what runs and skips what would follow."""
        span = self.finished_at - self.started_at
        broke = next((end for name, _, _, end in JOBS if name == self.failed), None)
        last = broke or (1.0 if self.branch == MAIN else LAST_ON_BRANCH)
        for name, stage, begin, end in JOBS:
            if self.branch != MAIN and end > LAST_ON_BRANCH:
                continue
            if begin >= last:
                yield name, stage, None, None, "skipped"
                continue
            result = "failure" if name == self.failed else "cancelled" if end > last else "success"
            yield (
                name,
                stage,
                self.started_at + span * (begin / last),
                self.started_at + span * min(end / last, 1),
                result,
            )


def build_id(app_id: str, event: str, sha: str, created_at: datetime, attempt: int) -> str:
    """The native id of a build."""
    return f"{app_id}/{event}/{sha[:12]}/{created_at:%Y%m%d}/{attempt}"


def builds(world: World, until: datetime) -> tuple[Build, ...]:
    """All builds that ran or will run soon, by repository."""
    return _builds(world, floor(max(until, world.anchor), DAY))


@lru_cache(maxsize=4)
def _builds(world: World, day: datetime) -> tuple[Build, ...]:
    known = [plan for plan in plans(world, day) if plan.environment == "staging" or plan.is_hotfix]
    found: list[Build] = []
    for plan in known:
        found += [build for pull in plan.pulls for build in _of_pull(world, pull)]
        found += _of_merges(world, plan)
    return tuple(found) + tuple(_of_nights(world, known, day + 2 * DAY))


def _of_pull(world: World, pull: Pull) -> Iterator[Build]:
    for number, at in enumerate(pull.pushes, start=1):
        is_broken = pull.is_mended and number == 1
        yield from _attempts(
            world, pull.app, "pull_request", branch_of(world, pull), head_sha(world, pull, number), pull.author, at,
            is_broken,
        )  # fmt: skip


def _of_merges(world: World, plan: Plan) -> Iterator[Build]:
    """A build for what came to the main branch at once; the one that is deployed has passed."""
    last = {commit.at: commit for commit in plan.commits}
    for at, commit in last.items():
        chance = world.dice(plan.app.app_id, commit.sha, "breaks")
        is_broken = commit.sha != plan.sha and chance < FAILING["push"]
        yield from _attempts(world, plan.app, "push", MAIN, commit.sha, commit.author, at, is_broken)


def deployed_build_id(world: World, plan: Plan) -> str | None:
    """The build whose result a deployment carries; None for an older commit."""
    made = next((commit for commit in plan.commits if commit.sha == plan.sha), None)
    if made is None:
        return None
    *_, passed = _attempts(world, plan.app, "push", MAIN, made.sha, made.author, made.at, False)
    return passed.native_id


def _of_nights(world: World, known: list[Plan], end: datetime) -> Iterator[Build]:
    """The nightly builds of some repositories, of what stood on the main branch then."""
    merged: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for plan in known:
        merged[plan.app.app_id] += [(commit.at, commit.sha) for commit in plan.commits]
    for app_id in NIGHTLY:
        heads = sorted(merged[app_id])
        day = floor(world.start, DAY) + DAY
        while day < end:
            at = day + HOUR + int(world.dice(app_id, "night") * 3600) * SECOND
            place = bisect_left(heads, (at, ""))
            sha = heads[place - 1][1] if place else world.sha("commit", app_id, "before")
            is_broken = world.dice(app_id, day, "breaks") < FAILING["schedule"]
            yield from _attempts(world, APP[app_id], "schedule", MAIN, sha, BOT, at, is_broken)
            day += DAY


def _attempts(
    world: World, app: App, event: str, branch: str, sha: str, actor: str, at: datetime, is_broken: bool
) -> Iterator[Build]:
    """A run and, where a flaky job broke it, the second attempt that passed on the same commit."""
    about = (app.app_id, event, sha, at)
    is_flaky = not is_broken and app.app_id == FLAKY and world.dice(*about, "flake") < FLAKES
    broken = world.pick(("lint", "build", "unit-tests", "unit-tests"), *about, "job") if is_broken else None
    first = _build(world, app, event, branch, sha, actor, at, 1, FLAKY_JOB if is_flaky else broken)
    yield first
    if is_flaky:
        again = first.finished_at + MINUTE * int(world.between(2, 12, *about, "again"))
        yield _build(world, app, event, branch, sha, actor, again, 2, None)


def _build(
    world: World,
    app: App,
    event: str,
    branch: str,
    sha: str,
    actor: str,
    at: datetime,
    attempt: int,
    failed: str | None,
) -> Build:
    about = (app.app_id, event, sha, at, attempt)
    usual = {"pull_request": 0.9, "push": 1.0, "schedule": 1.6}[event] * TAKES[app.language]
    took = usual * 60 * world.between(0.8, 1.25, *about, "took")
    part = next((end for name, _, _, end in JOBS if name == failed), 1.0)
    started = at + timedelta(seconds=int(_queue_s(world, app, at) * world.between(0.4, 1.6, *about, "queued")))
    return Build(
        app, event, branch, sha, actor, at, started, started + timedelta(seconds=int(took * part)), attempt, failed
    )


def _queue_s(world: World, app: App, at: datetime) -> float:
    """How long a build waits for a machine, usually."""
    usual = SCARCE.get(app.language, 0.0) + world.between(6, 50, app.app_id, "queue")
    crowded = at - (world.anchor - CROWDED_SINCE)
    if app.app_id != CROWDED or not timedelta() < crowded < CROWDED_FOR:
        return usual
    return usual + 560.0 * min(crowded / RAMP, 1.0)
