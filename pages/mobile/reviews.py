"""Reviews: what people write in the stores, what it is about, and what lies behind a wave of low ratings.

icon: reviews
order: 59
"""

import polars as pl
import streamlit as st

from aurora.ui import review_charts, reviews
from aurora.ui.data import rows, together
from aurora.ui.export import behind
from aurora.ui.filters import LONG
from aurora.ui.frame import demo_badge, empty, freshness, ranged_page
from aurora.ui.plots import plot
from aurora.ui.review_filters import Asked, ask, days_of, is_any_known, matching
from aurora.ui.review_queries import DAYS, EXAMPLES, FIGURES, LIST, SPIKES, THEMES, TIES, narrowed
from aurora.ui.words import plural

PAGE_ROWS, EXAMPLES_OF = 100, 300


def read(asked: Asked) -> None:
    """The part that follows the filters."""
    found, before = FIGURES + asked.told, asked.before
    counting = asked.counting | {"before": before["since"]}
    figures, then, by_theme, days, spikes = together(
        (found, asked.params), (found, before), (THEMES, counting), (DAYS, asked.counting), (SPIKES, asked.span.window)
    )
    now = figures.row(0, named=True)
    reviews.figures(now, then.row(0, named=True))
    if not now["review_count"]:
        empty("No review matches", "Choose a longer range, or clear a filter above.")
        return
    spikes = matching(spikes, asked)
    ties = rows(TIES, **asked.span.window) if spikes.height else pl.DataFrame()
    reviews.spikes(spikes, ties)
    plot(review_charts.days(days), days, "Reviews per day by stars")
    st.subheader("Themes", anchor=False)
    st.caption(reviews.RULE + " Themes and the chart follow every filter but words and themes.")
    reviews.theme_table(by_theme, rows(EXAMPLES.format(told=asked.told), **narrowed(asked, EXAMPLES_OF)))
    listed = _list(asked, now["review_count"])
    behind(
        {
            "Figures": (found, asked.params), "Reviews": listed, "Themes": (THEMES, counting),
            "By day": (DAYS, asked.counting), "Spikes": (SPIKES, asked.span.window),
            "Behind spikes": (TIES, asked.span.window),
        },
        "reviews",
    )  # fmt: skip


def _list(asked: Asked, total: int) -> tuple[str, dict[str, object]]:
    """The reviews page by page, and the one that was chosen; the question behind them."""
    st.subheader("Reviews", anchor=False)
    pages = -(-total // PAGE_ROWS)
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page of {pages:,}", 1, pages, key="page", bind="query-params", width=160))
    sql, params = LIST.format(told=asked.told), narrowed(asked, PAGE_ROWS, (page - 1) * PAGE_ROWS)
    shown = rows(sql, **params)
    chosen = reviews.table(shown, "reviews")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        st.caption(f"{plural(shown.height, 'review')} of {total:,}, newest first")
        demo_badge(shown)
    if chosen:
        reviews.one(chosen)
    return sql, params


with ranged_page("Reviews", "30d", LONG) as ranged:
    if is_any_known():
        read(ask(days_of(ranged)))
    else:
        empty(
            "No store review yet",
            "Connect App Store Connect, Google Play or iTunes, or import reviews from a file: see Sources.",
        )
