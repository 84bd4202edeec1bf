"""Advice on cost that people decided."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from aurora.contracts import Row
from ingest.demo.fleet import ACTED, ACTED_LATELY, PROVIDER
from ingest.demo.world import DAY, World, floor

OPEN_FOR = timedelta(days=4)


@dataclass(frozen=True)
class Decision:
    """What was advised of a resource, and what a person said so many days before the first run."""

    rule: str
    resource: str
    saving: str
    risk: str
    confidence: float
    message: str
    suggestion: str
    state: str
    ago: int
    by: str
    reason: str
    figures: tuple[tuple[str, object], ...]


DECISIONS = (
    Decision(
        "rightsizing", "app-03", "194.56", "low", 0.8,
        "app-03 uses at most 31 % of its CPU and 36 % of its memory (P99 of 14 days)",
        "Take 4 of 8 cores, and memory in proportion.", "accepted", ACTED, "Omar Nasser", "Done with the patch night",
        (("month_cost", "389.12"), ("cpu_p99_pct", 31.0), ("memory_p99_pct", 36.2), ("halvings", 1)),
    ),
    Decision(
        "idle", "report-01", "124.64", "medium", 0.4, "report-01 did almost nothing for 7 days: CPU at 1.2 %",
        "Ask its owner, keep a snapshot, then switch it off.", "accepted", ACTED, "Jonas Weber",
        "Reports come from the Analytics Hub now", (("month_cost", "124.64"), ("cpu_avg_7d_pct", 1.2)),
    ),
    Decision(
        "storage", "media-originals", "68.40", "low", 0.6,
        "media-originals is stored as if it were read often, and hardly is",
        "Move what is seldom read to a cooler tier by a rule of its life cycle.", "accepted", ACTED, "Priya Menon",
        "Tier changed for all of it", (("month_cost", "164.16"), ("cooler_tier_saves_pct", 45)),
    ),
    Decision(
        "schedule", "stage-db", "113.35", "low", 0.6, "stage-db is not production and runs at nights and weekends",
        "Let it run on weekdays for 12 hours only.", "accepted", ACTED_LATELY, "Omar Nasser",
        "Scheduled from Monday on", (("month_cost", "176.32"), ("hours_on_of_168", 60), ("off_pct", 64.3)),
    ),
    Decision(
        "orphaned", "lab-07", "72.96", "high", 0.2, "lab-07 is on the bill and known to nobody",
        "Ask who uses it; link it to an application, or delete it.", "dismissed", 20, "Layla Haddad",
        "The auditors need it until spring", (("month_cost", "72.96"),),
    ),
)  # fmt: skip


def advice_rows(world: World) -> Iterator[Row]:
    """Each of them as it was advised, and as it was decided four days later."""
    for one in DECISIONS:
        decided = floor(world.anchor, DAY) - one.ago * DAY + timedelta(hours=9)
        yield _version(one, 1, "open", decided - OPEN_FOR, "aurora", None)
        yield _version(one, 2, one.state, decided, one.by, one.reason)


def _version(one: Decision, version: int, state: str, at: datetime, by: str, reason: str | None) -> Row:
    subject = f"resource:{one.resource}"
    evidence = dict(one.figures) | {
        "window_until": f"{at - OPEN_FOR:%Y-%m-%d}", "window_days": 14, "subject": subject, "provider": PROVIDER,
        "within": [], "counted_amount": one.saving, "alternative_to": None, "alternatives": [],
    }  # fmt: skip
    return {
        "advice_id": f"{one.rule}:USD:{subject}", "version": version, "type": "cost", "rule": one.rule,
        "priority": "medium" if Decimal(one.saving) >= 100 else "low", "message": one.message,
        "suggestion": one.suggestion, "evidence": json.dumps(evidence), "confidence_ratio": one.confidence,
        "expected_gain": f"{one.saving} USD a month", "saving_amount": Decimal(one.saving), "currency": "USD",
        "effort": "small", "risk": one.risk, "state": state, "changed_by": by, "changed_at": at, "reason": reason,
        "is_deleted": False,
    }  # fmt: skip
