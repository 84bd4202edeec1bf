"""Application: one application from all sides, with every lost point of its score and the rows that took it.

icon: web_asset
order: 31
hidden: yes
"""

from collections.abc import Callable

import streamlit as st

from aurora.contracts import Row
from aurora.ui import application as show
from aurora.ui import application_rows as of
from aurora.ui.application_score import PARTS
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.filters import Span, time_range
from aurora.ui.frame import demo_badge, empty, freshness, told
from aurora.ui.registry import FIELDS_OF, registry
from aurora.ui.registry_links import LINKS_OF
from aurora.ui.words import safe

ONE = "from app_overview where app_id = $id"
RETIRED = "from applications_now where app_id = $id and lifecycle = 'retired'"
TABS: dict[str, Callable[[Row, Span], None]] = {
    "Overview": show.overview,
    "Health": show.health,
    "Delivery": lambda row, _: of.delivery(row),
    "Dependencies": lambda row, _: of.dependencies(row),
    "Security": lambda row, _: of.security(row),
    "Cost": lambda row, _: of.cost(row),
    "Mobile": lambda row, _: of.mobile(row),
    "Changes": show.changes,
    "Registry": lambda row, _: registry(row),
}

chosen = st.query_params.get("app", "")
with told():
    found = rows(ONE, id=chosen)
    retired = rows(RETIRED, id=chosen)
    if retired.height:
        row = retired.row(0, named=True)
        st.title(safe(row["name"]), anchor=False)
        st.info("This application is retired: it is judged no more. Its registry stays.", icon=":material/inventory_2:")
        registry(row)
        st.stop()
    if not found.height:
        st.title("Application", anchor=False)
        empty("No such application", "It may have been removed from the registry. Choose one on Applications.")
        st.page_link("pages/estate/applications.py", label="Applications", icon=":material/arrow_back:")
        st.stop()
    row = found.row(0, named=True)
    st.set_page_config(page_title=f"{row['name']} · Aurora")
    st.page_link("pages/estate/applications.py", label="Applications", icon=":material/arrow_back:")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(safe(row["name"]), anchor=False, width="content")
        span = time_range()
    show.head(row)
    tabs = st.tabs(list(TABS), key="part", on_change="rerun", bind="query-params")
    for tab, draw in zip(tabs, TABS.values(), strict=True):
        if tab.open:
            with tab:
                draw(row, span)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(found)
    mine = {"id": chosen}
    behind(
        {
            "Application": (ONE, mine),
            "Score": (PARTS, mine),
            "Components": (show.COMPONENTS, mine | span.params),
            "Uptime": (show.UPTIME, mine),
            "Deployments": (of.DEPLOYMENTS, mine),
            "Findings": (of.FINDINGS, mine),
            "Packages": (of.PACKAGES, mine),
            "Cost": (of.MONTHS, mine),
            "Changes": (show.CHANGES, mine | span.window),
            "Fields": (FIELDS_OF, mine),
            "Links": (LINKS_OF, mine),
        },
        "application",
    )
