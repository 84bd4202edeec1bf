"""Initiatives: what is being done so that more subjects pass a scorecard rule, by whom and until when."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import streamlit as st

from aurora.errors import AuroraError
from aurora.insights.scorecards import Rule
from aurora.ui.actions import save_initiative
from aurora.ui.data import rows, utc_now
from aurora.ui.frame import in_dialog
from aurora.ui.words import percent, plural, safe

TASK = "from tasks_now where task_id = $task_id"
COUNTS = """
    select count(*) as subject_count, count(*) filter (where result = 'fail') as failed_count,
           count(*) filter (where result = 'not_checked') as not_checked_count
    from scorecard_results_now where rule_id = $rule_id"""
OWNERS = """
    with said as (
      select unnest([product_owner, lead_developer, qa_lead, devops]) as name from applications_now
      union all
      select display_name as name from people where not is_bot and coalesce(is_active, true)
    )
    select distinct trim(name) as name from said where trim(name) <> '' order by lower(name), name limit 2000"""
LONGEST = 200
SHOWN = 5
STATES = {"open": "Open", "in_progress": "In progress", "done": "Done", "dropped": "Dropped"}
DAYS_TO_DO = 30


def listed(frame: pl.DataFrame, rules: dict[str, Rule]) -> None:
    """The open initiatives, first what is overdue, with their progress; and a button to start one."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Initiatives", anchor=False, width="content")
        if st.button("Start one", icon=":material/add:", key="initiative-new", disabled=not rules):
            edit(rules, None)
    if not frame.height:
        st.caption("Nobody has started one. An initiative brings the subjects of a rule to pass until a day.")
    for row in frame.head(SHOWN).iter_rows(named=True):
        _one(row, rules)
    if frame.height > SHOWN:
        st.caption(f"{plural(frame.height - SHOWN, 'initiative')} more in the rows below.")


def _one(row: dict[str, Any], rules: dict[str, Rule]) -> None:
    rule = rules.get(row["rule_id"])
    with st.container(gap=None):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{safe(row['title'])}**", width="content")
            if st.button("Change", key=f"initiative-{row['task_id']}", type="tertiary", icon=":material/edit:"):
                found = rows(TASK, task_id=row["task_id"])
                if found.height:
                    edit(rules, found.row(0, named=True))
        share = row["passed_pct"]
        name = safe(rule.title if rule else row["rule_id"])
        said = f"{row['passed_count']} of {row['subject_count']} pass" if share is not None else "not judged yet"
        start = f", {percent(row['start_passed_pct'], 0)} at the start" if row["start_passed_pct"] is not None else ""
        st.progress((share or 0) / 100, text=f"{name}: {said}{start}")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            due = f"{row['due_on']:%d %b %Y}" if row["due_on"] else None
            if row["is_overdue"]:
                st.badge(f"overdue since {due}", icon=":material/error:", color="red")
            state = STATES.get(row["state"], row["state"])
            parts = [
                safe(row["owner_id"] or "no owner"),
                state,
                *([] if row["is_overdue"] else [f"due {due or 'never'}"]),
            ]
            st.caption(" · ".join(parts))


def edit(rules: dict[str, Rule], task: dict[str, Any] | None) -> None:
    """The form in a dialog; `task` stays as it was when the dialog opened, so that a race can be seen."""
    title = "Change this initiative" if task else "Start an initiative: bring a rule to pass by a day"
    in_dialog(title, form, rules, task)


def form(rules: dict[str, Rule], task: dict[str, Any] | None) -> None:
    """Ask for rule, title, owner, due date and state, and write them; who was overtaken is told so."""
    st.caption(
        "Someone answers for it that the subjects which fail a rule pass it by a day. Progress is counted daily."
    )
    ids = list(rules)
    if task and task["subject_id"] not in rules:
        ids.insert(0, task["subject_id"])
    before = task or {"title": "", "subject_id": ids[0], "owner_id": None, "due_on": _later(), "state": "open"}
    rule_id = st.selectbox(
        "Rule", ids, index=ids.index(before["subject_id"]),
        format_func=lambda rule_id: rules[rule_id].title if rule_id in rules else rule_id,
    )  # fmt: skip
    _failing(rule_id, rules.get(rule_id))
    title = st.text_input("Title", before["title"], max_chars=LONGEST, placeholder="Every service has an SLO")
    owner = _ask_owner(before["owner_id"])
    due = st.date_input("Due", before["due_on"], format="YYYY-MM-DD")
    state = before["state"]
    if task:
        states = list(dict.fromkeys([state, *STATES]))
        state = st.selectbox("State", states, format_func=lambda word: STATES.get(word, word))
    if st.button("Save" if task else "Start", type="primary", icon=":material/check:"):
        said = {"title": title.strip(), "subject_id": rule_id, "owner_id": owner, "due_on": due, "state": state}
        _save(said, task)


def _failing(rule_id: str, rule: Rule | None) -> None:
    """How many subjects fail that rule now, and what to do."""
    counts = rows(COUNTS, rule_id=rule_id).row(0, named=True)
    if not counts["subject_count"]:
        st.caption("This rule is not judged yet.")
        return
    unknown = f", {counts['not_checked_count']} not checked" if counts["not_checked_count"] else ""
    verb = "fails" if counts["failed_count"] == 1 else "fail"
    st.markdown(f"**{counts['failed_count']} of {plural(counts['subject_count'], 'subject')} {verb}**{unknown}.")
    if rule:
        st.caption(safe(rule.help))


def _ask_owner(before: str | None) -> str:
    """A name, out of those that the registry and sources know or any other; '' if there is none."""
    known = rows(OWNERS)["name"].to_list()
    offered = list(dict.fromkeys([*([before] if before else []), *known]))
    name = st.selectbox(
        "Owner", offered, index=0 if before else None, accept_new_options=True,
        placeholder="Who answers for it: choose, or write a name",
    )  # fmt: skip
    return (name or "").strip()[:LONGEST]


def _save(said: dict[str, Any], task: dict[str, Any] | None) -> None:
    if not said["title"] or not said["owner_id"]:
        st.error("Write a title and who answers for it.", icon=":material/error:")
        return
    try:
        save_initiative(said, task)
    except AuroraError as error:
        st.error(f"This was not saved: {safe(error)}.", icon=":material/error:")
        return
    st.rerun()


def _later() -> date:
    return utc_now().date() + timedelta(days=DAYS_TO_DO)
