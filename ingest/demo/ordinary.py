"""The usual trouble of a company: short outages, slow answers; a handful of alerts a week."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from ingest.demo.catalog import PART, PARTS, UNOWNED, apps_of
from ingest.demo.episode import Effect, Episode, Trouble
from ingest.demo.world import HOUR, MINUTE, WEEK, World, floor

STORIED = {"payment-gateway", "mongodb-cluster", "legacy-ftp", "damac-crm-api", "payment-api", "checkout", *UNOWNED}
WEAK = ("sms-gateway", "whatsapp-business-api", "kyc-provider")


def ordinary(world: World, end: datetime) -> Iterator[Episode]:
    """The usual: some five alerts a week, all over within two hours."""
    week = floor(world.start, WEEK)
    while week < end:
        for number in range(4 + int(world.dice(week, "number") * 4)):
            episode = _usual(world, week, number)
            if not world.anchor - 4 * HOUR < episode.start < world.anchor + 2 * HOUR:
                yield episode
        week += WEEK


def _usual(world: World, week: datetime, number: int) -> Episode:
    start = floor(week + timedelta(seconds=int(world.dice(week, number, "when") * 7 * 86400)), MINUTE)
    if number == 0:
        return _outage(world, world.pick(WEAK, week, "weak"), start, int(world.between(15, 64, week, "long")))
    calm = [part for part in PARTS if part.key not in STORIED and part.key not in WEAK]
    if number == 1:
        return _outage(world, world.pick(calm, week, "short").key, start, int(world.between(3, 14, week, "short")))
    key = world.pick([part.key for part in calm if part.type in ("api", "database")], week, number, "slow")
    return _slowness(world, key, start, int(world.between(12, 70, week, number, "slow")))


def _outage(world: World, key: str, start: datetime, minutes: int) -> Episode:
    part, end = PART[key], start + minutes * MINUTE
    app = next((app for app in apps_of(key)), None)
    is_grave = minutes >= 58
    trouble = Trouble(
        title=f"{part.name} unreachable",
        severity="medium",
        cause="third_party" if part.type == "third_party" else "network",
        app=app,
        affected=tuple(apps_of(key)),
        users=int(world.between(20, 300, key, start)),
    )
    return Episode(
        rule="unreachable",
        component=key,
        app=app,
        severity="critical" if minutes >= 10 else "warning",
        title=f"{part.name} does not answer",
        message="Three probes in a row failed.",
        start=start + MINUTE,
        fires_after=MINUTE,
        acked_after=6 * MINUTE if minutes >= 20 else None,
        end=end + MINUTE,
        effects=(Effect(key, start, end, "down", "Does not answer"),),
        trouble=trouble if is_grave else None,
    )


def _slowness(world: World, key: str, start: datetime, minutes: int) -> Episode:
    part, end = PART[key], start + minutes * MINUTE
    factor = round(world.between(2.2, 3.6, key, start), 1)
    why = f"Response time {factor} times the usual"
    return Episode(
        rule="latency-p95",
        component=key,
        app=next((app for app in apps_of(key)), None),
        severity="warning",
        title=f"{part.name} is slow",
        message=f"{part.name} answers {factor} times slower than usual.",
        start=start + 2 * MINUTE,
        fires_after=3 * MINUTE,
        acked_after=8 * MINUTE if minutes > 25 else None,
        end=end + 2 * MINUTE,
        value=round(part.answer_ms * factor, 1),
        threshold=round(part.answer_ms * 2, 1),
        effects=(Effect(key, start, end, "degraded", why, latency_x=factor, errors_add=1.4, cpu_add=22.0),),
    )
