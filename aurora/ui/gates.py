"""The release gate of an application: go, hold or halt, and what each rule says."""

import streamlit as st

from aurora.contracts import Row
from aurora.explore.uses import GATES, judged
from aurora.insights.gates import NO_RULE, Verdict
from aurora.ui.answers import asked_now
from aurora.ui.data import rows, utc_now
from aurora.ui.frame import empty
from aurora.ui.words import safe

APPS = "select app_id, name from applications_now where coalesce(lifecycle, 'active') <> 'retired' order by name"
MARKS = {
    "go": ("●", "Go", "#047857", "Every rule is within its limits."),
    "hold": ("▲", "Hold", "#B45309", "Look at what holds it before you release; what is not known holds as well."),
    "halt": ("✕", "Halt", "#B91C1C", "Do not release."),
}


def gate() -> None:
    """Choose an application, and see whether its next release may go."""
    rules = rows(GATES).to_dicts()
    if not rules:
        empty("No release rule is declared", "Open a question on Questions and use it as a release gate.")
        return
    names = dict(rows(APPS).iter_rows())
    first = st.query_params.get("app")
    chosen = st.selectbox("Application", list(names), index=list(names).index(first) if first in names else None,
                          format_func=names.__getitem__, placeholder="Choose an application", width=320,
                          key="gate-app")  # fmt: skip
    if chosen:
        verdict(verdict_on(chosen, rules))
    else:
        st.caption("In a pipeline: `aurora gate APPLICATION` ends with 0 for go, 3 for hold and 4 for halt.")


def verdict_on(app_id: str, rules: list[Row]) -> Verdict:
    """What the rules say of an application now."""
    return judged(asked_now, rules, app_id, utc_now().replace(second=0, microsecond=0))


def verdict(told: Verdict) -> None:
    """The word, large, and the reasons, worst first."""
    sign, word, hue, sentence = MARKS[told.word]
    said = sentence if told.reasons else NO_RULE
    st.html(
        f'<div class="aurora-state" style="--hue: {hue}" role="status"><b>{sign}</b>'
        f"<span><strong>{word}</strong><small>{said}</small></span></div>"
    )
    for reason in told.reasons:
        sign, word, _, _ = MARKS[reason.word]
        with st.container(gap=None):
            st.markdown(f"{sign} {word} · **{safe(reason.name)}**")
            st.caption(safe(reason.sentence))
