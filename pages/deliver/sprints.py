"""Sprints: what each committed to, added and finished, day by day; velocity and when what is planned will be done.

icon: directions_run
order: 54
"""

from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import sprints as show
from aurora.ui import tables
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.frame import demo_badge, empty, freshness, page

SPRINTS = "from sprints_now order by state = 'active' desc, starts_at desc nulls last, name"
VELOCITY = """
    select p.name, v.* from velocity v left join projects p on p.project_id = v.project_id order by p.name"""
DAYS = "from sprint_points_daily where sprint_id = $sprint_id order by day"
ITEMS = """
    select key, title, type, state, severity, points, assignee_id, resolved_at, url from work_items
    where list_contains(sprint_ids, $sprint_id)
    order by state = 'done', severity = 'critical' desc, points desc nulls last"""
TEAM = """
    select m.role, coalesce(n.display_name, m.person_id) as name from memberships m
    left join people n on n.person_id = m.person_id
    where m.scope_type = 'project' and m.scope_id = $project_id order by m.role, name"""


def chosen_sprint(frame: pl.DataFrame, clicked: str | None) -> Row:
    """The sprint that was clicked, else the one in the URL, else the first."""
    wanted = clicked or st.query_params.get("sprint")
    found = frame.filter(pl.col("sprint_id") == wanted) if wanted else frame.clear()
    return (found if found.height else frame).row(0, named=True)


def one(row: Row) -> None:
    """A sprint: burn-down, its points, its items and its team."""
    mine, team = {"sprint_id": row["sprint_id"]}, {"project_id": row["project_id"]}
    days = rows(DAYS, **mine)
    show.heading(row)
    left, right = st.columns([2, 1], gap="medium")
    with left.container(border=True):
        show.burn_down(days, row)
    with right.container(border=True):
        show.team(rows(TEAM, **team))
    tables.plain(
        rows(ITEMS, **mine), "Items of the sprint", 12, title=st.column_config.TextColumn("What", width=330),
        or_else=("No item is known", "Its source tells none, or they are in no sprint any more."),
    )  # fmt: skip
    queries: dict[str, tuple[str, dict[str, Any]]] = {"Sprints": (SPRINTS, {}), "Velocity": (VELOCITY, {})}
    behind(queries | {"Burn-down": (DAYS, mine), "Items": (ITEMS, mine), "Team": (TEAM, team)}, "sprints")


with page("Sprints"):
    everything, velocity = rows(SPRINTS), rows(VELOCITY)
    if not everything.height:
        empty("No sprint is known", "Connect Jira, Linear or GitLab; see Sources.")
        st.stop()
    names = sorted(set(everything["project"].drop_nulls()))
    project = st.selectbox(
        "Project", ["All projects", *names], key="project", bind="query-params", label_visibility="collapsed", width=320
    )
    shown = everything if project not in names else everything.filter(pl.col("project") == project)
    paces = velocity if project not in names else velocity.filter(pl.col("name") == project)
    show.forecasts(paces)
    clicked = show.table(shown, "sprints")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(shown)
    one(chosen_sprint(shown, clicked))
