"""Mobile releases: whether to go on with each roll-out, how versions spread, and which old ones to end.

icon: rocket_launch
order: 57
"""

import polars as pl
import streamlit as st

from aurora.ui import mobile, named
from aurora.ui import mobile_releases as show
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import pills, search
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.tables import plain

WATCH = "from release_watch order by released_at desc, name"
APPS = "select listing_id, name, platform from mobile_apps_now order by name, platform"
ADOPTION = "from release_adoption where listing_id = $listing_id order by day, version"
OLD = """
    from force_update_candidates
    order by array_position(['force', 'ask', 'wait'], verdict), share_ratio desc, name"""
BUILDS = """
    select b.version, b.build_number, b.state, b.uploaded_at, b.size_bytes, b.supported_os, b.source_instance
    from mobile_builds b join mobile_listings m on m.store_app_id = b.store_app_id
    where m.listing_id = $listing_id order by b.uploaded_at desc"""


def body() -> None:
    """Filters, the watch, and the app whose versions are drawn."""
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        platforms, verdicts = (
            pills("Platform", mobile.PLATFORMS, "platform"),
            pills("Verdict", list(show.VERDICTS), "verdict"),
        )
        text = search("Find an app or a version")
    apps = rows(APPS)
    if not apps.height:
        empty("No store listing is known", mobile.FILLED_BY)
        return
    everything, old = rows(WATCH), rows(OLD)
    shown = mobile.matching(everything, platforms, text)
    if verdicts:
        shown = shown.filter(pl.col("verdict").is_in([show.VERDICTS[word] for word in verdicts]))
    chosen = judged(everything, shown, mobile.matching(old, platforms, text))
    if chosen:
        st.query_params["listing"] = chosen
    names = mobile.names(apps)
    listing = {"listing_id": named.one("App", names, "listing")}
    st.subheader("How versions spread", anchor=False)
    show.adoption(rows(ADOPTION, **listing))
    st.subheader("Builds", anchor=False)
    plain(rows(BUILDS, **listing), "Builds", 6, show.NO_BUILDS)
    behind(
        {
            "Releases": (WATCH, {}),
            "Adoption": (ADOPTION, listing),
            "Old versions": (OLD, {}),
            "Builds": (BUILDS, listing),
        },
        "releases",
    )


def judged(everything: pl.DataFrame, shown: pl.DataFrame, old: pl.DataFrame) -> str | None:
    """What is said of releases and old versions; returns the listing of the release that was chosen."""
    chosen = None
    if not everything.height:
        empty(*show.NO_HEALTH)
    elif not shown.height:
        empty("No release matches", "Clear the platform, verdict or text filter above.")
    else:
        show.figures(shown, old)
        st.markdown(show.worst(shown))
        chosen = show.watch(shown)
        st.caption(show.RULE)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            freshness()
            demo_badge(shown)
    st.subheader("Old versions in use", anchor=False)
    show.old(old)
    return str(chosen["listing_id"]) if chosen else None


with page("Mobile releases"):
    body()
