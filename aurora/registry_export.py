"""The estate as registry files would declare it: frames of applications, links and teams in, TOML text out."""

import json
from typing import Any

import polars as pl
import tomli_w

Row = dict[str, Any]
_STACK = ("frontend", "backend", "database", "infrastructure")
_OWNERS = ("product_owner", "lead_developer", "qa_lead", "devops")
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def as_toml(applications: pl.DataFrame, links: pl.DataFrame, teams: pl.DataFrame) -> str:
    """Registry text in the format of docs/registry.md, in one order; what is null is left out.

    `applications` and `links` have the columns of applications_now and app_links_now (native_id as stated). Of links
    those count that are confirmed and no rule made, where the frame has `state` and `method`.
    """
    by_app: dict[str, list[Row]] = {}
    for link in links.iter_rows(named=True):
        if link.get("state", "confirmed") == "confirmed" and link.get("method", "explicit") != "rule":
            by_app.setdefault(link["app_id"], []).append(link)
    told = {
        "team": [_team(row) for row in teams.sort("team_id").iter_rows(named=True)],
        "application": [
            _application(row, by_app.get(row["app_id"], []))
            for row in applications.sort("app_id").iter_rows(named=True)
        ],
    }
    return tomli_w.dumps({kind: entries for kind, entries in told.items() if entries})


def _team(row: Row) -> Row:
    names = {"id": "team_id", "name": "name", "kind": "kind", "parent": "parent_id"}
    return _filled({name: row.get(column) for name, column in (names | _same("contact", "channel")).items()})


def _application(row: Row, links: list[Row]) -> Row:
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
            "has": _has(links),
        }
    )


def _word(row: Row, column: str) -> str | None:
    """The word as it stood where it was declared, else the canonical one; what is not known is left out."""
    word: str | None = row.get(f"{column}_raw") or row.get(column)
    return None if word == "unknown" else word


def _texts(told: str | None) -> Row | None:
    """A table of text from JSON text, of what a registry file could hold."""
    try:
        found = json.loads(told or "{}")
    except ValueError:
        return None
    return {str(name): str(value) for name, value in sorted(found.items())} if isinstance(found, dict) else None


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
