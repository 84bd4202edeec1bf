"""Rows of the estate: applications, links, teams, components and their dependencies."""

import json
from collections.abc import Iterator
from datetime import datetime

from aurora.contracts import Row
from ingest.demo.catalog import APPS, DB_SYSTEMS, ORPHAN, PART, PARTS, App, Part, Team
from ingest.demo.cluster import CLUSTER, namespace_of
from ingest.demo.governance import roles
from ingest.demo.names import BACKUPS, STORE_APPS, backup_plan_id, errors_project_id, project_id, store_app_id
from ingest.demo.spending import SUBSCRIPTIONS
from ingest.demo.stories import silent_from
from ingest.demo.world import DAY, World

GIB = 1024**3


def application_row(world: World, app: App) -> Row:
    """The row of an application, all that people would fill in."""
    who = roles(world, app)
    frontend, backend, database, infrastructure = ([word for word in part.split(", ") if word] for part in app.stack)
    return {
        "app_id": app.app_id,
        "name": app.name,
        "type": app.type,
        "env_tier": "production",
        "lifecycle": "active",
        "tier": app.tier,
        "description": app.description,
        "domain": "Real estate",
        "product": app.product,
        "stack_frontend": frontend,
        "stack_backend": backend,
        "stack_database": database,
        "stack_infrastructure": infrastructure,
        "product_owner": who["product_owner"],
        "lead_developer": who["developer"],
        "qa_lead": who["qa_lead"],
        "devops": who["devops"],
        "team_id": app.team,
        "runbook_url": f"https://wiki.example.com/runbooks/{app.app_id}",
        "links": json.dumps({"Repository": repo_url(app), "Dashboard": f"https://grafana.example.com/d/{app.app_id}"}),
        "tags": json.dumps({"app": app.app_id, "team": app.team}),
        "rpo_s": 900.0 if app.tier == 1 else 14400.0,
        "rto_s": 3600.0 if app.tier == 1 else 28800.0,
        "updated_at": world.start,
    }


def repo_url(app: App) -> str:
    """Address of the application's repository."""
    return f"https://git.example.com/horizon/{app.app_id}"


def orphan_row(world: World) -> Row:
    """The row of the application that nobody looks after: little more than its name."""
    return {
        "app_id": ORPHAN.app_id,
        "name": ORPHAN.name,
        "type": ORPHAN.type,
        "env_tier": "production",
        "lifecycle": "deprecated",
        "tier": ORPHAN.tier,
        "description": ORPHAN.description,
        "team_id": ORPHAN.team,
        "updated_at": world.start,
    }


def link_rows(world: World) -> Iterator[Row]:
    """What belongs to which application, whole: code, components, store listings, projects, backups and costs."""
    for app in APPS:
        yield _link_row(world, app.app_id, "repository", world.id(app.app_id))
        yield _link_row(world, app.app_id, "cost", f"tag:app={app.app_id}")
        yield _link_row(world, app.app_id, "project", project_id(world, app.product))
        for key in (app.main, *app.needs.split()):
            yield _link_row(world, app.app_id, _kind_of(PART[key]), world.id(key))
            if key in BACKUPS:
                yield _link_row(world, app.app_id, "backup", backup_plan_id(world, key))
    for app_id in STORE_APPS:
        yield _link_row(world, app_id, "store_app", store_app_id(world, app_id))
        yield _link_row(world, app_id, "project", errors_project_id(world, app_id))
    for subscription in SUBSCRIPTIONS:
        for app_id, share in subscription.shares:
            yield _link_row(world, app_id, "cost", subscription.mark) | {"share_ratio": share}


def _kind_of(part: Part) -> str:
    if part.kind == "messaging_channel":
        return part.kind
    return "third_party" if part.type == "third_party" else "component"


def _link_row(world: World, app_id: str, kind: str, native_id: str) -> Row:
    return {
        "app_id": app_id,
        "kind": kind,
        "native_id": native_id,
        "path_prefix": "",
        "is_pattern": False,
        "method": "explicit",
        "state": "confirmed",
        "updated_at": world.start,
    }


def team_row(world: World, team: Team) -> Row:
    """The row of a team."""
    return {
        "team_id": team.team_id,
        "name": team.name,
        "kind": "team" if team.parent else "organisation",
        "parent_id": team.parent,
        "contact": f"{team.team_id}@example.com",
        "channel": team.channel,
        "updated_at": world.start,
    }


def component_row(world: World, part: Part, now: datetime) -> Row:
    """The row of a component as seen at `now`."""
    has_host = part.type in ("server", "database")
    is_ours = part.provider in ("aws", "on_premises")
    cpus = world.pick((4, 8, 16), part.key, "cpus") if has_host else None
    silent = silent_from(world).get(part.key)
    return {
        "component_id": world.id(part.key),
        "name": part.name,
        "type": part.type,
        "kind": part.kind,
        "env_tier": "production",
        "service": part.key if part.type == "api" else None,
        "service_namespace": "horizon" if part.type == "api" else None,
        "provider": part.provider,
        "region": "me-central-1" if part.provider == "aws" else None,
        "zone": world.pick(("me-central-1a", "me-central-1b"), part.key) if part.provider == "aws" else None,
        "host_name": f"{part.key}.internal.example.com" if part.type == "server" else None,
        "cluster": CLUSTER if part.kind in ("k8s_workload", "k8s_node") else None,
        "k8s_namespace": namespace_of(part) if part.kind == "k8s_workload" else None,
        "db_system": DB_SYSTEMS.get(part.key, "postgresql") if part.type == "database" else None,
        "cpu_count": cpus,
        "memory_bytes": cpus * 4 * GIB if cpus else None,
        "disk_bytes": 500 * GIB if has_host else None,
        "lifecycle": "running",
        "tags": json.dumps({"managed_by": "us" if is_ours else "vendor"}),
        "created_at": world.start - DAY * int(world.between(60, 900, part.key, "created")),
        "first_seen_at": world.start,
        "last_seen_at": min(now, silent) if silent else now,
    }


def edge_rows(world: World, now: datetime) -> Iterator[Row]:
    """What calls, reads from or runs on what."""
    for app in APPS:
        for key in (app.main, *app.needs.split()):
            yield _edge_row(world, app.app_id, "app", key, "depends_on", now)
    for part in PARTS:
        for key in part.calls.split():
            kind = "reads_from" if key.endswith(("-db", "-cluster", "-primary", "-cache", "-index")) else "calls"
            yield _edge_row(world, part.key, "component", key, kind, now)
        if part.runs_on:
            yield _edge_row(world, part.key, "component", part.runs_on, "runs_on", now)
    yield _edge_row(world, "postgresql-replica", "component", "postgresql-primary", "depends_on", now)


def _edge_row(world: World, origin: str, origin_type: str, target: str, kind: str, now: datetime) -> Row:
    return {
        "from_id": origin if origin_type == "app" else world.id(origin),
        "from_type": origin_type,
        "to_id": world.id(target),
        "to_type": "component",
        "kind": kind,
        "evidence": "declared" if origin_type == "app" else "trace",
        "calls_per_minute": round(world.between(20, 900, origin, target), 1)
        if kind in ("calls", "reads_from")
        else None,
        "first_seen_at": world.start,
        "last_seen_at": now,
    }
