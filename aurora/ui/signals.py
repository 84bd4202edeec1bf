"""The signs that a deployment failed, each with its rule and how sure it is, and what a person says of it."""

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.errors import AuroraError
from aurora.ui import tables
from aurora.ui.actions import save_signal
from aurora.ui.words import safe

WORDS = {"counts": "It failed", "does_not_count": "It did not fail"}


def table(frame: pl.DataFrame, deployment_id: str) -> None:
    """Every sign; choose one to say what is so. Without a sign a person may still say that it failed."""
    picked = tables.pick(
        frame, "signs", "Signs that it failed",
        ("Nothing speaks against it", "No failed status, rollback, revert, hotfix or incident points to it."),
        confidence_ratio=st.column_config.ProgressColumn(
            "How sure", min_value=0, max_value=1, format="percent", width=110
        ),
        counts=st.column_config.CheckboxColumn("Counts", width=70),
    )  # fmt: skip
    st.caption("A sign counts from a confidence of one half on. What a person says beats every rule, and is kept.")
    said_of(
        picked or {"kind": "failed", "subject_id": "", "rule": "a person's word", "confidence_ratio": 1.0},
        deployment_id,
    )


def said_of(sign: Row, deployment_id: str) -> None:
    """A form for the verdict on one sign, with a reason."""
    about = f"{sign['kind']} {sign['subject_id']}".strip()
    with st.expander(f"Say what is so: {safe(about)}", icon=":material/gavel:"), st.form("verdict", border=False):
        verdict = st.radio("Verdict", list(WORDS), format_func=WORDS.__getitem__, horizontal=True)
        reason = st.text_input("Reason", max_chars=500)
        if not st.form_submit_button("Keep", type="primary"):
            return
        if not reason.strip():
            st.error("Say why: the next one who looks wants to know.", icon=":material/error:")
            return
        try:
            save_signal(deployment_id, sign, str(verdict), reason.strip())
        except AuroraError as error:
            st.error(safe(error), icon=":material/error:")
            return
    st.toast("Kept. The figures follow within seconds.")
