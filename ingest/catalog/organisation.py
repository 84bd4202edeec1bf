"""Groups, domains and users of a catalog as teams, people and memberships. No mail address of a person is kept."""

import hashlib
from collections.abc import Iterator

from aurora.contracts import Row
from ingest.catalog.entities import Entity, Ref
from ingest.catalog.references import Catalog

_ORGANISATIONS = {"organisation", "organization", "company", "business-unit", "department", "division", "root"}


def team_rows(catalog: Catalog) -> Iterator[Row]:
    """Rows of teams: groups, then domains; a domain that has the name of a group is `domain-<name>`."""
    groups = {entity.slug for entity in catalog.of_kind("group")}
    parents = _parents(catalog)
    for entity in catalog.of_kind("group"):
        kind = (entity.text("spec.type") or "").lower()
        yield _team(entity, entity.slug, "organisation" if kind in _ORGANISATIONS else "team", parents.get(entity.ref))
    for entity in catalog.of_kind("domain"):
        above = catalog.reference_at(entity, "spec.subdomainOf", "domain")
        parent = _domain_id(above, groups) if above and above != entity.ref else None
        yield _team(entity, _domain_id(entity.ref, groups), "domain", parent)


def _team(entity: Entity, team_id: str, kind: str, parent_id: str | None) -> Row:
    return {
        "team_id": team_id,
        "name": entity.text("spec.profile.displayName") or entity.title,
        "kind": kind,
        "parent_id": parent_id,
        "contact": entity.text("spec.profile.email"),
        "channel": None,
        "declared_in": entity.declared_in,
    }


def _domain_id(ref: Ref, groups: set[str]) -> str:
    return f"domain-{ref.slug}" if ref.slug in groups else ref.slug


def _parents(catalog: Catalog) -> dict[Ref, str]:
    """The group above each group, from its own word or its parent's; one that would close a circle is left out."""
    above: dict[Ref, Ref] = {}
    for entity in catalog.of_kind("group"):
        parent = catalog.reference_at(entity, "spec.parent", "group")
        if parent:
            above[entity.ref] = parent
    for entity in catalog.of_kind("group"):
        for child in catalog.references_at(entity, "spec.children", "group"):
            above.setdefault(child, entity.ref)
    for ref in list(above):
        if _is_circle(above, ref):
            del above[ref]
            if ref in catalog.entities:
                catalog.entities[ref].complain("spec.parent", f"{ref} is above itself: mend spec.parent")
    return {ref: parent.slug for ref, parent in above.items()}


def _is_circle(above: dict[Ref, Ref], start: Ref) -> bool:
    here, seen = above.get(start), {start}
    while here and here not in seen:
        seen.add(here)
        here = above.get(here)
    return here == start


def person_row(entity: Entity) -> Row:
    """A row of people, without the first sight of them; the mail address is hashed (SHA-256 of its lower case)."""
    mail, login = entity.text("spec.profile.email"), entity.pairs("metadata.annotations").get("github.com/user-login")
    return {
        "person_id": entity.slug,
        "display_name": entity.text("spec.profile.displayName") or entity.title,
        "email_hash": hashlib.sha256(mail.lower().encode()).hexdigest() if mail else None,
        "logins": [login] if login else None,
        "is_bot": False,
        "is_active": True,
        "declared_in": entity.declared_in,
    }


def membership_rows(catalog: Catalog) -> Iterator[Row]:
    """Rows of memberships, from the word of the user or of the group; each once."""
    found: dict[tuple[str, str], Entity] = {}
    for entity in catalog.of_kind("user"):
        for team in catalog.references_at(entity, "spec.memberOf", "group"):
            found.setdefault((team.slug, entity.slug), entity)
    for entity in catalog.of_kind("group"):
        for person in catalog.references_at(entity, "spec.members", "user"):
            found.setdefault((entity.slug, person.slug), entity)
    for (team_id, person_id), entity in found.items():
        yield {
            "scope_type": "team",
            "scope_id": team_id,
            "person_id": person_id,
            "role": "member",
            "derived_from": "config",
            "declared_in": entity.declared_in,
        }
