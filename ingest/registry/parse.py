"""What the text of one registry file says: rows by entry, rules, and faults with their lines."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ingest.declared import MAX_FAULTS
from ingest.registry.costs import budget, split
from ingest.registry.fields import SLUG, Fields
from ingest.registry.fields import Path as Keys
from ingest.registry.lines import Lines
from ingest.registry.rows import Entry, application
from ingest.registry.rules import Patterns, Rule, rule
from ingest.registry.slos import slo
from ingest.registry.teams import team
from warehouse.patterns import wrong_patterns

MAX_DOTS = 100
ENTRIES = ("team", "application", "rule", "slo", "budget", "split")
CALLED = {"slo": "objective"}
# Of these a half would tell wrong figures: one with a fault is left out.
WHOLE: dict[str, Callable[[Fields, str], Entry]] = {"slo": slo, "budget": budget, "split": split}


class Fault(NamedTuple):
    """What is wrong, and on which line."""

    line: int | None
    message: str
    entity: str | None = None
    field: str | None = None
    refused: bool = False


class BrokenError(Exception):
    """The file cannot be read at all; carries line and sentence."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Said:
    """What one file says. The first row of an entry names it."""

    entries: list[Entry] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    more_faults: int = 0
    broken: Fault | None = None

    def tell(self, fault: Fault) -> None:
        """List a fault, or count it where there are too many to be listed."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)
        else:
            self.more_faults += 1


def parse(text: str, label: str, instance: str) -> Said:
    """What the text of one file says; `label` is how the file is called. Raises BrokenError if it is no TOML."""
    return _Reader(text, toml_tables(text), label, instance).read()


class _Reader:
    """The entries of one file, one after the other."""

    def __init__(self, text: str, tables: dict[str, Any], label: str, instance: str) -> None:
        self.tables, self.label, self.instance = tables, label, instance
        arrays = {kind: tables[kind] for kind in ENTRIES if isinstance(tables.get(kind), list)}
        self.arrays: dict[str, list[Any]] = arrays
        self.lines = Lines(text, {kind: len(found) for kind, found in arrays.items()})
        self.said, self.patterns = Said(), Patterns()

    def read(self) -> Said:
        """All of it."""
        top = Fields(self._tell_top, self.tables, thing="a registry file")
        top.only(ENTRIES)
        for kind in ENTRIES:
            if kind in self.tables and kind not in self.arrays:
                top.tell(kind, f"write [[{kind}]], in two pairs of brackets")
            for index, table in enumerate(self.arrays.get(kind, ())):
                self._entry(kind, index, table)
        _drop_wrong_patterns(self.said, self.patterns)
        return self.said

    def _entry(self, kind: str, index: int, table: Any) -> None:
        if not isinstance(table, dict):
            self._tell_top((kind,), f"{kind}: write [[{kind}]] and its keys below")
            return
        declared_in = f"{self.label}:{self.lines.entry(kind, index) or 1}"
        fields = self._fields(kind, index, table)
        if kind == "rule":
            found = rule(fields, declared_in, self.patterns)
            self.said.rules += [found] if found else []
        elif not (isinstance(table.get("id"), str) and SLUG.fullmatch(table["id"])):
            advice = 'write lower-case letters, digits and "-", such as "owner-portal"'
            self._tell(kind, index, ("id",), f"id: {advice}; this {CALLED.get(kind, kind)} was left out", refused=True)
        elif kind == "team":
            self.said.entries.append(team(fields, declared_in, self.instance))
        elif kind in WHOLE:
            self._all_or_nothing(WHOLE[kind], fields, declared_in)
        else:
            self.said.entries.append(application(fields, declared_in, self.patterns))

    def _all_or_nothing(self, read: Callable[[Fields, str], Entry], fields: Fields, declared_in: str) -> None:
        told, found = len(self.said.faults), read(fields, declared_in)
        if found:
            self.said.entries.append(found)
        else:
            self.said.faults[told:] = [fault._replace(refused=True) for fault in self.said.faults[told:]]

    def _fields(self, kind: str, index: int, table: dict[str, Any]) -> Fields:
        def tell(keys: Keys, message: str) -> None:
            self._tell(kind, index, keys, message)

        called = CALLED.get(kind, kind)
        return Fields(tell, table, thing=f"an {called}" if called[0] in "aeiou" else f"a {called}")

    def _tell(self, kind: str, index: int, keys: Keys, message: str, *, refused: bool = False) -> None:
        listed = len(self.said.faults) < MAX_FAULTS
        table = self.arrays[kind][index]
        named = [table[name] for name in ("id", "name") if isinstance(table.get(name), str)]
        line = self.lines.of(kind, index, *keys) if listed else None
        self.said.tell(Fault(line, message, named[0] if named else None, ".".join(keys), refused))

    def _tell_top(self, keys: Keys, message: str) -> None:
        line = self.lines.top(keys[0]) if len(self.said.faults) < MAX_FAULTS else None
        self.said.tell(Fault(line, message, field=keys[0], refused=keys[0] in ENTRIES))


def toml_tables(text: str) -> dict[str, Any]:
    """The file's tables. Raises BrokenError with the line."""
    for number, told in enumerate(text.split("\n"), 1):
        # tomllib takes the square of a dotted key's length.
        if told.count(".") > MAX_DOTS and any(part.count(".") > MAX_DOTS for part in re.split(r"[=,\[\]{}#]", told)):
            raise BrokenError(number, f"more than {MAX_DOTS} dots in one key: mend it, or break the text into lines")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise BrokenError(None, "its lists or tables lie too deep in each other: make it flatter") from error
    except ValueError as error:
        found = re.search(r"\s*\(at (?:line (\d+), column \d+|end of document)\)", str(error))
        at = int(found[1]) if found and found[1] else text.count("\n") + 1 if found else None
        reason = str(error)[: found.start()] if found else "it holds a number of too many digits"
        raise BrokenError(at, f"this is not TOML ({reason[:200]}): mend this line") from error


def _drop_wrong_patterns(said: Said, patterns: Patterns) -> None:
    """Leave out links and rules whose regular expression is none, as the engine that will use it sees it."""
    wrong = wrong_patterns(pattern for pattern, *_ in patterns.met)
    dropped = set()
    for pattern, owner, fields, name in patterns.met:
        if pattern in wrong:
            fields.tell(name, "this is no regular expression (RE2, so no look-around): mend it; it ties nothing now")
            dropped.add(id(owner))
    if dropped:
        said.rules = [rule for rule in said.rules if id(rule) not in dropped]
        said.entries = [[item for item in entry if id(item[1]) not in dropped] for entry in said.entries]
