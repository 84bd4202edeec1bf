"""The tabs of an application that show rows: delivery, dependencies, security, cost, mobile stores."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.insights.score import deadline
from aurora.insights.score_rules import Rules, load_rules
from aurora.ui import charts, tables
from aurora.ui.data import rows, settings, utc_now
from aurora.ui.frame import empty
from aurora.ui.plots import plot
from aurora.ui.words import ago, count, money, number, percent, plural, safe, spoken

SEVERITIES = ("critical", "high", "medium", "low", "info", "unknown")
OUTCOMES = ("failed", "rolled_back", "success")
REPOSITORIES = """
    select full_name, last_committed_at, last_subject, last_author, last_sha, commit_count_30d, commit_count,
           path_prefix, default_branch, language, url, source_instance, repo_id
    from app_repositories where app_id = $id order by last_committed_at desc nulls last"""
DEPLOYMENTS = """
    select coalesce(finished_at, created_at) as finished_at, status, version, environment, is_rollback, is_hotfix,
           actor, sha, duration_s, url, source_instance, deployment_id
    from deployments_by_app where app_id = $id order by 1 desc limit 300"""
EDGES = """
    select case when e.from_id = $id then 'rests on' else 'serves' end as direction, n.name, n.status, n.type,
           e.kind, e.evidence, e.calls_per_minute, n.node_id
    from graph_edges e
    join graph_nodes n on n.node_id = case when e.from_id = $id then e.to_id else e.from_id end
    where e.from_id = $id or e.to_id = $id
    order by direction, list_position(['down', 'degraded', 'unknown', 'maintenance', 'healthy'], n.status), n.name"""
PACKAGES = """
    select name, security_status, finding_count, package_version, latest_version, scope, ecosystem, manifest_path,
           licenses
    from app_packages where app_id = $id
    order by list_position(['vulnerable', 'outdated', 'secure'], security_status), finding_count desc, name"""
FINDINGS = """
    select severity, title, category, state, first_seen_at, kev_due_on, package_name, package_version, fixed_version,
           file, tool, url, finding_id, is_open
    from findings_now where list_contains(app_ids, $id)
    order by is_open desc, list_position(['critical', 'high', 'medium', 'low', 'info'], severity), first_seen_at
    limit 1000"""
MONTHS = """
    select month_on, currency, effective_cost, hosting_cost, third_party_cost, billed_cost, line_count
    from cost_by_app_month where app_id = $id order by month_on desc"""
HOURS = "select month_on, hours, labour_cost, currency from app_work_hours where app_id = $id order by month_on"
DAYS = """
    select day, currency, category, effective_cost from app_cost_daily
    where app_id = $id and day >= utc_now()::date - 60 order by day"""
RATE = "select limit_amount, currency, month_on, month_cost from app_score_costs where app_id = $id"
CREDITS = """
    select l.day, coalesce(f.ChargeDescription, l.service) as title, l.effective_cost, l.currency, l.provider, l.service
    from cost_lines l left join focus_cost f on 'bill:' || f.x_RowId = l.line_id
    where l.effective_cost < 0 and l.day >= utc_now()::date - 60 and exists (
      select 1 from app_links_now k where k.app_id = $id and k.kind = 'cost' and list_contains(
        ['account:' || l.account_id, 'service:' || l.service, 'resource:' || l.resource_id] || tag_marks(l.tags),
        k.native_id))
    order by l.day desc limit 100"""
STORES = "from mobile_overview where app_id = $id order by platform, name"


def delivery(row: Row) -> None:
    """Repositories with their last commit, then every deployment."""
    found = rows(REPOSITORIES, id=row["app_id"])
    if found.height:
        tables.plain(found, "Repositories", 4)
    else:
        empty("No repository is linked to it", "Link one on the Registry tab.")
    st.subheader("Deployments", anchor=False)
    shipped = rows(DEPLOYMENTS, id=row["app_id"])
    if shipped.height:
        st.caption(f"{plural(shipped.height, 'deployment')}: {_counted(shipped['status'], OUTCOMES)}")
    tables.plain(
        shipped, "Deployments", 14, or_else=("No deployment", "None of its repositories or stores has told of one.")
    )


def _counted(series: pl.Series, order: tuple[str, ...]) -> str:
    """'2 critical, 3 high': how many there are of each word, in that order; what is none of them comes last."""
    counts = dict(series.fill_null("not checked").value_counts(sort=True).iter_rows())
    ordered = [word for word in order if word in counts] + [word for word in counts if word not in order]
    return ", ".join(f"{counts[word]:,} {spoken(word).lower()}" for word in ordered)


def dependencies(row: Row) -> None:
    """What it rests on and what rests on it, then the packages that it is built from."""
    edges = rows(EDGES, id=row["app_id"])
    tables.plain(edges, "Dependencies", 10, or_else=("No dependency is known", "Declare them, or link components."))
    st.page_link(
        "pages/estate/graph.py", label="Open the graph", icon=":material/hub:", query_params={"node": row["app_id"]}
    )
    packages = rows(PACKAGES, id=row["app_id"])
    st.subheader("Packages", anchor=False)
    if packages.height:
        st.caption(_counted(packages["security_status"], ("vulnerable", "outdated", "secure")))
    tables.plain(packages, "Packages", 14, or_else=("No package is known", "No manifest or scan of it was read."))


def security(row: Row) -> None:
    """Open findings with their deadlines, severe ones first; in a fold those that are fixed or decided."""
    found = rows(FINDINGS, id=row["app_id"])
    stands = found.filter("is_open").drop("is_open")
    due_on = deadline(pl.col("kev_due_on"), pl.col("severity"), pl.col("first_seen_at"), _rules())
    stands = stands.with_columns(due_on.alias("due_on")).drop("kev_due_on")
    today = utc_now().date()
    late = stands.filter(pl.col("due_on") < today).height
    if found.height:
        st.caption(f"Open: {_counted(stands['severity'], SEVERITIES) or 'none'} · past the deadline: {late}")
    front = [
        "severity", "title", "due", "due_on", "category", "package_name", "package_version", "fixed_version", "file",
    ]  # fmt: skip
    stands = stands.with_columns(
        pl.col("due_on").map_elements(lambda day: until(day, today), return_dtype=pl.String).alias("due")
    )
    nothing = ("No open finding", "All are fixed or decided: see below.")
    never = ("No finding", "Nothing was found, or nothing was scanned yet.")
    tables.plain(
        stands.select(*front, pl.exclude(*front)), "Open findings", 14, or_else=nothing if found.height else never,
        due=st.column_config.TextColumn("Time left", width=120),
    )  # fmt: skip
    closed = found.filter(~pl.col("is_open")).drop("is_open", "kev_due_on")
    if closed.height:
        with st.expander(f"Fixed or decided: {_counted(closed['state'], ())}", icon=":material/task_alt:"):
            tables.plain(closed, "Findings that are fixed or decided", 12)


def until(day: date, today: date) -> str:
    """'▲ 4 days late', 'today', 'in 1 day': how far a deadline is from today."""
    days = (day - today).days
    if days < 0:
        return f"▲ {plural(-days, 'day')} late"
    return f"in {plural(days, 'day')}" if days else "today"


def _rules() -> Rules:
    """The rules of the score, whose deadlines count here too."""
    return load_rules(settings().reference("score.toml"))


def cost(row: Row) -> None:
    """Cost by day and by month, against the budget."""
    months, days, credits = (rows(sql, id=row["app_id"]) for sql in (MONTHS, DAYS, CREDITS))
    if not months.height:
        empty("No cost is linked to it", "Link a tag, account, service or resource of the bill on the Registry tab.")
        return
    with st.grid(columns=6, min_column_width=150):
        _cost_figures(row, months)
    if days.height:
        said = pl.col("category").map_elements(spoken, return_dtype=pl.String)
        plot(charts.cost_days(days.with_columns(said)), days, "Cost per day")
    if credits.height:
        st.subheader("Credits", anchor=False)
        st.caption("Why a day may cost less than nothing. The amount is that of the whole charge.")
        tables.plain(credits, "Credits of the last 60 days", 5)
    st.subheader("Months", anchor=False)
    tables.plain(months, "Cost by month", 8)


def _cost_figures(row: Row, months: pl.DataFrame) -> None:
    newest, rates = months.row(0, named=True), rows(RATE, id=row["app_id"])
    budget = rates.row(0, named=True) if rates.height else None
    common: dict[str, Any] = {"border": True, "height": "stretch"}
    used = _share(row["month_cost"], budget) if budget and budget["currency"] == row["currency"] else None
    st.metric(
        "This month so far", money(row["month_cost"], row["currency"]),
        f"{used:.0f}% of the budget" if used is not None else None, delta_color="off", delta_arrow="off", **common,
    )  # fmt: skip
    if budget:
        _budget_figures(budget, common)
    for name, label in (("hosting_cost", "Hosting"), ("third_party_cost", "Third parties")):
        st.metric(label, money(newest[name], newest["currency"]), help=f"In {newest['month_on']:%B %Y}.", **common)
    hours = rows(HOURS, id=row["app_id"])
    if hours.height:
        said = f"{money(hours['labour_cost'][-1], hours['currency'][-1])} in {hours['month_on'][-1]:%B %Y}"
        st.metric("Development", f"{number(hours['hours'][-1])} h", help=said, **common)


def _budget_figures(budget: Row, common: dict[str, Any]) -> None:
    """What the month will cost at the present rate (app_score_costs), and the budget of a month."""
    share, cost = _share(budget["month_cost"], budget), budget["month_cost"]
    over = share is not None and share > 100
    st.metric(
        "Month at this rate", money(None if cost is None else Decimal(str(cost)), budget["currency"]),
        f"{'▲ ' if over else ''}{share:.0f}% of the budget" if share is not None else None,
        delta_color="red" if over else "green", delta_arrow="off", **common,
        help="Cost so far / share of the month that the bill covers; last month's until it covers two days.",
    )  # fmt: skip
    st.metric("Budget a month", money(Decimal(str(budget["limit_amount"])), budget["currency"]), **common)


def _share(amount: Decimal | float | None, budget: Row) -> float | None:
    """Percent of the budget, null where the amount is not known."""
    return None if amount is None else 100 * float(amount) / float(budget["limit_amount"])


def mobile(row: Row) -> None:
    """Each store listing with its version, rating, crash-free sessions and vitals."""
    stores = rows(STORES, id=row["app_id"])
    if not stores.height:
        empty("No store app is linked to it", "Link its store listing on the Registry tab.")
        return
    for listing in stores.iter_rows(named=True):
        with st.container(border=True):
            system = spoken(listing["platform"])
            st.markdown(f"**{safe(listing['name'])}** · {safe(system)} · {safe(listing['current_version'])}")
            with st.grid(columns=5, min_column_width=140):
                st.metric("Rating", number(listing["rating_avg"], "", 2))
                st.metric("Ratings", count(listing["rating_count"]))
                st.metric("Crash-free sessions", percent(listing["crash_free_pct"]))
                st.metric("User-perceived crash", percent(listing["user_perceived_crash_pct"]))
                st.metric("ANR", percent(listing["user_perceived_anr_pct"]))
            st.caption(f"Released {ago(listing['last_released_at'])}")
