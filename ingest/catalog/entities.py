"""Catalog entities: the envelope that all kinds share, read field by field with a fault for what is wrong.

Format: https://backstage.io/docs/features/software-catalog/descriptor-format.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.catalog.yaml_documents import Fields, Items, Refused, Value
from ingest.vendors.git_words import clean

KINDS = ("Component", "API", "Resource", "System", "Domain", "Group", "User", "Location")
IGNORED_KINDS = ("Template", "Namespace")  # documented, but nothing of the estate
API_VERSIONS = ("backstage.io/v1alpha1", "backstage.io/v1beta1")
_REQUIRED = {
    "component": ("type", "lifecycle", "owner"),
    "api": ("type", "lifecycle", "owner"),
    "resource": ("type", "owner"),
    "system": ("owner",),
    "domain": ("owner",),
    "group": ("type",),
}
_NAME = re.compile(r"(?=.{1,63}\Z)[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*", re.S)


class Ref(NamedTuple):
    """What an entity is called by others; all three parts in lower case."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}"

    @property
    def slug(self) -> str:
        """The name as an id of the estate, prefixed by the namespace if that is not the default one."""
        whole = self.name if self.namespace == "default" else f"{self.namespace}-{self.name}"
        return re.sub(r"[^a-z0-9]+", "-", whole).strip("-") or "unnamed"


@dataclass(frozen=True)
class Fault:
    """What is wrong with an entity; `field` is its dotted place."""

    line: int
    message: str
    field: str | None = None
    is_refused: bool = False


@dataclass(frozen=True)
class Entity:
    """One document of a catalog file. Reading a field that is wrong adds a fault, once, and gives nothing."""

    ref: Ref
    body: Fields
    file: str
    faults: dict[tuple[str | None, str], Fault] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        return self.ref.slug

    @property
    def declared_in(self) -> str:
        return f"{self.file}:{self.body.line}"

    @property
    def title(self) -> str:
        """What people call it: its title, else its name as written."""
        return self.text("metadata.title") or self.text("metadata.name") or self.ref.name

    def complain(self, place: str | None, message: str, line: int | None = None) -> None:
        """Add a fault that leaves the entity standing."""
        self.faults.setdefault((place, message), Fault(line or self.line(place or ""), message, place))

    def value(self, place: str) -> Value:
        """The value at a dotted place, None where there is none."""
        here: Value = self.body
        for name in place.split("."):
            here = here.get(name) if isinstance(here, Fields) else None
        return here

    def line(self, place: str) -> int:
        """The line of a dotted place, or of the nearest thing around it that is there."""
        here: Value = self.body
        line = self.body.line
        for name in place.split("."):
            if not isinstance(here, Fields) or name not in here.lines:
                break
            line, here = here.lines[name], here.get(name)
        return line

    def text(self, place: str, limit: int = 300) -> str | None:
        """One line of text, None if absent; a list or mapping there is a fault."""
        value = self.value(place)
        if isinstance(value, Fields | Items):
            self.complain(place, f"{place} is no text: write one value")
            return None
        return clean(value, limit) if value is not None else None

    def fields(self, place: str) -> Fields:
        """The mapping at a place, an empty one if absent; anything else is a fault."""
        value = self.value(place)
        if value is not None and not isinstance(value, Fields):
            self.complain(place, f"{place} is no mapping: write name: value lines")
        return value if isinstance(value, Fields) else Fields()

    def items(self, place: str) -> list[tuple[Value, int]]:
        """The items of a list with their lines, none if absent; anything else is a fault."""
        value = self.value(place)
        if value is not None and not isinstance(value, Items):
            self.complain(place, f"{place} is no list: write its values with - before each")
        return list(zip(value, value.lines, strict=True)) if isinstance(value, Items) else []

    def texts(self, place: str) -> list[tuple[str, int]]:
        """The items of a list that are text, with their lines; others are faults."""
        found = []
        for value, line in self.items(place):
            text = clean(value, 1_000) if isinstance(value, str) else None
            if text is None:
                self.complain(place, f"{place} holds something that is no text: write text", line)
            else:
                found.append((text, line))
        return found

    def pairs(self, place: str) -> dict[str, str]:
        """A mapping of text to text, such as labels and annotations; what is no text is a fault."""
        found = {}
        for name, value in self.fields(place).items():
            text = clean(value, 1_000) if isinstance(value, str) else None
            if text is None:
                line = self.fields(place).lines[name]
                self.complain(place, f"{place}: {name[:80]!r} has no text as its value: write text", line)
            else:
                found[name] = text
        return found


def entity_of(document: Fields, file: str) -> Entity | Refused | None:
    """The entity of a document; None for a documented kind that says nothing about the estate."""
    kind, name = document.get("kind"), None
    metadata = document.get("metadata")
    if isinstance(metadata, Fields):
        name = metadata.get("name")
    if not isinstance(kind, str) or not kind:
        return Refused(document.line, "has no kind: write kind: Component or another kind")
    if kind in IGNORED_KINDS:
        return None
    if not isinstance(name, str) or not name:
        return Refused(document.line, "has no metadata.name: write one")
    if not _NAME.fullmatch(name):
        rule = "1 to 63 letters and digits, parted by single - _ or ."
        return Refused(line_of_name(document), f"has the name {name[:80]!r}, which is none: write {rule}")
    return _checked(document, kind, name, file)


def _checked(document: Fields, kind: str, name: str, file: str) -> Entity | Refused:
    known = {word.lower(): word for word in KINDS}
    if kind.lower() not in known:
        known_kinds = ", ".join(KINDS)
        return Refused(
            document.lines["kind"], f"has the kind {kind[:80]!r}, which is not known: write one of {known_kinds}"
        )
    version = document.get("apiVersion")
    if isinstance(version, str) and not version.startswith("backstage.io/"):
        return Refused(
            document.lines["apiVersion"],
            f"is of apiVersion {version[:80]!r}, not of {' or '.join(API_VERSIONS)}",
        )
    metadata = document["metadata"]
    namespace = metadata.get("namespace") if isinstance(metadata, Fields) else None
    if namespace is not None and not (isinstance(namespace, str) and _NAME.fullmatch(namespace)):
        return Refused(
            line_of_name(document), "has a namespace that is no name: write letters and digits, or leave it out"
        )
    entity = Entity(Ref(kind.lower(), str(namespace or "default").lower(), name.lower()), document, file)
    if version not in API_VERSIONS:
        entity.complain("apiVersion", f"apiVersion is none of {' or '.join(API_VERSIONS)}: write the first")
    if kind not in KINDS:
        entity.complain("kind", f"the kind is written {known[kind.lower()]}")
    for wanted in _REQUIRED.get(entity.ref.kind, ()):
        if entity.value(f"spec.{wanted}") is None:
            entity.complain(f"spec.{wanted}", f"spec.{wanted} is missing: write it")
    return entity


def line_of_name(document: Fields) -> int:
    metadata = document["metadata"]
    return metadata.lines.get("name", metadata.line) if isinstance(metadata, Fields) else document.line
