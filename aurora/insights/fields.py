"""The fields of an application that people own: how each is called, typed in, checked and shown."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from aurora.contracts.columns import words_of
from aurora.contracts.estate import Applications

Kind = Literal["text", "word", "list", "map", "whole", "address", "duration"]
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_S = 1_000_000 * 86_400


@dataclass(frozen=True)
class Field:
    """One field: its label, what kind of value it takes, what the value is for, and the words it may be."""

    name: str
    label: str
    kind: Kind = "text"
    help: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The closed list of a word field."""
        return words_of(Applications.columns()[self.name])


FIELDS = {
    field.name: field
    for field in (
        Field("name", "Name"),
        Field("type", "Type", "word"),
        Field("env_tier", "Environment", "word"),
        Field("lifecycle", "Lifecycle", "word"),
        Field("tier", "Tier", "whole", "criticality, 1 (most critical) to 4"),
        Field("description", "Description"),
        Field("domain", "Domain"),
        Field("product", "Product"),
        Field("team_id", "Team", help="id of the team"),
        Field("product_owner", "Product owner"),
        Field("lead_developer", "Lead developer"),
        Field("qa_lead", "QA lead"),
        Field("devops", "DevOps"),
        Field("stack_frontend", "Frontend", "list"),
        Field("stack_backend", "Backend", "list"),
        Field("stack_database", "Database", "list"),
        Field("stack_infrastructure", "Infrastructure", "list"),
        Field("runbook_url", "Runbook", "address"),
        Field("links", "Links", "map", "one a line: Dashboard = https://..."),
        Field("tags", "Tags", "map", "one a line: key = value"),
        Field("rpo_s", "Recovery point", "duration", "how much may be lost, such as 15m"),
        Field("rto_s", "Recovery time", "duration", "how long it may be away, such as 4h"),
    )
}


def typed(field: Field, text: str) -> str:
    """What a person typed as the JSON of an edit; nothing typed clears the field ("null").

    Raises ValueError with a sentence that says what to write instead.
    """
    text = text.encode(errors="replace").decode().strip()
    value = _VALUES[field.kind](field, text) if text else None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def shown(field: Field, told: str | None) -> str:
    """The JSON of a value as it is typed in and shown; "" for none."""
    try:
        value = json.loads(told) if told else None
    except (ValueError, RecursionError):  # an edit that was imported may say anything
        return str(told)
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, dict):
        return "\n".join(f"{key} = {one}" if one else str(key) for key, one in value.items())
    is_span = field.kind == "duration" and isinstance(value, int | float) and 0 <= value < _LONGEST_S
    return _span(value) if is_span else str(value)


def text_map(told: str | None) -> dict[str, str]:
    """Names and text of a JSON object; what is no object, or nested, or no text, is left out."""
    try:
        found = json.loads(told or "{}")
    except (ValueError, RecursionError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def _text(field: Field, text: str) -> str:
    if len(text) > 2000:
        raise ValueError(f"{field.label}: write at most 2,000 characters")
    return text


def _word(field: Field, text: str) -> str:
    word = text.lower().replace(" ", "_")
    if word not in field.words:
        raise ValueError(f"{field.label}: {text!r} is none of {', '.join(field.words)}")
    return word


def _whole(field: Field, text: str) -> int:
    if text not in ("1", "2", "3", "4"):
        raise ValueError(f"{field.label}: write 1, 2, 3 or 4")
    return int(text)


def _list(field: Field, text: str) -> list[str] | None:
    return [part for one in _text(field, text).split(",") if (part := one.strip())] or None


def _map(field: Field, text: str) -> dict[str, str]:
    pairs = [line.partition("=") for line in _text(field, text).splitlines() if line.strip()]
    told = {key.strip(): value.strip() for key, _, value in pairs}
    if "" in told:
        raise ValueError(f"{field.label}: write one `key = value` a line")
    if field.name == "links" and not all(_is_address(value) for value in told.values()):
        raise ValueError(f"{field.label}: each needs an address that begins with http:// or https://")
    return told


def _address(field: Field, text: str) -> str:
    if not _is_address(text):
        raise ValueError(f"{field.label}: write an address that begins with http:// or https://")
    return text


def _is_address(text: str) -> bool:
    return bool(re.fullmatch(r"https?://[^\s\"'<>]{1,2000}", text))


def _duration(field: Field, text: str) -> float:
    found = re.fullmatch(r"(\d{1,6})\s*([smhd])", text)
    if not found:
        raise ValueError(f"{field.label}: write a number and a unit, such as 15m, 4h or 1d")
    return float(int(found[1]) * _UNITS[found[2]])


def _span(seconds: float) -> str:
    for unit in ("d", "h", "m"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{int(seconds) if seconds == int(seconds) else seconds}s"


_VALUES: dict[Kind, Any] = {
    "text": _text,
    "word": _word,
    "whole": _whole,
    "list": _list,
    "map": _map,
    "address": _address,
    "duration": _duration,
}
