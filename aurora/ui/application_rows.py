"""The tabs of an application that show rows: delivery, dependencies, security, cost, mobile stores."""

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.insights.score import deadline
from aurora.insights.score_rules import Rules, load_rules
from aurora.ui import charts, tables
from aurora.ui.data import rows, settings, utc_now
from aurora.ui.frame import empty
from aurora.ui.words import ago, count, money, number, percent, safe

REPOSITORIES = "from app_repositories where app_id = $id order by last_committed_at desc nulls last"
DEPLOYMENTS = """
    select coalesce(finished_at, created_at) as finished_at, version, environment, status, is_rollback, is_hotfix,
           actor, left(sha, 10) as sha, duration_s, source_instance, deployment_id
    from deployments_by_app where app_id = $id order by 1 desc limit 300"""
EDGES = """
    select case when e.from_id = $id then 'rests on' else 'serves' end as direction, n.name, n.type, n.status,
           e.kind, e.evidence, e.calls_per_minute, n.node_id
    from graph_edges e
    join graph_nodes n on n.node_id = case when e.from_id = $id then e.to_id else e.from_id end
    where e.from_id = $id or e.to_id = $id order by direction, n.status, n.name"""
PACKAGES = """
    select name, package_version, latest_version, security_status, finding_count, scope, ecosystem,
           manifest_path, licenses
    from app_packages where app_id = $id
    order by security_status = 'vulnerable' desc, security_status = 'outdated' desc, name"""
FINDINGS = """
    select severity, title, category, state, first_seen_at, kev_due_on, package_name, package_version, fixed_version,
           file, tool, url, finding_id, is_open
    from findings_now where list_contains(app_ids, $id)
    order by is_open desc, list_position(['critical', 'high', 'medium', 'low', 'info'], severity), first_seen_at
    limit 1000"""
MONTHS = """
    select month_on, currency, effective_cost, hosting_cost, third_party_cost, billed_cost, line_count
    from cost_by_app_month where app_id = $id order by month_on"""
HOURS = "select month_on, hours, labour_cost, currency from app_work_hours where app_id = $id order by month_on"
DAYS = """
    select day, currency, category, effective_cost from app_cost_daily
    where app_id = $id and day >= utc_now()::date - 60 order by day"""
BUDGETS = """
    select name, period, limit_amount, currency, changed_by, changed_at from budgets_now
    where app_id = $id"""
STORES = "from mobile_overview where app_id = $id order by platform, name"


def delivery(row: Row) -> None:
    """Repositories with their last commit, then every deployment."""
    found = rows(REPOSITORIES, id=row["app_id"])
    if found.height:
        tables.plain(found.drop("app_id"), "Repositories", 4)
    else:
        empty("No repository is linked to it", "Link one on the Registry tab.")
    st.subheader("Deployments", anchor=False)
    tables.plain(
        rows(DEPLOYMENTS, id=row["app_id"]), "Deployments", 14,
        or_else=("No deployment", "None of its repositories or stores has told of one."),
    )  # fmt: skip


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
        worst = packages["security_status"].fill_null("not checked").value_counts(sort=True)
        st.caption(" · ".join(f"{n} {word}" for word, n in worst.iter_rows()))
    tables.plain(packages, "Packages", 14, or_else=("No package is known", "No manifest or scan of it was read."))


def security(row: Row) -> None:
    """Findings with their deadlines, open and severe ones first."""
    due_on = deadline(pl.col("kev_due_on"), pl.col("severity"), pl.col("first_seen_at"), _rules())
    findings = rows(FINDINGS, id=row["app_id"]).with_columns(pl.when("is_open").then(due_on).alias("due_on"))
    if findings.height:
        still = findings.filter(pl.col("is_open"))
        late = still.filter(pl.col("due_on") < utc_now().date()).height
        counted = ", ".join(f"{n} {word}" for word, n in still["severity"].value_counts(sort=True).iter_rows())
        st.caption(f"Open: {counted or 'none'} · past the deadline: {late}")
    front = ["severity", "title", "due_on", "state"]
    tables.plain(
        findings.select(*front, pl.exclude(*front, "is_open", "kev_due_on")), "Findings", 16,
        or_else=("No finding", "Nothing was found, or nothing was scanned yet."),
    )  # fmt: skip


def _rules() -> Rules:
    """The rules of the score, whose deadlines count here too."""
    return load_rules(settings().reference("score.toml"))


def cost(row: Row) -> None:
    """Cost by day and by month, against the budget."""
    months, days, budgets = (rows(sql, id=row["app_id"]) for sql in (MONTHS, DAYS, BUDGETS))
    if not months.height:
        empty("No cost is linked to it", "Link a tag, account, service or resource of the bill on the Registry tab.")
        return
    with st.grid(columns=5, min_column_width=150):
        st.metric("This month", money(row["month_cost"], row["currency"]), border=True)
        for name, label in (("hosting_cost", "Hosting"), ("third_party_cost", "Third parties")):
            st.metric(label, money(months[name][-1], months["currency"][-1]), border=True)
        if budgets.height:
            st.metric("Budget a month", money(budgets["limit_amount"][0], budgets["currency"][0]), border=True)
        hours = rows(HOURS, id=row["app_id"])
        if hours.height:
            st.metric(
                "Development", f"{number(hours['hours'][-1])} h", border=True,
                help=f"{money(hours['labour_cost'][-1], hours['currency'][-1])} this month",
            )  # fmt: skip
    if days.height:
        st.altair_chart(charts.cost_days(days), alt="Cost per day")
    tables.plain(months, "Cost by month", 8)


def mobile(row: Row) -> None:
    """Each store listing with its version, rating, crash-free sessions and vitals."""
    stores = rows(STORES, id=row["app_id"])
    if not stores.height:
        empty("No store app is linked to it", "Link its store listing on the Registry tab.")
        return
    for listing in stores.iter_rows(named=True):
        with st.container(border=True):
            st.markdown(
                f"**{safe(listing['name'])}** · {safe(listing['platform'])} · {safe(listing['current_version'])}"
            )
            with st.grid(columns=5, min_column_width=140):
                st.metric("Rating", number(listing["rating_avg"], "", 2))
                st.metric("Ratings", count(listing["rating_count"]))
                st.metric("Crash-free sessions", percent(listing["crash_free_pct"]))
                st.metric("User-perceived crash", percent(listing["user_perceived_crash_pct"]))
                st.metric("ANR", percent(listing["user_perceived_anr_pct"]))
            st.caption(f"Released {ago(listing['last_released_at'])}")
