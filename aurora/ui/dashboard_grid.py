"""The blocks of a dashboard on twelve columns, each with its question's answer or its text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from aurora.contracts import Row
from aurora.explore.ask import Answer
from aurora.explore.dashboards import COLUMNS, Block, Dashboard, rows_of
from aurora.ui import question_answer
from aurora.ui.answers import together
from aurora.ui.filters import Span
from aurora.ui.words import safe

HEIGHTS = {"small": 160, "medium": 340, "large": 520}
AROUND = 58  # title and margins of a block
Controls = Callable[[int], None]


@dataclass(frozen=True)
class Asking:
    """What blocks are asked with: the questions there are, the span and the application."""

    questions: Mapping[str, Row]
    span: Span
    app: str | None

    @property
    def values(self) -> dict[str, object]:
        """The shared filters as parameters; without an application each question keeps its own."""
        return {"app": self.app} if self.app else {}


def grid(board: Dashboard, asking: Asking, controls: Controls | None = None) -> None:
    """All blocks in reading order; `controls` draws what changes the block of a place."""
    answers = _answers(board, asking)
    for line in rows_of(board.block):
        free = COLUMNS - sum(block.width for _, block in line)
        cells = st.columns([block.width for _, block in line] + ([free] if free else []), gap="small")
        for (place, block), cell in zip(line, cells, strict=False):
            with cell:
                if controls:
                    controls(place)
                _block(place, block, asking, answers.get(block.question or ""))


def _answers(board: Dashboard, asking: Asking) -> dict[str, Answer | str]:
    """Each question once, all of them at once."""
    wanted = [name for name in dict.fromkeys(block.question for block in board.block) if name in asking.questions]
    told = together([(asking.questions[name], asking.values) for name in wanted if name], asking.span)
    return dict(zip([name for name in wanted if name], told, strict=True))


def _block(place: int, block: Block, asking: Asking, answer: Answer | str | None) -> None:
    height = HEIGHTS[block.height]
    is_low = block.text is not None and block.height == "small"  # a few words take the room that they need
    with st.container(border=True, height="content" if is_low else height, key=f"block-{place}", gap="xsmall"):
        if block.text is not None:
            if block.title:
                st.markdown(f"**{safe(block.title)}**")
            st.markdown(plain_markdown(block.text))
            return
        question = asking.questions.get(block.question or "")
        if question is None:
            st.markdown(f":material/help: **{safe(block.title or block.question)}**")
            st.caption("This question is retired or private. Restore it, or take the block off.")
            return
        here = {"question": question["question_id"]}
        title = safe(block.title or question["title"])
        st.page_link("pages/explore/questions.py", label=f"**{title}**", query_params=here)
        if isinstance(answer, str) or answer is None:
            st.caption(f":material/error: No answer now: {safe(answer or 'it was not asked')}")
            return
        question_answer.draw(question, answer, height - AROUND, f"block-{place}")


def plain_markdown(text: str) -> str:
    """Markdown of people without pictures, which would be fetched from elsewhere, and without HTML."""
    return text.replace("![", "!\\[").replace("<", "\\<")
