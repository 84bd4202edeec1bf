"""What broke in the month, and whether what is backed up could be restored."""

from aurora.contracts import Row
from aurora.reports import cells
from aurora.reports.document import Cell, Column, Table
from aurora.reports.report import Asked
from aurora.words import plural

INCIDENTS = "from incidents_over(since := $since, until := $until) order by started_at"
RESTORES = """
    select a.name, a.tier, a.rpo_s, a.rto_s, max(t.started_at) as tried_at,
           arg_max(t.restore_s, t.started_at) as restore_s,
           arg_max(t.data_loss_s, t.started_at) as data_loss_s, arg_max(t.is_success, t.started_at) as is_success
    from applications_now a left join restore_tests t on t.app_id = a.app_id and t.started_at < $until
    where a.env_tier = 'production' and (a.rpo_s is not null or t.app_id is not null)
    group by all order by a.tier nulls last, a.name"""


def incidents(asked: Asked) -> Table:
    """Incidents in production of the month."""
    rows = [
        [
            f"{row['started_at']:%d %b %H:%M}",
            row["title"],
            cells.state(row["severity"]),
            cells.or_none(row["app_name"]),
            "not over" if row["is_lasting"] else cells.lasted(row["resolved_in_s"]),
            cells.whole(row["affected_user_count"]),
            "deployment" if row["caused_by_deployment_id"] else cells.or_none(row["cause"]).replace("_", " "),
        ]
        for row in asked.rows(INCIDENTS).iter_rows(named=True)
    ]
    columns = (
        Column("Began (UTC)", width=1.3),
        Column("Incident", width=3.4),
        Column("Severity", width=1.1),
        Column("Application", width=1.8),
        Column("Lasted", True, 0.9),
        Column("Users", True, 0.7),
        Column("Cause", width=1.2),
    )
    return Table("Incidents in production", columns, rows, "No incident is told of this month.")


def restores(asked: Asked, most: int | None = None) -> Table:
    """When each production application was last restored from its backup, against what it is to be."""
    frame = asked.rows(RESTORES)
    rows = [_restore(row) for row in frame.head(most or frame.height).iter_rows(named=True)]
    left = frame.height - len(rows)
    columns = (
        Column("Application", width=2.4),
        Column("Tier", True, 0.6),
        Column("Last tried", True, 1.2),
        Column("Back within", True, 1.1),
        Column("Goal", True, 0.9),
        Column("Lost", True, 0.9),
        Column("Goal", True, 0.9),
        Column("Verdict", width=1.3),
    )
    return Table(
        "Restores from backup",
        columns,
        rows,
        "No goal and no restore is told.",
        f"{plural(left, 'more application')} of lower tiers in the reliability report." if left else "",
    )


def _restore(row: Row) -> list[str | Cell]:
    verdict = cells.judged("never tried", "bad")
    if row["tried_at"] is not None:
        slow = row["rto_s"] is not None and row["restore_s"] is not None and row["restore_s"] > row["rto_s"]
        bad = not row["is_success"] or slow
        verdict = (
            cells.judged("failed" if not row["is_success"] else "too slow", "bad")
            if bad
            else cells.judged("works", "good")
        )
    none = cells.NONE if row["tried_at"] is None else None
    return [
        row["name"],
        cells.or_none(row["tier"]),
        cells.day(row["tried_at"]),
        none or cells.lasted(row["restore_s"]),
        cells.NONE if row["rto_s"] is None else cells.lasted(row["rto_s"]),
        none or cells.lasted(row["data_loss_s"]),
        cells.NONE if row["rpo_s"] is None else cells.lasted(row["rpo_s"]),
        verdict,
    ]
