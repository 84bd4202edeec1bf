"""Rules of people, each minute: the question of each that is due is asked, and alerts open, fire and end by its answer.

A rule that cannot be asked or judged leaves its alerts as they are; what is wrong is a failed run of the stream
`rule <id>` of Aurora's own source, so that Sources tells it as it tells of any source.
"""

import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aurora.contracts import Row
from aurora.contracts.operations import Alerts
from aurora.contracts.platform import SyncRuns
from aurora.explore.ask import Limits, ask
from aurora.explore.questions import asked
from aurora.insights.rules import alert_changes, ended, of_rule, scope_of
from aurora.own_rows import AURORA, write_rows
from aurora.settings import Settings
from warehouse.lake import Lake
from warehouse.publish import current
from warehouse.query import Warehouse

log = logging.getLogger("aurora.rules")
LIMITS = Limits(rows=20_000)
EVERY_S = 60.0
SLACK_S = 5.0  # a tick that comes a little early must not skip a minute
TOLD_EVERY_S = 3600.0
RULES = "from rules_now where purpose = 'alert' and kind = 'query' and is_enabled order by rule_id"
LASTING = """
    from alerts where source = 'aurora' and fingerprint like 'rule:%' and state in ('pending', 'firing')"""


class Watcher:
    """Asks each rule when it is due, and remembers what it told of which."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[str, float] = {}
        self._told: dict[str, tuple[str | None, float]] = {}

    def __call__(self, settings: Settings, lake: Lake, now: datetime | None = None) -> None:
        """Ask what is due, and write what changed."""
        at = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
        if current(settings.published) is None:
            return
        warehouse = Warehouse(settings.published)
        rules = warehouse.rows(RULES).to_dicts()
        lasting = of_rule([_own(row) for row in warehouse.rows(LASTING).iter_rows(named=True)])
        changed, runs = _of_no_rule(rules, lasting, at), []
        for rule in rules:
            if self._is_due(rule):
                rows, fault = evaluated(settings.published, rule, lasting.get(rule["rule_id"], []), at)
                changed += rows
                runs += self._told_run(rule["rule_id"], fault, at)
        write_rows(lake, Alerts, changed, at, "rules")
        write_rows(lake, SyncRuns, runs, at, "rules")

    def _is_due(self, rule: Row) -> bool:
        now, last = self._clock(), self._asked.get(rule["rule_id"])
        if last is not None and now - last < (rule["every_s"] or EVERY_S) - SLACK_S:
            return False
        self._asked[rule["rule_id"]] = now
        return True

    def _told_run(self, rule_id: str, fault: str | None, at: datetime) -> list[Row]:
        """A run row when what is to be told has changed, and once an hour."""
        before = self._told.get(rule_id)
        if before and before[0] == fault and self._clock() - before[1] < TOLD_EVERY_S:
            return []
        self._told[rule_id] = fault, self._clock()
        if fault:
            log.warning("rule %s: %s", rule_id, fault)
        return [_run(rule_id, fault, at)]


def evaluated(published: Path, rule: Row, lasting: list[Row], at: datetime) -> tuple[list[Row], str | None]:
    """What changes among the alerts of a rule, and what is wrong with it; then nothing changes."""
    try:
        told = ask(published, *asked(rule, scope_of(rule).get("parameters"), at), actor=AURORA, limits=LIMITS)
        if told.is_capped:  # what is not told must not seem to be over
            return [], f"its answer has more than {LIMITS.rows:,} rows: count or filter in its question"
        return list(alert_changes(rule, told.frame, lasting, at)), None
    except Exception as error:  # SQL of people may fail in any way, and must not take the other rules with it
        return [], str(error).strip().splitlines()[0][:500] if str(error).strip() else type(error).__name__


def _of_no_rule(rules: list[Row], lasting: Any, at: datetime) -> list[Row]:
    """Alerts of rules that are gone or switched off are over."""
    known = {rule["rule_id"] for rule in rules}
    return [ended(row, at, is_inferred=True) for name, rows in lasting.items() if name not in known for row in rows]


def _own(row: Row) -> Row:
    return {name: row[name] for name in Alerts.own_columns()}


def _run(rule_id: str, fault: str | None, at: datetime) -> Row:
    return {
        "sync_run_id": uuid.uuid4().hex, "connector": AURORA, "stream": f"rule {rule_id}", "started_at": at,
        "finished_at": at, "status": "failed" if fault else "success", "error_class": "bad_query" if fault else None,
        "error": fault, "row_count": 0, "quarantined_count": 0,
    }  # fmt: skip
