"""How figures, times and states are said on pages: aurora.words, and what needs a page or the clock."""

from datetime import datetime
from typing import Any

import streamlit as st

from aurora.ui.data import utc_now
from aurora.words import AMBER as AMBER
from aurora.words import BLUE as BLUE
from aurora.words import GREEN as GREEN
from aurora.words import GREY as GREY
from aurora.words import KNOWN as KNOWN
from aurora.words import MARK_OF as MARK_OF
from aurora.words import MARKS as MARKS
from aurora.words import NOTHING as NOTHING
from aurora.words import RED as RED
from aurora.words import SEVERITY_COLOR as SEVERITY_COLOR
from aurora.words import SLATE as SLATE
from aurora.words import SPOKEN as SPOKEN
from aurora.words import STATUS as STATUS
from aurora.words import TYPE_WORD as TYPE_WORD
from aurora.words import Mark as Mark
from aurora.words import count as count
from aurora.words import delta as delta
from aurora.words import marked as marked
from aurora.words import money as money
from aurora.words import number as number
from aurora.words import percent as percent
from aurora.words import pill as pill
from aurora.words import plural as plural
from aurora.words import span as span
from aurora.words import spoken as spoken


def on_page(mark: Mark) -> str:
    """The colour in which a mark can be read as text on the page's background."""
    return mark.hue if st.context.theme.type == "dark" else mark.pill


def safe(text: object) -> str:
    """Text from outside, with Markdown's and HTML's special characters made harmless."""
    special = str.maketrans({char: f"\\{char}" for char in "\\`*_{}[]()#+|~$:<>!.@"})
    return str(text).replace("\n", " ").translate(special)


def ago(instant: datetime | None) -> str:
    """'12 s ago', '3 h ago'; null is never, the future is named as such."""
    if instant is None:
        return "never"
    seconds = (utc_now() - instant).total_seconds()
    return f"in {span(-seconds)}" if seconds < -5 else f"{span(max(0, seconds))} ago"


def column(frame: Any, name: str) -> list[Any]:
    """A column as a list with nulls as None, for sparklines."""
    return list(frame[name].to_list()) if name in frame.columns else []
