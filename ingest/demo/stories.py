"""What went wrong, when, and what it did: every alert, incident and dent in the health follows from an Episode."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from ingest.demo.catalog import PART
from ingest.demo.delivery import Plan, plans
from ingest.demo.episode import Effect, Episode, Trouble
from ingest.demo.ordinary import ordinary
from ingest.demo.world import DAY, HOUR, MINUTE, WEEK, World, floor

GATEWAY, MONGO, FTP, PORTAL_WEB = "payment-gateway", "mongodb-cluster", "legacy-ftp", "owner-portal-web"
RISE, REFILL = 12 * DAY, 15 * DAY
CERT_LIFE, CERT_RENEWED, CERT_NOTICE = 90 * DAY, 2 * DAY, 14 * DAY


def episodes(world: World, until: datetime) -> tuple[Episode, ...]:
    """All episodes that begin before `until` or some time after it, oldest first; some cast their shadow ahead."""
    return _episodes(world, floor(max(until, world.anchor), DAY) + DAY + REFILL)


@lru_cache(maxsize=8)
def _episodes(world: World, end: datetime) -> tuple[Episode, ...]:
    known = plans(world, end)
    found = [
        *(_after_deployment(plan, known) for plan in known if plan.is_bad),
        *(episode for index in _turns(world, end) for episode in _gateway(world, index)),
        *(_memory(world.anchor - RISE + index * REFILL) for index in range((end - world.anchor) // REFILL + 2)),
        *(_certificate(world, index) for index in range((end - world.anchor) // (CERT_LIFE - CERT_RENEWED) + 2)),
        *ordinary(world, end),
    ]
    seen = [episode for episode in found if world.start < episode.start < end]
    return tuple(sorted(seen, key=lambda episode: (episode.start, episode.rule, episode.component)))


@dataclass(frozen=True)
class Window:
    """An announced maintenance of one component."""

    component: str
    title: str
    start: datetime
    end: datetime
    announced_at: datetime


def windows(world: World, until: datetime) -> Iterator[Window]:
    """Maintenance every second week, one of them under way at the first run, and one to come two days later."""
    for turn in range(-6, (until - world.anchor) // (2 * WEEK) + 2):
        key = ("clickhouse-analytics", "postgresql-replica", "opensearch-index")[turn % 3]
        start = world.anchor - HOUR + turn * 2 * WEEK
        yield Window(key, f"Upgrade of {PART[key].name}", start, start + 4 * HOUR, start - 5 * DAY)
    start = floor(world.anchor + 2 * DAY, DAY) + 20 * HOUR
    yield Window("payments-db", "Move of the Payments Database", start, start + 2 * HOUR, world.anchor - DAY)


def effects(world: World, start: datetime, end: datetime) -> Iterator[Effect]:
    """All that episodes and maintenance do to health between start and end."""
    every = [effect for episode in episodes(world, end) for effect in episode.effects]
    every += [
        Effect(window.component, window.start, window.end, "maintenance", window.title)
        for window in windows(world, end)
    ]
    yield from (effect for effect in every if effect.start < end and effect.end > start)


def silent_from(world: World) -> dict[str, datetime]:
    """Components that stopped reporting, and when."""
    return {FTP: world.anchor - 2 * DAY}


def certificate_ends(world: World, at: datetime) -> datetime:
    """When the Owner Portal's certificate, as served at `at`, expires: 12 days after the first run, then renewed."""
    first = world.anchor + 12 * DAY
    index = max(0, -((first - CERT_RENEWED - at) // (CERT_LIFE - CERT_RENEWED)))
    return first + index * (CERT_LIFE - CERT_RENEWED)


def _turns(world: World, end: datetime) -> Iterator[int]:
    """Which repetitions of the gateway's story happen: four in the past, then each week."""
    yield from (-11, -9, -6, -3)
    yield from range((end - world.anchor) // WEEK + 2)


def _after_deployment(plan: Plan, known: tuple[Plan, ...]) -> Episode:
    """A production deployment that makes its component slow until it is put right."""
    component, app = PART[plan.app.main], plan.app
    remedy = next(
        other
        for other in known
        if other.app == app and other.created_at > plan.created_at and (other.is_rollback or other.is_hotfix)
    )
    onset = plan.finished_at + 4 * MINUTE
    end = remedy.finished_at + 3 * MINUTE
    why = f"Response time four times the usual since {plan.version}"
    usual = component.answer_ms
    return Episode(
        rule="latency-p95",
        component=component.key,
        app=app.app_id,
        severity="critical",
        title=f"{component.name} is slow and fails",
        message=f"{component.name} answers in {usual * 4:.0f} ms, {usual:.0f} ms is usual; 9 % of requests fail.",
        start=onset + MINUTE,
        fires_after=3 * MINUTE,
        acked_after=9 * MINUTE,
        end=end + 2 * MINUTE,
        value=round(usual * 4.1, 1),
        threshold=round(usual * 2.5, 1),
        effects=(Effect(component.key, onset, end, "degraded", why, latency_x=4.1, errors_add=8.6, cpu_add=18.0),),
        trouble=Trouble(
            title=f"{app.name} slow after {plan.version}",
            severity="high" if app.tier == 1 else "medium",
            cause="deployment",
            app=app.app_id,
            affected=(app.app_id,),
            users=int(app.users * 0.6),
            caused_by=plan.native_id,
        ),
    )


def _gateway(world: World, index: int) -> Iterator[Episode]:
    """The Payment Gateway times out for 75 minutes; what calls it degrades."""
    down = world.anchor - 35 * MINUTE + index * WEEK
    up = down + 75 * MINUTE
    yield Episode(
        rule="unreachable",
        component=GATEWAY,
        app="payment-system",
        severity="critical",
        title="Payment Gateway time-out",
        message="No answer within 30 s from three locations; payments by card fail.",
        start=down + MINUTE,
        fires_after=2 * MINUTE,
        acked_after=None,
        end=up + 3 * MINUTE,
        effects=(Effect(GATEWAY, down, up, "down", "Time-out: no answer within 30 s"),),
        trouble=Trouble(
            title="Card payments fail: Payment Gateway time-out",
            severity="critical",
            cause="third_party",
            app="payment-system",
            affected=("payment-system", "owner-portal"),
            users=int(world.between(180, 420, "gateway", index)),
        ),
    )
    yield _payment_api(down, up)


def _payment_api(down: datetime, up: datetime) -> Episode:
    """What the time-out does to its callers; suppressed by the gateway's own alert."""
    cause = "Payment Gateway does not answer"
    dents = (
        Effect("payment-api", down + MINUTE, up + 2 * MINUTE, "degraded", cause, latency_x=5.5, errors_add=31.0),
        Effect("checkout", down + MINUTE, up + 2 * MINUTE, "degraded", cause, latency_x=4.2, errors_add=24.0),
    )
    return Episode(
        rule="error-rate",
        component="payment-api",
        app="payment-system",
        severity="warning",
        title="Payment API error rate above 5 %",
        message="31 % of requests fail; its Payment Gateway does not answer.",
        start=down + 3 * MINUTE,
        fires_after=3 * MINUTE,
        acked_after=None,
        end=up + 4 * MINUTE,
        value=31.2,
        threshold=5.0,
        effects=dents,
        by=f"unreachable:{GATEWAY}@{down + MINUTE:%Y%m%dT%H%M%S}",
    )


def _memory(start: datetime) -> Episode:
    """MongoDB's memory rises for twelve days to a warning; three days later it is restarted."""
    end, alarm = start + REFILL, start + RISE - 90 * MINUTE
    why = "Memory above 85 % and rising for 12 days"
    rising = Effect(MONGO, start, end, memory_add=24.0, rises_over=RISE)
    return Episode(
        rule="memory-high",
        component=MONGO,
        app="damac-hills-2-crm",
        severity="warning",
        title="MongoDB Cluster memory above 85 %",
        message="Memory has risen by about 2 points a day for 12 days; at this pace it is full in 5 days.",
        start=alarm,
        fires_after=10 * MINUTE,
        acked_after=26 * HOUR,
        end=end + 5 * MINUTE,
        value=86.4,
        threshold=85.0,
        effects=(rising, Effect(MONGO, alarm, end, "degraded", why, latency_x=1.4)),
    )


def _certificate(world: World, index: int) -> Episode:
    """The Owner Portal's certificate is noticed 14 days before its end and renewed 2 days before it."""
    expires = world.anchor + 12 * DAY + index * (CERT_LIFE - CERT_RENEWED)
    return Episode(
        rule="certificate",
        component=PORTAL_WEB,
        app="owner-portal",
        severity="info",
        title="Certificate of owners.example.com expires soon",
        message=f"It is valid until {expires:%d %B %Y}.",
        start=expires - CERT_NOTICE,
        fires_after=MINUTE,
        acked_after=None,
        end=expires - CERT_RENEWED,
        value=14.0,
        threshold=14.0,
    )
