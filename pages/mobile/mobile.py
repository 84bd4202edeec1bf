"""Mobile apps: iOS and Android side by side: ratings, crashes, roll-out, and how far each is from its store's limits.

icon: smartphone
order: 56
"""

from typing import Any

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import mobile, mobile_charts
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import pills, search
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.plots import plot
from aurora.ui.words import spoken

APPS = """
    from mobile_apps_now
    order by array_position(['over', 'rising', 'near', 'within', 'unknown'], vital_state),
             used_pct desc nulls last, name"""
VITALS = """
    from mobile_vitals_now where listing_id = $listing_id
    order by array_position(['over', 'rising', 'near', 'within', 'no_limit'], state), device_model <> '',
             used_pct desc, vital"""
ALL_VITALS = "from mobile_vitals_now where state <> 'no_limit' order by used_pct desc"
CAUSES = "from store_to_backend order by day desc, listing_id, symptom, fit_rank"
SIGNS = """
    select s.day, s.symptom, s.text, l.name, s.listing_id
    from mobile_symptoms s join mobile_apps_now l on l.listing_id = s.listing_id
    where s.day > utc_now()::date - 90 order by s.day desc"""
RATINGS = """
    select m.listing_id, m.name, r.day, max(r.rating_avg) as rating_avg, max(r.rating_count) as rating_count
    from store_ratings_daily r join mobile_listings m on m.store_app_id = r.store_app_id
    where r.country = '' and r.day > utc_now()::date - 90
      and r.part_month >= date_trunc('month', utc_now()::date - 90)::date and r.rating_avg is not null
    group by all order by day"""


def body() -> None:
    """Filters, figures, the table, the app that was chosen, and what may have caused trouble."""
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        platforms, text = pills("Platform", mobile.PLATFORMS, "platform"), search("Find an app")
    everything = rows(APPS)
    if not everything.height:
        empty("No store listing is known", mobile.FILLED_BY)
        return
    shown = mobile.matching(everything, platforms, text)
    if not shown.height:
        empty("No app matches", "Clear the platform or text filter above.")
        return
    mobile.figures(shown)
    st.markdown(mobile.worst(shown))
    if clicked := mobile.table(shown):
        st.query_params["listing"] = clicked["listing_id"]
    st.caption(mobile.RULE)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(shown)
    one(asked(shown))
    trouble(shown)
    queries: dict[str, tuple[str, dict[str, Any]]] = {"Apps": (APPS, {}), "Vitals": (ALL_VITALS, {})}
    behind(queries | {"Causes": (CAUSES, {}), "Signs": (SIGNS, {}), "Ratings": (RATINGS, {})}, "mobile")


def asked(shown: pl.DataFrame) -> Row:
    """The app of ?listing= in the URL, else the worst."""
    found = shown.filter(pl.col("listing_id") == st.query_params.get("listing", ""))
    return (found if found.height else shown).row(0, named=True)


def one(row: Row) -> None:
    """One app: its vitals with their limits and its rating by day, and the way to its application."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(mobile.titled(row["name"], row["platform"]), anchor=False)
        if row["app_id"]:
            st.page_link(
                "pages/estate/application.py", label="Its application", icon=":material/apps:",
                query_params={"app": row["app_id"]},
            )  # fmt: skip
    listing = {"listing_id": row["listing_id"]}
    left, right = st.columns([5, 3], gap="medium")
    with left:
        mobile.vitals(rows(VITALS, **listing))
    ratings = rows(RATINGS).filter(pl.col("listing_id") == row["listing_id"])
    with right.container(border=True):
        st.markdown("**Rating, 90 days**")
        if ratings.height:
            plot(mobile_charts.by_day(ratings, "rating_avg", "Stars", 190), ratings, "Rating by day")
        else:
            st.caption("The itunes or google_play connector brings ratings by day.")
    behind({"Vitals of the app": (VITALS, listing)}, "mobile-one")


def trouble(shown: pl.DataFrame) -> None:
    """Ratings that fell and crashes that rose beside what happened on our side."""
    st.subheader("Stores and backend", anchor=False)
    signs = rows(SIGNS).join(shown.select("listing_id"), on="listing_id", how="semi")
    causes = rows(CAUSES).join(shown.select("listing_id"), on="listing_id", how="semi")
    if signs.height:
        of_signs = signs.select(
            lane=pl.col("symptom").map_elements(spoken, return_dtype=pl.String),
            at=pl.col("day").cast(pl.Datetime("us")),
            what=pl.format("{}: {}", "name", "text"), fit_score=pl.lit(100.0), is_sign=pl.lit(True),
        )  # fmt: skip
        of_causes = causes.select(
            lane=pl.col("cause_kind").map_elements(spoken, return_dtype=pl.String), at="happened_at",
            what="title", fit_score="fit_score", is_sign=pl.lit(False),
        ).unique(subset=["lane", "at", "what"], keep="first", maintain_order=True)  # fmt: skip
        both = pl.concat([of_signs, of_causes])
        plot(mobile_charts.axis(both), both, "Signs and causes on one axis")
    mobile.causes(causes)


with page("Mobile apps"):
    body()
