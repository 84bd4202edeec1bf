"""What people do on pages: each act is a row, recorded under their name, before anything happens."""

from datetime import UTC, datetime

from aurora.ui.data import lake, settings
from aurora.ui.session import actor
from warehouse.record import record_edit


def run_source_now(name: str) -> None:
    """Ask the worker to run a source at once."""
    asked = datetime.now(UTC).isoformat()
    record_edit(settings().data, lake(), ("settings", name), "run_requested_at", asked, actor())
