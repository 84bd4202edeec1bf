"""Components of a catalog as applications, and what their annotations link them to. Pure but for counted words."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from aurora.contracts import Row
from ingest.catalog.entities import Entity
from ingest.catalog.references import Catalog
from ingest.catalog.yaml_documents import Fields
from ingest.connector import Run
from ingest.vendors.git_words import clean

_WORDS = {
    "web": "website web webapp web-app frontend spa",
    "microservice": "service microservice backend",
    "api": "api",
    "mobile_ios": "ios ios-app mobile-ios mobile_ios",
    "mobile_android": "android android-app mobile-android mobile_android",
    "desktop": "desktop desktop-app",
    # No type of application, or (mobile) one that does not say which; the word itself is kept.
    "unknown": "library package module mobile mobile-app documentation tool cli data-pipeline job",
}
TYPES = {word: kind for kind, words in _WORDS.items() for word in words.split()}
LIFECYCLES = {"experimental": "planned", "production": "active", "deprecated": "deprecated"}
_TAG = re.compile(r"(?=.{1,63}\Z)[a-z0-9:+#]+(?:-[a-z0-9:+#]+)*")
_LABEL_NAME = re.compile(r"(?:(?=.{1,253}/)[a-z0-9]+(?:[-.][a-z0-9]+)*/)?[A-Za-z0-9]+(?:[-_.]+[A-Za-z0-9]+)*")
_LABEL_VALUE = re.compile(r"(?=.{1,63}\Z)[A-Za-z0-9]+(?:[-_.]+[A-Za-z0-9]+)*")
_HOSTS = {"github.com/project-slug": "github.com", "gitlab.com/project-slug": "gitlab.com"} | {
    "bitbucket.org/project-slug": "bitbucket.org"
}
_NAMED = {
    "sonarqube.org/project-key": "project",
    "jira/project-key": "project",
    "sentry.io/project-slug": "project",
    "rollbar.com/project-slug": "project",
    "pagerduty.com/service-id": "service",
}
_SLUG = re.compile(r"[\w.-]+(?:/[\w.-]+)+")
_FOLDER = re.compile(r"(?P<repository>.+?)(?:/-)?/(?P<form>tree|blob|src)/[^/]+(?:/(?P<path>.*))?")
_AZURE = "dev.azure.com/project-repo"


def application_row(run: Run[Any], catalog: Catalog, entity: Entity) -> Row:
    """A row of applications; env_tier is production for the lifecycle production, else not told."""
    kind, lifecycle = entity.text("spec.type"), entity.text("spec.lifecycle")
    links = link_addresses(entity)
    tags = tags_of(entity)
    return {
        "app_id": entity.slug,
        "name": entity.title,
        "type": run.word(TYPES, kind) if kind else "unknown",
        "type_raw": kind,
        "env_tier": "production" if (lifecycle or "").lower() == "production" else "unknown",
        "env_tier_raw": lifecycle,
        "lifecycle": run.word(LIFECYCLES, lifecycle) if lifecycle else "unknown",
        "tier": _tier(entity),
        "description": entity.text("metadata.description", 2_000),
        **_owner(catalog, entity),
        **_place(catalog, entity),
        "runbook_url": _runbook(entity, links),
        "links": _json(links),
        "tags": _json(tags),
        "declared_in": entity.declared_in,
    }


def _owner(catalog: Catalog, entity: Entity) -> Row:
    """A group as owner is the team, a person is the product owner."""
    ref = catalog.reference_at(entity, "spec.owner", "group", "user")
    if ref is None:
        return {}
    return {"team_id": ref.slug} if ref.kind == "group" else {"product_owner": catalog.title_of_person(ref)}


def _place(catalog: Catalog, entity: Entity) -> Row:
    """The system is the product; its domain is the domain."""
    system = catalog.reference_at(entity, "spec.system", "system")
    if system is None:
        return {}
    declared = catalog.entities.get(system)
    domain = catalog.reference_at(declared, "spec.domain", "domain") if declared else None
    return {"product": catalog.title(system), "domain": catalog.title(domain) if domain else None}


def _tier(entity: Entity) -> int | None:
    told = entity.pairs("metadata.annotations").get("aurora/tier") or entity.pairs("metadata.labels").get("aurora/tier")
    if told is None or told in ("1", "2", "3", "4"):
        return int(told) if told else None
    entity.complain("metadata.annotations", f"aurora/tier is {told[:20]!r}: write a number from 1 to 4")
    return None


def link_addresses(entity: Entity) -> dict[str, str]:
    """Addresses of metadata.links by title (by themselves where there is none), http(s) only."""
    found: dict[str, str] = {}
    for value, line in entity.items("metadata.links"):
        link = value if isinstance(value, Fields) else Fields()
        url, title = link.get("url"), link.get("title")
        address = web_address(url.strip()) if isinstance(url, str) else None
        if address is None:
            told = "metadata.links holds a link without an http(s) address, or with a password in it: write its url"
            entity.complain("metadata.links", told, line)
            continue
        name = clean(title, 200) if isinstance(title, str) else None
        found[name if name and name not in found else address] = address
    return found


def _runbook(entity: Entity, links: dict[str, str]) -> str | None:
    """The first link whose type or title says runbook."""
    for value, _ in entity.items("metadata.links"):
        link = value if isinstance(value, Fields) else Fields()
        url = str(link.get("url")).strip()
        if "runbook" in f"{link.get('type')} {link.get('title')}".lower() and url in links.values():
            return url
    return None


def tags_of(entity: Entity) -> dict[str, str]:
    """Tags (with "") and labels (with their value), and the metric that counts active users."""
    tags: dict[str, str] = {}
    for tag, line in entity.texts("metadata.tags"):
        if _TAG.fullmatch(tag):
            tags[tag] = ""
        else:
            entity.complain("metadata.tags", f"the tag {tag[:80]!r} is none: write a-z, 0-9, : + # and single -", line)
    labels = entity.fields("metadata.labels")
    for name, value in entity.pairs("metadata.labels").items():
        if _LABEL_NAME.fullmatch(name) and _LABEL_VALUE.fullmatch(value):
            tags[name] = value
        else:
            told = f"the label {name[:80]!r} is none: write [domain/]name and at most 63 letters, digits, - _ ."
            entity.complain("metadata.labels", told, labels.lines[name])
    metric = entity.pairs("metadata.annotations").get("aurora/active-users-metric")
    return tags | ({"active_users_metric": metric} if metric else {})


def link_rows(entity: Entity) -> Iterator[Row]:
    """Rows of app_links that annotations state; names are kept as they stand, readers find the things."""
    told = entity.pairs("metadata.annotations")
    for address, path_prefix in _repositories(entity, told).items():
        yield _link(entity, "repository", address, path_prefix)
    # Two tools often call their project alike: that is one statement, which readers find in both.
    for kind, native_id in dict.fromkeys((kind, told[name]) for name, kind in _NAMED.items() if name in told):
        yield _link(entity, kind, native_id)
    workload = _workload(entity, told)
    if workload:
        yield _link(entity, "component", workload)


def _link(entity: Entity, kind: str, native_id: str, path_prefix: str = "") -> Row:
    return {
        "app_id": entity.slug,
        "kind": kind,
        "native_id": native_id,
        "path_prefix": path_prefix,
        "is_pattern": False,
        "method": "explicit",
        "state": "confirmed",
        "declared_in": entity.declared_in,
    }


def _repositories(entity: Entity, told: dict[str, str]) -> dict[str, str]:
    """Folder by address of repository. A source location narrows a slug; the place of the file is the last resort."""
    found: dict[str, str] = {}
    for name, host in _HOSTS.items():
        if name in told and _SLUG.fullmatch(told[name]):
            found[f"https://{host}/{told[name]}"] = ""
        elif name in told:
            entity.complain("metadata.annotations", f"{name} is {told[name][:80]!r}: write organisation/project")
    if _AZURE in told:
        found[_azure(told)] = ""
    source = source_folder(told.get("backstage.io/source-location", ""))
    if source is None and not found:
        source = source_folder(told.get("backstage.io/managed-by-location", ""))
    return found | dict([source] if source else [])


def _azure(told: dict[str, str]) -> str:
    """The repository's address where the organisation is told, else project/repository."""
    host, (project, _, repository) = told.get("dev.azure.com/host-org"), told[_AZURE].partition("/")
    address = web_address(f"https://{host}/{project}/_git/{repository}") if host and repository else None
    return address or told[_AZURE]


def source_folder(location: str) -> tuple[str, str] | None:
    """Address of the repository and folder in it of a `url:` location; None for other locations.

    The branch is the first part after tree or blob: one with a slash in its name cannot be told from a folder.
    """
    address = web_address(location.removeprefix("url:").strip())
    if address is None:
        return None
    parts = urlsplit(address)
    match = _FOLDER.fullmatch(parts.path)
    path = match["repository"] if match else parts.path
    folder = (clean(unquote(match["path"] or ""), 500) or "" if match else "").rstrip("/")
    is_file = bool(match) and re.search(r"/[^/]+\.ya?ml\Z", parts.path) is not None
    if is_file:
        folder = folder.rpartition("/")[0]
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/').removesuffix('.git')}", folder


def _workload(entity: Entity, told: dict[str, str]) -> str | None:
    """The tag of what runs in Kubernetes; a selector takes precedence over the id."""
    selector, native_id = (told.get(f"backstage.io/kubernetes-{name}") for name in ("label-selector", "id"))
    if selector is None:
        return f"tag:backstage.io/kubernetes-id={native_id}" if native_id else None
    match = re.fullmatch(r"\s*([^\s=!,()]+)\s*==?\s*([^\s=!,()]+)\s*", selector)
    if match:
        return f"tag:{match[1]}={match[2]}"
    told_so = (
        "backstage.io/kubernetes-label-selector is more than one label=value, which no link can say: name one label"
    )
    entity.complain("metadata.annotations", told_so)
    return None


def web_address(text: str) -> str | None:
    """The address if it is http(s) with a host and without a password, else None."""
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return None
    return text if is_good and not re.search(r"[\s<>\"]", text) else None


def _json(pairs: dict[str, str]) -> str | None:
    return json.dumps(pairs, ensure_ascii=False, sort_keys=True) if pairs else None
