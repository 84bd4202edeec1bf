"""What a file of objectives says, gathered: entries for the registry, what was left out, and what they count. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

import tomli_w

from aurora.contracts import Row
from ingest.catalog.yaml_documents import Fields, Items, Value
from ingest.objectives.promql import RefusedError, Selector, Terms
from ingest.registry.fields import SLUG
from ingest.registry.parse import parse

DEFAULT_WINDOW = "30d"


@dataclass
class Found:
    """`entries` are tables of `[[slo]]`; `left_out` and `notes` are (line, sentence)."""

    app: str | None = None
    entries: list[Row] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)
    counted: list[Selector] = field(default_factory=list)

    def take(self, line: int, name: str, make: Callable[[], tuple[Row, Terms]]) -> None:
        """Add what `make` makes, as the registry will read it; RefusedError leaves it out with its reason."""
        try:
            entry, counted = make()
            entry = {"id": self._id(name)} | {key: value for key, value in entry.items() if value is not None}
            faults = parse(tomli_w.dumps({"slo": [entry]}), "", "").faults
            if faults:
                raise RefusedError(
                    "; ".join(fault.message.removesuffix("; this objective was left out") for fault in faults)
                )
        except RefusedError as error:
            self.left_out.append((line, f"{name}: {error}"))
            return
        self.entries.append(entry)
        self.counted += [selector for _, selector in counted]

    def app_of(self, service: str | None, line: int) -> str | None:
        """The application that was asked for, else the service if it may be the id of one."""
        if self.app or not service or SLUG.fullmatch(service):
            return self.app or service
        self.notes.append((line, f"the service {service[:100]!r} is no id of an application: say which with --app"))
        return None

    def _id(self, name: str) -> str:
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:90] or "objective"
        taken, number = {entry["id"] for entry in self.entries}, 1
        while (told := plain if number == 1 else f"{plain}-{number}") in taken:
            number += 1
        return told


def text(fields: Fields, name: str) -> str | None:
    """Text that is not blank."""
    value = fields.get(name)
    return value.strip() or None if isinstance(value, str) else None


def required(fields: Fields, name: str) -> str:
    """Raises RefusedError if it is no text."""
    value = text(fields, name)
    if value is None:
        raise RefusedError(f"it has no {name}")
    return value


def section(fields: Fields, *names: str) -> Fields:
    """The mapping below the names, an empty one if there is none."""
    for name in names:
        value: Value = fields.get(name)
        fields = value if isinstance(value, Fields) else Fields(fields.line)
    return fields


def sections(fields: Fields, name: str) -> list[tuple[int, Fields]]:
    """The mappings of a list, each with its line."""
    value = fields.get(name)
    if not isinstance(value, Items):
        return []
    return [(line, one) for one, line in zip(value, value.lines, strict=True) if isinstance(one, Fields)]


def number(fields: Fields, name: str) -> Decimal | None:
    """Raises RefusedError if it is no plain number."""
    value = text(fields, name)
    try:
        told = None if value is None else Decimal(value)
    except InvalidOperation:
        told = Decimal("nan")
    if told is not None and not (told.is_finite() and abs(told) < Decimal(10) ** 15):
        raise RefusedError(f"its {name} {str(value)[:50]!r} is no number")
    return told
