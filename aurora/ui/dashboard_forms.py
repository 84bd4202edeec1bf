"""Beginning a dashboard, importing one, and what can be done with one: arrange, rename, share, export, retire."""

import streamlit as st

from aurora.contracts import Row
from aurora.errors import QueryError
from aurora.explore.dashboards import MOST_LETTERS, Dashboard, as_toml, of_row, read_toml
from aurora.ui import dashboard_edit
from aurora.ui.frame import in_dialog
from aurora.ui.question_acts import bring_in, questions_of_mine, save_board
from aurora.ui.question_parts import told
from aurora.ui.words import plural, safe

RENAME, RETIRE = "Rename or share", "Retire"


def begin() -> None:
    """A new dashboard, or one from a file."""
    with st.container(horizontal=True, width="content"):
        if st.button("New", icon=":material/add:"):
            in_dialog("A new dashboard", new)
        if st.button("Import", icon=":material/upload:"):
            in_dialog("Import a dashboard", from_file)


def acts(row: Row, board: Dashboard) -> None:
    """What can be done with this one."""
    st.caption(f"{'shared' if row['is_shared'] else 'private'}, by {safe(row['owner'])}", width="content")
    if st.button("Arrange", icon=":material/dashboard_customize:", disabled=dashboard_edit.draft(row) is not None):
        dashboard_edit.begin(row)
    st.download_button(
        "Export", lambda: as_toml(board, questions_of_mine()), f"{row['dashboard_id']}.toml", "application/toml",
        on_click="ignore", icon=":material/download:", help="A TOML file with its questions, to import elsewhere",
    )  # fmt: skip
    chosen = st.menu_button("More", [RENAME, RETIRE], icon=":material/more_horiz:")
    if chosen == RENAME:
        in_dialog("Rename or share this dashboard", rename, row)
    elif chosen == RETIRE:
        in_dialog("Retire this dashboard", retire, row)


def new() -> None:
    """Ask for a title; questions come when it is arranged."""
    title = st.text_input("Title", max_chars=200, placeholder="What my team looks at each morning")
    shared = st.toggle("Shared with everybody")
    if st.button("Begin", type="primary", icon=":material/check:", disabled=not title.strip()):
        told(lambda: _open(save_board(Dashboard(title=title), None, is_shared=shared)))


def from_file() -> None:
    """Take a file that was exported here or elsewhere; it is told what it would bring before it does."""
    file = st.file_uploader("TOML file of a dashboard", type=["toml"], max_upload_size=1)
    if file is None:
        st.caption("Export one under More to see what such a file looks like. Its SQL is asked as any question is.")
        return
    try:
        bundle = read_toml(file.getvalue()[: MOST_LETTERS + 1].decode("utf-8"))
    except (QueryError, UnicodeDecodeError) as error:
        st.error(f"This file cannot be imported: {safe(error)}.", icon=":material/error:")
        return
    brings = f"{plural(len(bundle.block), 'block')} and {plural(len(bundle.question), 'question')}"
    st.markdown(f"**{safe(bundle.title)}** brings {brings}. Both are private until you share them.")
    if st.button("Import", type="primary", icon=":material/upload:", key="import-now"):
        told(lambda: _open(bring_in(bundle)))


def rename(row: Row) -> None:
    """Title and who sees it."""
    title = st.text_input("Title", row["title"], max_chars=200)
    shared = st.toggle("Shared with everybody", row["is_shared"])
    st.caption("Whoever sees a dashboard sees its blocks; private questions on it stay hidden from others.")
    if st.button("Save", type="primary", icon=":material/check:", disabled=not title.strip()):
        board = of_row(row).model_copy(update={"title": title.strip()})
        told(lambda: save_board(board, row, is_shared=shared))


def retire(row: Row) -> None:
    """Ask once more."""
    st.caption("It leaves every list. Its versions and its questions stay.")
    if st.button("Retire it", type="primary", icon=":material/archive:"):
        told(lambda: (save_board(of_row(row), row, is_retired=True), st.query_params.clear()))


def _open(dashboard_id: str) -> None:
    st.query_params["dashboard"] = dashboard_id
