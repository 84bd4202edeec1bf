"""The keys of one table of a registry file, read one by one: what is wrong is told, the rest is taken."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from aurora.settings import duration
from ingest.registry.words import ELSEWHERE

LIMIT = 500
MAX_ITEMS = 5_000
MAX_UNKNOWN = 50
# What costs of nobody stand under is no id.
SLUG = re.compile(r"(?!untagged$)[a-z0-9-]{1,100}")
_URL = re.compile(r"https?://[^\s/?#<>\"\\]+[^\s<>\"\\]*", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
Path = tuple[str, ...]
Tell = Callable[[Path, str], None]


class Fields:
    """A table and the path that leads to it; every reader returns None for what is absent or wrong."""

    def __init__(self, tell: Tell, table: Mapping[str, Any], path: Path = (), thing: str = "an entry") -> None:
        self.report = tell
        self.table = table
        self.path = path
        self.thing = thing

    def tell(self, name: str, advice: str) -> None:
        """List that the key is wrong and what to write."""
        self.report((*self.path, name), f"{'.'.join((*self.path, name))}: {advice}")

    def only(self, known: Iterable[str], but: Iterable[str] = (), elsewhere: Mapping[str, str] = ELSEWHERE) -> None:
        """List the keys that there are not, each with the nearest that there is."""
        known = tuple(known)
        unknown = [name for name in self.table if name not in known and name not in but]
        for name in unknown[:MAX_UNKNOWN]:
            near = [elsewhere[name]] if name in elsewhere else get_close_matches(name[:100], known, 1)
            advice = f"did you mean {near[0]}?" if near else f"write one of {', '.join(known)}, or remove it"
            self.tell(name, f"{self.thing} has no such key: {advice}")
        if more := unknown[MAX_UNKNOWN:]:
            self.tell(more[0], f"{self.thing} has no such key, nor {len(more) - 1} more: remove them")

    def section(self, name: str, known: Iterable[str] = ()) -> "Fields":
        """The table of that name, of no keys if there is none; with `known`, other keys are listed."""
        value = self.table.get(name, {})
        if not isinstance(value, dict):
            self.tell(name, "write a table, such as { key = value }")
            value = {}
        found = Fields(self.report, value, (*self.path, name), name)
        if known:
            found.only(known)
        return found

    def text(self, name: str, limit: int = LIMIT) -> str | None:
        """Text that is not blank, without space around it."""
        value = self.table.get(name)
        return None if value is None else self.taken(name, value, limit)

    def slug(self, name: str) -> str | None:
        """An id."""
        value = self.text(name)
        if value is None or SLUG.fullmatch(value):
            return value
        self.tell(name, 'write lower-case letters, digits and "-", at most 100')
        return None

    def texts(self, name: str) -> list[str] | None:
        """A list of text."""
        values = self.items(name)
        told = [self.taken(name, value, LIMIT) for value in values or ()]
        return None if values is None else [value for value in told if value is not None]

    def items(self, name: str) -> list[Any] | None:
        """A list of anything."""
        value = self.table.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            self.tell(name, f'write a list of at most {MAX_ITEMS:,}, such as ["a", "b"]')
            return None
        return value

    def word(self, name: str, words: Mapping[str, str]) -> tuple[str | None, str | None]:
        """The canonical word and, if it was spelt otherwise, the word that stands there; `unknown` if it is none."""
        raw = self.text(name)
        if raw is None:
            return None, None
        word = words.get(raw.lower().replace("-", "_").replace(" ", "_"))
        if word is None:
            self.tell(name, f"write one of {', '.join(dict.fromkeys(words.values()))}")
        return word or "unknown", None if word == raw else raw

    def url(self, name: str) -> str | None:
        """An address that may be shown as a link."""
        value = self.text(name, 2_000)
        if value is None or _URL.fullmatch(value):
            return value
        self.tell(name, "write an address that begins with https:// or http://")
        return None

    def number(self, name: str, low: float, high: float) -> float | None:
        """A number above `low`, at most `high`."""
        value = self.table.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low < value <= high:
            self.tell(name, f"write a number above {low:g}, at most {high:,g}")
            return None
        return float(value)

    def whole(self, name: str, words: range) -> int | None:
        """One of a few whole numbers."""
        value = self.table.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value not in words:
            self.tell(name, f"write {', '.join(str(word) for word in words[:-1])} or {words[-1]}")
            return None
        return value

    def seconds(self, name: str) -> float | None:
        """A duration in seconds; "0m" is one."""
        value = self.table.get(name)
        if value is None:
            return None
        try:
            zero = isinstance(value, str) and re.fullmatch(r"0{1,6}\s*[smhd]", value)
            return 0.0 if zero else duration(value).total_seconds()
        except ValueError:
            self.tell(name, 'write a duration, such as "30s", "15m", "4h" or "1d"')
            return None

    def money(self, name: str) -> Decimal | None:
        """An exact amount that is not negative: text of digits, or a whole number."""
        value = self.table.get(name)
        if value is None:
            return None
        told = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(told, str) and re.fullmatch(r"[0-9]{1,15}(?:\.[0-9]{1,6})?", told):
            return Decimal(told)
        self.tell(name, 'write the amount as text, such as "3000" or "2499.90": a float is not exact')
        return None

    def day(self, name: str) -> date | None:
        """A calendar day."""
        value = self.table.get(name)
        if value is None or type(value) is date:
            return value
        self.tell(name, "write a day, such as 2026-01-31")
        return None

    def texts_by_name(self, name: str) -> dict[str, str] | None:
        """A table of text; a number or true is taken as it is spelt."""
        section = self.section(name)
        plain = {
            key: str(value).lower() if isinstance(value, bool | int) else value for key, value in section.table.items()
        }
        told = {key: section.taken(key, value, LIMIT) for key, value in plain.items() if section._name(key)}
        return {key: value for key, value in told.items() if value is not None} or None

    def urls_by_name(self, name: str) -> dict[str, str] | None:
        """A table of addresses."""
        section = self.section(name)
        told = {key: section.url(key) for key in section.table if section._name(key)}
        return {key: value for key, value in told.items() if value is not None} or None

    def _name(self, key: str) -> bool:
        if key.strip() and len(key) <= 200 and not _CONTROL.search(key):
            return True
        self.tell(key, "write a name of at most 200 signs, none of them a control character")
        return False

    def taken(self, name: str, value: Any, limit: int = LIMIT) -> str | None:
        if not isinstance(value, str):
            self.tell(name, "write text in quotes")
        elif not value.strip():
            self.tell(name, "it is empty: write something or remove it")
        elif len(value) > limit:
            self.tell(name, f"it is longer than {limit:,} signs: shorten it")
        elif not value.isprintable() and _CONTROL.search(value):
            self.tell(name, "it holds control characters: remove them")
        else:
            return value.strip()
        return None
