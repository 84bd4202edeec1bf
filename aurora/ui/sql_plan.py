"""How a question was run, drawn: a tree of steps with rows and share of the time, and what would make it faster."""

from collections.abc import Iterator
from html import escape

import streamlit as st

from aurora.explore.plan import Plan, Step
from aurora.ui.words import plural, safe

NOTHING_RATIO, WARM_RATIO, HOT_RATIO = 0.01, 0.15, 0.4
DEEP = 12


def draw(plan: Plan) -> None:
    """The figures, the hints, the tree."""
    steps = sum(1 for step in plan.steps for _ in step.walk())
    with st.grid(columns=4, min_column_width=150):
        st.metric("Took", _ms(plan.total_ms), border=True, help="By the clock, on all cores.")
        st.metric("Planning", _ms(plan.planning_ms), border=True, help="Reading the question and finding the best way.")
        st.metric("Read", _bytes(plan.bytes_read), border=True, help="From files; what was read before costs nothing.")
        st.metric("Steps", f"{steps}", border=True)
    for hint in plan.hints:
        st.info(safe(hint), icon=":material/lightbulb:")
    if not plan.hints:
        st.caption("Nothing stands out: no step reads or compares more than it has to.")
    shown = "".join(_row(depth, step) for root in plan.steps for depth, step in _telling(root))
    st.html(f'<div class="aurora-plan" role="tree">{shown}</div>')


def _telling(step: Step, depth: int = 0) -> Iterator[tuple[int, Step]]:
    """The steps with their depth, without those that only hand on what the one below them did."""
    is_told = not (step.operator == "Calculate" and len(step.children) == 1 and (step.share_ratio or 0) < NOTHING_RATIO)
    if is_told:
        yield depth, step
    for child in step.children:
        yield from _telling(child, depth + is_told)


def _row(depth: int, step: Step) -> str:
    """One step: its name, what it worked on, rows, time and share as a bar."""
    share = step.share_ratio or 0.0
    heat = "hot" if share >= HOT_RATIO else "warm" if share >= WARM_RATIO else "cool"
    told = "–" if step.share_ratio is None else f"{share:.0%}"
    return (
        f'<div role="treeitem" aria-level="{depth + 1}" style="--depth: {min(depth, DEEP)}">'
        f'<b>{escape(step.operator)}</b><span title="{escape(step.detail)}">{escape(step.detail)}</span>'
        f"<small>{plural(step.rows, 'row')}</small><small>{_ms(step.time_ms)}</small>"
        f'<i class="{heat}" style="--share: {share:.3f}"></i><em>{told}</em></div>'
    )


def _ms(value: float) -> str:
    return f"{value / 1000:,.2f} s" if value >= 1000 else f"{value:,.0f} ms" if value >= 10 else f"{value:,.1f} ms"


def _bytes(value: int) -> str:
    for size, word in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= size:
            return f"{value / size:,.1f} {word}"
    return f"{value} B"
