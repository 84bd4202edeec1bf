"""The demo estate: an invented property company, 15 applications, 47 components, 90 days of history and live ticks.

Reads nothing from outside and needs no permission. Every row is a pure function of seed, entity and instant, so that
a repeated slice brings identical rows. One stream brings all tables: they tell the same stories, which hang on the
instant of the first run (kept in the cursor), and so no reader ever sees an alert without its incident or health.

Stories: a release of DAMAC Hills 2 CRM that had to be rolled back (3 days ago), the Payment Gateway's time-out (now,
and again every week), MongoDB's rising memory, a server that fell silent, a maintenance under way, a certificate about
to expire, a hotfix of the Owner Portal; a critical finding past its deadline, two budgets exceeded, an Android release
that crashed, brought a wave of one-star reviews about it and cost it 0.4 stars. On the bill: verbose logging that
made the WhatsApp CRM dear (9 days ago), identity
checks that cost more each (14 days ago), a second warehouse that nobody had before (6 days ago), a CDN that was passed
by for five days. One application nobody looks after, two components and a repository that no application claims, an
environment nobody has mapped.

In the stores: Android wakes its phones a little longer each day and nears the limit of 5 %; one old phone model sees it
crash for over 8 % of its users; the halted version is still in use; Mobile App V2 goes out in Apple's phases and starts
26 % slower than the version before it; one crash came back, another is on the rise.

In development: the revert of the rolled-back release and the hotfix have pull requests, labelled so, and bugs in the
sprint; reviews of the Payment System wait longest; builds of the Booking API have queued for minutes for two weeks
now; an Android test fails and passes on the same commit; coverage rises in DAMAC Hills 2 CRM and falls in the WhatsApp
CRM; Payments plan more with each sprint, Insight finish too little. Some requests are drafts, some were forgotten.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import polars as pl
from pydantic import AwareDatetime

from aurora.contracts.cost import CostAllocations, CostDays, FocusCost, WorkHours
from aurora.contracts.estate import Applications, AppLinks, ComponentEdges, Components, Teams
from aurora.contracts.mobile import StoreReviews
from aurora.contracts.operations import (
    Advice,
    ApiEndpointErrors,
    ApiEndpointStats,
    ComponentHealth,
    MetricPoints,
    MetricSeries,
    ProbeResults,
)
from ingest.connector import Checkpoint, Connector, Item, Options, Run
from ingest.demo.backups import backup_rows
from ingest.demo.build_rows import build_rows
from ingest.demo.catalog import APPS, PARTS, TEAMS
from ingest.demo.cluster import allocation_rows
from ingest.demo.cost import cost_frames
from ingest.demo.delivery_rows import delivery_rows
from ingest.demo.endpoints import endpoint_frames
from ingest.demo.estate import application_row, component_row, edge_rows, link_rows, orphan_row, team_row
from ingest.demo.events import event_rows
from ingest.demo.governance import agreed_rows
from ingest.demo.health import health_frames
from ingest.demo.infrastructure import infrastructure_rows
from ingest.demo.mobile import mobile_rows
from ingest.demo.operations import operations_rows
from ingest.demo.planning_rows import planning_rows
from ingest.demo.probes import probe_frame
from ingest.demo.questions import question_rows
from ingest.demo.revenue import revenue_rows
from ingest.demo.savings import advice_rows
from ingest.demo.security import security_rows
from ingest.demo.spending import cost_day_rows, work_hours_rows
from ingest.demo.store_reviews import store_review_rows
from ingest.demo.tables import TABLES_TOLD
from ingest.demo.usage import series_rows, usage_frame
from ingest.demo.world import HOUR, MINUTE, Slice, World, floor


class DemoOptions(Options):
    """`seed` chooses the figures; `anchor` fixes the instant on which the stories hang (default: the first run)."""

    seed: int = 7
    anchor: AwareDatetime | None = None


connector = Connector("demo", DemoOptions)


@connector.stream(*TABLES_TOLD, every="1m", lookback="90d")
def fetch_estate(run: Run[DemoOptions]) -> Iterator[Item]:
    """Everything since the cursor, health in frames with a checkpoint after each, so that a kill costs one frame."""
    world, told, healthy = _begin(run)
    until = max(floor(run.now, MINUTE), told)
    health = health_frames(world, Slice(healthy, until))
    if told == world.start:
        # The anchor is kept before anything hangs on it: a kill from here on resumes the same stories.
        yield from _estate_items(world, Slice(told, until), is_first=True)
        for frame, up_to in islice(health, 1):
            yield ComponentHealth, frame
            yield _checkpoint(world, told, up_to)
            healthy = up_to
    else:
        yield from _estate_items(world, Slice(told, until), is_first=False)
    yield from _other_items(world, Slice(told, until))
    yield from _health_items(run, world, health, until, healthy)


def _begin(run: Run[DemoOptions]) -> tuple[World, datetime, datetime]:
    """The world, and up to when its stories and its health were told before."""
    kept = run.cursor or {}
    if "anchor" not in kept:
        anchor = floor((run.options.anchor or run.now).astimezone(UTC), 5 * MINUTE)
        start = floor(min(run.since, anchor), 5 * MINUTE)
        return World(run.source_instance, run.options.seed, anchor, start), start, start
    anchor, start, told, healthy = (
        datetime.fromisoformat(kept[name]) for name in ("anchor", "start", "told_until", "until")
    )
    return World(run.source_instance, run.options.seed, anchor, start), told, healthy


def _checkpoint(world: World, told: datetime, healthy: datetime) -> Checkpoint:
    marks = {"anchor": world.anchor, "start": world.start, "told_until": told, "until": healthy}
    return Checkpoint({name: at.isoformat() for name, at in marks.items()})


def _estate_items(world: World, span: Slice, *, is_first: bool) -> Iterator[Item]:
    """Who is there: once, and again each hour as last seen."""
    if not is_first and floor(span.since, HOUR) == floor(span.until, HOUR):
        return
    yield from ((Teams, team_row(world, team)) for team in TEAMS)
    yield from ((Applications, application_row(world, app)) for app in APPS)
    yield Applications, orphan_row(world)
    yield from ((Components, component_row(world, part, span.until)) for part in PARTS)
    yield from ((ComponentEdges, row) for row in edge_rows(world, span.until))
    yield from ((AppLinks, row) for row in link_rows(world))
    if world.is_daily_due(span):
        yield from agreed_rows(world, span.until)
        yield from ((Advice, row) for row in advice_rows(world))
        yield from question_rows(world)


def _other_items(world: World, span: Slice) -> Iterator[Item]:
    """All that happened in the slice: delivery, operations, security, the stores, probes, usage and cost."""
    yield from delivery_rows(world, span)
    yield from build_rows(world, span)
    yield from planning_rows(world, span)
    yield from operations_rows(world, span)
    yield from event_rows(world, span)
    yield from infrastructure_rows(world, span)
    yield from backup_rows(world, span)
    yield from security_rows(world, span)
    yield from mobile_rows(world, span)
    yield from ((StoreReviews, row) for row in store_review_rows(world, span))
    yield from ((CostDays, row) for row in cost_day_rows(world, span))
    yield from ((CostAllocations, row) for row in allocation_rows(world, span))
    yield from ((WorkHours, row) for row in work_hours_rows(world, span))
    yield from revenue_rows(world, span)
    probes = probe_frame(world, span)
    if probes.height:
        yield ProbeResults, probes
    stats, errors = endpoint_frames(world, span)
    if stats.height:
        yield ApiEndpointStats, stats
    if errors.height:
        yield ApiEndpointErrors, errors
    usage = usage_frame(world, span)
    if usage.height:
        yield MetricPoints, usage
        yield from ((MetricSeries, row) for row in series_rows(world, span))
    yield from ((FocusCost, frame) for frame in cost_frames(world, span))


def _health_items(
    run: Run[DemoOptions],
    world: World,
    health: Iterator[tuple[pl.DataFrame, datetime]],
    told: datetime,
    healthy: datetime,
) -> Iterator[Item]:
    """The frames of health, each with a checkpoint, and one in any case; stops when the run's time is up."""
    count = 0
    for count, (frame, up_to) in enumerate(health, start=1):  # noqa: B007
        run.remaining_s()
        yield ComponentHealth, frame
        yield _checkpoint(world, told, up_to)
    if not count:
        yield _checkpoint(world, told, healthy)
