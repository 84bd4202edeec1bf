"""Links of the registry: as a file states them, and by rule for each application that a rule applies to. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aurora.contracts import Row
from ingest.registry.fields import Fields
from ingest.registry.words import APPLIES, KINDS, RULE


@dataclass(frozen=True)
class Rule:
    """Links by rule: one for each application that it applies to."""

    kind: str
    template: str
    is_pattern: bool
    env_pattern: str | None
    applies_to: Mapping[str, tuple[str, ...]]
    declared_in: str

    def row(self, application: Row) -> Row | None:
        """The link of this application, None if the rule does not apply to it."""
        for column, wanted in self.applies_to.items():
            if not {str(application.get(column)), str(application.get(f"{column}_raw"))} & set(wanted):
                return None
        spelt = re.escape if self.is_pattern else str
        filled = self.template.replace("{app_id}", spelt(application["app_id"]))
        filled = filled.replace("{name}", spelt(application["name"]))
        return link_row(
            application["app_id"], self.kind, filled, self.declared_in, method="rule", is_pattern=self.is_pattern,
            env_pattern=self.env_pattern,
        )  # fmt: skip


@dataclass
class Patterns:
    """Regular expressions met on the way, each with the row or rule that falls if it is none."""

    met: list[tuple[str, Any, Fields, str]] = field(default_factory=list)

    def add(self, pattern: str | None, owner: Any, fields: Fields, name: str) -> None:
        """Remember to look at it: all are compiled at once."""
        if pattern is not None:
            self.met.append((pattern, owner, fields, name))


def link_row(app_id: str, kind: str, native_id: str, declared_in: str, **others: Any) -> Row:
    """A row of app_links, said by a file."""
    row = {"app_id": app_id, "kind": kind, "native_id": native_id, "path_prefix": "", "env_pattern": None}
    return row | {
        "is_pattern": False, "method": "explicit", "state": "confirmed", "share_ratio": None,
        "declared_in": declared_in,
    } | others  # fmt: skip


def rule(fields: Fields, declared_in: str, patterns: Patterns) -> Rule | None:
    """One [[rule]]; None if it cannot be followed. A rule that is half right would tie the wrong things."""
    fields.only(RULE)
    kind, match, pattern = fields.text("kind"), fields.text("match", 1_000), fields.text("pattern")
    environment, applies_to = fields.text("environment"), _applies_to(fields)
    if kind not in KINDS:
        fields.tell("kind", f"write one of {', '.join(KINDS)}")
    elif ("match" in fields.table) == ("pattern" in fields.table):
        fields.tell("match", "write either match or pattern")
    elif (match or pattern) and applies_to is not None and _placeholders(fields, match or pattern or ""):
        if "environment" in fields.table and not environment:
            return None
        found = Rule(kind, match or pattern or "", pattern is not None, environment, applies_to, declared_in)
        sample = found.row({"app_id": "a", "name": "a"} | {name: words[0] for name, words in applies_to.items()})
        patterns.add(sample["native_id"] if sample and pattern else None, found, fields, "pattern")
        patterns.add(environment, found, fields, "environment")
        return found
    return None


def _placeholders(fields: Fields, template: str) -> bool:
    other = set(re.findall(r"\{[a-z_]+\}", template)) - {"{app_id}", "{name}"}
    if other:
        fields.tell("match" if "match" in fields.table else "pattern", f"{min(other)}: write {{app_id}} or {{name}}")
    return not other


def _applies_to(fields: Fields) -> dict[str, tuple[str, ...]] | None:
    """Columns of applications and the words of which one has to stand there; None if that cannot be told."""
    said, found = fields.section("applies_to", APPLIES), {}
    for name, value in said.table.items():
        values = value if isinstance(value, list) else [value]
        if name not in APPLIES or not values or not all(isinstance(one, str | int) for one in values):
            said.tell(name, 'write text or a list of text, such as "web"') if name in APPLIES else None
            return None
        found[APPLIES[name]] = tuple(str(one) for one in values)
    return found if isinstance(fields.table.get("applies_to", {}), dict) else None
