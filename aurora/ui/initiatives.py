"""Initiatives: what is being done so that more subjects pass a scorecard rule, by whom and until when."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import streamlit as st

from aurora.errors import AuroraError
from aurora.insights.scorecards import Rule
from aurora.ui.actions import save_initiative
from aurora.ui.data import rows, utc_now
from aurora.ui.words import percent, plural, safe

TASK = "from tasks_now where task_id = $task_id"
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


@st.dialog("Initiative", width="medium")
def edit(rules: dict[str, Rule], task: dict[str, Any] | None) -> None:
    """The form in a dialog; `task` stays as it was when the dialog opened, so that a race can be seen."""
    form(rules, task)


def form(rules: dict[str, Rule], task: dict[str, Any] | None) -> None:
    """Ask for title, rule, owner, due date and state, and write them; who was overtaken is told so."""
    ids = list(rules)
    if task and task["subject_id"] not in rules:
        ids.insert(0, task["subject_id"])
    before = task or {"title": "", "subject_id": ids[0], "owner_id": "", "due_on": _later(), "state": "open"}
    with st.form("initiative", border=False):
        title = st.text_input("Title", before["title"], max_chars=200, placeholder="Every service has an SLO")
        rule_id = st.selectbox(
            "Rule", ids, index=ids.index(before["subject_id"]),
            format_func=lambda rule_id: rules[rule_id].title if rule_id in rules else rule_id,
        )  # fmt: skip
        owner = st.text_input("Owner", before["owner_id"] or "", max_chars=200, placeholder="Who answers for it")
        due = st.date_input("Due", before["due_on"], format="YYYY-MM-DD")
        state = before["state"]
        if task:
            states = list(dict.fromkeys([state, *STATES]))
            state = st.selectbox("State", states, format_func=lambda word: STATES.get(word, word))
        if not st.form_submit_button("Save", type="primary", icon=":material/check:"):
            return
    if not title.strip() or not owner.strip():
        st.error("Write a title and who answers for it.", icon=":material/error:")
        return
    said = {"title": title.strip(), "subject_id": rule_id, "owner_id": owner.strip(), "due_on": due, "state": state}
    try:
        save_initiative(said, task)
    except AuroraError as error:
        st.error(f"This was not saved: {safe(error)}.", icon=":material/error:")
        return
    st.rerun()


def _later() -> date:
    return utc_now().date() + timedelta(days=DAYS_TO_DO)
