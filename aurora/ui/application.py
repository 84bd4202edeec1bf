"""One application from all sides: the head of its page, and what each tab but the registry's shows."""

from datetime import datetime

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.insights.fields import text_map
from aurora.insights.marks import deployment_marks
from aurora.ui import availability, charts, tables
from aurora.ui.application_score import score
from aurora.ui.applications import deployed
from aurora.ui.data import rows
from aurora.ui.filters import Span
from aurora.ui.frame import empty
from aurora.ui.plots import plot
from aurora.ui.words import NOTHING, STATUS, TYPE_WORD, ago, count, money, number, percent, safe, spoken

COMPONENT = "pages/operate/component.py"
COMPONENTS = """
    select s.*, u.uptime_pct, t.trend
    from app_components a
    join component_status s on s.component_id = a.component_id
    left join component_uptime u on u.component_id = a.component_id and u.time_window = '30d'
    left join (
      select h.component_id, list(h.response_time_ms order by h.bucket_at) as trend
      from health_series(since := $since, until := $until, bucket_s := $bucket_s) h
      where h.response_time_ms is not null
        and h.component_id in (select component_id from app_components where app_id = $id)
      group by h.component_id
    ) t on t.component_id = a.component_id
    where a.app_id = $id order by s.status_rank, s.name"""
UPTIME = "from app_uptime where app_id = $id"
SERIES = """
    select bucket_at, avg(response_time_ms) as response_time_ms, max(response_time_p95_ms) as response_time_p95_ms
    from health_series(since := $since, until := $until, bucket_s := $bucket_s)
    where component_id in (select component_id from app_components where app_id = $id)
      and component_id in (select component_id from components where type in ('api', 'cdn'))
    group by bucket_at order by bucket_at"""
SHIPPED = """
    select finished_at as shipped_at, version, status, is_rollback, app_id
    from deployments_by_app
    where app_id = $id and env_tier = 'production' and status in ('success', 'failed', 'rolled_back')
      and finished_at >= $since and finished_at < $until
    order by shipped_at"""
CHANGES = """
    from change_ledger(since := $since, until := $until) where app_id = $id order by occurred_at desc"""
BEFORE = """
    select occurred_at, minutes_before, kind, app_name, title, state, actor
    from changes_before(at := $at, minutes := $minutes) where app_id = $id or $id = '' order by occurred_at desc"""


def head(row: Row) -> None:
    """Badges, then the figures of the card."""
    mark = STATUS[row["status"]]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(mark.word, icon=f":material/{mark.icon}:", color=mark.color)
        said = [TYPE_WORD.get(row["type"], row["type"]), row["env_tier"], row["lifecycle"]]
        said += [f"tier {row['tier']}" if row["tier"] else None, row["team_name"] or row["team_id"] or "no team"]
        for word in said:
            if word and word != "unknown":
                st.badge(safe(spoken(word)), color="gray")
        if row["status_reason"]:
            st.markdown(safe(row["status_reason"]))
    with st.grid(columns=4, min_column_width=150):
        st.metric(
            "Score", number(row["score"]), border=True,
            help=f"Of 100, over 30 days; {number(row['score_coverage_pct'], '%')} of its weights have data. "
            "Below 30% there is none.",
        )  # fmt: skip
        st.metric("Uptime 30 d", percent(row["uptime_30d_pct"]), border=True)
        st.metric("Response", number(row["response_time_ms"], "ms"), border=True)
        st.metric("Users", count(row["active_users"]), border=True)
        st.metric("Cost this month", money(row["month_cost"], row["currency"]), border=True)
        st.metric(
            "Deployed", ago(row["last_deployed_at"]) if row["last_deployed_at"] else NOTHING, border=True,
            help=safe(deployed(row["last_deployed_at"], row["last_version"])),
        )  # fmt: skip
        st.metric("Open alerts", count(row["open_alert_count"]), border=True)
        st.metric("Findings", count(row["serious_finding_count"]), border=True, help="Open ones, critical or high.")


def overview(row: Row, span: Span) -> None:
    """Where the points of the score went, and who and what the application is."""
    left, right = st.columns([2, 1], gap="medium")
    with left.container(border=True, height="stretch"):
        score(row)
    with right.container(border=True, height="stretch"):
        about(row)


def about(row: Row) -> None:
    """Description, owners, stack and links as a list."""
    st.subheader("About", anchor=False)
    if row["description"]:
        st.markdown(safe(row["description"]))
    owners = [("Product owner", "product_owner"), ("Lead developer", "lead_developer"), ("QA lead", "qa_lead")]
    owners += [("DevOps", "devops"), ("Domain", "domain"), ("Product", "product")]
    lines = [f"**{label}** {safe(row[name])}" for label, name in owners if row[name]]
    stacks = [(label, row[f"stack_{label}"]) for label in ("frontend", "backend", "database", "infrastructure")]
    lines += [f"**{label.capitalize()}** {safe(', '.join(told))}" for label, told in stacks if told]
    if row["rpo_s"] is not None or row["rto_s"] is not None:
        said = [
            f"{name} {value / 60:,.0f} min"
            for name, value in (("point", row["rpo_s"]), ("time", row["rto_s"]))
            if value
        ]
        lines.append(f"**Recovery** {', '.join(said)}")
    if not lines and not row["description"]:
        lines = ["Nobody has described it yet: see the Registry tab."]
    st.markdown("  \n".join(lines))
    for name, address in links(row).items():
        st.link_button(safe(name), address, icon=":material/open_in_new:", type="tertiary")


def links(row: Row) -> dict[str, str]:
    """Runbook and links whose address is one of the web; anything else is not offered to click."""
    found = text_map(row["links"])
    if row["runbook_url"]:
        found = {"Runbook": row["runbook_url"], **found}
    return {name: address for name, address in found.items() if address.startswith(("https://", "http://"))}


def health(row: Row, span: Span) -> None:
    """Response time with deployments marked, and the components worst first."""
    params = {"id": row["app_id"], **span.params}
    frame = rows(COMPONENTS, **params)
    if not frame.height:
        empty("No component is linked to it", "Link its components on the Registry tab: nothing about health is known.")
        return
    with st.grid(columns=4, min_column_width=110):
        availability.uptimes(rows(UPTIME, id=row["app_id"]))
    series = rows(SERIES, **params)
    if series["response_time_ms"].is_not_null().any():
        marks = deployment_marks(rows(SHIPPED, id=row["app_id"], **span.window))
        measures = {"response_time_ms": "mean", "response_time_p95_ms": "slowest component, 95th percentile"}
        with st.container(border=True):
            plot(charts.lines(series, measures, "ms", marks, height=220), series, "Response time")
    if opened := tables.components(frame, "Uptime 30 d", "app-components"):
        st.switch_page(COMPONENT, query_params={"component": opened})


def changes(row: Row, span: Span) -> None:
    """The ledger of the range, and what changed in the hour before a row of it, or before any instant."""
    found = rows(CHANGES, id=row["app_id"], **span.window)
    chosen = tables.pick(
        found.select("occurred_at", "kind", "title", "state", "actor"),
        "app-changes", "Changes",
        ("Nothing changed", "No deployment, alert, incident, edit, cost jump or finding in this range."),
        title=st.column_config.TextColumn("What", width="large"),
    )  # fmt: skip
    st.subheader("What changed before", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        at = chosen["occurred_at"] if chosen else newest(found, span)
        at = st.datetime_input("Instant (UTC)", value=at, key=f"before-{at:%Y%m%d%H%M}") or at
        minutes = st.selectbox("Minutes before", [15, 60, 240, 1440], index=1, key="before-minutes")
        everywhere = st.toggle("All applications", key="before-all")
    asked = {"at": at, "minutes": minutes, "id": "" if everywhere else row["app_id"]}
    tables.plain(rows(BEFORE, **asked), "Changes before", 10, or_else=("Nothing changed then", "Look further back."))


def newest(found: pl.DataFrame, span: Span) -> datetime:
    """The newest alert or incident among the changes, else the newest change, else the end of the range."""
    alarms = found.filter(pl.col("kind").is_in(["alert", "incident"]))
    at: datetime = (alarms if alarms.height else found)["occurred_at"].max() or span.until  # type: ignore[assignment]
    return at
