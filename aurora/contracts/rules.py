"""Rules: what people (and vendors) have watched."""

from aurora.contracts.columns import flag, json_text, measure, one_of, real, text
from aurora.contracts.table import VersionedTable


class Rules(VersionedTable, key="rule_id version", time="changed_at", mode="versioned", owner="people"):
    """One row per version of a rule that watches: alert, SLO, scorecard or gate; vendor rules mirrored read-only."""

    rule_id = text()
    purpose = one_of("alert", "scorecard", "gate")
    name = text()
    kind = one_of("threshold", "change", "absence", "slo_burn", "anomaly", "forecast", "query", "vendor")
    question_id = text(null=True)
    sql = text(null=True)
    warn = real()
    critical = real()
    for_s = measure()
    every_s = measure()
    severity = one_of("critical", "warning", "info", null=True)
    scope = json_text()
    route = text(null=True)
    is_enabled = flag(null=False)
    declared_in = text(null=True)
