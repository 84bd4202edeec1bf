"""Registry: what is wrong, missing, unlinked, unconfirmed or orphaned in the register of applications.

icon: app_registration
order: 32
"""

import polars as pl
import streamlit as st

from aurora.registry_export import as_toml, read_register
from aurora.ui import registry as show
from aurora.ui import tables
from aurora.ui.data import rows
from aurora.ui.export import behind
from aurora.ui.frame import demo_badge, empty, freshness, page

APPLICATION = "pages/estate/application.py"
SILENT_DAYS = 30
FAULTS = """
    select source_instance, file, line, entity_id, field, message, is_refused, found_at from registry_faults
    order by is_refused desc, source_instance, file, line"""
UNLINKED = "from unlinked order by confidence_ratio desc nulls last, kind, name"
SUGGESTED = "from link_suggestions order by confidence_ratio desc, app_id, native_id limit 200"
DANGLING = """
    select app_id, kind, stated_as, said_by, declared_in from link_statements
    where state = 'confirmed' and not is_found order by app_id, kind"""
DUE = """
    select coalesce(a.product_owner, 'nobody') as owner, f.app_id, a.name, f.field, f.value, f.confirmed_by,
           f.confirmed_at
    from application_fields f join applications_now a on a.app_id = f.app_id
    where f.is_due order by owner, f.app_id, f.field"""
MISSING = """
    select a.app_id, a.name, a.team_id, list(f.field order by f.field) as missing
    from application_fields f join applications_now a on a.app_id = f.app_id
    where f.value is null and f.field in ('product_owner', 'team_id', 'tier', 'lifecycle', 'runbook_url')
    group by all order by len(missing) desc, a.name"""
CONFLICTS = """
    select app_id, field, value, said_by, declared_value, declared_in from application_fields
    where is_conflict order by app_id, field"""
ORPHANS = "from orphans(days := $days) order by last_row_at nulls first, name"
APPLICATIONS = "from applications_now order by app_id"
LINKS = "from app_links_now order by app_id, kind, native_id"


def opened(found: pl.DataFrame, key: str, name: str, or_else: tuple[str, str]) -> None:
    """A table whose rows open the application's registry tab."""
    if one := tables.pick(found, key, name, or_else):
        st.switch_page(APPLICATION, query_params={"app": one["app_id"], "part": "Registry"})


def unlinked(found: pl.DataFrame) -> None:
    """Suggestions to decide, then all that belongs to nobody, then links that find nothing."""
    show.suggestions(rows(SUGGESTED))
    tables.plain(
        found, "Things without an application", 14,
        or_else=("Everything belongs to an application", "Repositories, components, stores and costs are linked."),
    )  # fmt: skip
    dangling = rows(DANGLING)
    if dangling.height:
        st.subheader("Links that find nothing", anchor=False)
        st.caption("The thing may not have been read yet, or its name is misspelt.")
        opened(dangling, "dangling", "Links that find nothing", ("", ""))


def due(found: pl.DataFrame) -> None:
    """Fields to confirm, by owner; and the fields that nobody filled in."""
    owners = found["owner"].unique().sort().to_list()
    owner = st.selectbox("Owner", ["everybody", *owners], key="owner", width=260)
    mine = found if owner == "everybody" else found.filter(pl.col("owner") == owner)
    opened(mine, "due", "Fields to confirm", ("Nothing is due", "Every field was confirmed within its time."))
    st.subheader("Not filled in", anchor=False)
    opened(rows(MISSING), "missing", "Missing fields", ("Nothing is missing", "Owner, team, tier, lifecycle, runbook."))


def orphans() -> None:
    """Applications about which nothing is heard."""
    days = st.selectbox("Silent for", [30, 60, 90, 180], key="silent", format_func=lambda n: f"{n} days", width=160)
    opened(
        rows(ORPHANS, days=days), "orphans", "Orphans",
        ("No orphan", "Every application was seen by a component, deployment, bill, user or commit."),
    )  # fmt: skip


def export() -> None:
    """The register as it stands, edits included, as a file of applications."""
    st.markdown(
        "The register as it stands, with every edit made here, as TOML to keep beside `aurora.toml`. "
        "On the command line: `aurora registry`."
    )
    st.download_button(
        "Export as TOML", icon=":material/download:", on_click="ignore", file_name="applications.toml",
        data=lambda: as_toml(read_register(rows)).encode(), mime="text/plain",
    )  # fmt: skip


with page("Registry"):
    faults, loose, late, conflicts = rows(FAULTS), rows(UNLINKED), rows(DUE), rows(CONFLICTS)
    register = rows(APPLICATIONS)
    with st.grid(columns=5, min_column_width=160):
        st.metric("Applications", register.height, border=True)
        st.metric("Wrong entries", faults.height, border=True)
        st.metric("Without application", loose.height, border=True)
        st.metric("Fields to confirm", late.height, border=True)
        st.metric("Conflicts", conflicts.height, border=True)
    show.add_application()
    names = ["Unlinked", "Wrong entries", "To confirm", "Conflicts", "Orphans", "Export"]
    tabs = st.tabs(names, key="part", on_change="rerun", bind="query-params")
    if not register.height:
        empty("No application is registered", "Add one here, or write applications.toml beside aurora.toml.")
    for tab, draw in zip(
        tabs,
        (
            lambda: unlinked(loose),
            lambda: tables.plain(faults, "Wrong entries", 16, ("No entry is wrong", "Every declaration loads whole.")),
            lambda: due(late),
            lambda: opened(conflicts, "conflicts", "Conflicts", ("No conflict", "Edits and declarations agree.")),
            orphans,
            export,
        ),
        strict=True,
    ):
        if tab.open:
            with tab:
                draw()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        freshness()
        demo_badge(register)
    behind(
        {
            "Applications": (APPLICATIONS, {}),
            "Links": (LINKS, {}),
            "Unlinked": (UNLINKED, {}),
            "Wrong entries": (FAULTS, {}),
            "To confirm": (DUE, {}),
            "Orphans": (ORPHANS, {"days": SILENT_DAYS}),
        },
        "registry",
    )
