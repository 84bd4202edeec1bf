"""Accepting or dismissing a piece of advice, with a reason; saved as a version of it."""

from typing import Any

import streamlit as st

from aurora.errors import AuroraError
from aurora.ui.actions import Decided, decide_advice
from aurora.ui.frame import in_dialog
from aurora.ui.words import money, safe

SAID: dict[str, tuple[str, str, str]] = {
    "accepted": (
        "Accept this advice", "Accept",
        "Accept it once it is done: 30 days later the bill is asked what came of it.",
    ),
    "dismissed": (
        "Dismiss this advice", "Dismiss", "It stays away, unless what it saves doubles.",
    ),
    "open": ("Open it again", "Open again", "It counts among what is promised again."),
}  # fmt: skip
LONGEST = 400


def ask(advice: dict[str, Any], state: Decided) -> None:
    """The form in a dialog; `advice` stays as it was when the dialog opened, so that a race can be seen."""
    in_dialog(SAID[state][0], form, advice, state)


def form(advice: dict[str, Any], state: Decided) -> None:
    """Ask for the reason and write the decision."""
    _, word, meaning = SAID[state]
    st.markdown(safe(advice["message"]))
    st.caption(f"{safe(money(advice['saving_amount'], advice['currency']))} a month. {meaning}")
    reason = st.text_area("Reason", max_chars=LONGEST, placeholder="Who agreed, what was done, or why not")
    if not st.button(word, type="primary", icon=":material/check:"):
        return
    if not reason.strip():
        st.error("Write a reason: whoever comes next wants to know.", icon=":material/error:")
        return
    try:
        decide_advice(advice, state, reason.strip())
    except AuroraError as error:
        st.error(f"This was not saved: {safe(error)}.", icon=":material/error:")
        return
    st.rerun()
