"""APIs and resources of a catalog as components, and who depends on whom. Pure but for counted words."""

import json
from collections.abc import Iterator
from typing import Any

from aurora.contracts import Row
from ingest.catalog.applications import tags_of
from ingest.catalog.entities import Entity, Ref
from ingest.catalog.references import Catalog
from ingest.connector import Run

_WORDS = {
    (
        "database",
        "db_instance",
    ): "database db postgres postgresql mysql mariadb mongodb redis oracle sqlserver bigtable",
    ("cdn", "cdn"): "cdn",
    ("third_party", "third_party"): "third-party third_party thirdparty saas external external-service",
    ("server", "host"): "server host",
    ("server", "vm"): "vm virtual-machine",
    ("unknown", "queue"): "queue topic kafka-topic message-queue pubsub-topic",
    ("unknown", "load_balancer"): "load-balancer loadbalancer",
    ("unknown", "other"): "s3-bucket bucket cluster kubernetes-cluster",
}
_RESOURCES = {word: place for place, words in _WORDS.items() for word in words.split()}
_TYPES = {word: kind for word, (kind, _) in _RESOURCES.items()}
_API_KINDS = {"openapi": "endpoint", "graphql": "endpoint", "grpc": "endpoint"}
_NEEDS = ("component", "resource", "api")
# Field of spec: kind of edge, kinds of entity that may stand there, whether the edge points the other way.
_LISTS = {
    "dependsOn": ("depends_on", _NEEDS, False),
    "dependencyOf": ("depends_on", _NEEDS, True),
    "providesApis": ("provides_api", ("api",), False),
    "consumesApis": ("consumes_api", ("api",), False),
}


def component_row(run: Run[Any], entity: Entity) -> Row:
    """A row of components for an API or a resource, without the dates of its sight."""
    is_api = entity.ref.kind == "api"
    word = entity.text("spec.type")
    tags = tags_of(entity)
    found = _RESOURCES.get((word or "").lower(), ("unknown", "other"))
    return {
        "component_id": run.id(entity.ref),
        "name": entity.title,
        "type": "api" if is_api else run.word(_TYPES, word) if word else "unknown",
        "type_raw": word,
        "kind": _API_KINDS.get((word or "").lower(), "other") if is_api else found[1],
        "lifecycle_raw": entity.text("spec.lifecycle") if is_api else None,
        "tags": json.dumps(tags, ensure_ascii=False, sort_keys=True) if tags else None,
        "declared_in": entity.declared_in,
    }


def edge_rows(run: Run[Any], catalog: Catalog, entity: Entity) -> Iterator[Row]:
    """Rows of component_edges that a component or resource declares; one to an undeclared entity is left out."""
    for name, (kind, kinds, is_reversed) in _LISTS.items():
        for other in catalog.references_at(entity, f"spec.{name}", *kinds):
            ends = (other, entity.ref) if is_reversed else (entity.ref, other)
            yield from _edge(run, catalog, entity, kind, *ends)
    whole = catalog.reference_at(entity, "spec.subcomponentOf", "component")
    if whole:
        yield from _edge(run, catalog, entity, "part_of", entity.ref, whole)


def _edge(run: Run[Any], catalog: Catalog, entity: Entity, kind: str, start: Ref, end: Ref) -> Iterator[Row]:
    if start == end:
        entity.complain("spec", f"{start} names itself as {kind}: name another entity")
    elif start in catalog.entities and end in catalog.entities:
        (from_id, from_type), (to_id, to_type) = _end(run, start), _end(run, end)
        ends = {"from_id": from_id, "from_type": from_type, "to_id": to_id, "to_type": to_type}
        yield {**ends, "kind": kind, "evidence": "catalog", "declared_in": entity.declared_in}


def _end(run: Run[Any], ref: Ref) -> tuple[str, str]:
    return (ref.slug, "app") if ref.kind == "component" else (run.id(ref), "component")
