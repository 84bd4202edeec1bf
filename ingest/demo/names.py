"""Ids of things that several tables speak of: projects, store listings, backup plans."""

from ingest.demo.catalog import slug
from ingest.demo.world import World

STORE_APPS = ("property-manager-ios", "property-manager-android", "mobile-app-v2")
BACKUPS = {
    "mongodb-cluster": "atlas_backup",
    "postgresql-primary": "pgbackrest",
    "payments-db": "pgbackrest",
    "keycloak-db": "pgbackrest",
    "clickhouse-analytics": "clickhouse_backup",
}


def project_id(world: World, product: str) -> str:
    """Id of the project in which a product is planned."""
    return world.id(f"project/{slug(product)}")


def pull_request_id(world: World, app_id: str, number: int) -> str:
    """Id of a pull request."""
    return world.id(f"{app_id}/pull/{number}")


def errors_project_id(world: World, app_id: str) -> str:
    """Id of the project that collects the errors of an application."""
    return world.id(f"errors/{app_id}")


def store_app_id(world: World, app_id: str) -> str:
    """Id of the store listing of a mobile application."""
    return world.id(f"store/{app_id}")


def backup_plan_id(world: World, component: str) -> str:
    """Id of the plan by which a database is backed up."""
    return world.id(f"backup/{component}")
