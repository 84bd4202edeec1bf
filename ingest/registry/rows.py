"""Applications of the registry with what belongs to them, as rows: links, edges, objectives, a budget. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

from aurora.contracts import Row, Table
from aurora.contracts.cost import Budgets
from aurora.contracts.estate import Applications, AppLinks, ComponentEdges
from aurora.contracts.operations import Slos
from ingest.registry.fields import SLUG, Fields
from ingest.registry.rules import Patterns, link_row
from ingest.registry.words import APPLICATION, KINDS, LIFECYCLES, OWNERS, STACK, TIERS, TYPES, WINDOWS, fact

Entry = list[tuple[type[Table], Row]]


def application(fields: Fields, declared_in: str, patterns: Patterns) -> Entry:
    """The rows of one [[application]], its own first; its id has been looked at."""
    _refuse_facts(fields)
    row = application_row(fields) | {"declared_in": declared_in}
    links = _links(fields, row["app_id"], declared_in, patterns)
    return [(Applications, row), *links, *_edges(fields, row), *_objectives(fields, row), *_budget(fields, row)]


def application_row(fields: Fields) -> Row:
    """A row of applications; what is not said is null, type and environment are `unknown`."""
    app_id, owners, recovery = fields.table["id"], fields.section("owners", OWNERS), fields.section("recovery")
    kind, kind_raw = fields.word("type", TYPES)
    env, env_raw = fields.word("environment", TIERS)
    stack = fields.section("stack", STACK)
    recovery.only(("rpo", "rto"))
    return {
        "app_id": app_id,
        "name": fields.text("name") or app_id,
        "type": kind or "unknown",
        "type_raw": kind_raw,
        "env_tier": env or "unknown",
        "env_tier_raw": env_raw,
        "lifecycle": fields.word("lifecycle", LIFECYCLES)[0],
        "tier": fields.whole("tier", range(1, 5)),
        "description": fields.text("description", 10_000),
        **{name: fields.text(name) for name in ("domain", "product")},
        **{f"stack_{name}": stack.texts(name) for name in STACK},
        **{name: owners.text(name) for name in OWNERS},
        "team_id": fields.text("team"),
        "runbook_url": fields.url("runbook"),
        "links": as_json(fields.urls_by_name("links")),
        "tags": as_json(fields.texts_by_name("tags")),
        "rpo_s": recovery.seconds("rpo"),
        "rto_s": recovery.seconds("rto"),
    }


def _refuse_facts(fields: Fields) -> None:
    """List the keys that there are not, and those that only sources may say."""
    facts = [name for name in fields.table if name not in APPLICATION and fact(name)]
    for name in facts:
        fields.tell(name, f"{fact(name)} is read from sources, not typed: remove it")
    fields.only(APPLICATION, but=facts)


def _links(fields: Fields, app_id: str, declared_in: str, patterns: Patterns) -> Entry:
    has = fields.section("has", KINDS)
    entry: Entry = []
    for kind in KINDS:
        for value in has.items(kind) or () if kind in has.table else ():
            row = _link(has, kind, value, app_id, declared_in, patterns)
            if row:
                entry.append((AppLinks, row))
    return entry


def _link(has: Fields, kind: str, value: Any, app_id: str, declared_in: str, patterns: Patterns) -> Row | None:
    if isinstance(value, str):
        native_id = has.taken(kind, value)
        return link_row(app_id, kind, native_id, declared_in) if native_id else None
    if not isinstance(value, dict) or ("id" in value) == ("pattern" in value):
        has.tell(kind, 'write an id in quotes, or a table with id or pattern, such as { pattern = "prod:shop-.*" }')
        return None
    fields = Fields(has.report, value, (*has.path, kind), "a link")
    fields.only(("id", "pattern", "path", "environment", "share"))
    native_id, pattern = fields.text("id", 1_000), fields.text("pattern")
    environment, share = fields.text("environment"), fields.number("share", 0, 1)
    if not (native_id or pattern) or ("environment" in value and not environment) or ("share" in value and not share):
        return None
    row = link_row(
        app_id, kind, native_id or pattern or "", declared_in, path_prefix=(fields.text("path") or "").strip("/"),
        env_pattern=environment, is_pattern=pattern is not None, share_ratio=share,
    )  # fmt: skip
    patterns.add(pattern, row, fields, "pattern")
    patterns.add(environment, row, fields, "environment")
    return row


def _edges(fields: Fields, row: Row) -> Entry:
    entry: Entry = []
    for to in fields.texts("depends_on") or ():
        component = to.removeprefix("component:").strip() if to.startswith("component:") else None
        if component == "" or (component is None and not SLUG.fullmatch(to)) or to == row["app_id"]:
            fields.tell("depends_on", f'{to[:100]!r}: write the id of another application, or "component:<id>"')
            continue
        edge = {"from_id": row["app_id"], "from_type": "app", "to_id": component or to}
        kind = {"to_type": "component" if component else "app", "kind": "depends_on", "evidence": "declared"}
        entry.append((ComponentEdges, edge | kind))
    return entry


def _objectives(fields: Fields, row: Row) -> Entry:
    """Rows of slos: the share of time in which the application is up, and the share of answers within a time."""
    if "objective" not in fields.table:
        return []
    said = fields.section("objective", ("availability_pct", "response_ms", "window"))
    window, _ = said.word("window", WINDOWS)
    both = {"app_id": row["app_id"], "window": "30d" if window in (None, "unknown") else window}
    both["declared_in"] = row["declared_in"]
    up, within = said.number("availability_pct", 0, 100), said.number("response_ms", 0, 3_600_000)
    entry: Entry = []
    if up:
        own = {"slo_id": f"{row['app_id']}-availability", "name": "Availability", "kind": "time_slice"}
        entry.append((Slos, own | both | {"target_pct": up}))
    if within:
        own = {"slo_id": f"{row['app_id']}-response", "name": "Response time", "kind": "threshold"}
        entry.append((Slos, own | both | {"threshold": within, "target_pct": 95.0}))
    if not entry:
        fields.tell("objective", "write availability_pct, response_ms or both")
    return entry


def _budget(fields: Fields, row: Row) -> Entry:
    """A row of budgets, without `starts_on` where the file does not say it."""
    if "budget" not in fields.table:
        return []
    said = fields.section("budget", ("monthly", "currency", "starts"))
    amount, currency, starts_on = said.money("monthly"), said.text("currency"), said.day("starts")
    if currency is None or not re.fullmatch("[A-Z]{3}", currency):
        said.tell("currency", 'write three capitals, such as "EUR"')
        return []
    if amount is None:
        if "monthly" not in said.table:
            said.tell("monthly", 'it is missing: write an amount, such as "3000"')
        return []
    named = {"budget_id": f"{row['app_id']}-monthly", "name": f"{row['name']}, monthly", "app_id": row["app_id"]}
    limit = {"period": "month", "starts_on": starts_on, "limit_amount": amount, "currency": currency}
    return [(Budgets, named | limit | {"declared_in": row["declared_in"]})]


def as_json(value: Mapping[str, str] | None) -> str | None:
    """A table of text as JSON text, in one order."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else None
