"""Applications: every application the company runs, worst first, with health, score, users, delivery and cost.

icon: apps
order: 30
"""

import polars as pl
import streamlit as st

from aurora.contracts import Row
from aurora.ui import applications as show
from aurora.ui.data import rows
from aurora.ui.drawn import note
from aurora.ui.export import behind
from aurora.ui.filters import pills, search
from aurora.ui.frame import demo_badge, empty, freshness, page
from aurora.ui.words import STATUS, plural

OVERVIEW = "from app_overview order by status_rank, score nulls last, tier, name"
SCORES = "from app_scores_now order by score nulls last, app_id"
TYPES = ["web", "mobile_ios", "mobile_android", "desktop", "api", "microservice", "unknown"]
TIERS = ["tier 1", "tier 2", "tier 3", "tier 4", "no tier"]
SORTS: dict[str, tuple[list[str], list[bool]]] = {
    "worst first": (["status_rank", "score", "tier", "name"], [False, False, False, False]),
    "lowest score": (["score", "name"], [False, False]),
    "dearest": (["month_cost", "name"], [True, False]),
    "most users": (["active_users", "name"], [True, False]),
    "longest not deployed": (["last_deployed_at", "name"], [False, False]),
    "name": (["name"], [False]),
}


def chosen(frame: pl.DataFrame, name: str, label: str) -> pl.DataFrame:
    """The rows with one of the words that the visitor picks in a list; ?<name>= in the URL."""
    words = frame[name].drop_nulls().unique().sort().to_list()
    picked = st.multiselect(
        label, words, key=name, placeholder=label, label_visibility="collapsed", bind="query-params"
    )
    return frame.filter(pl.col(name).is_in(picked)) if picked else frame


def ask(frame: pl.DataFrame) -> tuple[pl.DataFrame, str, str]:
    """The rows that the filters leave, in the order and the view that the visitor chose."""
    with st.container(horizontal=True, vertical_alignment="center", key="head-filters"):
        text = search("Find by name, id, owner or team")
        frame = chosen(chosen(frame, "team", "Team"), "env_tier", "Environment")
        order = st.selectbox(
            "Sort", list(SORTS), key="sort", bind="query-params", label_visibility="collapsed", width=190
        )
        view = st.segmented_control(
            "View", ["cards", "table"], default="cards", required=True, key="layout", bind="query-params",
            label_visibility="collapsed",
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", key="filters"):
        statuses = pills("Health", list(STATUS), "status")
        kinds = pills("Type", [kind for kind in TYPES if (frame["type"] == kind).any()], "type")
        tiers = pills("Tier", TIERS, "tier")
    if statuses:
        frame = frame.filter(pl.col("status").is_in(statuses))
    if kinds:
        frame = frame.filter(pl.col("type").is_in(kinds))
    if tiers:
        said = pl.when(pl.col("tier").is_null()).then(pl.lit("no tier")).otherwise(pl.format("tier {}", "tier"))
        frame = frame.filter(said.is_in(tiers))
    if text:
        where = pl.concat_str(["name", "app_id", "product_owner", "team"], separator=" ", ignore_nulls=True)
        frame = frame.filter(where.str.to_lowercase().str.contains(text.lower(), literal=True))
    columns, descending = SORTS[order or "worst first"]
    return frame.sort(columns, descending=descending, nulls_last=True), view or "cards", text


def compared(frame: pl.DataFrame) -> list[Row]:
    """The applications picked to be compared, two at most; ?compare= in the URL."""
    picked = st.multiselect(
        "Compare two", frame["app_id"].sort().to_list(), max_selections=2, key="compare", placeholder="Compare two",
        label_visibility="collapsed", bind="query-params", width=360,
    )  # fmt: skip
    return [frame.row(by_predicate=pl.col("app_id") == one, named=True) for one in picked]


def all_cards(frame: pl.DataFrame) -> None:
    """The first cards, and more on demand."""
    note("Applications", frame)
    limit = st.session_state.setdefault("cards", show.CARDS)
    show.cards(frame.head(limit))
    if frame.height > limit and st.button(f"Show more of {plural(frame.height - limit, 'application')}"):
        st.session_state["cards"] = limit + 4 * show.CARDS
        st.rerun()


with page("Applications"):
    overview = rows(OVERVIEW).with_columns(pl.coalesce("team_name", "team_id").alias("team"))
    if not overview.height:
        empty(
            "No application is registered",
            "Write applications.toml beside aurora.toml, read Backstage catalogs, or add one on the Registry page.",
        )
        st.page_link("pages/estate/registry.py", label="Registry", icon=":material/app_registration:")
        st.stop()
    matching, view, text = ask(overview)
    counted = "  ".join(
        f"{mark.sign} {matching.filter(matching['status'] == word).height} {word}" for word, mark in STATUS.items()
    )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="count"):
        st.caption(f"{plural(matching.height, 'application')} of {overview.height} · {counted}", width="content")
        picked = compared(overview)
    if len(picked) == 2:
        show.compare(*picked)
    if not matching.height:
        empty("No application fits", "Clear a filter or the search.")
    elif view == "table":
        show.table(matching, "applications")
    else:
        all_cards(matching)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(overview)
    behind({"Applications": (OVERVIEW, {}), "Scores": (SCORES, {})}, "applications")
