"""The pipeline of projects as a table, what DORA's figures rest on, and a project's status as people set it."""

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.errors import AuroraError
from aurora.ui import tables
from aurora.ui.actions import change_project_status
from aurora.ui.frame import empty
from aurora.ui.words import ago, plural, safe, spoken

ROW = 34
STAGES = ("planning", "development", "testing", "staging", "production", "maintenance")
PACE = {"on_track": "● On track", "behind": "▲ Behind", "unknown": "? Not known"}
PACE_HUES = {"● On track": "#047857", "▲ Behind": "#B45309", "? Not known": "#6B7280"}
LEFT_OUT = (
    ("unknown_stage_count", "of an unmapped environment"),
    ("other_stage_count", "to other stages"),
    ("unfinished_count", "not finished"),
    ("negative_lead_count", "younger than their deployment"),
    ("planned_incident_count", "planned incidents"),
)


def covered(row: Row) -> str:
    """'Of 40 deployments told by github, 31 count. Left out: 7 to other stages, 2 not finished.'"""
    sources = ", ".join(safe(name) for name in row["sources"])
    said = f"Of {plural(row['told_count'], 'deployment')} told by {sources}, {row['used_count']} count"
    if row["inferred_count"]:
        said += f" ({row['inferred_count']} inferred from tags)"
    said += f"; the newest {ago(row['newest_at'])}"
    left = [f"{row[name]} {word}" for name, word in LEFT_OUT if row[name]]
    return said + (f". Left out: {', '.join(left)}." if left else ".")


def table(frame: pl.DataFrame) -> None:
    """Project, status, sprint with progress, deployments, issues, next release; a click lets one set the status."""
    if not frame.height:
        empty("No project is known", "Connect Jira, Linear, GitLab or GitHub; see Sources.")
        return
    shown = pl.DataFrame([_line(row) for row in frame.iter_rows(named=True)], infer_schema_length=None)
    name = f"{plural(frame.height, 'project')} with sprint, deployments and issues"
    if chosen := tables.clicked(frame, shown, "projects", name, _columns()):
        status(chosen)


def _line(row: Row) -> dict[str, object]:
    sprint = row["sprint"] and f"{row['sprint']}" + (
        f", to {row['sprint_ends_at']:%d %b}" if row["sprint_ends_at"] else ""
    )
    issues = None if row["open_item_count"] is None else f"{row['open_item_count']} open"
    critical = row["critical_item_count"] or 0
    by = {"person": "set", "source": "told", "derived": "derived"}.get(row["status_by"] or "", "")
    return {
        "name": row["name"],
        "status": f"{spoken(row['status'])}" + (f" ({by})" if by else ""),
        "sprint": sprint,
        "progress_pct": row["progress_pct"],
        "pace": [PACE[row["pace"]]] if row["pace"] in PACE else [],
        "good": row["good_deployment_count"],
        "bad": row["bad_deployment_count"],
        "issues": issues,
        "critical": [f"✕ {critical} critical"] if critical else [],
        "pulls": row["open_pull_request_count"],
        "next": _next(row),
        "manager": ", ".join(row["product_managers"] or []) or row["lead"],
    }


def _next(row: Row) -> str | None:
    if row["next_release_on"]:
        return f"{row['next_release_on']:%d %b}"
    if row["forecast_on"]:
        ends = [one for one in (row["forecast_first_on"], row["forecast_last_on"]) if isinstance(one, date)]
        between = f" ({ends[0]:%d %b} to {ends[1]:%d %b})" if len(ends) == 2 else ""
        return f"about {row['forecast_on']:%d %b}{between}"
    return None


def _columns() -> dict[str, Any]:
    config = st.column_config
    return {
        "name": config.TextColumn("Project", pinned=True, width=190),
        "status": config.TextColumn("Status", width=150, help="Set by people, told by a source, or derived."),
        "sprint": config.TextColumn("Sprint", width=150),
        "progress_pct": config.ProgressColumn("Progress", min_value=0, max_value=100, format="%.0f%%", width=110),
        "pace": config.MultiselectColumn("Pace", options=list(PACE_HUES), color=list(PACE_HUES.values()), width=105),
        "good": config.NumberColumn("Good, 30 d", width=85, help="Production deployments that ended well"),
        "bad": config.NumberColumn("Bad, 30 d", width=80, help="Failed, rolled back or with an incident"),
        "issues": config.TextColumn("Issues", width=85),
        "critical": config.MultiselectColumn("Critical", width=100, color="#B91C1C"),
        "pulls": config.NumberColumn("Pull requests", width=100, help="Open now"),
        "next": config.TextColumn("Next release", width=185, help="The stated day, else a forecast from velocity"),
        "manager": config.TextColumn("Product manager", width=140),
    }


def status(row: Row) -> None:
    """The status of a project, to be set by a person or given back to its sources."""
    with st.container(border=True, horizontal=True, vertical_alignment="bottom"):
        now = row["status"] if row["status"] in STAGES else STAGES[0]
        wanted = st.selectbox(f"Status of {safe(row['name'])}", STAGES, index=STAGES.index(now), format_func=spoken)
        kept = st.button("Set", key="project-set", type="primary")
        given_back = row["status_by"] == "person" and st.button("Give back to its sources", key="project-revert")
        if kept or given_back:
            try:
                change_project_status(row["project_id"], str(wanted) if kept else None)
            except AuroraError as error:
                st.error(safe(error), icon=":material/error:")
                return
            st.toast("Kept. It shows within seconds.")
