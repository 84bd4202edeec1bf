"""What is at risk: security findings, objectives that were missed, incidents, and backups that nobody tried."""

import polars as pl

from aurora.contracts import Row
from aurora.reports import cells, charts
from aurora.reports.document import Cell, Chart, Column, Figure, Said, Table
from aurora.reports.measures import Compared, Measure, figure, many
from aurora.reports.report import Asked
from aurora.words import plural

SEVERITIES = ("critical", "high", "medium", "low")
OVER = "from findings_over(since := $since, until := $until)"
KNOWN = "select exists(select 1 from findings) as is_known"
OPEN = """
    select f.*, array_to_string(f.app_ids, ', ') as apps, f.kev_due_on < $at::date as is_overdue
    from findings_now f where f.is_open and f.is_security and f.severity in ('critical', 'high')
    order by f.is_known_exploited desc, f.severity = 'critical' desc, f.first_seen_at"""
BY_APP = """
    select coalesce(a.name, f.app_id, 'Belongs to no application') as name,
           count(*) filter (where f.severity = 'critical') as critical_count,
           count(*) filter (where f.severity = 'high') as high_count,
           count(*) filter (where f.severity = 'medium') as medium_count,
           count(*) filter (where f.severity = 'low') as low_count,
           count(*) filter (where f.is_known_exploited) as exploited_count,
           min(f.first_seen_at) as oldest_at
    from (select *, unnest(if(len(app_ids) = 0, [null], app_ids)) as app_id from findings_now
          where is_open and is_security) f
    left join applications_now a on a.app_id = f.app_id
    group by all order by critical_count desc, high_count desc, name"""
SLOS = """
    from slo_over(since := $since, until := $until)
    order by is_kept nulls last, spent_pct desc nulls last, name"""


def severe(asked: Asked) -> Compared:
    """Critical and high findings that were open at the end of the month."""
    if not is_known(asked):
        return Compared(Measure("Critical and high findings", many, "down", "count"), None, None)
    rows = {row["severity"]: row for row in asked.rows(OVER).iter_rows(named=True)}
    counts = [
        sum(rows[one][name] for one in ("critical", "high") if one in rows) for name in ("open_count", "before_count")
    ]
    return Compared(Measure("Critical and high findings", many, "down", "count"), counts[0], counts[1])


def is_known(asked: Asked) -> bool:
    """Whether any scanner tells findings: none is then good news."""
    return bool((asked.row(KNOWN) or {}).get("is_known"))


def by_severity(asked: Asked) -> tuple[Figure, ...]:
    """Open findings of each severity at the end of the month."""
    known = is_known(asked)
    rows = {row["severity"]: row for row in asked.rows(OVER).iter_rows(named=True)}
    made = []
    for one in SEVERITIES:
        row = rows.get(one, {})
        measure = Measure(f"{one.capitalize()}, open", many, "down", "count")
        counts = (row.get("open_count", 0), row.get("before_count", 0)) if known else (None, None)
        note = f"{row.get('found_count', 0)} found, {row.get('mended_count', 0)} mended" if known else ""
        made.append(figure(Compared(measure, *counts), asked.month, note))
    return tuple(made)


def findings_said(asked: Asked) -> tuple[Said, ...]:
    """What is known to be exploited, what is late, and how many were mended, in words."""
    if not is_known(asked):
        return (Said("No scanner tells findings, so nothing is known: import SARIF or a dependency scan.", "warn"),)
    frame = asked.rows(OPEN)
    exploited, late = frame.filter(pl.col("is_known_exploited")), frame.filter(pl.col("is_overdue"))
    said = []
    if late.height:
        due = cells.day(late["kev_due_on"].min())  # type: ignore[arg-type]
        said.append(
            Said(
                f"{plural(late.height, 'finding')} known to be exploited should be mended by now, the first by {due}.",
                "bad",
            )
        )
    elif exploited.height:
        said.append(Said(f"{plural(exploited.height, 'open finding')} is known to be exploited elsewhere.", "bad"))
    over = asked.rows(OVER)
    found, mended = int(over["found_count"].sum()), int(over["mended_count"].sum())
    tone = "good" if mended >= found else "warn"
    said.append(Said(f"{found:,} findings were found and {mended:,} mended in {asked.month.name}.", tone))  # type: ignore[arg-type]
    return tuple(said)


def findings(asked: Asked, most: int | None = None) -> Table:
    """Critical and high findings that are open today, those known to be exploited first."""
    frame = asked.rows(OPEN)
    rows = [_finding(row, asked) for row in frame.head(most or frame.height).iter_rows(named=True)]
    columns = (
        Column("Finding", width=3.8),
        Column("Severity", width=1.1),
        Column("Application", width=1.9),
        Column("Exploited", width=1.6),
        Column("Fix", width=1),
        Column("Open for", True, 0.9),
    )
    left = frame.height - len(rows)
    note = f"{plural(left, 'more finding')} of these severities. " if left else ""
    return Table(
        "Critical and high findings, open today", columns, rows, "None is open.", f"{note}As of {cells.day(asked.at)}."
    )


def _finding(row: Row, asked: Asked) -> list[str | Cell]:
    exploited: str | Cell = cells.NONE
    if row["is_known_exploited"]:
        exploited = cells.judged(f"due {cells.day(row['kev_due_on'])}", "bad" if row["is_overdue"] else "warn")
    fix = row["fixed_version"] or ("exists" if row["has_fix"] else cells.NONE)
    days = None if row["first_seen_at"] is None else (asked.at - row["first_seen_at"]).days
    return [
        row["title"] or row["rule_id"] or "–",
        cells.state(row["severity"]),
        cells.or_none(row["apps"]),
        exploited,
        fix,
        cells.told(days, lambda value: plural(value, "day")),
    ]


def by_application(asked: Asked) -> Table:
    """Open findings of each application, worst first."""
    rows = [
        [
            row["name"],
            *(f"{row[f'{one}_count']:,}" for one in SEVERITIES),
            f"{row['exploited_count']:,}",
            cells.day(row["oldest_at"]),
        ]
        for row in asked.rows(BY_APP).iter_rows(named=True)
    ]
    columns = (Column("Application", width=2.8), *(Column(one.capitalize(), True) for one in SEVERITIES),
               Column("Exploited", True), Column("Oldest since", True, 1.3))  # fmt: skip
    return Table("Open findings by application", columns, rows, "No finding is open.", f"As of {cells.day(asked.at)}.")


def severity_chart(asked: Asked) -> tuple[Chart, ...]:
    """Found and mended by severity; nothing without findings."""
    frame = asked.rows(OVER)
    shown = [
        {"name": f"{one.capitalize()}, {word}", "value": row[f"{word}_count"], "said": f"{row[f'{word}_count']:,}"}
        for one in SEVERITIES for row in frame.filter(pl.col("severity") == one).iter_rows(named=True)
        for word in ("found", "mended")
    ]  # fmt: skip
    if not shown:
        return ()
    spec = charts.ranked(pl.DataFrame(shown), row=22)
    return (Chart("Found and mended in the month", spec, "Findings found and mended, by severity"),)


def objectives(asked: Asked, most: int | None = None) -> Table:
    """Objectives over the month, those that were missed first."""
    frame = asked.rows(SLOS)
    rows = [_objective(row) for row in frame.head(most or frame.height).iter_rows(named=True)]
    columns = (
        Column("Objective", width=3.6), Column("Application", width=2), Column("Target", True, 0.8),
        Column("Kept", True, 0.9), Column("Budget spent", True, 1.25), Column("Verdict", width=1.4),
    )  # fmt: skip
    left = frame.height - len(rows)
    return Table("Objectives", columns, rows, "No objective is declared: write [[slo]] in slos.toml.",
                 f"{plural(left, 'more objective')} kept or not measured." if left else "")  # fmt: skip


def _objective(row: Row) -> list[str | Cell]:
    verdicts: dict[bool | None, Cell] = {
        True: cells.judged("kept", "good"), False: cells.judged("missed", "bad"), None: Cell("? not measured", "plain"),
    }  # fmt: skip
    return [row["name"], cells.or_none(row["app_name"]), cells.pct(row["target_pct"], 1), cells.pct(row["sli_pct"], 2),
            cells.pct(row["spent_pct"], 0), verdicts[row["is_kept"]]]  # fmt: skip


def objectives_said(asked: Asked) -> Said:
    """How many objectives were kept, in a sentence."""
    frame = asked.rows(SLOS)
    missed, kept = (int((frame["is_kept"] == want).sum()) for want in (False, True))
    unknown = frame.height - missed - kept
    if not frame.height:
        return Said("No objective is declared, so nobody promised anything.", "warn")
    said = f"{kept} of {plural(frame.height, 'objective')} were kept, {missed} missed"
    said += f", {unknown} not measured" if unknown else ""
    return Said(f"{said}.", "bad" if missed else "good" if kept else "warn")
