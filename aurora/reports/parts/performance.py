"""How technology performed: availability, response, errors, incidents, and each application."""

from aurora.contracts import Row
from aurora.reports import cells, charts
from aurora.reports.cells import or_none
from aurora.reports.document import NOT_TOLD, Cell, Chart, Column, Table
from aurora.reports.measures import Compared, Measure, lasted, many, pct, whole
from aurora.reports.report import Asked

TOTALS = "from estate_totals(since := $since, until := $until)"
INCIDENTS = "from incident_totals(since := $since, until := $until)"
SERIES = """
    select bucket_at::date as day, availability_pct, response_time_p50_ms, response_time_p95_ms, error_rate_pct
    from estate_series(since := $since, until := $until, bucket_s := 86400) order by day"""
APPS = """
    select a.name, a.tier, t.name as team_name, s.score, u.uptime_pct, d.deployment_count, d.change_fail_pct, c.cost,
           coalesce(i.incident_count, 0) as incident_count
    from applications_now a
    left join (select team_id, min(name) as name from teams group by team_id) t on t.team_id = a.team_id
    left join (select app_id, count(*) as incident_count from incidents_over(since := $since, until := $until)
               group by app_id) i on i.app_id = a.app_id
    left join app_scores_now s on s.app_id = a.app_id
    left join app_uptime_over(since := $since, until := $until) u on u.app_id = a.app_id
    left join dora(since := $since, until := $until) d on d.scope_type = 'app' and d.scope_id = a.app_id
    left join cost_between($currency, $since, $until) c
      on c.kind = 'app' and c.series_id = a.app_id and c.currency = $currency
    order by a.tier nulls last, a.name"""
UPTIMES = """
    select a.name, a.tier, u.* from app_uptime_over(since := $since, until := $until) u
    join applications_now a on a.app_id = u.app_id order by u.uptime_pct nulls last, a.tier nulls last, a.name"""
DOWNTIMES = """
    select d.*, c.name from component_downtimes(since := $since, until := $until) d
    join components c on c.component_id = d.component_id order by d.started_at limit 200"""
AVAILABILITY = Measure("Availability", pct(2), "up", "points", 0.005, is_of_full=True)
RESPONSE = Measure("Response time, p95", whole("ms"), "down", "share", 2)
ERRORS = Measure("Error rate", pct(2), "down", "points", 0.005)
COUNT = Measure("Incidents in production", many, "down", "count")
ENDED = Measure("Time to resolve", lasted, "down", "share", 60)


def estate(asked: Asked) -> list[Compared]:
    """Availability, response time and error rate of all components."""
    now, before = asked.both(TOTALS)
    names = ("availability_pct", "response_time_p95_ms", "error_rate_pct")
    return [
        Compared(measure, now.get(name), before.get(name))
        for measure, name in zip((AVAILABILITY, RESPONSE, ERRORS), names, strict=True)
    ]


def incidents(asked: Asked) -> list[Compared]:
    """How many incidents began and how long they took; not told where no source tells incidents."""
    now, before = asked.both(INCIDENTS)
    counts = [row.get("incident_count") if row.get("is_told") else None for row in (now, before)]
    return [
        Compared(COUNT, counts[0], counts[1]),
        Compared(ENDED, now.get("resolved_median_s"), before.get("resolved_median_s")),
    ]


def availability(asked: Asked, wide: bool = False) -> tuple[Chart, ...]:
    """Availability by day; nothing where nothing was measured."""
    width = charts.WIDTH if wide else charts.HALF
    told = "Availability of all components"
    return _trend(asked, {"availability_pct": "availability"}, "%", ("Availability by day", told), width, ".2f")


def errors(asked: Asked) -> tuple[Chart, ...]:
    """Error rate by day; nothing where nothing was measured."""
    told = ("Error rate by day", "Failed requests of all requests")
    return _trend(asked, {"error_rate_pct": "error rate"}, "%", told, charts.WIDTH, ".3~f")


def response(asked: Asked) -> tuple[Chart, ...]:
    """Median and 95th percentile of the response time by day; nothing where nothing was measured."""
    measures = {"response_time_p50_ms": "median", "response_time_p95_ms": "95th percentile"}
    told = ("Response time of all components by day", "Median and 95th percentile of the response time")
    return _trend(asked, measures, "ms", told, charts.WIDTH, ",~f")


def _trend(
    asked: Asked, names: dict[str, str], unit: str, told: tuple[str, str], width: int, form: str
) -> tuple[Chart, ...]:
    series = asked.rows(SERIES)
    if not series[next(iter(names))].drop_nulls().len():
        return ()
    spec = charts.lines(series, names, unit, width=width, height=charts.LOW, form=form)
    return (Chart(told[0], spec, f"{told[1]} on each day of {asked.month.title}"),)


def response_to_incidents(asked: Asked) -> list[Compared]:
    """How quickly incidents were acknowledged, how many were severe and how many a deployment caused."""
    now, before = (row if row.get("is_told") else {} for row in asked.both(INCIDENTS))
    measures = (
        (Measure("Time to acknowledge", lasted, "down", "share", 30), "acknowledged_median_s"),
        (Measure("Severe incidents", many, "down", "count"), "severe_count"),
        (Measure("Incidents by deployment", many, "down", "count"), "by_deployment_count"),
    )
    return [Compared(measure, now.get(name), before.get(name)) for measure, name in measures]


def uptimes(asked: Asked) -> Table:
    """Uptime of each application with components, the worst first."""
    rows = [
        [row["name"], or_none(row["tier"]), cells.whole(row["component_count"]), cells.pct(row["uptime_pct"], 3),
         cells.lasted(row["down_s"]), cells.pct(row["coverage_pct"], 1)]
        for row in asked.rows(UPTIMES).iter_rows(named=True)
    ]  # fmt: skip
    columns = (
        Column("Application", width=3), Column("Tier", True, 0.6), Column("Components", True), Column("Uptime", True),
        Column("Down, all components", True, 1.6), Column("Observed", True),
    )  # fmt: skip
    return Table("Applications, worst first", columns, rows, "No application has a component.")


def downtimes(asked: Asked) -> Table:
    """Every outage of a component in the month, as they came."""
    rows = [
        [f"{row['started_at']:%d %b %H:%M}", row["name"], cells.lasted(row["duration_s"]), or_none(row["reason"])]
        for row in asked.rows(DOWNTIMES).iter_rows(named=True)
    ]  # fmt: skip
    columns = Column("Began (UTC)"), Column("Component", width=2), Column("Down for", True, 0.8), Column("Why", width=3)
    return Table("Outages of components", columns, rows, "No component was down, of those that are observed.")


def applications(asked: Asked) -> Table:
    """Every application with what it did in the month; its score is of today."""
    rows = [_application(row, asked.currency) for row in asked.rows(APPS).iter_rows(named=True)]
    columns = (
        Column("Application", width=2.4),
        Column("Team", width=1.9),
        Column("Tier", True, 0.5),
        Column("Score", True, 0.9),
        Column("Availability", True, 1.15),
        Column("Incidents", True, 0.95),
        Column("Deployments", True, 1.2),
        Column("Failed", True, 0.9),
        Column("Cost", True, 1.1),
    )
    return Table(
        "Applications", columns, rows, "No application is registered.",
        f"Score: of 100, as of {asked.at:%d %b %Y}. Failed: deployments that failed or were undone, of all.",
    )  # fmt: skip


def _application(row: Row, currency: str | None) -> list[str | Cell]:
    return [
        row["name"],
        or_none(row["team_name"]),
        or_none(row["tier"]),
        scored(row["score"]),
        cells.pct(row["uptime_pct"]),
        cells.whole(row["incident_count"]),
        cells.whole(row["deployment_count"]),
        cells.pct(row["change_fail_pct"], 1),
        cells.amount(row["cost"], currency),
    ]


def scored(score: float | None) -> str | Cell:
    """A score with its sign: good from 85, fair from 60."""
    if score is None:
        return NOT_TOLD
    return cells.judged(f"{score:.0f}", "good" if score >= 85 else "warn" if score >= 60 else "bad")
