"""Questions: saved questions with their answers, who uses them, and every version; one question used in many places.

icon: quiz
order: 82
"""

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import question_answer, question_forms, question_parts
from aurora.ui.answers import answer
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import LONG, pills, search, time_range
from aurora.ui.frame import demo_badge, empty, page
from aurora.ui.question_acts import tags_of
from aurora.ui.session import actor

LISTED = """
    from questions_listed where is_shared or owner = $me
    order by use_count desc, asked_at desc nulls last, lower(title)"""
ONE = "from questions_now where question_id = $id"
VERSIONS = "from question_versions where question_id = $id order by number desc"
USES = """
    select u.used_as, u.used_by, u.used_by_id, r.warn, r.critical, r.for_s, r.asked_at, r.asked_status, r.fault,
           r.written_version
    from question_uses u left join rules_now r on r.rule_id = u.used_by_id and r.purpose = u.used_as
    where u.question_id = $id order by u.used_as, u.used_by"""
NONE = ("No question is saved", "Ask one on SQL and save it: it can be drawn, shared, and watched from then on.")
RANGES = ("24h", *LONG)


def listed() -> None:
    """Every question that the visitor may see; a click opens one."""
    everything = rows(LISTED, me=actor())
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        tags = pills("Tags", tags_of(everything.to_dicts()), "tag")
        whose = pills("Whose", ["mine", "shared"], "whose")
        text = search("Find a question")
        st.page_link("pages/explore/sql.py", label="Ask a new one", icon=":material/add:")
    if not everything.height:
        empty(*NONE)
        return
    shown = question_parts.matching(everything, tags, whose, text, actor())
    if not shown.height:
        empty("No question matches", "Clear a tag or the text above.")
        return
    if chosen := question_parts.table(shown, "questions"):
        st.query_params["question"] = chosen
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption("Most used first. Choose one to see its answer.")
        demo_badge(shown)
    behind({"Questions": (LISTED, {"me": actor()})}, "questions")


def one(question: Row) -> None:
    """A question: its answer, its SQL, what uses it, its versions."""
    key = f"question-{question['question_id']}"
    uses, versions = rows(USES, id=question["question_id"]), rows(VERSIONS, id=question["question_id"])
    question_parts.heading(question)
    question_forms.buttons(question)
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        span = time_range("7d", RANGES)
        values = question_answer.asked_for(question, key)
    question_parts.answered(question, lambda: answer(question, values, span), key)
    used, sql, changed, feed = st.tabs([f"Used by ({uses.height})", "SQL", f"Versions ({versions.height})", "Feed"])
    with used:
        question_parts.uses(uses)
    with sql:
        st.code(question["sql"], language="sql", line_numbers=True)
    with changed:
        question_parts.versions(versions, question)
    with feed:
        question_parts.feed(question)


def back() -> None:
    """The way to the list."""
    if st.button("All questions", icon=":material/arrow_back:", type="tertiary"):
        st.query_params.clear()
        st.rerun()


with page("Questions"):
    if chosen := st.query_params.get("question"):
        back()
        found = rows(ONE, id=chosen).filter(pl.col("is_shared") | (pl.col("owner") == actor()))
        if found.height:
            one(found.row(0, named=True))
        else:
            retired = rows(VERSIONS, id=chosen)
            question_parts.gone(retired)
    else:
        listed()
