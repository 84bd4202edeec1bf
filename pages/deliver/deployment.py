"""Deployment: one of them from all sides: commits, pull requests, work items, its effect, and whether it failed.

icon: package_2
order: 52
hidden: yes
"""

from typing import Literal

import streamlit as st

from aurora.contracts import Row
from aurora.ui import deployments as show
from aurora.ui import signals, tables
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.frame import demo_badge, empty, told
from aurora.ui.words import NOTHING, ago, marked, plural, safe, span

ONE = """
    select r.*, coalesce(d.app_name, 'nobody''s') as app_name, coalesce(d.shown_status, r.status) as shown_status,
           coalesce(d.is_back, r.is_rollback) as is_back
    from deployments r
    left join (
      select d.deployment_id, string_agg(distinct coalesce(a.name, d.app_id), ', ') as app_name,
             any_value(d.status) as shown_status, bool_or(d.is_rollback) as is_back
      from deployments_by_app d left join applications_now a on a.app_id = d.app_id group by d.deployment_id
    ) d on d.deployment_id = r.deployment_id
    where r.deployment_id = $id"""
BEFORE = """
    select previous_deployment_id as id, coalesce(previous_version, left(previous_commit, 8)) as title,
           previous_over_at as over_at
    from deployment_predecessors where deployment_id = $id and previous_deployment_id is not null limit 1"""
COMMITS = """
    select c.committed_at, d.sha, c.subject, coalesce(c.author_name, c.author_id) as author, c.added_lines,
           c.deleted_lines, c.is_revert, d.pull_request_id
    from deployment_commits d left join commits c on c.repo_id = d.repo_id and c.sha = d.sha
    where d.deployment_id = $id order by c.committed_at desc nulls last limit 1000"""
PULLS = """
    select distinct p.number, p.title, p.state, p.author_id, p.first_commit_at, p.created_at, p.first_review_at,
           p.merged_at,
           p.added_lines + p.deleted_lines as size_lines, p.url
    from deployment_changes c join pull_requests p on p.pull_request_id = c.pull_request_id
    where c.deployment_id = $id order by p.merged_at desc"""
ITEMS = """
    with keys as (
      select unnest(work_item_keys) as key from deployment_commits where deployment_id = $id
      union
      select unnest(p.work_item_keys)
      from deployment_changes c join pull_requests p on p.pull_request_id = c.pull_request_id
      where c.deployment_id = $id
    )
    select w.key, w.title, w.type, w.state, w.severity, w.points, w.assignee_id, w.url
    from work_items w join keys k on k.key = w.key order by w.key"""
SIGNS = """
    select kind, subject_id, rule, confidence_ratio, counts, verdict, reason, changed_by, seen_at, app_id
    from deployment_signals_all where deployment_id = $id order by counts desc, confidence_ratio desc"""
EFFECT = """
    select c.name, e.* from deployment_effect(at := $at, minutes := 60) e
    join app_components a on a.component_id = e.component_id
    join deployment_owners o on o.app_id = a.app_id and o.deployment_id = $id
    join components c on c.component_id = e.component_id order by c.name"""
ALERTS = """
    select distinct t.started_at, t.severity, t.state, t.title, t.component_id
    from alerts_now t join deployment_owners o on o.app_id = t.app_id and o.deployment_id = $id
    where t.started_at >= $at and t.started_at < $at::timestamp + interval 24 hour order by t.started_at"""
Hue = Literal["green", "red", "orange", "gray"]
GREY: Hue = "gray"
COLORS: dict[str, Hue] = {"success": "green", "failed": "red", "rolled_back": "orange"}


def head(row: Row) -> None:
    """What, where, how it ended, who and how long."""
    word, _ = marked(row["shown_status"])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(word, color=COLORS.get(row["shown_status"], GREY))
        for said in (row["environment"], row["is_back"] and "rollback", row["is_hotfix"] and "hotfix"):
            if said:
                st.badge(safe(said), color="gray")
        if row["is_inferred"]:
            st.badge("inferred from a tag", color="gray")
    with st.grid(columns=5, min_column_width=150):
        st.metric("Application", safe(row["app_name"]), border=True)
        st.metric("Commit", (row["sha"] or NOTHING)[:8], border=True)
        st.metric("Took", span(row["duration_s"]) if row["duration_s"] is not None else NOTHING, border=True)
        st.metric("By", safe(row["actor"] or NOTHING), border=True)
        st.metric("Over", ago(row["finished_at"]) if row["finished_at"] else NOTHING, border=True)
    if row["rollback_plan"]:
        st.markdown(f"**Rollback plan** {safe(row['rollback_plan'])}")
    if row["url"] and row["url"].startswith(("https://", "http://")):
        st.link_button("Open at its source", row["url"], icon=":material/open_in_new:", type="tertiary")


chosen = st.query_params.get("deployment", "")
with told():
    found = rows(ONE, id=chosen)
    if not found.height:
        st.title("Deployment", anchor=False)
        empty("No such deployment", "Choose one on Deployments.")
        st.page_link("pages/deliver/deployments.py", label="Deployments", icon=":material/arrow_back:")
        st.stop()
    row = found.row(0, named=True)
    st.page_link("pages/deliver/deployments.py", label="Deployments", icon=":material/arrow_back:")
    st.title(safe(row["version"] or row["ref"] or (row["sha"] or chosen)[:8]), anchor=False)
    head(row)
    mine = {"id": chosen}
    before = rows(BEFORE, **mine)
    if before.height:
        label = f"Before it: {safe(before['title'][0])}, {ago(before['over_at'][0])}"
        query = {"deployment": before["id"][0]}
        st.page_link("pages/deliver/deployment.py", label=label, icon=":material/history:", query_params=query)
    after = mine | {"at": row["finished_at"] or row["started_at"] or row["created_at"]}
    commits, pulls, items = rows(COMMITS, **mine), rows(PULLS, **mine), rows(ITEMS, **mine)
    effect, alerts, signs = rows(EFFECT, **after), rows(ALERTS, **after), rows(SIGNS, **mine)
    st.subheader("Before and after", anchor=False)
    show.effect(effect)
    if alerts.height:
        st.markdown(f"**{plural(alerts.height, 'alert')} within 24 hours after it**")
        tables.plain(alerts, "Alerts after it", 6)
    st.subheader("Did it fail?", anchor=False)
    signals.table(signs, chosen)
    names = [f"Commits ({commits.height})", f"Pull requests ({pulls.height})", f"Work items ({items.height})"]
    for tab, (frame, what) in zip(
        st.tabs(names), ((commits, "commit"), (pulls, "pull request"), (items, "work item")), strict=True
    ):
        with tab:
            tables.plain(frame, f"{what}s", 12, or_else=(f"No {what} is known of it", "Its source tells none."))
    if row["changes"]:
        st.markdown("**Changes as told** " + safe(", ".join(row["changes"])))
    demo_badge(found)
    behind(
        {
            "Deployment": (ONE, mine), "Before it": (BEFORE, mine), "Commits": (COMMITS, mine),
            "Pull requests": (PULLS, mine),
            "Work items": (ITEMS, mine), "Signs": (SIGNS, mine), "Before and after": (EFFECT, after),
            "Alerts": (ALERTS, after),
        },
        "deployment",
    )  # fmt: skip
