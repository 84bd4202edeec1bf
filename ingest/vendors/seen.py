"""When a thing was first seen, out of what its source landed before; for sources that do not tell it themselves."""

from datetime import datetime
from typing import Any

from aurora.contracts.estate import ComponentEdges, Components
from ingest.connector import Run


def components_seen(run: Run[Any]) -> dict[str, datetime]:
    """When each component of this source was first seen."""
    known = run.landed(Components).select("component_id", "first_seen_at")
    return dict(known.iter_rows())


def edges_seen(run: Run[Any]) -> dict[tuple[str, str], datetime]:
    """When each edge of this source was first seen, by its two ends."""
    known = run.landed(ComponentEdges).select("from_id", "to_id", "first_seen_at")
    return {(source, target): at for source, target, at in known.iter_rows()}
