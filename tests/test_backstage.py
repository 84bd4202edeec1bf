"""Catalog files as people write them, and as nobody should: each fault is a sentence and the rest loads."""

import hashlib
import itertools
import json
import os
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora.contracts import Table
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
from aurora.errors import SourceError
from aurora.settings import Settings, SourceSettings
from ingest.catalog import reading, roots, yaml_documents
from ingest.catalog.applications import source_folder, web_address
from ingest.catalog.references import reference
from ingest.catalog.yaml_documents import BrokenFileError, Fields, Items, Refused, documents
from ingest.check import Stamp, check
from ingest.connector import Run
from ingest.connectors.backstage import BackstageOptions, connector
from ingest.run import Ingest
from warehouse.lake import Lake

NOW = datetime(2026, 5, 1, tzinfo=UTC)
FILE = "catalog-info.yaml"
HEAD = "apiVersion: backstage.io/v1alpha1\n"

ARTIST = """\
# the estate of the artists
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: Artist_Web
  title: Artist Web
  description: Where artists are met
  labels: {example.com/custom: label_value}
  annotations:
    github.com/project-slug: acme/artists
    backstage.io/source-location: url:https://github.com/acme/artists/tree/main/web/
    sonarqube.org/project-key: artists
    jira/project-key: ART
    sentry.io/project-slug: pump-station
    pagerduty.com/service-id: P12
    backstage.io/kubernetes-id: artist-web
    aurora/tier: 2
    aurora/active-users-metric: artists.active
  tags: [java, "c++"]
  links:
    - {url: "https://admin.example.com", title: Admin}
    - {url: "https://wiki.example.com/run", type: runbook}
    - {url: "javascript:alert(1)", title: Evil}
spec:
  type: website
  lifecycle: production
  owner: Group:default/Artists
  system: portal
  subcomponentOf: artist-shop
  providesApis: [artist-api]
  consumesApis: ["API:external/Streams"]
  dependsOn:
    - resource:artists-db
    - component:default/artist-shop
    - {kind: Resource, name: artists-db}
    - nowhere
---
apiVersion: backstage.io/v1beta1
kind: Component
metadata: {name: artist-shop}
spec: {type: library, lifecycle: experimental, owner: "user:jdoe"}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: artist-api}
spec: {type: openapi, lifecycle: deprecated, owner: artists, definition: "openapi: 3.0.0"}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: streams, namespace: external}
spec: {type: asyncapi, lifecycle: production, owner: "default/artists", definition: x}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: artists-db, tags: [pg]}
spec: {type: database, owner: artists, dependencyOf: ["component:artist-shop"], dependsOn: []}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: portal, title: Artist portal}
spec: {owner: artists, domain: art}
---
apiVersion: backstage.io/v1alpha1
kind: Domain
metadata: {name: art, title: All art}
spec: {owner: artists}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: artists}
spec: {type: team, parent: ops, children: [], members: [jdoe], profile: {displayName: The Artists, email: a@b.example}}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: ops}
spec: {type: business-unit, children: [artists]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: jdoe, annotations: {github.com/user-login: jenny}}
spec: {profile: {displayName: Jenny Doe, email: Jenny-Doe@example.com}, memberOf: [ops]}
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: new-service}
"""


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def component(name: str, spec: str = "", metadata: str = "") -> str:
    whole = f"type: service, lifecycle: production, owner: team-a{', ' * bool(spec)}{spec}"
    return f"---\n{HEAD}kind: Component\nmetadata: {{name: {name}{metadata}}}\nspec: {{{whole}}}\n"


def run_of(*paths: object, **options: Any) -> Run[Any]:
    told = BackstageOptions.model_validate({"paths": [str(path) for path in paths], **options})
    deadline, every = time.monotonic() + 60, timedelta(minutes=5)
    return Run("cat", "catalog", told, NOW, NOW - timedelta(hours=1), None, deadline, every)


def read(run: Run[Any]) -> dict[type[Table], list[dict[str, Any]]]:
    found: dict[type[Table], list[dict[str, Any]]] = {}
    for item in connector.streams["catalog"].fetch(run):
        assert isinstance(item, tuple)
        found.setdefault(item[0], []).extend([item[1]] if isinstance(item[1], dict) else item[1].to_dicts())
    return found


def apps(run: Run[Any]) -> list[str]:
    return [row["app_id"] for row in read(run)[Applications]]


def faults(folder: Path, *others: Path) -> list[str]:
    return [row["message"] for row in read(run_of(folder, *others)).get(RegistryFaults, [])]


def by(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row[name] for name in names) for row in rows), key=repr)


@pytest.fixture
def artists(tmp_path: Path) -> dict[type[Table], list[dict[str, Any]]]:
    return read(run_of(write(tmp_path / "art", {FILE: ARTIST})))


def test_a_component_is_an_application(artists: dict[type[Table], list[dict[str, Any]]]) -> None:
    web, shop = artists[Applications]
    assert {name: web[name] for name in ("app_id", "name", "type", "type_raw", "env_tier", "lifecycle", "tier")} == {
        "app_id": "artist-web",
        "name": "Artist Web",
        "type": "web",
        "type_raw": "website",
        "env_tier": "production",
        "lifecycle": "active",
        "tier": 2,
    }
    assert (web["team_id"], web["product"], web["domain"]) == ("artists", "Artist portal", "All art")
    assert web["declared_in"] == f"art/{FILE}:2"
    assert web["runbook_url"] == "https://wiki.example.com/run"
    assert json.loads(web["links"]) == {
        "Admin": "https://admin.example.com",
        "https://wiki.example.com/run": "https://wiki.example.com/run",
    }
    assert json.loads(web["tags"]) == {
        "java": "",
        "c++": "",
        "example.com/custom": "label_value",
        "active_users_metric": "artists.active",
    }
    assert (shop["type"], shop["type_raw"], shop["lifecycle"], shop["env_tier"]) == (
        "unknown",
        "library",
        "planned",
        "unknown",
    )
    assert shop["product_owner"] == "Jenny Doe"
    assert shop.get("team_id") is None


def test_annotations_are_links(artists: dict[type[Table], list[dict[str, Any]]]) -> None:
    assert by(artists[AppLinks], "kind", "native_id", "path_prefix") == [
        ("component", "tag:backstage.io/kubernetes-id=artist-web", ""),
        ("project", "ART", ""),
        ("project", "artists", ""),
        ("project", "pump-station", ""),
        ("repository", "https://github.com/acme/artists", "web"),
        ("service", "P12", ""),
    ]
    assert {(row["method"], row["state"], row["is_pattern"]) for row in artists[AppLinks]} == {
        ("explicit", "confirmed", False)
    }


def test_groups_domains_and_users_are_the_organisation(artists: dict[type[Table], list[dict[str, Any]]]) -> None:
    assert by(artists[Teams], "team_id", "name", "kind", "parent_id", "contact") == [
        ("art", "All art", "domain", None, None),
        ("artists", "The Artists", "team", "ops", "a@b.example"),
        ("ops", "ops", "organisation", None, None),
    ]
    digest = hashlib.sha256(b"jenny-doe@example.com").hexdigest()
    assert by(artists[People], "person_id", "display_name", "email_hash", "logins") == [
        ("jdoe", "Jenny Doe", digest, ["jenny"])
    ]
    assert by(artists[Memberships], "scope_id", "person_id", "role") == [
        ("artists", "jdoe", "member"),
        ("ops", "jdoe", "member"),
    ]


def test_apis_and_resources_are_components_and_relations_edges(
    artists: dict[type[Table], list[dict[str, Any]]],
) -> None:
    assert by(artists[Components], "component_id", "type", "kind") == [
        ("cat:api:default/artist-api", "api", "endpoint"),
        ("cat:api:external/streams", "api", "other"),
        ("cat:resource:default/artists-db", "database", "db_instance"),
    ]
    assert by(artists[ComponentEdges], "from_id", "kind", "to_id", "from_type", "to_type") == [
        ("artist-shop", "depends_on", "cat:resource:default/artists-db", "app", "component"),
        ("artist-web", "consumes_api", "cat:api:external/streams", "app", "component"),
        ("artist-web", "depends_on", "artist-shop", "app", "app"),
        ("artist-web", "depends_on", "cat:resource:default/artists-db", "app", "component"),
        ("artist-web", "part_of", "artist-shop", "app", "app"),
        ("artist-web", "provides_api", "cat:api:default/artist-api", "app", "component"),
    ]
    # dependencyOf points the other way: the shop depends on the database that names it.
    assert [(row["line"], row["message"][:60], row["is_refused"]) for row in artists[RegistryFaults]] == [
        (23, "metadata.links holds a link without an http(s) address, or w", False),
        (36, "spec.dependsOn: no file declares component:default/nowhere: ", False),
    ]


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("petstore", (None, "here", "petstore")),
        ("Internal/Streetlights", (None, "internal", "streetlights")),
        ("GROUP:pet-managers", ("group", "here", "pet-managers")),
        ("api:internal/pets", ("api", "internal", "pets")),
        ("a.b_c-d", (None, "here", "a.b_c-d")),
        ("", None),
        ("a:b:c", None),
        ("a/b/c", None),
        ("pets@example.com", None),
        ("kind:", None),
        (None, None),
    ],
)
def test_a_reference_has_three_parts(told: str | None, meant: object) -> None:
    assert reference(told, "here") == meant


def test_a_reference_may_be_a_mapping() -> None:
    told = Fields()
    told.update(kind="Group", name="aegis-imports/pet-managers")
    assert reference(told, "here") == ("group", "here", "aegis-imports/pet-managers")
    told.update(namespace="Other")
    assert reference(told, "here") == ("group", "other", "aegis-imports/pet-managers")
    told["name"] = Items()
    assert reference(told, "here") is None


@pytest.mark.parametrize(
    ("location", "meant"),
    [
        ("url:https://github.com/o/r/", ("https://github.com/o/r", "")),
        ("url:https://github.com/o/r.git", ("https://github.com/o/r", "")),
        ("url:https://github.com/o/r/tree/main/a/b/", ("https://github.com/o/r", "a/b")),
        ("url:https://github.com/o/r/blob/main/a/catalog-info.yaml", ("https://github.com/o/r", "a")),
        ("url:https://github.com/o/r/blob/main/catalog-info.yaml", ("https://github.com/o/r", "")),
        ("url:https://gitlab.example.com/g/s/r/-/tree/main/a", ("https://gitlab.example.com/g/s/r", "a")),
        ("url:https://github.com/o/r/tree/main/a%0a%00b", ("https://github.com/o/r", "a b")),
        ("url:https://bitbucket.org/o/r/src/main/a%20b", ("https://bitbucket.org/o/r", "a b")),
        ("url:https://github.com/o/r/tree/main", ("https://github.com/o/r", "")),
        ("file:/tmp/catalog-info.yaml", None),
        ("url:https://me:secret@github.com/o/r", None),
        ("url:", None),
        ("", None),
    ],
)
def test_a_source_location_is_repository_and_folder(location: str, meant: object) -> None:
    assert source_folder(location) == meant


@pytest.mark.parametrize("bad", ["ftp://x/y", "//x", "https://", "http://[", "https://a b/", "https://u@x/", "x"])
def test_only_plain_web_addresses_are_links(bad: str) -> None:
    assert web_address(bad) is None
    assert web_address("https://x.example/a?b=c#d") == "https://x.example/a?b=c#d"


def test_where_the_file_came_from_is_the_last_resort(tmp_path: Path) -> None:
    came = "backstage.io/managed-by-location: 'url:https://github.com/o/r/blob/main/x/catalog-info.yaml'"
    slug = "gitlab.com/project-slug: group/sub/name"
    azure = "dev.azure.com/project-repo: Proj/Repo"
    host = "dev.azure.com/host-org: dev.azure.com/org"
    same = "sonarqube.org/project-key: same, sentry.io/project-slug: same"
    selector = "backstage.io/kubernetes-id: x, backstage.io/kubernetes-label-selector: 'app=my-app'"
    told = {"a": came, "b": f"{came}, {slug}", "c": azure, "d": f"{azure}, {host}", "e": selector, "f": same}
    files = "".join(component(name, metadata=f", annotations: {{{value}}}") for name, value in told.items())
    rows = read(run_of(write(tmp_path, {FILE: files})))[AppLinks]
    assert by(rows, "app_id", "kind", "native_id", "path_prefix") == [
        ("a", "repository", "https://github.com/o/r", "x"),
        ("b", "repository", "https://gitlab.com/group/sub/name", ""),
        ("c", "repository", "Proj/Repo", ""),
        ("d", "repository", "https://dev.azure.com/org/Proj/_git/Repo", ""),
        ("e", "component", "tag:app=my-app", ""),
        ("f", "project", "same", ""),
    ]


WRONG = [
    ("kind: Component\nmetadata: {name: x y}\n", "has the name 'x y'"),
    (f"kind: Component\nmetadata: {{name: {'x' * 64}}}\n", "1 to 63 letters"),
    ("kind: Component\nmetadata: {title: x}\n", "has no metadata.name"),
    ("kind: Component\nmetadata: [x]\n", "has no metadata.name"),
    ("kind: Component\n", "has no metadata.name"),
    ("metadata: {name: x}\n", "has no kind"),
    ("kind: [Component]\nmetadata: {name: x}\n", "has no kind"),
    ("kind: Cronjob\nmetadata: {name: x}\n", "has the kind 'Cronjob'"),
    ("kind: API\nmetadata: {name: x, namespace: 'a b'}\n", "namespace that is no name"),
    ("kind: Component\nmetadata: {name: GOOD}\n", "is component:default/good, but"),
]


@pytest.mark.parametrize(("document", "sentence"), WRONG, ids=[sentence for _, sentence in WRONG])
def test_a_wrong_envelope_refuses_its_document_alone(tmp_path: Path, document: str, sentence: str) -> None:
    found = read(run_of(write(tmp_path, {FILE: component("good") + f"---\n{HEAD}{document}" + component("other")})))
    assert [row["app_id"] for row in found[Applications]] == ["good", "other"]
    refused = [row for row in found[RegistryFaults] if row["is_refused"]]
    assert len(refused) == 1
    assert sentence in refused[0]["message"]
    assert refused[0]["line"] >= 6


def test_things_of_another_system_are_left_out(tmp_path: Path) -> None:
    foreign = "---\napiVersion: apps/v1\nkind: Component\nmetadata: {name: x}\n"
    assert apps(run_of(write(tmp_path, {FILE: foreign + component("y")}))) == ["y"]


OPTIONAL = [
    ("", ", title: [x]", "metadata.title is no text"),
    ("", ", tags: [Java]", "the tag 'Java' is none"),
    ("", ", tags: {a: b}", "metadata.tags is no list"),
    ("", ", labels: {a b: c}", "the label 'a b' is none"),
    ("", ", labels: {a: [b]}", "metadata.labels: 'a' has no text"),
    ("", ", annotations: {aurora/tier: 9}", "aurora/tier is '9'"),
    ("", ", annotations: {github.com/project-slug: x}", "write organisation/project"),
    ("", ", annotations: {backstage.io/kubernetes-label-selector: 'a=b,c=d'}", "more than one label=value"),
    ("", ", annotations: [x]", "metadata.annotations is no mapping"),
    ("", ", links: [{url: 'https://u:p@x.example'}]", "with a password in it"),
    ("", ", links: [x]", "without an http(s) address"),
    ("dependsOn: x", "", "spec.dependsOn is no list"),
    ("dependsOn: ['a@b.example']", "", "is no reference"),
    ("dependsOn: ['group:x']", "", "is no component or resource or api"),
    ("dependsOn: [x]", "", "component:default/x names itself"),
    ("providesApis: [x]", "", "no file declares api:default/x"),
    ("system: x", "", "no file declares system:default/x"),
    ("subcomponentOf: [x]", "", "is no reference"),
]


@pytest.mark.parametrize(("spec", "metadata", "sentence"), OPTIONAL, ids=[one[2] for one in OPTIONAL])
def test_a_wrong_field_is_a_fault_and_the_rest_loads(tmp_path: Path, spec: str, metadata: str, sentence: str) -> None:
    found = read(run_of(write(tmp_path, {FILE: component("x", spec, metadata)})))
    assert [row["app_id"] for row in found[Applications]] == ["x"]
    assert [sentence in row["message"] for row in found[RegistryFaults]] == [True]
    assert (found[RegistryFaults][0]["entity_id"], found[RegistryFaults][0]["is_refused"]) == (
        "component:default/x",
        False,
    )
    assert found.get(ComponentEdges, []) == []


def test_an_owner_must_be_declared_only_where_groups_are(tmp_path: Path) -> None:
    folder = write(tmp_path, {FILE: component("x")})
    assert faults(folder) == []
    group = f"{HEAD}kind: Group\nmetadata: {{name: team-b}}\nspec: {{type: team, children: []}}\n"
    write(folder, {f"org/{FILE}": group})
    assert faults(folder) == ["spec.owner: no file declares group:default/team-a: declare it or mend the name"]
    assert read(run_of(folder))[Applications][0]["team_id"] == "team-a"


def test_missing_required_fields_are_told_and_words_counted(tmp_path: Path) -> None:
    bare = f"kind: component\nmetadata: {{name: x}}\n---\n{HEAD}kind: Component\nmetadata: {{name: y}}\nspec:\n"
    run = run_of(write(tmp_path, {FILE: bare + "  type: blimp\n  lifecycle: paused\n  owner: a\n"}))
    found = read(run)
    assert [(row["type"], row["lifecycle"]) for row in found[Applications]] == [("unknown", "unknown")] * 2
    assert sorted(run.unknown_words) == ["blimp", "paused"]
    assert sorted(str(row["field"]) for row in found[RegistryFaults]) == [
        "apiVersion",
        "kind",
        "spec.lifecycle",
        "spec.owner",
        "spec.type",
    ]


def test_groups_above_themselves_and_domains_named_like_groups(tmp_path: Path) -> None:
    group = "---\n" + HEAD + "kind: Group\nmetadata: {{name: {0}}}\nspec: {{type: team, parent: {1}, children: []}}\n"
    domain = f"---\n{HEAD}kind: Domain\nmetadata: {{name: a}}\nspec: {{owner: a, subdomainOf: a}}\n"
    found = read(run_of(write(tmp_path, {FILE: group.format("a", "b") + group.format("b", "a") + domain})))
    assert by(found[Teams], "team_id", "parent_id") == [("a", None), ("b", "a"), ("domain-a", None)]
    assert ["above itself" in row["message"] for row in found[RegistryFaults]] == [True]


BILLION = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in itertools.pairwise("abcdefghi")
)
DEEP_ALIAS = "a: &a " + "[" * 25 + "]" * 25 + "\nb: " + "[" * 25 + "*a" + "]" * 25 + "\n"
HOSTILE_DOCUMENTS = [
    (BILLION, "more than 50,000 values"),
    ("a: &a [*a]\n", "contains itself"),
    ("a: *b\n", "no anchor before it"),
    ("a: !!python/object/apply:os.system [id]\n", "uses the tag"),
    ("a: !!binary aGk=\n", "uses the tag"),
    ("!local {a: b}\n", "uses the tag"),
    ("a: " + "[" * 60 + "]" * 60 + "\n", "nested more than 40"),
    (DEEP_ALIAS, "nested more than 40"),
    ("a: 1\nb: 2\na: 3\n", "the key 'a' twice (first in line"),
    ("? [a]\n: b\n", "as a key"),
    ("a: &x y\n*x : b\n", "as a key"),
    ("a: &a {b: c}\nd:\n  <<: *a\n", "merge key"),
    ('a: "\\0"\n', "escaped control character"),
    ("just text\n", "is no mapping"),
]


@pytest.mark.parametrize(("document", "sentence"), HOSTILE_DOCUMENTS, ids=[one[1] for one in HOSTILE_DOCUMENTS])
def test_a_hostile_document_is_refused_alone(document: str, sentence: str) -> None:
    started = time.process_time()
    first, refused, last = documents(f"kind: A\n---\n{document}---\nkind: B\n".encode())
    assert (first, last) == ({"kind": "A"}, {"kind": "B"})
    assert isinstance(refused, Refused)
    assert sentence in refused.message
    assert refused.line >= 2
    assert time.process_time() - started < 1


HOSTILE_FILES: list[tuple[str | bytes, str, int | None]] = [
    (b"a: b\n# \xff\n", "is not UTF-8", 2),
    ("a: b\n".encode("utf-16"), "is not UTF-8", 1),
    (b"a: b\n\0\n", "control character", 2),
    (bytes(range(256)), "is not UTF-8", None),
    (b"a: b\n\tc: d\n", "is no YAML", 2),
    (b"a: [b\n---\nc: d\n", "is no YAML", None),
    ("---\na: b\n" * 2_000, "more than 1,000 documents", 2_001),
    ("[" * 1_000_000, "nested more than 200", 1),
    ("{a: " * 250_000, "nested more than 200", 1),
    ("- " * 500_000, "nested more than 200", 1),
    ("x" * (yaml_documents.MAX_BYTES + 1), "larger than 1 MiB", None),
]


@pytest.mark.parametrize(("data", "sentence", "line"), HOSTILE_FILES, ids=[one[1][:22] for one in HOSTILE_FILES])
def test_a_hostile_file_breaks_alone_and_soon(
    tmp_path: Path, data: str | bytes, sentence: str, line: int | None
) -> None:
    started = time.process_time()
    with pytest.raises(BrokenFileError, match=sentence) as raised:
        documents(data if isinstance(data, bytes) else data.encode())
    assert line is None or raised.value.line == line
    run = run_of(write(tmp_path / "r", {f"a/{FILE}": data, f"b/{FILE}": component("good")}))
    found = read(run)
    assert [row["app_id"] for row in found[Applications]] == ["good"]
    assert found[RegistryFaults][0]["file"] == f"r/a/{FILE}"
    assert sentence in found[RegistryFaults][0]["message"]
    assert f"r/a/{FILE}" in run.warnings[0]
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("data", "count"),
    [("", 0), ("---\n", 0), ("---\n---\n...\n", 0), ("# only\n", 0), ("\ufeffa: b\r\n---\r\nc: d\r\n", 2), ("~", 0)],
)
def test_empty_documents_are_nothing(data: str, count: int) -> None:
    assert len(documents(data.encode())) == count


def test_values_stay_as_written_and_know_their_lines() -> None:
    (document,) = documents(b"on: 2026-01-01\nno: yes\nn: 0x10\nnull: ~\ns: '~'\nl:\n  - 1.0\n  - &a b\n  - *a\n")
    assert isinstance(document, Fields)
    assert document == {"on": "2026-01-01", "no": "yes", "n": "0x10", "null": None, "s": "~", "l": ["1.0", "b", "b"]}
    assert (document.line, document.lines["l"], document["l"].lines) == (1, 6, [7, 8, 9])  # type: ignore[union-attr]


def test_links_pipes_and_giants_are_refused_with_a_sentence(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", {f"good/{FILE}": component("good"), f"kept/{FILE}": component("kept")})
    write(tmp_path / "out", {FILE: component("secret")})
    for name in ("link", "within", "pipe", "giant", "circle"):
        (folder / name).mkdir()
    (folder / "link" / FILE).symlink_to(tmp_path / "out" / FILE)
    (folder / "within" / FILE).symlink_to(folder / "kept" / FILE)
    (folder / "circle" / FILE).symlink_to(folder / "circle" / FILE)
    (folder / "folder-link").symlink_to(tmp_path / "out")
    os.mkfifo(folder / "pipe" / FILE)
    with (folder / "giant" / FILE).open("wb") as giant:
        giant.truncate(50 << 20)
    found = read(run_of(folder))
    assert sorted(row["app_id"] for row in found[Applications]) == ["good", "kept"]
    assert sorted((row["file"], row["message"][:40]) for row in found[RegistryFaults]) == [
        (f"in/circle/{FILE}", "the file cannot be read (a link in a cir"),
        (f"in/giant/{FILE}", "the file is larger than 1 MiB and was no"),
        (f"in/link/{FILE}", "the file is a link that leads out of its"),
        (f"in/pipe/{FILE}", "the file is no regular file and was not "),
    ]


def test_folders_nobody_writes_by_hand_are_passed_over(tmp_path: Path) -> None:
    inner = ("node_modules", ".git-x", ".venv", ".hidden", "a/b/c")
    folder = write(tmp_path, {f"{name}/{FILE}": component(f"in-{len(name)}") for name in inner})
    assert apps(run_of(folder)) == ["in-5"]
    write(folder, {"x/teams.yml": component("teams")})
    assert apps(run_of(folder, names=["teams.yml"])) == ["teams"]


def test_bounds_end_the_walk_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path, {f"{number}/{FILE}": component(f"c{number}") for number in range(6)})
    monkeypatch.setattr(reading, "MAX_FILES", 3)
    run = run_of(folder)
    assert apps(run) == ["c0", "c1", "c2"]
    assert "more than 3 catalog files" in run.warnings[0]
    monkeypatch.setattr(reading, "MAX_FILES", 100)
    monkeypatch.setattr(roots, "MAX_ENTRIES", 8)
    run = run_of(folder)
    assert 0 < len(apps(run)) < 6
    assert "read in part" in run.warnings[0]


LOCATION = HEAD + "kind: Location\nmetadata: {{name: {0}}}\nspec: {{type: file, target: {1}, targets: [{2}]}}\n"


def test_locations_lead_within_their_folder_only(tmp_path: Path) -> None:
    targets = "../../secret.yaml, /etc/passwd, gone.yaml, 'b/*.yaml', 'https://github.com/o/r/blob/main/x.yaml'"
    back = LOCATION.format("back", f"../{FILE}", "./more.yaml")
    files: dict[str, str | bytes] = {
        FILE: LOCATION.format("top", "./b/all.yaml", targets),
        "b/all.yaml": back + component("all"),
        "b/more.yaml": component("more"),
    }
    folder = write(tmp_path / "r" / "s", files)
    write(tmp_path, {"secret.yaml": component("secret")})
    assert apps(run_of(folder)) == ["all", "more"]
    assert [message.split("' ")[1][:20] for message in faults(folder)] == [
        "leads out of its fol",
        "leads out of its fol",
        "is no file here: men",
        "is a pattern, which ",
    ]


def test_paths_that_are_gone_are_said_and_the_others_go_on(tmp_path: Path) -> None:
    folder = write(tmp_path / "here", {FILE: component("x")})
    run = run_of(tmp_path / "gone", folder, folder / ".", folder / FILE)
    assert apps(run) == ["x"]
    assert "is the same place as" in run.warnings[0]
    assert "gone is no folder, file or git repository" in run.warnings[1]
    with pytest.raises(SourceError, match="gone is no folder") as raised:
        read(run_of(tmp_path / "gone", tmp_path / "gone-too"))
    assert raised.value.error_class == "not_found"


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main")
    environment = {"PATH": os.defpath, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *who, *arguments], cwd=folder, env=environment, check=True, capture_output=True)


def test_repositories_are_read_from_head(tmp_path: Path) -> None:
    work = write(
        tmp_path / "work",
        {
            FILE: component("committed") + "---\n" + LOCATION.format("l", "a/other.yaml", "../x.yaml"),
            "a/other.yaml": component("other"),
            f"node_modules/{FILE}": component("vendored"),
            f"binary/{FILE}": b"\0\xff",
            f"big/{FILE}": b"#" * (yaml_documents.MAX_BYTES + 1),
            f"ümlaut/{FILE}": component("umlaut"),
        },
    )
    (work / "link").mkdir()
    (work / "link" / FILE).symlink_to("/etc/passwd")
    git(work, "init", "-q")
    with pytest.raises(SourceError, match="has no commit yet"):
        read(run_of(work))
    git(work, "add", ".")
    git(work, "commit", "-qm", "x")
    git(tmp_path, "clone", "-q", "--bare", "work", "bare.git")
    write(work, {FILE: component("uncommitted")})
    for place in (work, tmp_path / "bare.git"):
        found = read(run_of(place))
        name = place.name.removesuffix(".git")
        assert by(found[Applications], "app_id", "declared_in") == [
            ("committed", f"{name}/{FILE}:2"),
            ("other", f"{name}/a/other.yaml:2"),
            ("umlaut", f"{name}/ümlaut/{FILE}:2"),
        ]
        assert sorted(row["file"] for row in found[RegistryFaults]) == [
            f"{name}/big/{FILE}",
            f"{name}/binary/{FILE}",
            f"{name}/{FILE}",
        ]


def test_two_places_of_one_name_are_told_apart(tmp_path: Path) -> None:
    one, two = (write(tmp_path / name / "cat", {FILE: component(name)}) for name in ("a", "b"))
    rows = read(run_of(one, two))[Applications]
    assert [row["declared_in"] for row in rows] == [f"cat/{FILE}:2", f"cat-2/{FILE}:2"]


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode(errors="replace")))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_bytes_are_documents_or_one_error(data: bytes) -> None:
    told: list[object] = []
    try:
        told += documents(data)
    except BrokenFileError as error:
        told.append(str(error))
    # An error says what is wrong and what to do.
    assert all(isinstance(one, Fields | Refused) or ": " in str(one) for one in told)


PIECES = ["[]", "{}", "[[a]]", "~", "''", "- x", "\n", ": ", "&a ", "*a", "!!x ", '"\\ud800"', "\u202e", "é", "a" * 400]
CHANGES = st.lists(st.tuples(st.integers(0, len(ARTIST)), st.sampled_from(PIECES)), min_size=1, max_size=4)


@given(CHANGES)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_spoilt_file_never_breaks_a_run_nor_a_contract(changes: list[tuple[int, str]]) -> None:
    text = ARTIST
    for place, piece in changes:
        line_end = text.find("\n", place)
        start = text.rfind(": ", 0, line_end) + 2
        text = text[:start] + piece + text[line_end:] if place % 3 else text[:place] + piece + text[place:]
    with tempfile.TemporaryDirectory() as folder:
        found = read(run_of(write(Path(folder), {FILE: text, f"x/{FILE}": component("x")})))
    assert "x" in [row["app_id"] for row in found[Applications]]
    for table, rows in found.items():
        assert check(table, rows, Stamp("backstage", "cat", "run", NOW)).rejects == []


class Landing:
    """Runs of one source into one lake, five minutes apart."""

    def __init__(self, folder: Path, *paths: Path) -> None:
        self.lake, self.now = Lake(folder / "lake"), NOW
        self.settings = Settings(data=folder / "data", config=folder / "aurora.toml")
        told = {"name": "cat", "connector": "backstage", "paths": [str(path) for path in paths]}
        self.source = SourceSettings.model_validate(told)

    def go(self) -> Any:
        self.now += timedelta(minutes=5)
        ingest = Ingest(self.lake, self.settings, {"backstage": connector}, clock=lambda: self.now)
        (outcome,) = ingest.run(self.source)
        assert outcome.landed.quarantined_count == 0
        return outcome

    def ids(self, table: type[Table], column: str) -> list[str]:
        return sorted(self.lake.read(table)[column].to_list())


def test_what_lands_keeps_its_dates_and_goes_with_its_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "r", {FILE: ARTIST, f"x/{FILE}": component("x")})
    landing = Landing(tmp_path, folder)
    assert landing.go().status == "partial"  # two faults are in there
    tables = (Applications, AppLinks, Teams, Memberships, Components, ComponentEdges, People)
    before = {table: landing.lake.read(table).drop("ingested_at", "run_id") for table in tables}
    assert all(frame.height for frame in before.values())
    versions = {table: landing.lake.version(table) for table in tables}
    assert landing.go().landed.row_count == 0
    assert {table for table in tables[1:] if landing.lake.version(table) != versions[table]} == set()
    for table, frame in before.items():
        assert landing.lake.read(table).drop("ingested_at", "run_id").sort(pl.all()).equals(frame.sort(pl.all()))
    assert landing.ids(Applications, "app_id") == ["artist-shop", "artist-web", "x"]
    (folder / FILE).write_text("a: [")
    assert "is no YAML" in landing.go().error
    assert landing.ids(Applications, "app_id") == ["artist-shop", "artist-web", "x"]
    assert landing.lake.read(People)["is_active"].to_list() == [True]
    (folder / FILE).unlink()
    assert landing.go().status == "success"
    assert landing.ids(Applications, "app_id") == ["x"]
    assert [landing.lake.read(table).height for table in (AppLinks, Teams, Memberships, RegistryFaults)] == [0] * 4
    assert set(landing.lake.read(Components)["lifecycle"]) == {"terminated"}
    assert landing.lake.read(People)["is_active"].to_list() == [False]
    write(folder, {FILE: ARTIST})
    landing.go()
    assert landing.lake.read(People)["is_active"].to_list() == [True]
    assert set(landing.lake.read(Components)["lifecycle"]) == {None}


def test_what_a_missing_folder_said_before_stays(tmp_path: Path) -> None:
    one, two = (write(tmp_path / name / "cat", {FILE: component(name)}) for name in ("a", "b"))
    landing = Landing(tmp_path, one, two)
    assert landing.go().status == "success"
    one.rename(tmp_path / "away")
    write(two, {FILE: component("c")})
    outcome = landing.go()
    assert (outcome.status, "what it said before stays" in outcome.error) == ("partial", True)
    assert landing.ids(Applications, "app_id") == ["a", "c"]
    (tmp_path / "away").rename(one)
    (one / FILE).unlink()
    assert landing.go().status == "success"
    assert landing.ids(Applications, "app_id") == ["c"]


def test_two_thousand_components_are_read_within_seconds(tmp_path: Path) -> None:
    for number in range(200):
        names = [f"c{number}-{part}" for part in range(10)]
        links = ", annotations: {github.com/project-slug: a/b}, tags: [java]"
        text = "".join(component(name, f"dependsOn: ['component:c{number}-0', c0-1]", links) for name in names[1:])
        write(tmp_path / "r", {f"f{number}/{FILE}": component(names[0]) + text})
    run = run_of(tmp_path / "r")
    started = time.process_time()
    found = read(run)
    assert time.process_time() - started < 3  # measured: 0.7 s
    assert len(found[Applications]) == 2_000
    assert len(found[AppLinks]) == 1_800
    assert len(found[ComponentEdges]) == 2 * 1_800 - 1
