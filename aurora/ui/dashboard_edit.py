"""Arranging a dashboard: a draft of the session, changed block by block, and saved as one version."""

import streamlit as st

from aurora.contracts import Row
from aurora.explore.dashboards import COLUMNS, MOST_BLOCKS, Block, Dashboard, changed, moved, of_row, rows_of
from aurora.ui.dashboard_grid import Asking, Controls
from aurora.ui.question_acts import save_board
from aurora.ui.question_parts import told

DRAFT = "dashboard-draft"
WIDTHS = {3: "¼ wide", 4: "⅓ wide", 6: "½ wide", 8: "⅔ wide", 9: "¾ wide", 12: "Full"}
HEIGHTS = {"small": "Low", "medium": "Medium", "large": "Tall"}
SAMPLE = "**A text.** What should readers know?"


def draft(row: Row) -> Dashboard | None:
    """The draft of this dashboard, None while it is not arranged."""
    kept = st.session_state.get(DRAFT)
    return kept[1] if kept and kept[0] == row["dashboard_id"] else None


def begin(row: Row) -> None:
    """Start to arrange it."""
    st.session_state[DRAFT] = (row["dashboard_id"], of_row(row))
    st.rerun()


def end() -> None:
    """Let the draft go."""
    st.session_state.pop(DRAFT, None)


def bar(row: Row, board: Dashboard, asking: Asking) -> None:
    """Add a question or a text; save or discard what was changed; the filters of now become those it begins with."""
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="arrange"):
        names = {name: question["title"] for name, question in asking.questions.items()}
        wanted = st.selectbox(
            "Question", list(names), index=None, format_func=names.__getitem__, width=320, key="add-question",
            placeholder="Add a question", label_visibility="collapsed",
        )  # fmt: skip
        is_full = len(board.block) >= MOST_BLOCKS
        if st.button("Add", icon=":material/add:", disabled=is_full or not wanted):
            _keep(row, changed(board, len(board.block), Block(question=wanted)))
        if st.button("Add a text", icon=":material/notes:", disabled=is_full):
            _keep(row, changed(board, len(board.block), Block(text=SAMPLE, width=COLUMNS, height="small")))
        st.space("stretch")
        if st.button("Discard", icon=":material/close:"):
            end()
            st.rerun()
        if st.button("Save", type="primary", icon=":material/check:"):
            fresh = board.model_copy(update={"range": asking.span.label, "app": asking.app})
            told(lambda: _save(fresh, row))


def _save(board: Dashboard, row: Row) -> None:
    save_board(board, row)
    end()


def controls(row: Row, board: Dashboard) -> Controls:
    """What draws the controls of one block."""

    def draw(place: int) -> None:
        block = board.block[place]
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"controls-{place}"):
            for icon, word, by in _moves(board, place):
                if st.button(
                    "", icon=f":material/{icon}:", help=word, key=f"{icon}-{place}", type="tertiary", disabled=not by
                ):
                    _keep(row, moved(board, place, by))
            width = st.selectbox(
                "Width", list(WIDTHS), index=_nearest(block.width), format_func=WIDTHS.__getitem__, width=100,
                key=f"width-{place}-{block.width}", label_visibility="collapsed",
            )  # fmt: skip
            height = st.selectbox(
                "Height", list(HEIGHTS), index=list(HEIGHTS).index(block.height), format_func=HEIGHTS.__getitem__,
                key=f"height-{place}-{block.height}", label_visibility="collapsed", width=105,
            )  # fmt: skip
            if st.button("", icon=":material/delete:", help="Take it off", key=f"off-{place}", type="tertiary"):
                _keep(row, changed(board, place, None))
        text = _text(place, block)
        if (width, height, text) != (_told(block), block.height, block.text):
            _keep(row, changed(board, place, block.model_copy(update={"width": width, "height": height, "text": text})))

    return draw


def _text(place: int, block: Block) -> str | None:
    if block.text is None:
        return None
    said = st.text_area(
        "Text (Markdown)", block.text, key=f"text-{place}-{hash(block.text)}", max_chars=5000, height=110
    )
    return said.strip() or block.text


def _moves(board: Dashboard, place: int) -> list[tuple[str, str, int]]:
    """Icon, word and by how many places: left, right, and past the row above or below."""
    lines = list(rows_of(board.block))
    at = next(number for number, line in enumerate(lines) if any(one == place for one, _ in line))
    up = lines[at - 1][0][0] - place if at else 0
    down = lines[at + 1][-1][0] - place if at + 1 < len(lines) else 0
    last = len(board.block) - 1
    return [("arrow_back", "Before the one before", -1 if place else 0), ("arrow_upward", "Into the row above", up),
            ("arrow_downward", "Into the row below", down),
            ("arrow_forward", "After the next one", 1 if place < last else 0)]  # fmt: skip


def _nearest(width: int) -> int:
    return min(range(len(WIDTHS)), key=lambda one: abs(list(WIDTHS)[one] - width))


def _told(block: Block) -> int:
    """The width as the control shows it, which knows fewer of them than a file may say."""
    return list(WIDTHS)[_nearest(block.width)]


def _keep(row: Row, board: Dashboard) -> None:
    st.session_state[DRAFT] = (row["dashboard_id"], board)
    st.rerun()
