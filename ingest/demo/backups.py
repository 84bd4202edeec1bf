"""Backups of the databases, every night, and the tests of bringing them back."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aurora.contracts import Row, Table
from aurora.contracts.operations import BackupJobs, RestoreTests
from ingest.demo.catalog import PEOPLE
from ingest.demo.names import BACKUPS, backup_plan_id
from ingest.demo.world import DAY, HOUR, MINUTE, Slice, World, floor

GIB = 1024**3
AT = 21 * HOUR
AGAIN = 90 * DAY
# Application, its database, days before the first run, and whether the test is repeated.
TESTS = (
    ("payment-system", "payments-db", 34, True),
    ("identity-service", "keycloak-db", 61, True),
    ("damac-hills-2-crm", "mongodb-cluster", 120, False),
)


def backup_rows(world: World, span: Slice) -> Iterator[tuple[type[Table], Row]]:
    """Jobs of the nights that were completed in the slice, and the restore tests that ended until then."""
    if not world.is_daily_due(span):
        return
    for day in span.days():
        for place, component in enumerate(BACKUPS):
            yield BackupJobs, job_row(world, component, day, day + AT + place * 12 * MINUTE)
    for app_id, component, days, is_repeated in TESTS:
        at = floor(world.anchor, DAY) - days * DAY + 7 * HOUR
        while at + DAY < floor(span.until, DAY):
            yield RestoreTests, restore_row(world, app_id, component, at)
            if not is_repeated:
                break
            at += AGAIN


def _job_id(world: World, component: str, day: datetime) -> str:
    return world.id(f"backup/{component}/{day:%Y%m%d}")


def job_row(world: World, component: str, day: datetime, started_at: datetime) -> Row:
    """The row of a night's job; about one in eighty fails."""
    fails = world.dice(component, day, "backup") < 0.0125
    took = timedelta(seconds=int(world.between(240, 2700, component, day, "backup took")))
    size = world.between(18, 160, component, "size") * world.between(0.98, 1.02, component, day, "size")
    return {
        "backup_job_id": _job_id(world, component, day),
        "backup_plan_id": backup_plan_id(world, component),
        "component_id": world.id(component),
        "tool": BACKUPS[component],
        "kind": "full" if day.weekday() == 4 else "incremental",
        "status": "failed" if fails else "success",
        "started_at": started_at,
        "finished_at": started_at + took,
        "restore_point_at": None if fails else started_at,
        "size_bytes": None if fails else int(size * GIB),
        "error": "The target refused the connection after 3 tries" if fails else None,
    }


def restore_row(world: World, app_id: str, component: str, at: datetime) -> Row:
    """The row of a test that brought last night's backup back."""
    night = floor(at, DAY) - DAY
    took = world.between(1500, 3200, app_id, at, "restore")
    return {
        "restore_test_id": world.id(f"restore/{app_id}/{at:%Y%m%d}"),
        "kind": "restore",
        "app_id": app_id,
        "backup_job_id": _job_id(world, component, night) if night >= floor(world.start, DAY) else None,
        "started_at": at,
        "finished_at": at + timedelta(seconds=int(took)),
        "is_success": True,
        "restore_s": float(int(took)),
        "data_loss_s": float(int(world.between(20, 600, app_id, at, "loss"))),
        "notes": "Restored beside production; counts and totals of the last day compared.",
        "actor": world.pick(PEOPLE, app_id, at, "restore"),
    }
