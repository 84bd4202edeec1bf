"""What can be done with a question: change it, retire it, put it on a dashboard, use it as a rule or an objective."""

import json
from typing import Any

import streamlit as st

from aurora.contracts import Row
from aurora.errors import AuroraError
from aurora.explore.dashboards import Block, Dashboard, changed, of_row
from aurora.insights.rules import RANK, findings, limits_of
from aurora.insights.scorecards import LEVELS, load_scorecards
from aurora.ui.answers import answer
from aurora.ui.data import rows, settings
from aurora.ui.filters import span_of
from aurora.ui.frame import in_dialog
from aurora.ui.question_acts import (
    boards_of_mine,
    change_question,
    retire_question,
    save_board,
    use_as_objective,
    use_as_rule,
)
from aurora.ui.question_answer import APPS
from aurora.ui.question_parts import USED_AS, told
from aurora.ui.words import plural, safe

NEW = "a new dashboard"
HOLDS = {"at once": 0.0, "5 minutes": 300.0, "15 minutes": 900.0, "1 hour": 3600.0}
WINDOWS = ["30d", "28d", "7d", "calendar_month"]
WANTED = {
    "alert": "Rows of value, and app_id, component_id or subject if there are several. Asked each minute, of 24 hours.",
    "gate": "A value; with app_id, or with :app in the SQL, it speaks of each application. What is not known holds.",
    "scorecard": "Rows of app_id (or team_id, domain) and value. Within the limit passes; no value is not checked.",
    "objective": "Rows of ts, good and total, over :since and :until.",
}


def buttons(question: Row) -> None:
    """The row of what can be done."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("Open in SQL", icon=":material/terminal:"):
            st.switch_page("pages/explore/sql.py", query_params={"question": question["question_id"]})
        if st.button("Add to a dashboard", icon=":material/dashboard_customize:"):
            in_dialog("Add to a dashboard", to_dashboard, question)
        if word := st.menu_button("Use as", list(WANTED), format_func=USED_AS.__getitem__, icon=":material/bolt:"):
            in_dialog(f"Use as {USED_AS[word].lower()}", use, question, word)
        if st.button("Edit", icon=":material/edit:"):
            in_dialog("Edit this question", edit, question)
        if st.button("Retire", icon=":material/archive:"):
            in_dialog("Retire this question", retire, question)


def edit(question: Row) -> None:
    """Title, tags and sharing; the SQL is changed where it can be tried."""
    title = st.text_input("Title", question["title"], max_chars=200)
    tags = st.multiselect(
        "Tags", question["tags"] or [], question["tags"] or [], accept_new_options=True, max_selections=20
    )
    shared = st.toggle("Shared with everybody", question["is_shared"])
    st.caption("Its SQL and chart are changed on SQL: open it there, run it, and save.")
    if st.button("Save", type="primary", icon=":material/check:"):
        told(lambda: change_question(question, title=title, tags=tags, is_shared=shared))


def retire(question: Row) -> None:
    """Ask once more, with what would miss it."""
    found = rows("select used_as, used_by from question_uses where question_id = $id", id=question["question_id"])
    if found.height:
        named = ", ".join(f"{USED_AS[word].lower()} {safe(name)}" for word, name in found.head(5).iter_rows())
        st.warning(f"{plural(found.height, 'place')} would have no answer: {named}.", icon=":material/warning:")
    st.caption("It leaves every list. Its versions stay, and it can be restored at its address.")
    if st.button("Retire it", type="primary", icon=":material/archive:"):
        told(lambda: retire_question(question))


def to_dashboard(question: Row) -> None:
    """Choose a dashboard, or begin one with it."""
    boards = {row["dashboard_id"]: row for row in boards_of_mine()}
    chosen = st.selectbox(
        "Dashboard", [*boards, NEW], format_func=lambda one: boards[one]["title"] if one in boards else NEW
    )
    title = st.text_input("Title", question["title"], max_chars=200) if chosen == NEW else ""
    width = st.select_slider("Width, of twelve columns", [3, 4, 6, 8, 9, 12], 6)
    if st.button("Add", type="primary", icon=":material/check:"):
        told(lambda: _add(question, boards.get(chosen), title, width))


def _add(question: Row, row: Row | None, title: str, width: int) -> None:
    board = of_row(row) if row else Dashboard(title=title.strip() or question["title"])
    save_board(changed(board, len(board.block), Block(question=question["question_id"], width=width)), row)


def use(question: Row, word: str) -> None:
    """The form of one use, with what the answer of now would mean."""
    st.caption(WANTED[word])
    name = st.text_input("Name", question["title"], max_chars=200)
    if word == "objective":
        _objective(question, name)
        return
    said = _limits(word) | {"name": name}
    if word == "scorecard":
        said["scope"] |= _place()
    _now(question, said)
    if st.button("Save", type="primary", icon=":material/check:"):
        told(lambda: use_as_rule(word, question["question_id"], said))  # type: ignore[arg-type]


def _limits(word: str) -> dict[str, Any]:
    left, right, side = st.columns(3)
    what = {"alert": ("Warns at", "Critical at"), "gate": ("Holds at", "Halts at"), "scorecard": (None, "Fails at")}
    first, second = what[word]
    warn = left.number_input(first, value=None, format="%g") if first else None
    critical = right.number_input(second, value=None, format="%g")
    below = side.selectbox("Direction", ["or above", "or below"]) == "or below"
    said: dict[str, Any] = {"warn": warn, "critical": critical, "scope": {"direction": "below" if below else None}}
    if word == "alert":
        held = left.selectbox("Fires after", list(HOLDS))
        said["for_s"] = HOLDS[held]
    return said


def _place() -> dict[str, str]:
    left, right = st.columns(2)
    cards = {card.id: card.name for card in load_scorecards(settings().reference("scorecards.toml"))}
    card = left.selectbox("Scorecard", list(cards), format_func=cards.__getitem__)
    return {"scorecard": card, "level": right.selectbox("Level", list(LEVELS), format_func=str.capitalize)}


def _now(question: Row, said: dict[str, Any]) -> None:
    """What the rule would say of the answer of now."""
    try:
        limits = limits_of(said | {"scope": json.dumps(said["scope"])})
        found = findings(answer(question, {}, span_of("24h")).frame, limits)
    except (AuroraError, ValueError) as error:
        st.info(f"Not tried yet: {safe(str(error).splitlines()[0])}.", icon=":material/info:")
        return
    counts = {level: sum(one.level == level for one in found.values()) for level in RANK}
    told_of = ", ".join(f"{count} {level}" for level, count in counts.items() if count)
    st.success(f"Now: {told_of or 'no rows, so nothing crosses a limit'}.", icon=":material/check_circle:")


def _objective(question: Row, name: str) -> None:
    left, middle, right = st.columns(3)
    target = left.number_input("Target, %", 0.001, 99.999, 99.0, step=0.1, format="%.3f")
    window = middle.selectbox("Window", WINDOWS)
    app = right.selectbox(
        "Application", rows(APPS)["app_id"].to_list(), index=None, placeholder="Of none in particular"
    )
    try:
        frame = answer(question, {}, span_of("24h")).frame
    except AuroraError as error:
        st.error(f"It has no answer now: {safe(str(error).splitlines()[0])}", icon=":material/error:")
        return
    if missing := {"ts", "good", "total"} - set(frame.columns):
        st.warning(f"Its answer has no column {', '.join(sorted(missing))}.", icon=":material/warning:")
        return
    if st.button("Save", type="primary", icon=":material/check:"):
        said = {"name": name, "app_id": app, "target_pct": target, "window": window}
        told(lambda: use_as_objective(question["question_id"], said))
