"""What `aurora demo` does: the demo estate goes, for good, or comes back."""

from rich.console import Console

from aurora.contracts import TABLES
from aurora.settings import Settings
from ingest.connector import load_connectors
from ingest.plan import DEMO
from warehouse.lake import Lake
from warehouse.locks import locked
from warehouse.record import make_visible, record_edit


def remove_demo(settings: Settings, out: Console) -> None:
    """Delete every row of the demo estate and keep it from coming back."""
    lake = Lake(settings.lake)
    record_edit(settings.data, lake, ("settings", DEMO), "is_enabled", "false", "cli")
    streams = [f"{DEMO}/{name}" for name in load_connectors()[DEMO].streams]
    # Under the source's own lock, so that no run lands rows behind the broom.
    with locked(settings.data / "locks" / f"source-{DEMO}.lock"):
        removed = sum(lake.forget(table, DEMO, streams) for table in TABLES.values())
    make_visible(settings.data, lake)
    out.print(f"The demo estate is gone: {removed:,} rows removed. `aurora demo add` brings it back.")


def add_demo(settings: Settings, out: Console) -> None:
    """Let the demo estate back in; a running worker loads it, else the next ingest does."""
    record_edit(settings.data, Lake(settings.lake), ("settings", DEMO), "is_enabled", "true", "cli")
    out.print("The demo estate comes back with the next run: `aurora ingest demo` loads it now.")
