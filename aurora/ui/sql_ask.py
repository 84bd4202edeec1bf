"""The upper half of the SQL page: the editor, the fields of its parameters, and what can be done with the question."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from aurora.errors import AuroraError
from aurora.explore.questions import initial
from aurora.ui import sql_parameters
from aurora.ui.data import settings
from aurora.ui.question_acts import questions_of_mine
from aurora.ui.question_answer import chart_of
from aurora.ui.session import actor
from aurora.ui.sql_editor import sql_editor
from aurora.ui.sql_editor.layout import laid_out
from aurora.ui.sql_link import MOST_IN_LINK, link_query, unpacked
from aurora.ui.sql_runs import CAPS, Desk, Kind
from aurora.ui.sql_save import save_button, saved

MOST_SNIPPETS = 200
HINT = "Ctrl+Enter runs it all, or what is selected · Ctrl+Space completes · :name makes a field"


def arrive(desk: Desk) -> None:
    """Take up the question in the address, once: it is put into the editor and run."""
    told = st.query_params.to_dict()
    said = told.get("question") or told.get("q")
    if not said or said == desk.arrived:
        return
    desk.arrived = said
    given = {name[1:]: value for name, value in told.items() if name.startswith(":")}
    if "question" in told:
        _take_up(desk, told["question"], given)
    elif (sql := unpacked(said)) is not None:
        desk.hand_over(sql, given)
    else:
        st.warning("The link holds no question: it was cut on its way. Ask for it again.", icon=":material/link_off:")


def _take_up(desk: Desk, question_id: str, given: dict[str, str]) -> None:
    """Put a saved question into the editor's place, with the values that it begins with."""
    question = saved(question_id)
    if question is None:
        st.warning("This question is retired, or is not shared with you: see Questions.", icon=":material/link_off:")
        return
    desk.hand_over(question["sql"], {name: str(value) for name, value in initial(question).items()} | given)
    desk.question, desk.chart = question, chart_of(question) or None


def ask_for(desk: Desk) -> None:
    """Draw editor, fields and buttons; a run begins as soon as it is asked for."""
    draft = desk.draft
    if desk.said:
        st.toast(desk.said, icon=":material/bookmark_added:")
        desk.said = None
    asked = sql_editor(draft, tuple((row["title"], row["sql"]) for row in questions_of_mine()[:MOST_SNIPPETS]))
    if desk.is_new:
        sql_parameters.forget()
        desk.is_new = False
    values = sql_parameters.asked_for(draft.text, desk.given)
    desk.given = sql_parameters.as_told(values)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="sql-actions"):
        is_run = st.button("Run", icon=":material/play_arrow:", type="primary", key="sql-run", help=HINT)
        if desk.running:
            st.button("Cancel", icon=":material/stop_circle:", key="sql-cancel", on_click=_cancel, args=(desk,))
        is_format = st.button("Format", icon=":material/format_align_left:", key="sql-format", help="Shift+Alt+F")
        is_explained = st.button("Explain", icon=":material/account_tree:", key="sql-explain",
                                 help="Run it, and see where its time goes")  # fmt: skip
        cap = st.selectbox("Rows", CAPS, index=1, key="sql-cap", format_func=lambda n: f"{n:,} rows", width=140,
                           label_visibility="collapsed", help="So many rows are shown; downloads have all")  # fmt: skip
        save_button(desk)
        share(desk)
    if is_format or asked.is_format:
        _format(desk)
    wanted, desk.handed_over = asked.run or desk.handed_over, None
    if is_run or is_explained:
        wanted = draft.selected or draft.text
    if wanted and wanted.strip():
        begin(desk, wanted, values, int(cap), "plan" if is_explained else "rows")


def begin(desk: Desk, sql: str, values: dict[str, Any], cap: int, kind: Kind) -> None:
    """Start a run and draw the page again; the address then leads to the question."""
    desk.start(sql, values, cap, kind, (settings().published, actor()))
    query = _address(desk)
    if query:
        desk.arrived = query.get("question") or query["q"]
        st.query_params.from_dict(query)
    st.rerun()


def _address(desk: Desk) -> dict[str, str] | None:
    """The question as query parameters: the saved one as long as nothing was changed; None if it is too long."""
    query = link_query(desk.draft.text, desk.given)
    if desk.question and desk.question["sql"] == desk.draft.text:
        return {"question": str(desk.question["question_id"])} | {name: query[name] for name in query if name != "q"}
    return query if len(query["q"]) <= MOST_IN_LINK else None


def share(desk: Desk) -> None:
    """The link to the question as it stands."""
    with st.popover("Share", icon=":material/link:", key="sql-share"):
        query = _address(desk)
        if query is None:
            st.caption("This question is too long for a link: save it, and share the saved one.")
            return
        st.caption("Who opens this sees the question and runs it.")
        here = urlsplit(st.context.url or "")
        st.code(f"{here.scheme}://{here.netloc}{here.path}?{urlencode(query)}", language=None, wrap_lines=True)


def _format(desk: Desk) -> None:
    try:
        fresh = laid_out(desk.draft.text)
    except AuroraError as error:
        st.toast(str(error), icon=":material/format_align_left:")
        return
    if fresh != desk.draft.text:
        desk.draft.replace(fresh)
        st.rerun()


def _cancel(desk: Desk) -> None:
    for run in desk.running:
        run.handle.cancel()
