"""How software was delivered: DORA's five figures, deployments by day, teams, projects and what comes next."""

import polars as pl

from aurora.contracts import Row
from aurora.reports import cells, charts
from aurora.reports.document import Cell, Chart, Column, Said, Table
from aurora.reports.measures import Compared, Measure, lasted, many, pct
from aurora.reports.report import Asked
from aurora.words import number, plural

TOTALS = "from delivery_totals(since := $since, until := $until)"
DAYS = """
    select over_at::date as day, case when is_change_failed then 'failed' else 'arrived' end as name,
           count(distinct deployment_id) as value
    from prod_deployments where over_at >= $since and over_at < $until group by all order by day, name"""
SCOPES = """
    select coalesce(a.name, t.name, d.scope_id) as name, d.*
    from dora(since := $since, until := $until) d
    left join applications_now a on d.scope_type = 'app' and a.app_id = d.scope_id
    left join (select team_id, min(name) as name from teams group by team_id) t
      on d.scope_type = 'team' and t.team_id = d.scope_id
    where d.scope_type = $scope_type and d.run_count > 0 order by d.run_count desc, name"""
PROJECTS = "from project_pipeline order by next_release_on nulls last, name"
UPCOMING = "from upcoming_releases order by due_at nulls last, title"
SPRINTS = """
    from sprints_now where state = 'closed' and completed_at >= $since and completed_at < $until
    order by completed_at, project, number"""
PACE = {"behind": cells.judged("behind", "warn"), "on_track": cells.judged("on track", "good"),
        "ahead": cells.judged("ahead", "good")}  # fmt: skip
MEASURES = (
    (Measure("Deployments to production", many, "up", "count"), "deployment_count"),
    (Measure("Change lead time, median", lasted, "down", "share", 600), "lead_median_s"),
    (Measure("Change fail rate", pct(1), "down", "points", 0.1), "change_fail_pct"),
    (Measure("Recovery time, median", lasted, "down", "share", 60), "recovery_median_s"),
    (Measure("Rework rate", pct(1), "down", "points", 0.1), "rework_pct"),
)


def five(asked: Asked) -> list[Compared]:
    """The five figures of all applications; not told where no source told a deployment by then."""
    now, before = (row if row.get("is_told") else {} for row in asked.both(TOTALS))
    return [Compared(measure, now.get(name), before.get(name)) for measure, name in MEASURES]


def rests_on(asked: Asked) -> str:
    """What the figures rest on, in a sentence."""
    row = asked.row(TOTALS) or {}
    if not row.get("is_told"):
        return "No source tells deployments: add a git repository or a CI connector."
    failed = f"{plural(row['failed_count'], 'deployment')} of {row['change_count']:,} failed or had to be undone"
    return f"{failed}; lead time is that of {plural(row['lead_count'], 'change')}."


def days(asked: Asked) -> tuple[Chart, ...]:
    """Deployments to production by day, failed ones apart; nothing without any."""
    frame = asked.rows(DAYS)
    if not frame.height:
        return ()
    spec = charts.counted(frame, charts.OUTCOMES, "deployments")
    return (Chart("Deployments to production by day", spec, f"Deployments of each day of {asked.month.title}"),)


def lead_times(asked: Asked) -> tuple[Chart, ...]:
    """Median lead time of each team; nothing without any."""
    frame = asked.rows(SCOPES, scope_type="team")
    known = frame.filter(pl.col("lead_median_s").is_not_null()).sort("lead_median_s", "name")
    if not known.height:
        return ()
    bars = [
        {"name": row["name"], "value": row["lead_median_s"], "said": lasted(row["lead_median_s"])}
        for row in known.iter_rows(named=True)
    ]  # fmt: skip
    told = "From a change's oldest commit to production, median of each team"
    return (Chart("Change lead time by team", charts.ranked(pl.DataFrame(bars)), told),)


def scopes(asked: Asked, scope_type: str, title: str) -> Table:
    """The five figures of each application or team with deployments."""
    rows = [_scope(row) for row in asked.rows(SCOPES, scope_type=scope_type).iter_rows(named=True)]
    columns = (
        Column(title, width=2.6), Column("Deployments", True), Column("Lead time", True), Column("Changes", True, 0.8),
        Column("Failed", True, 0.8), Column("Fail rate", True, 0.9), Column("Recovery", True, 0.9),
        Column("Rework", True, 0.8),
    )  # fmt: skip
    return Table(f"By {title.lower()}", columns, rows, "No deployment to production in this month.")


def _scope(row: Row) -> list[str | Cell]:
    fail: str | Cell = cells.pct(row["change_fail_pct"], 1)
    if row["change_fail_pct"] is not None and row["change_fail_pct"] > 15:
        fail = cells.judged(str(fail), "bad")
    return [
        row["name"],
        number(row["deployment_count"]),
        cells.lasted(row["lead_median_s"]),
        cells.whole(row["lead_count"]),
        cells.whole(row["failed_count"]),
        fail,
        cells.lasted(row["recovery_median_s"]) if row["failed_count"] else cells.NONE,
        cells.pct(row["rework_pct"], 1),
    ]


def projects(asked: Asked) -> Table:
    """Every project: its release date as planned beside the one that its velocity forecasts."""
    rows = [_project(row) for row in asked.rows(PROJECTS).iter_rows(named=True)]
    columns = (
        Column("Project", width=2.2), Column("Stage", width=1.5), Column("Sprint", True, 0.8), Column("Pace", width=1),
        Column("Next release", True, 1.1), Column("Forecast", True, 1.1), Column("Standing", width=1.3),
        Column("Critical", True, 0.7),
    )  # fmt: skip
    return Table(
        "Projects", columns, rows, "No planning project is known: add Jira, Linear, GitHub or GitLab.",
        f"As of {cells.day(asked.at)}. Forecast: what is left, at the pace of the last five sprints.",
    )  # fmt: skip


def _project(row: Row) -> list[str | Cell]:
    pace = PACE.get(row["pace"], cells.NONE)
    return [
        row["name"],
        cells.state(row["status"]),
        cells.pct(row["progress_pct"], 0),
        pace,
        cells.day(row["next_release_on"]),
        cells.day(row["forecast_on"]),
        standing(row),
        cells.whole(row["critical_item_count"]),
    ]


def is_late(row: Row) -> bool:
    """Whether the forecast lies after the date that was promised."""
    return bool(row["forecast_on"] and row["next_release_on"] and row["forecast_on"] > row["next_release_on"])


def standing(row: Row) -> str | Cell:
    """'▲ 21 days late', '● on time', or that nothing can be said."""
    if row["next_release_on"] is None or row["forecast_on"] is None:
        return cells.NONE
    if not is_late(row):
        return cells.judged("on time", "good")
    return cells.judged(f"{plural((row['forecast_on'] - row['next_release_on']).days, 'day')} late", "bad")


def upcoming(asked: Asked) -> Table:
    """What is about to be released."""
    rows = [
        [row["title"], cells.or_none(row["app_id"]), cells.or_none(row["environment"]).capitalize(),
         cells.state(row["state"]), cells.day(row["due_at"])]
        for row in asked.rows(UPCOMING).iter_rows(named=True)
    ]  # fmt: skip
    columns = (
        Column("Release", width=3), Column("Application", width=1.6), Column("Environment", width=1.2),
        Column("State", width=1.1), Column("Due", True, 1),
    )  # fmt: skip
    return Table("What comes next", columns, rows, "Nothing is announced.", f"As of {cells.day(asked.at)}.")


def sprints(asked: Asked) -> Table:
    """Sprints that ended in the month: what was promised and what was done."""
    rows = [
        [
            row["name"],
            cells.or_none(row["project"]),
            cells.day(row["completed_at"]),
            cells.whole(row["committed_points"]),
            cells.whole(row["completed_points"]),
            _kept(row),
        ]
        for row in asked.rows(SPRINTS).iter_rows(named=True)
    ]
    columns = (
        Column("Sprint", width=2.2), Column("Project", width=2), Column("Ended", True, 1.1), Column("Committed", True),
        Column("Completed", True), Column("Kept", True),
    )  # fmt: skip
    return Table("Sprints that ended", columns, rows, "No sprint ended in this month, or none is told.")


def _kept(row: Row) -> str:
    committed, done = row["committed_points"], row["completed_points"]
    return cells.pct(100 * done / committed, 0) if committed and done is not None else cells.told(None, str)


def late_projects(frame: pl.DataFrame) -> tuple[Said, ...]:
    """Projects whose forecast is later than their date, in words."""
    late = [row for row in frame.iter_rows(named=True) if is_late(row)]
    return tuple(
        Said(f"{row['name']} is due on {cells.day(row['next_release_on'])}, and at its pace will be done on "
             f"{cells.day(row['forecast_on'])}.", "bad")
        for row in late
    )  # fmt: skip
