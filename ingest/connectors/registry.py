"""Applications, teams, rules and objectives declared in TOML files beside aurora.toml: the registry as code.

Reads applications.toml, slos.toml, costs.toml and every *.toml below applications/, slos/ and costs/ (or the files
and folders in `paths`) each half minute; a file that has not changed is not read again, and each of them may hold every
kind of entry. What stands in the files is what there is: an entry that is removed is gone with the next run, a wrong
field is listed with file and line and the rest of its entry counts (a rule, objective, budget or split is left out as a
whole), and a file that cannot be read keeps what it said before. The format, with every key and a full example:
docs/registry.md. In short:

    [[team]]
    id = "portal-team"
    members = [{ name = "Ana Ruiz", email = "ana@example.com", role = "developer" }]

    [[application]]
    id = "owner-portal"
    name = "Owner portal"
    type = "web"
    environment = "production"
    team = "portal-team"
    depends_on = ["identity-service", "component:prod-prometheus:node-1"]
    has = { repository = ["git:portal"], component = [{ pattern = "prod:portal-.*" }], cost = ["tag:app=owner-portal"] }
    objective = { availability_pct = 99.9, response_ms = 300 }
    budget = { monthly = "3000", currency = "USD" }

    [[rule]]
    kind = "component"
    match = "tag:app={app_id}"
    applies_to = { type = ["web", "api"] }

    [[slo]]
    id = "portal-answers"
    name = "The portal answers"
    app = "owner-portal"
    kind = "ratio"
    good = '''select started_at as ts, 1 as value from probe_results
              where target like '%portal%' and is_success and started_at >= :since and started_at < :until'''
    total = '''select started_at as ts, 1 as value from probe_results
               where target like '%portal%' and started_at >= :since and started_at < :until'''
    target = 99.9
    window = "30d"

    [[budget]]
    id = "cloud"
    amount = "50000"
    currency = "USD"
    scope = { provider = "AWS" }

    [[split]]
    id = "cluster"
    of = ["service:Amazon Elastic Kubernetes Service"]
    by = "usage"
    usage = "requests"

Needs: read access to the files.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from aurora.contracts import Row
from aurora.contracts.cost import Budgets, CostSplits
from aurora.contracts.estate import (
    Applications,
    AppLinks,
    ComponentEdges,
    Memberships,
    People,
    RegistryFaults,
    Teams,
)
from aurora.contracts.operations import Slos
from aurora.settings import ROOT, Frozen
from ingest.connector import Checkpoint, Connector, Item, Run
from ingest.declared import Declared
from ingest.registry.file import find_files, forget_all_but, said_by
from ingest.registry.parse import Said
from ingest.registry.rules import Rule

FILES = ("applications.toml", "applications", "slos.toml", "slos", "costs.toml", "costs")
TABLES = (Applications, AppLinks, Teams, People, Memberships, ComponentEdges, Slos, Budgets, CostSplits, RegistryFaults)


class RegistryOptions(Frozen):
    """`paths`: TOML files, or folders that are searched for *.toml; relative to Aurora's folder."""

    paths: tuple[str, ...] = Field(FILES, min_length=1)


connector = Connector("registry", RegistryOptions)


@connector.stream(*TABLES, every="30s")
def fetch_applications(run: Run[RegistryOptions]) -> Iterator[Item]:
    """All that the files declare, each time whole."""
    declared = Declared(run)
    files = _files(run, declared)
    rules: list[Rule] = []
    starts = _budget_starts(run)
    for path, label in files.items():
        said = said_by(Path(path), label, run.source_instance)
        _take(declared, label, said, starts)
        rules += said.rules
    forget_all_but(run.source_instance, set(files))
    _follow(rules, declared)
    yield from declared.items(*TABLES)
    # The same each time: a cursor that moves would write a version of the table for nothing.
    yield Checkpoint({"read": "whole"})


def _files(run: Run[RegistryOptions], declared: Declared) -> dict[str, str]:
    """The files to read and how each is called: from the folder in which the given path stands, if that is clear."""
    found: dict[str, str] = {}
    real, labels = set[str](), set[str]()
    for given in run.options.paths:
        base = (ROOT / Path(given).expanduser()).absolute()

        def fail(path: Path, error: OSError, base: Path = base) -> None:
            declared.broken(path.relative_to(base.parent).as_posix(), None, f"it cannot be read ({error.strerror})")

        try:
            for path in find_files(base, fail):
                label = path.relative_to(base.parent).as_posix()
                if os.path.realpath(path) not in real:
                    found[str(path)] = str(path) if label in labels else label
                    labels.add(label)
                    real.add(os.path.realpath(path))
        except OSError as error:
            declared.broken(base.name, None, f"it cannot be read ({error.strerror})")
    return found


def _take(declared: Declared, label: str, said: Said, starts: dict[str, object]) -> None:
    """Gather what one file says; of an entry whose first row is known already, nothing."""
    if said.broken:
        declared.broken(label, said.broken.line, said.broken.message)
    for fault in said.faults:
        declared.fault(label, fault.line, fault.message, entity=fault.entity, field=fault.field, refused=fault.refused)
    declared.more_faults += said.more_faults
    for entry in said.entries:
        for number, (table, row) in enumerate(entry):
            if not declared.add(table, row | _start(row, starts) if table is Budgets else row) and not number:
                break


def _budget_starts(run: Run[RegistryOptions]) -> dict[str, object]:
    """The day on which each known budget starts, and under "" that of a new one: the first of this month, UTC."""
    landed = run.landed(Budgets).sort("version")
    known: dict[str, object] = dict(zip(landed["budget_id"], landed["starts_on"], strict=True))
    return known | {"": run.now.date().replace(day=1)}


def _start(row: Row, starts: dict[str, object]) -> Row:
    return {"starts_on": row["starts_on"] or starts.get(row["budget_id"], starts[""])}


def _follow(rules: list[Rule], declared: Declared) -> None:
    """Links by rule for every application of this source; one that is stated, or that another rule made, stands."""
    if not rules:
        return
    applications = [*declared.rows.get(Applications, {}).values(), *declared.kept(Applications)]
    for rule in rules:
        for application in applications:
            link = rule.row(application)
            if link and not declared.knows(AppLinks, link):
                declared.add(AppLinks, link)
