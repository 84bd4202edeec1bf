"""A question that was tried is kept: as a saved one, or as the next version of the one that it was opened from."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from aurora.contracts import Row
from aurora.errors import AuroraError
from aurora.explore.questions import save
from aurora.ui.data import lake, rows, settings
from aurora.ui.frame import in_dialog
from aurora.ui.question_acts import questions_of_mine, tags_of
from aurora.ui.session import actor
from aurora.ui.sql_runs import Desk
from warehouse.record import make_visible

ONE = "from questions_now where question_id = $id and (is_shared or owner = $me)"
# What range controls answer, wherever the question is shown.
RANGE = ("since", "until")


def saved(question_id: str) -> Row | None:
    """A saved question that this visitor may see, None for another."""
    found = rows(ONE, id=question_id, me=actor())
    return found.row(0, named=True) if found.height else None


def save_button(desk: Desk) -> None:
    """The button that opens the form."""
    if st.button("Save", icon=":material/bookmark_add:", key="sql-save", disabled=not desk.draft.text.strip(),
                 help="Keep it as a question that others find and dashboards show"):  # fmt: skip
        in_dialog("Save this question", form, desk)


def form(desk: Desk) -> None:
    """Title, tags and sharing of the question as it stands, and whether it replaces the one that it came from."""
    known = desk.question
    title = st.text_input("Title", known["title"] if known else "", max_chars=200, placeholder="What it answers")
    tags = st.multiselect("Tags", tags_of(questions_of_mine()), (known or {}).get("tags") or [],
                          accept_new_options=True, max_selections=20)  # fmt: skip
    shared = st.toggle("Shared with everybody", known["is_shared"] if known else True)
    is_next = bool(known) and st.toggle("As the next version of the question it was opened from", True)
    chart = _chart(desk)
    st.caption(f"It is shown as {chart['kind'] if chart else 'a table'}, as its result was looked at last.")
    if st.button("Save", type="primary", icon=":material/check:", key="sql-save-now"):
        _save(desk, known if is_next else None, {"title": title, "tags": tags, "is_shared": shared, "chart": chart})


def _save(desk: Desk, known: Row | None, said: Mapping[str, Any]) -> None:
    parameters = {name: value for name, value in desk.given.items() if name not in RANGE}
    try:
        question_id = save(
            lake(), known["question_id"] if known else None, said["title"], desk.draft.text, parameters, said["chart"],
            said["tags"], known["owner"] if known else actor(), said["is_shared"], changed_by=actor(),
            seen=known["written_version"] if known else None,
        )  # fmt: skip
    except AuroraError as error:
        st.error(str(error), icon=":material/error:")
        return
    make_visible(settings().data, lake())
    desk.question = saved(question_id)
    desk.said = f"Saved as “{said['title'].strip()}”. It stands under Questions."
    st.rerun()


def _chart(desk: Desk) -> dict[str, Any] | None:
    """How the result of this very question was drawn, None for a table."""
    run = desk.looked_at
    return run.chart if run and run.is_charted and run.sql == desk.draft.text else None
