"""References between entities, and the catalog that holds all entities and finds what a reference means.

Format: https://backstage.io/docs/features/software-catalog/references.
"""

import re

from ingest.catalog.entities import Entity, Ref, line_of_name
from ingest.catalog.yaml_documents import Fields, Items, Refused, Value

ORGANISATION = ("group", "user")
_PART = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_REFERENCE = re.compile(rf"(?:(?P<kind>[A-Za-z][A-Za-z0-9]*):)?(?:(?P<namespace>{_PART})/)?(?P<name>{_PART})")


def reference(value: Value, namespace: str) -> tuple[str | None, str, str] | None:
    """Kind (None if not told), namespace and name of a reference, in lower case; None if it is none.

    A text `[<kind>:][<namespace>/]<name>`, or a mapping with name and, at will, kind and namespace.
    """
    if isinstance(value, Fields):
        kind, inside, name = (value.get(part) for part in ("kind", "namespace", "name"))
        if not isinstance(name, str) or isinstance(kind, Fields | Items) or isinstance(inside, Fields | Items):
            return None
        return (kind.lower() if kind else None), (inside or namespace).lower(), name.lower()
    match = _REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    return (match["kind"] or "").lower() or None, (match["namespace"] or namespace).lower(), match["name"].lower()


class Catalog:
    """All entities of a source by reference; `is_whole` is False when a file or folder could not be read."""

    def __init__(self) -> None:
        self.entities: dict[Ref, Entity] = {}
        self.is_whole = True
        self._kinds: set[str] = set()
        self._slugs: dict[tuple[str, str], Entity] = {}

    def add(self, entity: Entity) -> Refused | None:
        """Take an entity in, or say why not: names are unique per kind and namespace, whatever their case."""
        first = self._slugs.setdefault((entity.ref.kind, entity.slug), entity)
        if first is not entity:
            told = f"is {entity.ref}, but {first.declared_in} has {first.ref} already: keep one or rename it"
            return Refused(line_of_name(entity.body), told)
        self.entities[entity.ref] = entity
        self._kinds.add(entity.ref.kind)
        return None

    def of_kind(self, kind: str) -> list[Entity]:
        """All entities of a kind, in the order of their files."""
        return [entity for ref, entity in self.entities.items() if ref.kind == kind]

    def resolve(self, entity: Entity, place: str, value: Value, kinds: tuple[str, ...], line: int = 0) -> Ref | None:
        """The entity that a reference at a place means; faults are noted for none, a wrong kind, an unknown one.

        A reference without a kind means the first of `kinds` that is declared under that name.
        """
        parts = reference(value, entity.ref.namespace)
        if parts is None:
            told = f"{place}: {str(value)[:80]!r} is no reference: write [kind:][namespace/]name"
            entity.complain(place, told, line or None)
            return None
        kind, namespace, name = parts
        candidates = [Ref(word, namespace, name) for word in ((kind,) if kind else kinds)]
        ref = next((ref for ref in candidates if ref in self.entities), candidates[0])
        if ref.kind not in kinds:
            entity.complain(place, f"{place}: {ref} is no {' or '.join(kinds)}: name one", line or None)
            return None
        if ref not in self.entities and self._must_be_declared(ref.kind):
            entity.complain(place, f"{place}: no file declares {ref}: declare it or mend the name", line or None)
        return ref

    def reference_at(self, entity: Entity, place: str, *kinds: str) -> Ref | None:
        """What a field with one reference means, None if it is absent or wrong."""
        value = entity.value(place)
        return None if value is None else self.resolve(entity, place, value, kinds)

    def references_at(self, entity: Entity, place: str, *kinds: str) -> list[Ref]:
        """What a field with a list of references means; wrong ones are left out."""
        found = (self.resolve(entity, place, value, kinds, line) for value, line in entity.items(place))
        return list(dict.fromkeys(ref for ref in found if ref))

    def title(self, ref: Ref) -> str:
        """What people call an entity: its title, else its name."""
        entity = self.entities.get(ref)
        return entity.title if entity else ref.name

    def title_of_person(self, ref: Ref) -> str:
        """The display name of a user, else what the reference says."""
        entity = self.entities.get(ref)
        return (entity.text("spec.profile.displayName") or entity.title) if entity else ref.name

    def _must_be_declared(self, kind: str) -> bool:
        """Not while files are unreadable, and not for people and groups where a directory declares all of them."""
        return self.is_whole and (kind not in ORGANISATION or kind in self._kinds)
