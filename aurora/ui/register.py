"""The tabs of the Registry page: what belongs to nobody, is wrong, due, contradictory or silent, and the export."""

import polars as pl
import streamlit as st

from aurora.registry_export import as_toml, read_register
from aurora.ui import registry as show
from aurora.ui import tables
from aurora.ui.data import rows
from aurora.ui.frame import empty
from aurora.ui.registry_links import suggestions
from aurora.ui.words import safe

APPLICATION = "pages/estate/application.py"
SILENT_DAYS = 30
FAULTS = """
    select source_instance, file, line, entity_id, field, message, is_refused, found_at from registry_faults
    order by is_refused desc, source_instance, file, line"""
UNLINKED = "from unlinked order by confidence_ratio desc nulls last, kind, name"
SUGGESTED = "from link_suggestions order by confidence_ratio desc, app_id, native_id limit 200"
DANGLING = """
    select app_id, kind, stated_as, said_by, declared_in,
           if(app_id in (select app_id from applications_now), 'nothing of that name was read', 'no such application')
             as reason
    from link_statements
    where state = 'confirmed' and (not is_found or app_id not in (select app_id from applications_now))
    order by app_id, kind"""
DUE = """
    select coalesce(a.product_owner, 'nobody') as owner, f.app_id, a.name, f.field, f.value, f.confirmed_by,
           f.confirmed_at
    from application_fields f join applications_now a on a.app_id = f.app_id
    where f.is_due and a.lifecycle is distinct from 'retired' order by owner, f.app_id, f.field"""
MISSING = """
    select a.app_id, a.name, a.team_id, list(f.field order by f.field) as missing
    from application_fields f join applications_now a on a.app_id = f.app_id
    where a.lifecycle is distinct from 'retired' and f.value is null
      and f.field in ('product_owner', 'team_id', 'tier', 'lifecycle', 'runbook_url')
    group by all order by len(missing) desc, a.name"""
CONFLICTS = """
    select app_id, field, value, said_by, declared_value, declared_in, last_edit_id from application_fields
    where is_conflict order by app_id, field"""
CONFLICTS_SHOWN = 20
ORPHANS = "from orphans(days := $days) order by last_row_at nulls first, name"
APPLICATIONS = "from applications_now order by app_id"
LINKS = "from app_links_now order by app_id, kind, native_id"


def opened(found: pl.DataFrame, key: str, name: str, or_else: tuple[str, str]) -> None:
    """A table whose rows open the application's registry tab."""
    if one := tables.pick(found, key, name, or_else):
        st.switch_page(APPLICATION, query_params={"app": one["app_id"], "part": "Registry"})


def unlinked(found: pl.DataFrame) -> None:
    """Suggestions to decide, then all that belongs to nobody, then links that find nothing."""
    suggestions(rows(SUGGESTED))
    tables.plain(
        found, "Things without an application", 14,
        or_else=("Everything belongs to an application", "Repositories, components, stores and costs are linked."),
    )  # fmt: skip
    dangling = rows(DANGLING)
    if dangling.height:
        st.subheader("Links that lead nowhere", anchor=False)
        st.caption("The thing may not have been read yet, a name is misspelt, or the application is gone.")
        opened(dangling, "dangling", "Links that lead nowhere", ("", ""))


def due(found: pl.DataFrame) -> None:
    """Fields to confirm, by owner; and the fields that nobody filled in."""
    owners = found["owner"].unique().sort().to_list()
    owner = st.selectbox("Owner", ["everybody", *owners], key="owner", width=260)
    mine = found if owner == "everybody" else found.filter(pl.col("owner") == owner)
    opened(mine, "due", "Fields to confirm", ("Nothing is due", "Every field was confirmed within its time."))
    st.subheader("Not filled in", anchor=False)
    opened(rows(MISSING), "missing", "Missing fields", ("Nothing is missing", "Owner, team, tier, lifecycle, runbook."))


def wrong_entries(found: pl.DataFrame) -> None:
    """What is wrong in the files now; the line chosen is told whole."""
    chosen = tables.pick(found, "faults", "Wrong entries", ("No entry is wrong", "Every declaration loads whole."))
    if chosen:
        place = f"{chosen['file']}, line {chosen['line']}" if chosen["line"] else chosen["file"]
        what = "The entry was left out." if chosen["is_refused"] else "The rest of the entry counts."
        st.warning(f"{safe(place)}: {safe(chosen['message'])}. {what}", icon=":material/rule:")


def contradictions(found: pl.DataFrame) -> None:
    """Each conflict with its two ways out."""
    if not found.height:
        empty("No conflict", "Edits and declarations agree.")
    for conflict in found.head(CONFLICTS_SHOWN).iter_rows(named=True):
        show.resolve(conflict, {conflict["field"]: conflict["last_edit_id"]}, conflict["app_id"])
    if found.height > CONFLICTS_SHOWN:
        st.caption(f"{found.height - CONFLICTS_SHOWN} more follow once these are decided.")


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
