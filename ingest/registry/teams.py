"""Teams of the registry and who is in them. Pure."""

import hashlib
import re
from typing import Any

from aurora.contracts import Row, Table
from aurora.contracts.estate import Memberships, People, Teams
from ingest.registry.fields import Fields
from ingest.registry.words import ROLES, TEAM, TEAM_KINDS

Entry = list[tuple[type[Table], Row]]


def team(fields: Fields, declared_in: str, instance: str) -> Entry:
    """The rows of one [[team]], its own first; its id has been looked at."""
    fields.only(TEAM)
    team_id, kind = fields.table["id"], fields.word("kind", TEAM_KINDS)[0]
    row = {
        "team_id": team_id,
        "name": fields.text("name") or team_id,
        "kind": "team" if kind in (None, "unknown") else kind,
        "parent_id": fields.text("parent"),
        "contact": fields.text("contact"),
        "channel": fields.text("channel"),
        "declared_in": declared_in,
    }
    entry: Entry = [(Teams, row)]
    for value in fields.items("members") or ():
        entry += _member(fields, value, row, instance)
    return entry


def _member(fields: Fields, value: Any, row: Row, instance: str) -> Entry:
    if not isinstance(value, dict):
        fields.tell("members", 'write tables, such as { name = "Ana", email = "ana@example.com", role = "developer" }')
        return []
    said = Fields(fields.report, value, ("members",), "a member")
    said.only(("name", "email", "role"))
    name, email, role = said.text("name"), said.text("email"), said.word("role", ROLES)[0]
    if email and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        said.tell("email", "write an address, such as ana@example.com")
        email = None
    if not (name or email):
        fields.tell("members", "a member has neither name nor email: write one of them")
        return []
    digest = hashlib.sha256((email or f"name:{name}").lower().encode()).hexdigest()
    person_id, hashed = f"{instance}:{digest[:32]}", digest if email else None
    person = {"person_id": person_id, "display_name": name, "email_hash": hashed, "is_bot": False, "is_active": True}
    member = {"scope_type": "team", "scope_id": row["team_id"], "person_id": person_id, "derived_from": "config"}
    member |= {"role": "member" if role in (None, "unknown") else role, "declared_in": row["declared_in"]}
    return [(People, person), (Memberships, member)]
