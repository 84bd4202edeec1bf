"""Who and what was agreed: people and their roles, projects, objectives, runbooks."""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime

from aurora.contracts import Row, Table
from aurora.contracts.cost import Budgets, CostSplits
from aurora.contracts.delivery import Projects
from aurora.contracts.estate import Memberships, People
from aurora.contracts.operations import Runbooks, Slos
from ingest.demo.catalog import APP, APPS, BOT, PART, PEOPLE, PRODUCTS, TEAMS, App, slug
from ingest.demo.crews import crew, team_members
from ingest.demo.names import STORE_APPS, errors_project_id, project_id
from ingest.demo.shared_cost import company_budgets, split_rows
from ingest.demo.spending import budget_rows
from ingest.demo.world import DAY, WEEK, World, floor

AVAILABILITY_PCT = {1: 99.9, 2: 99.5}
# Application and the response time, in milliseconds, that 95 of 100 minutes shall stay below.
RESPONSES = {"damac-hills-2-crm": 300.0, "payment-system": 450.0, "owner-portal": 250.0}
# What is no request can be an objective as well: sessions without a crash, deployments that succeed.
CRASH_FREE = """select day::timestamp as ts, {value} as value from release_health_daily
where project_id = '{project}' and env_tier = 'production' and day between :since::date and :until::date"""
DEPLOYED = """select finished_at as ts, 1 as value from deployments_by_app
where app_id = '{app}' and env_tier = 'production' and finished_at >= :since and finished_at < :until and {which}"""
DEPLOYING = "damac-hills-2-crm"
RELEASES = 2 * WEEK
# How far each product is, and the days after the first run on which it is released, again every two weeks.
STAGES = {
    "Sales": ("production", 10),
    "Residents": ("development", 6),
    "Payments": ("testing", 4),
    "Insight": ("planning", None),
    "Platform": ("maintenance", 12),
}
STEPS = """1. Look at the last deployment and at open alerts of what it needs.
2. If a deployment came within the hour, roll back to the release before.
3. If a third party is down, switch on the notice for users and follow its status page.
4. Tell the channel of the team every 20 minutes until it is over."""


def agreed_rows(world: World, now: datetime) -> Iterator[tuple[type[Table], Row]]:
    """All that changes seldom: the same rows each time, but for the day of the next release."""
    yield from ((People, row) for row in people_rows(world))
    yield from ((Memberships, row) for row in membership_rows(world))
    yield from ((Projects, row) for row in project_rows(world, now))
    yield from ((Slos, row) for row in slo_rows(world))
    yield from ((Runbooks, row) for row in runbook_rows(world))
    yield from ((Budgets, row) for row in (*budget_rows(world), *company_budgets(world)))
    yield from ((CostSplits, row) for row in split_rows(world))


def people_rows(world: World) -> Iterator[Row]:
    """The people of the company and its bot; e-mail addresses as SHA-256."""
    for name in (*PEOPLE, BOT):
        is_bot = name == BOT
        yield {
            "person_id": slug(name),
            "display_name": name,
            "email_hash": None if is_bot else hashlib.sha256(f"{slug(name)}@example.com".encode()).hexdigest(),
            "logins": [slug(name)],
            "is_bot": is_bot,
            "is_active": True,
            "first_seen_at": world.start,
        }


def membership_rows(world: World) -> Iterator[Row]:
    """Three people in each team, four roles in each application, a crew for each project."""
    for team in TEAMS:
        for name in team_members(team.team_id) if team.parent else ():
            yield _member(world, "team", team.team_id, name, "member")
    for app in APPS:
        for role, name in roles(world, app).items():
            yield _member(world, "app", app.app_id, name, role)
    for product in PRODUCTS:
        for role, name in crew(world, product).roles():
            yield _member(world, "project", project_id(world, product), name, role)


def roles(world: World, app: App) -> dict[str, str]:
    """Who does what for an application: the names that its row shows."""
    return {
        "product_owner": world.pick(PEOPLE, app.app_id, "owner"),
        "developer": world.pick(PEOPLE, app.app_id, "lead"),
        "qa_lead": world.pick(PEOPLE, app.app_id, "qa"),
        "devops": world.pick(PEOPLE, app.team, "devops"),
    }


def _member(world: World, scope: str, scope_id: str, name: str, role: str) -> Row:
    return {
        "scope_type": scope,
        "scope_id": scope_id,
        "person_id": slug(name),
        "role": role,
        "derived_from": "config",
        "updated_at": world.start,
    }


def project_rows(world: World, now: datetime) -> Iterator[Row]:
    """A project for planning each product, and one for the errors of each mobile application."""
    for product in PRODUCTS:
        status, days = STAGES[product]
        yield {
            "project_id": project_id(world, product),
            "key": product[:4].upper(),
            "name": f"{product} planning",
            "kind": "planning",
            "status": status,
            "status_raw": status.capitalize(),
            "lead": crew(world, product).manager,
            "url": f"https://boards.example.com/{slug(product)}",
            "first_seen_at": world.start,
            "next_release_on": _next_release(world, days, now) if days else None,
        }
    for app_id in STORE_APPS:
        yield {
            "project_id": errors_project_id(world, app_id),
            "key": app_id,
            "name": f"{APP[app_id].name} errors",
            "kind": "errors",
            "status": "production",
            "url": f"https://errors.example.com/{app_id}",
            "first_seen_at": world.start,
        }


def _next_release(world: World, days: int, now: datetime) -> date:
    """The first release day after the UTC day of `now`."""
    first, today = floor(world.anchor, DAY) + days * DAY, floor(now, DAY)
    return (first + max(0, (today - first) // RELEASES + 1) * RELEASES).date()


def slo_rows(world: World) -> Iterator[Row]:
    """Availability of the two upper tiers; response time, crashes and deployments of some applications."""
    for app in APPS:
        if app.tier in AVAILABILITY_PCT:
            target = AVAILABILITY_PCT[app.tier]
            yield _slo(world, app, "availability", "time_slice", target, f"{app.name} is available")
        if app.app_id in RESPONSES:
            limit = RESPONSES[app.app_id]
            name = f"{PART[app.main].name} answers within {limit:.0f} ms"
            extra = {"threshold": limit, "component_id": world.id(app.main)}
            yield _slo(world, app, "response", "threshold", 95.0, name) | extra
        if app.app_id in STORE_APPS:
            yield _slo(world, app, "crash-free", "ratio", 99.0, f"{app.name}: sessions without a crash") | {
                "window": "28d",
                **_counted(CRASH_FREE, "session_count - crashed_session_count", "session_count",
                           key="value", project=errors_project_id(world, app.app_id)),
            }  # fmt: skip
    deploying = _slo(
        world, APP[DEPLOYING], "releases", "ratio", 80.0, f"{APP[DEPLOYING].name}: deployments that succeed"
    )
    yield deploying | _counted(
        DEPLOYED, "status = 'success'", "status in ('success', 'failed', 'rolled_back')", key="which", app=DEPLOYING
    )


def _counted(sql: str, good: str, total: str, key: str, **values: str) -> Row:
    """The two SELECTs of an objective that differ in one place."""
    return {"good_sql": sql.format(**{key: good}, **values), "total_sql": sql.format(**{key: total}, **values)}


def _slo(world: World, app: App, what: str, kind: str, target_pct: float, name: str) -> Row:
    return {
        "slo_id": f"{app.app_id}-{what}",
        "name": name,
        "app_id": app.app_id,
        "kind": kind,
        "target_pct": target_pct,
        "window": "30d",
        "version": 1,
        "changed_by": "demo",
        "changed_at": world.start,
        "is_deleted": False,
    }


def runbook_rows(world: World) -> Iterator[Row]:
    """What to do when every second application fails, and how to bring the payments database back."""
    for app in APPS[::2]:
        yield _runbook(world, app, "response", f"{app.name} is slow or down", STEPS)
    body = "1. Stop Checkout.\n2. Restore the last night's backup.\n3. Replay the log.\n4. Compare the day's totals."
    row = _runbook(world, APP["payment-system"], "recovery", "Bring the Payments Database back", body)
    yield row | {"component_id": world.id("payments-db")}


def _runbook(world: World, app: App, kind: str, title: str, body: str) -> Row:
    return {
        "runbook_id": f"{app.app_id}-{kind}",
        "app_id": app.app_id,
        "kind": kind,
        "title": title,
        "body": body,
        "url": f"https://wiki.example.com/runbooks/{app.app_id}",
        "version": 1,
        "changed_by": "demo",
        "changed_at": world.start,
        "is_deleted": False,
    }
