"""The estate as registry files would declare it: what the warehouse knows of it in, TOML text out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
import tomli_w

from aurora.insights.fields import text_map

Row = dict[str, Any]
Rows = Callable[[str], pl.DataFrame]
_STACK = ("frontend", "backend", "database", "infrastructure")
_OWNERS = ("product_owner", "lead_developer", "qa_lead", "devops")
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
APPLICATIONS = "from applications_now order by app_id"
# Links by rule are written out too: the export stands alone, without the rules that made them.
LINKS = """
    select distinct app_id, kind, stated_as as native_id, path_prefix, env_pattern, is_pattern, share_ratio
    from link_statements where state = 'confirmed'"""
TEAMS = """
    select team_id, name, kind, parent_id, contact, channel from teams
    qualify row_number() over (partition by team_id order by declared_rank(source), updated_at desc) = 1"""
MEMBERS = """
    select m.scope_id as team_id, p.display_name as name, m.role from memberships m
    join people p on p.person_id = m.person_id
    where m.scope_type = 'team' and p.display_name is not null order by all"""
OBJECTIVES = """
    select app_id, max(target_pct) filter (where kind = 'time_slice') as availability_pct,
           min(threshold) filter (where kind = 'threshold') as response_ms, max("window") as "window"
    from slos_now where good_sql is null and slo_id in (app_id || '-availability', app_id || '-response')
    group by app_id"""
# Those that an application's `objective` does not say; what a vendor evaluates is declared there.
SLOS = """
    select slo_id, name, app_id, component_id, kind, good_sql, total_sql, threshold, target_pct, "window" from slos_now
    where kind <> 'vendor' and regexp_full_match(slo_id, '[a-z0-9-]{1,100}')
      and (good_sql is not null or slo_id not in (coalesce(app_id, '') || '-availability',
                                                  coalesce(app_id, '') || '-response'))
    order by slo_id"""
BUDGETS = """
    select app_id, limit_amount, currency, starts_on from budgets_now
    where app_id is not null and period = 'month'
    qualify row_number() over (partition by app_id order by starts_on desc, budget_id) = 1"""
EDGES = """
    select from_id as app_id, to_id, to_type from graph_edges
    where from_type = 'app' and evidence = 'declared' and kind = 'depends_on' order by all"""


@dataclass(frozen=True)
class Register:
    """What is exported, with the columns of the queries above; each frame but the first may be empty."""

    applications: pl.DataFrame
    links: pl.DataFrame
    teams: pl.DataFrame
    members: pl.DataFrame
    objectives: pl.DataFrame
    budgets: pl.DataFrame
    edges: pl.DataFrame
    slos: pl.DataFrame


def read_register(rows: Rows) -> Register:
    """The register as the warehouse has it, edits of people included."""
    return Register(*(rows(sql) for sql in (APPLICATIONS, LINKS, TEAMS, MEMBERS, OBJECTIVES, BUDGETS, EDGES, SLOS)))


def as_toml(register: Register) -> str:
    """Registry text in the format of docs/registry.md, in one order; what is null is left out.

    Of members only names and roles are known: their addresses are kept as hashes.
    """
    members = _by(register.members, "team_id")
    parts = [_by(frame, "app_id") for frame in (register.links, register.objectives, register.budgets, register.edges)]
    told = {
        "team": [_team(row, members) for row in register.teams.sort("team_id").iter_rows(named=True)],
        "application": [
            _application(row, *(part.get(row["app_id"], []) for part in parts))
            for row in register.applications.sort("app_id").iter_rows(named=True)
        ],
        "slo": [_slo(row) for row in register.slos.sort("slo_id").iter_rows(named=True)],
    }
    return tomli_w.dumps({kind: entries for kind, entries in told.items() if entries})


def _by(frame: pl.DataFrame, name: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in frame.iter_rows(named=True):
        found.setdefault(row[name], []).append(row)
    return found


def _team(row: Row, members: dict[str, list[Row]]) -> Row:
    names = {"id": "team_id", "name": "name", "kind": "kind", "parent": "parent_id"}
    told = {name: row.get(column) for name, column in (names | _same("contact", "channel")).items()}
    in_it = [{"name": one["name"], "role": one["role"]} for one in members.get(row["team_id"], [])]
    return _filled(told | {"members": in_it or None})


def _application(row: Row, links: list[Row], objectives: list[Row], budgets: list[Row], edges: list[Row]) -> Row:
    return _filled(
        {
            "id": row["app_id"],
            "name": row.get("name"),
            "type": _word(row, "type"),
            "environment": _word(row, "env_tier"),
            **{name: row.get(name) for name in ("lifecycle", "tier", "description", "domain", "product")},
            "team": row.get("team_id"),
            "runbook": row.get("runbook_url"),
            "stack": _filled({name: row.get(f"stack_{name}") for name in _STACK}),
            "owners": _filled({name: row.get(name) for name in _OWNERS}),
            "recovery": _filled({"rpo": _duration(row.get("rpo_s")), "rto": _duration(row.get("rto_s"))}),
            **{name: _texts(row.get(name)) for name in ("links", "tags")},
            "depends_on": [_edge(edge) for edge in edges] or None,
            "objective": _objective(objectives),
            "budget": _budget(budgets),
            "has": _has(links),
        }
    )


def _slo(row: Row) -> Row:
    names = {"id": "slo_id", "name": "name", "app": "app_id", "component": "component_id", "kind": "kind"}
    names |= {"good": "good_sql", "total": "total_sql", "target": "target_pct"} | _same("threshold", "window")
    return _filled({name: row[column] for name, column in names.items()})


def _edge(edge: Row) -> str:
    return f"component:{edge['to_id']}" if edge["to_type"] == "component" else str(edge["to_id"])


def _objective(found: list[Row]) -> Row:
    return _filled({name: found[0][name] for name in ("availability_pct", "response_ms", "window")}) if found else {}


def _budget(found: list[Row]) -> Row:
    if not found:
        return {}
    # Normalised, as stored money carries eighteen decimals; text, as money is never a float.
    amount = f"{found[0]['limit_amount'].normalize():f}"
    return {"monthly": amount, "currency": found[0]["currency"], "starts": found[0]["starts_on"]}


def _word(row: Row, column: str) -> str | None:
    """The canonical word, which an edit may have set; what is not known is left out."""
    word: str | None = row.get(column)
    return None if word == "unknown" else word


def _texts(told: str | None) -> Row | None:
    """A table of text from JSON text, of what a registry file could hold."""
    return dict(sorted(text_map(told).items()))


def _has(links: list[Row]) -> Row | None:
    found: dict[str, list[Any]] = {}
    for link in sorted(links, key=_order):
        found.setdefault(link["kind"], []).append(_link(link))
    return found or None


def _order(link: Row) -> tuple[str, ...]:
    return link["kind"], str(link["is_pattern"]), link["native_id"], link.get("path_prefix") or ""


def _link(link: Row) -> str | Row:
    """The id alone where nothing else is said."""
    name = "pattern" if link["is_pattern"] else "id"
    told = {name: link["native_id"], "path": link.get("path_prefix") or None}
    told |= {"environment": link.get("env_pattern"), "share": link.get("share_ratio")}
    filled = _filled(told) or {}
    return link["native_id"] if filled.keys() == {"id"} else filled


def _duration(seconds: float | None) -> str | None:
    """Whole seconds in the largest unit that holds them exactly."""
    if seconds is None:
        return None
    whole = round(seconds)
    unit, length = next((unit, length) for unit, length in _UNITS if whole % length == 0 and (whole or length == 1))
    return f"{whole // length}{unit}"


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _filled(values: Row) -> Row:
    """Without what is null and without tables of nothing."""
    return {name: value for name, value in values.items() if value is not None and value != {}}
