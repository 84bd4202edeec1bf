"""Registry: what is wrong, missing, unlinked, unconfirmed or orphaned in the register of applications.

icon: app_registration
order: 32
"""

from collections.abc import Callable

import streamlit as st

from aurora.ui import register as of
from aurora.ui import registry as show
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.frame import demo_badge, empty, freshness, page

with page("Registry"):
    faults, loose, late, conflicts = rows(of.FAULTS), rows(of.UNLINKED), rows(of.DUE), rows(of.CONFLICTS)
    register = rows(of.APPLICATIONS)
    with st.grid(columns=6, min_column_width=150):
        st.metric("Applications", register.height, border=True)
        st.metric("Wrong entries", faults.height, border=True)
        st.metric("Without application", loose.height, border=True)
        st.metric("Fields to confirm", late.height, border=True)
        st.metric("With gaps", rows(of.MISSING).height, border=True)
        st.metric("Conflicts", conflicts.height, border=True)
    show.add_application()
    parts: dict[str, Callable[[], None]] = {
        "Unlinked": lambda: of.unlinked(loose),
        "Wrong entries": lambda: of.wrong_entries(faults),
        "To confirm": lambda: of.due(late),
        "Conflicts": lambda: of.contradictions(conflicts),
        "Orphans": of.orphans,
        "Export": of.export,
    }
    tabs = st.tabs(list(parts), key="part", on_change="rerun", bind="query-params")
    if not register.height:
        empty("No application is registered", "Add one here, or write applications.toml beside aurora.toml.")
    for tab, draw in zip(tabs, parts.values(), strict=True):
        if tab.open:
            with tab:
                draw()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(register)
    behind(
        {
            "Applications": (of.APPLICATIONS, {}),
            "Links": (of.LINKS, {}),
            "Unlinked": (of.UNLINKED, {}),
            "Wrong entries": (of.FAULTS, {}),
            "To confirm": (of.DUE, {}),
            "Orphans": (of.ORPHANS, {"days": of.SILENT_DAYS}),
        },
        "registry",
    )
