"""Backstage catalog files in local folders and git repositories, as applications, links, teams and dependencies.

Format: https://backstage.io/docs/features/software-catalog/descriptor-format. Needs: read access to the folders; git
for repositories, of which HEAD is read without a checkout. Nothing is fetched: a Location's url targets stay unread.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import Field

from aurora.contracts import COMMON, Row, Table
from aurora.contracts.estate import (
    Applications,
    AppLinks,
    ComponentEdges,
    Components,
    Memberships,
    People,
    RegistryFaults,
    Teams,
)
from aurora.settings import Frozen
from ingest.catalog.applications import application_row, link_rows
from ingest.catalog.infrastructure import component_row, edge_rows
from ingest.catalog.organisation import membership_rows, person_row, team_rows
from ingest.catalog.reading import read_catalog
from ingest.catalog.references import Catalog
from ingest.connector import Connector, Item, Run
from ingest.declared import Declared

TABLES = (Applications, AppLinks, Teams, Memberships, RegistryFaults, Components, ComponentEdges, People)


class BackstageOptions(Frozen):
    """`paths`: folders, files or repositories, relative to Aurora's folder; `names`: what catalog files are called."""

    paths: tuple[str, ...] = Field(min_length=1)
    names: tuple[str, ...] = Field(("catalog-info.yaml", "catalog-info.yml"), min_length=1)


connector = Connector("backstage", BackstageOptions)


@connector.stream(*TABLES, every="5m")
def fetch_catalog(run: Run[BackstageOptions]) -> Iterator[Item]:
    """All that the catalog files say now; what a file that cannot be read said before stays."""
    declared = Declared(run)
    catalog = read_catalog(run, declared, run.options.paths, run.options.names)
    add_rows(run, catalog, declared)
    for entity in catalog.entities.values():
        for fault in entity.faults.values():
            declared.fault(entity.file, fault.line, fault.message, entity=str(entity.ref), field=fault.field)
    yield from declared.items(*TABLES)


def add_rows(run: Run[BackstageOptions], catalog: Catalog, declared: Declared) -> None:
    """Gather the rows of every entity, each kind in its tables."""
    for entity in catalog.of_kind("component"):
        declared.add(Applications, application_row(run, catalog, entity))
        _add(declared, AppLinks, link_rows(entity))
    _add(declared, Teams, team_rows(catalog))
    _add(declared, Memberships, membership_rows(catalog))
    described = catalog.of_kind("api") + catalog.of_kind("resource")
    is_whole = catalog.is_whole
    components = [component_row(run, entity) for entity in described]
    edges = [row for entity in catalog.of_kind("component") + described for row in edge_rows(run, catalog, entity)]
    people = [person_row(entity) for entity in catalog.of_kind("user")]
    _add(declared, Components, sighted(run, Components, components, {"lifecycle": "terminated"} if is_whole else {}))
    _add(declared, ComponentEdges, sighted(run, ComponentEdges, edges))
    _add(declared, People, sighted(run, People, people, {"is_active": False} if is_whole else {}))


def _add(declared: Declared, table: type[Table], rows: Iterable[Row]) -> None:
    for row in rows:
        declared.add(table, row)


def sighted(run: Run[Any], table: type[Table], rows: list[Row], gone: Row | None = None) -> Iterator[Row]:
    """The rows with the dates of their first and last sight; of those that landed before and are no more, `gone`."""
    key = table.spec.key
    before = {tuple(row[name] for name in key): row for row in run.landed(table).iter_rows(named=True)}
    last = {"last_seen_at": run.now} if "last_seen_at" in table.columns() else {}
    for row in rows:
        old = before.pop(tuple(row[name] for name in key), None)
        yield row | {"first_seen_at": old["first_seen_at"] if old else run.now} | last
    for old in before.values() if gone else ():
        if any(old[name] != value for name, value in (gone or {}).items()):
            yield {name: value for name, value in old.items() if name not in COMMON} | (gone or {})
