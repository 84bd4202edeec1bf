"""What a person says of a cost anomaly: why it is so, or that it is none."""

from typing import Literal

import streamlit as st

from aurora.contracts import Row
from aurora.errors import AuroraError
from aurora.insights.cost_words import subject
from aurora.ui.actions import decide_anomaly
from aurora.ui.frame import in_dialog
from aurora.ui.words import safe

LONGEST = 2000


def decide(row: Row) -> None:
    """The form in a dialog."""
    in_dialog("Explain or dismiss this anomaly", form, row["anomaly_id"], subject(row))


def form(anomaly_id: str, what: str) -> None:
    """Ask for words, and record them as explanation or as why it is no anomaly."""
    st.caption(safe(what))
    words = st.text_area(
        "Your words", max_chars=LONGEST, placeholder="Verbose logging was left on; switched off with v1.13.2.",
        help="They stay with the anomaly under your name, and its alert ends.",
    )  # fmt: skip
    with st.container(horizontal=True):
        if st.button("It is explained", type="primary", icon=":material/check:"):
            _say(anomaly_id, "explained", words)
        if st.button("It is no anomaly", icon=":material/block:"):
            _say(anomaly_id, "dismissed", words)


def _say(anomaly_id: str, state: Literal["explained", "dismissed"], words: str) -> None:
    if not words.strip():
        st.error("Write a few words: who looks next wants to know why.", icon=":material/error:")
        return
    try:
        decide_anomaly(anomaly_id, state, words.strip())
    except AuroraError as error:
        st.error(f"This was not saved: {safe(error)}.", icon=":material/error:")
        return
    st.rerun()
